//! How a watched deployment ended: the last lines and the exit code.

use std::process::ExitCode;

use ingot_client::{Client, Deployment, Task, TaskFilter};

use crate::command::why;
use crate::failure::Exit;
use crate::output::{clean, span};

/// Whether no task lives that could still change a deployment. One that was not started waits for a person, and what cannot
/// be asked is not left.
pub(crate) async fn is_left(client: &Client, id: &str) -> bool {
    let filter = TaskFilter {
        deployment_id: Some(id.to_owned()),
        limit: Some(200),
        ..TaskFilter::default()
    };
    let Ok(tasks) = client.tasks(&filter).await else {
        return false;
    };
    let over = |task: &Task| !why::is_live(task);
    !tasks.items.is_empty() && tasks.items.iter().all(over)
}

/// 0 when the software answers and its AMI is made or not needed.
pub(crate) fn exit(deployment: &Deployment) -> ExitCode {
    if deployment.went_well() {
        ExitCode::SUCCESS
    } else {
        Exit::Failed.into()
    }
}

/// What came out of it, in one to three lines.
pub(crate) fn summary(deployment: &Deployment) -> String {
    let mut lines = vec![outcome(deployment)];
    lines.extend(image(deployment));
    if !deployment.went_well() {
        lines.extend(way_out(deployment));
    }
    lines.join("\n")
}

fn outcome(deployment: &Deployment) -> String {
    if deployment.build_only && deployment.went_well() {
        return format!("{} built", clean(&deployment.job_name));
    }
    let mut text = format!(
        "{} {}",
        clean(&deployment.job_name),
        clean(&deployment.status)
    );
    if deployment.status != "success" {
        if let Some(error) = &deployment.error_message {
            text.push_str(&format!(": {}", clean(error)));
        }
        return text;
    }
    if let Some(seconds) = deployment.time_to_ready_seconds {
        text.push_str(&format!(", ready after {}", span(seconds)));
    }
    match deployment.launch_path.as_deref() {
        Some("cached") => text.push_str(" from an AMI"),
        Some("fresh") => text.push_str(" from a fresh install"),
        _ => {}
    }
    if let Some(url) = &deployment.access_url {
        text.push_str(&format!(": {}", clean(url)));
    }
    text
}

fn image(deployment: &Deployment) -> Option<String> {
    let ami = deployment
        .created_ami_id
        .as_deref()
        .map(clean)
        .unwrap_or_default();
    Some(match deployment.ami_creation_status.as_deref()? {
        "completed" => format!(
            "AMI {ami} is ready: the next deployment of {} launches from it",
            clean(&deployment.version)
        ),
        "skipped" if deployment.build_only && !ami.is_empty() => {
            format!("AMI {ami} is there already; --again makes the next generation")
        }
        "skipped" if !ami.is_empty() => format!("no new AMI: {ami} is there already"),
        "skipped" => format!(
            "no AMI ({})",
            clean(deployment.ami_skip_reason.as_deref().unwrap_or("skipped"))
        ),
        "failed" => format!(
            "no AMI: {}",
            clean(
                deployment
                    .ami_creation_error
                    .as_deref()
                    .unwrap_or("it failed")
            )
        ),
        other => format!("AMI {}", clean(other)),
    })
}

fn way_out(deployment: &Deployment) -> Option<String> {
    let id = clean(&deployment.id);
    let cost = deployment.running_cost.as_ref();
    let cost = cost.filter(|_| deployment.status != "success");
    let cost = cost.map_or(String::new(), |cost| {
        let instance = clean(deployment.instance_id.as_deref().unwrap_or_default());
        format!("{instance} runs on and costs {}\n", clean(cost))
    });
    match deployment.status.as_str() {
        "failed" | "readiness_timeout" => Some(format!(
            "{cost}try again: ingot deployments retry {id}{}; or clean up: ingot deployments destroy {id}",
            latest(deployment)
        )),
        "success" => Some(format!(
            "look closer: ingot tasks list --queue ami --deployment {id}"
        )),
        _ => None,
    }
}

/// The same revision fails at the same step once more.
fn latest(deployment: &Deployment) -> &'static str {
    let error = deployment.error_message.as_deref().unwrap_or_default();
    match error.starts_with("step ") {
        true => " --latest, once the step is mended and applied",
        false => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::tests::deployment;

    #[test]
    fn success_says_how_long_where_and_what_is_left() {
        let mut ended = deployment("success");
        ended.time_to_ready_seconds = Some(980.0);
        ended.launch_path = Some("fresh".to_owned());
        ended.access_url = Some("https://203.0.113.7/".to_owned());
        ended.ami_creation_status = Some("completed".to_owned());
        ended.created_ami_id = Some("ami-1".to_owned());
        assert_eq!(
            summary(&ended),
            "first success, ready after 16m 20s from a fresh install: https://203.0.113.7/\n\
             AMI ami-1 is ready: the next deployment of v0.9.2 launches from it"
        );
        ended.ami_creation_status = Some("skipped".to_owned());
        assert!(summary(&ended).ends_with("\nno new AMI: ami-1 is there already"));
        assert_eq!(exit(&ended), ExitCode::SUCCESS);
    }

    #[test]
    fn a_bad_end_says_why_and_the_way_out_and_is_1() {
        let mut ended = deployment("readiness_timeout");
        ended.error_message = Some("no answer in 180 checks".to_owned());
        assert_eq!(
            summary(&ended),
            "first readiness_timeout: no answer in 180 checks\n\
             try again: ingot deployments retry dep_1; or clean up: ingot deployments destroy dep_1"
        );
        let mut no_ami = deployment("success");
        no_ami.ami_creation_status = Some("failed".to_owned());
        no_ami.ami_creation_error = Some("quota".to_owned());
        assert!(
            summary(&no_ami).contains("no AMI: quota\nlook closer"),
            "{}",
            summary(&no_ami)
        );
        for bad in [
            ended,
            no_ami,
            deployment("failed"),
            deployment("cancelled"),
            deployment("destroyed"),
        ] {
            assert_eq!(exit(&bad), Exit::Failed.into(), "{}", bad.status);
        }
    }
}
