//! An act with its five points, and the marks by which a visit carries the points around its commit to the code that
//! commits it.

use std::future::Future;

/// One kind of effect in the cloud.
#[derive(Debug, PartialEq, Eq)]
pub struct Act {
    #[cfg(feature = "enabled")]
    name: &'static str,
}

impl Act {
    /// Used by [`act!`](crate::act), which also registers it.
    #[doc(hidden)]
    #[cfg_attr(
        not(feature = "enabled"),
        expect(unused_variables, reason = "as above")
    )]
    pub const fn new(name: &'static str) -> Self {
        Self {
            #[cfg(feature = "enabled")]
            name,
        }
    }

    /// `before_intent`, for an act whose intent is not a commit of the visit: the task that asks for it was claimed.
    pub async fn before_intent(&self) {
        self.reach("before_intent").await;
    }

    /// `after_intent`, for the same: everything was looked at, the call is next.
    pub async fn after_intent(&self) {
        self.reach("after_intent").await;
    }

    /// Makes the call that has the effect; `after_effect` follows it, whatever it answered.
    pub async fn effect<T>(&self, call: impl Future<Output = T>) -> T {
        let answer = call.await;
        self.reach("after_effect").await;
        answer
    }

    #[cfg(feature = "enabled")]
    async fn reach(&self, point: &str) {
        crate::reach(&format!("{}.{point}", self.name)).await;
    }

    #[cfg(not(feature = "enabled"))]
    async fn reach(&self, point: &str) {
        crate::reach(point).await;
    }
}

/// One kind of commit that matters by itself, without a call to the cloud of its own.
#[derive(Debug, PartialEq, Eq)]
pub struct Step {
    #[cfg(feature = "enabled")]
    name: &'static str,
}

impl Step {
    /// Used by [`step!`](crate::step), which also registers it.
    #[doc(hidden)]
    #[cfg_attr(
        not(feature = "enabled"),
        expect(unused_variables, reason = "as above")
    )]
    pub const fn new(name: &'static str) -> Self {
        Self {
            #[cfg(feature = "enabled")]
            name,
        }
    }

    #[cfg(feature = "enabled")]
    async fn reach(&self, point: &str) {
        crate::reach(&format!("{}.{point}", self.name)).await;
    }
}

/// The acts a visit intends and those whose outcome it records. Empty in a build without failpoints.
#[derive(Debug, Default)]
pub struct Marks {
    #[cfg(feature = "enabled")]
    intended: Vec<&'static Act>,
    #[cfg(feature = "enabled")]
    settled: Vec<&'static Act>,
    #[cfg(feature = "enabled")]
    steps: Vec<&'static Step>,
}

#[cfg(feature = "enabled")]
impl Marks {
    /// The visit's commit intends this act.
    pub fn intend(&mut self, act: &'static Act) {
        self.intended.push(act);
    }

    /// The visit's commit records this act's outcome.
    pub fn settle(&mut self, act: &'static Act) {
        self.settled.push(act);
    }

    /// The visit's commit is this step.
    pub fn step(&mut self, step: &'static Step) {
        self.steps.push(step);
    }

    /// The commit is next.
    pub async fn before_commit(&self) {
        for step in &self.steps {
            step.reach("before_commit").await;
        }
        for act in &self.intended {
            act.reach("before_intent").await;
        }
    }

    /// The commit has happened, no bell was rung.
    pub async fn after_commit(&self) {
        for step in &self.steps {
            step.reach("after_commit").await;
        }
        for act in &self.intended {
            act.reach("after_intent").await;
        }
        for act in &self.settled {
            act.reach("after_outcome").await;
        }
    }

    /// Its bells were handed over.
    pub async fn after_ring(&self) {
        for step in &self.steps {
            step.reach("after_ring").await;
        }
        for act in &self.settled {
            act.reach("after_ring").await;
        }
    }
}

#[cfg(not(feature = "enabled"))]
#[expect(clippy::unused_async, reason = "the same words in both builds")]
impl Marks {
    /// Nothing in this build.
    pub fn intend(&mut self, _act: &'static Act) {}

    /// Nothing in this build.
    pub fn settle(&mut self, _act: &'static Act) {}

    /// Nothing in this build.
    pub fn step(&mut self, _step: &'static Step) {}

    /// Nothing in this build.
    pub async fn before_commit(&self) {}

    /// Nothing in this build.
    pub async fn after_commit(&self) {}

    /// Nothing in this build.
    pub async fn after_ring(&self) {}
}
