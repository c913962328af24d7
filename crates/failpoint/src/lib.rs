//! Failpoints: named places where a drill may kill, stall or fail the process, so that "crash anywhere" is a list that a
//! test enumerates (FAULTS F01). Without the feature `enabled` everything here is empty and compiles to nothing.
//!
//! A *point* is `hit!("tick.fire").await`. An *act* is one kind of effect in the cloud; [`act!`] gives it five points, a
//! *step* is a commit that matters by itself; [`step!`] gives it three. [`Marks`] lets the code that commits a visit hit those
//! that lie around the commit:
//!
//! | point | where |
//! |---|---|
//! | `<act>.before_intent` | before the transaction that intends the effect |
//! | `<act>.after_intent` | after it, before the call |
//! | `<act>.after_effect` | the call has answered, nothing is recorded |
//! | `<act>.after_outcome` | after the transaction that records it, before its bells |
//! | `<act>.after_ring` | after the bells |
//! | `<step>.before_commit`, `.after_commit`, `.after_ring` | around the step's transaction and its bells |
//!
//! What happens at a point is a text, given to [`set`] once by the outermost room: see [`Plan`].

mod act;
mod plan;

#[cfg(feature = "enabled")]
mod live;

#[cfg(feature = "enabled")]
#[doc(hidden)]
pub use inventory;
#[cfg(feature = "enabled")]
pub use live::{points, reach, set};

#[cfg(feature = "enabled")]
#[doc(hidden)]
pub use live::Registered;

pub use act::{Act, Marks, Step};
pub use plan::{Action, Malformed, Plan, Rule};

/// Whether this build has failpoints.
pub const ENABLED: bool = cfg!(feature = "enabled");

/// The five points of every act, in the order in which a deployment meets them.
pub const FIVE: [&str; 5] = [
    "before_intent",
    "after_intent",
    "after_effect",
    "after_outcome",
    "after_ring",
];

/// The three points of every step.
pub const THREE: [&str; 3] = ["before_commit", "after_commit", "after_ring"];

/// A point of its own: `ingot_failpoint::hit!("tick.fire").await`.
#[cfg(feature = "enabled")]
#[macro_export]
macro_rules! hit {
    ($name:literal) => {{
        $crate::inventory::submit! { $crate::Registered::Point($name) }
        $crate::reach($name)
    }};
}

/// A point of its own: nothing in this build.
#[cfg(not(feature = "enabled"))]
#[macro_export]
macro_rules! hit {
    ($name:literal) => {
        ::std::future::ready(())
    };
}

/// Declares an act as a static: `ingot_failpoint::act!(pub(crate) LAUNCH = "launch");`.
#[cfg(feature = "enabled")]
#[macro_export]
macro_rules! act {
    ($(#[$meta:meta])* $vis:vis $static:ident = $name:literal) => {
        $(#[$meta])*
        $vis static $static: $crate::Act = $crate::Act::new($name);
        $crate::inventory::submit! { $crate::Registered::Act($name) }
    };
}

/// Declares an act as a static; its points are empty in this build.
#[cfg(not(feature = "enabled"))]
#[macro_export]
macro_rules! act {
    ($(#[$meta:meta])* $vis:vis $static:ident = $name:literal) => {
        $(#[$meta])*
        $vis static $static: $crate::Act = $crate::Act::new($name);
    };
}

/// Declares a step as a static: `ingot_failpoint::step!(pub(crate) START = "build_start");`.
#[cfg(feature = "enabled")]
#[macro_export]
macro_rules! step {
    ($(#[$meta:meta])* $vis:vis $static:ident = $name:literal) => {
        $(#[$meta])*
        $vis static $static: $crate::Step = $crate::Step::new($name);
        $crate::inventory::submit! { $crate::Registered::Step($name) }
    };
}

/// Declares a step as a static; its points are empty in this build.
#[cfg(not(feature = "enabled"))]
#[macro_export]
macro_rules! step {
    ($(#[$meta:meta])* $vis:vis $static:ident = $name:literal) => {
        $(#[$meta])*
        $vis static $static: $crate::Step = $crate::Step::new($name);
    };
}

/// Every point of this build: none.
#[cfg(not(feature = "enabled"))]
pub fn points() -> Vec<String> {
    Vec::new()
}

/// A build without failpoints refuses a drill, which would otherwise pass without having happened.
#[cfg(not(feature = "enabled"))]
pub fn set(_text: &str) -> Result<(), Malformed> {
    Err(Malformed::NoPoints)
}

#[cfg(not(feature = "enabled"))]
#[expect(clippy::unused_async, reason = "the same words in both builds")]
pub(crate) async fn reach(_name: &str) {}
