//! What a destroy task ends, written into its scope: the instance of one run of a deployment, or something an earlier run
//! left behind.

use ingot_domain::Instant;
use ingot_domain::task::TaskKind;

use super::engine::tasks::NewTask;

/// What a destroy task ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// The deployment's instance; the status becomes `destroyed`.
    Destroy {
        /// Which run was meant: a later run's instance is not touched.
        run: i32,
    },
    /// The deployment's instance; the status stays `cancelled`.
    Cancel {
        /// Which run was meant.
        run: i32,
    },
    /// An instance an earlier run made.
    Instance(String),
    /// Whatever an earlier run's launch effect made: its outcome was never learnt.
    Effect(String),
}

impl Ending {
    /// As stored.
    pub fn scope(&self) -> String {
        match self {
            Ending::Destroy { run } => format!("destroy:{run}"),
            Ending::Cancel { run } => format!("cancel:{run}"),
            Ending::Instance(id) | Ending::Effect(id) => id.clone(),
        }
    }

    /// Reads a stored scope.
    pub fn parse(scope: &str) -> Option<Self> {
        if let Some(run) = scope.strip_prefix("destroy:") {
            return Some(Ending::Destroy {
                run: run.parse().ok()?,
            });
        }
        if let Some(run) = scope.strip_prefix("cancel:") {
            return Some(Ending::Cancel {
                run: run.parse().ok()?,
            });
        }
        if scope.starts_with("i-") {
            return Some(Ending::Instance(scope.to_owned()));
        }
        scope
            .starts_with("eff_")
            .then(|| Ending::Effect(scope.to_owned()))
    }

    /// Its task; at most one lives.
    pub fn task(&self, deployment_id: &str, now: Instant) -> NewTask {
        let key = format!("end:{deployment_id}:{}", self.scope());
        let mut task = NewTask::about(TaskKind::Destroy, &self.scope(), key, now);
        task.deployment_id = Some(deployment_id.to_owned());
        task
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_survive() {
        let endings = [
            Ending::Destroy { run: 3 },
            Ending::Cancel { run: 1 },
            Ending::Instance("i-1".to_owned()),
            Ending::Effect("eff_1".to_owned()),
        ];
        for ending in endings {
            assert_eq!(Ending::parse(&ending.scope()), Some(ending));
        }
        assert_eq!(Ending::parse("destroy:x"), None);
        assert_eq!(Ending::parse(""), None);
    }
}
