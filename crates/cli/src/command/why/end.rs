//! How a deployment ended, in the words of its row and of its story.

use ingot_client::event::{Event, EventFilter};
use ingot_client::{Client, Deployment};

use crate::output::{clean, time};

/// Lines of a story that say why an instance went.
const DECIDED: [&str; 5] = [
    "deployment.cancelled",
    "deployment.destroy_requested",
    "deployment.expired",
    "deployment.build_over",
    "deployment.instance_lost",
];

/// What the story says after a failed step of the installation: the same revision would fail again.
const STEP_FAILED: &str = "install.way_out";

/// Asks for the story and tells how it ended.
pub(super) async fn told(client: &Client, deployment: &Deployment) -> anyhow::Result<String> {
    let mut decided = None;
    let mut after = None;
    loop {
        let filter = EventFilter {
            after,
            limit: Some(200),
            actor: None,
        };
        let page = client.events(&deployment.id, &filter).await?.items;
        let Some(last) = page.last() else { break };
        after = Some(last.seq);
        let one =
            |event: &Event| event.kind == STEP_FAILED || DECIDED.contains(&event.kind.as_str());
        decided = page.into_iter().rfind(one).or(decided);
    }
    Ok(ended(deployment, decided.as_ref()))
}

fn ended(deployment: &Deployment, decided: Option<&Event>) -> String {
    let id = clean(&deployment.id);
    let at = deployment.finished_at.as_ref().map(time);
    let at = at.map_or(String::new(), |at| format!(" since {at}"));
    let error = deployment.error_message.as_deref().map(clean);
    let error = error.map_or(String::new(), |error| format!(": {error}"));
    let mut lines = Vec::new();
    match deployment.status.as_str() {
        "pending" => {
            lines.push(format!("{id} is not started"));
            lines.push(format!("  what to do  ingot deployments start {id}"));
        }
        "failed" | "readiness_timeout" => {
            lines.push(format!("{id} is {}{at}{error}", clean(&deployment.status)));
            lines.extend(runs_on(deployment));
            let by_step = decided.is_some_and(|event| event.kind == STEP_FAILED);
            let retry = match deployment.newer_revision {
                Some(newer) => format!(
                    "ingot deployments retry {id} --latest, which takes revision {newer} of its template"
                ),
                None if by_step => format!(
                    "mend the step, `ingot templates apply` the file, then ingot deployments retry {id} --latest"
                ),
                None => format!("ingot deployments retry {id}"),
            };
            lines.push(format!(
                "  what to do  {retry}; or ingot deployments destroy {id}"
            ));
        }
        "success" => {
            lines.push(format!("{id} is ready{at}: nothing more is to come"));
            if deployment.ami_creation_status.as_deref() == Some("failed") {
                let why = deployment
                    .ami_creation_error
                    .as_deref()
                    .unwrap_or("it is not known why");
                lines.push(format!("  its AMI     failed: {}", clean(why)));
                lines.push(format!("  what to do  ingot deployments image {id}"));
            }
            lines.extend(runs_on(deployment));
        }
        "cancelled" | "destroyed" => {
            lines.push(format!("{id} is {}{at}{error}", clean(&deployment.status)));
            if let Some(decided) = decided {
                lines.push(format!(
                    "  because     {} ({})",
                    clean(&decided.message),
                    time(&decided.at)
                ));
            }
            if let Some(ami) = &deployment.created_ami_id {
                lines.push(format!("  its AMI     {} is kept", clean(ami)));
            }
        }
        other => {
            lines.push(format!(
                "{id} is {}, and no task works for it: {}",
                clean(other),
                clean(&deployment.stage)
            ));
            lines.push(format!("  what to do  ingot tasks list --deployment {id}"));
        }
    }
    lines.join("\n")
}

/// The instance that is still there, with what it costs.
fn runs_on(deployment: &Deployment) -> Option<String> {
    let instance = clean(deployment.instance_id.as_deref()?);
    let until = deployment.ends_at.as_ref().map(time);
    let until = until.map_or("until it is destroyed".to_owned(), |at| {
        format!("until {at}")
    });
    let cost = clean(deployment.running_cost.as_deref()?);
    Some(format!("  runs on     {instance} {until}; it costs {cost}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::tests::deployment;

    #[test]
    fn every_end_says_why_and_what_to_do() {
        let mut failed = deployment("failed");
        failed.error_message = Some("step 2 failed".to_owned());
        failed.instance_id = Some("i-1".to_owned());
        failed.running_cost = Some("about 2.00 USD per day".to_owned());
        assert_eq!(
            ended(&failed, None),
            "dep_1 is failed: step 2 failed\n  runs on     i-1 until it is destroyed; it costs about 2.00 USD per day\n  \
             what to do  ingot deployments retry dep_1; or ingot deployments destroy dep_1"
        );
        let way_out = Event {
            seq: 9,
            at: "2026-01-21T17:30:05Z".parse().expect("time"),
            kind: STEP_FAILED.to_owned(),
            source: "install".to_owned(),
            level: "warn".to_owned(),
            message: "Look at the instance".to_owned(),
            actor: None,
        };
        let said = ended(&failed, Some(&way_out));
        assert!(
            said.contains("mend the step, `ingot templates apply` the file, then ingot deployments retry dep_1 --latest;"),
            "{said}"
        );
        failed.newer_revision = Some(4);
        let said = ended(&failed, Some(&way_out));
        assert!(
            said.contains("retry dep_1 --latest, which takes revision 4"),
            "{said}"
        );
        let mut ready = deployment("success");
        ready.ami_creation_status = Some("failed".to_owned());
        ready.ami_creation_error = Some("quota".to_owned());
        let said = ended(&ready, None);
        assert!(
            said.contains("failed: quota\n  what to do  ingot deployments image dep_1"),
            "{said}"
        );
        let cancelled = Event {
            seq: 4,
            at: "2026-01-21T17:30:05Z".parse().expect("time"),
            kind: "deployment.cancelled".to_owned(),
            source: "request".to_owned(),
            level: "info".to_owned(),
            message: "Cancelled by ann".to_owned(),
            actor: None,
        };
        assert_eq!(
            ended(&deployment("cancelled"), Some(&cancelled)),
            "dep_1 is cancelled\n  because     Cancelled by ann (2026-01-21T17:30:05Z)"
        );
        assert!(ended(&deployment("running"), None).contains("no task works for it"));
        assert!(ended(&deployment("pending"), None).contains("deployments start"));
    }
}
