//! Whether the four deployments ended as the document says they must.

use ingot_client::Deployment;

use crate::output::clean;

/// What each of the four must have come to, in the order of the cast.
struct Must {
    role: &'static str,
    launch_path: &'static str,
    ami_status: &'static str,
}

const MUSTS: [Must; 4] = [
    Must {
        role: "the first deployment",
        launch_path: "fresh",
        ami_status: "completed",
    },
    Must {
        role: "the second deployment",
        launch_path: "fresh",
        ami_status: "skipped",
    },
    Must {
        role: "the other version",
        launch_path: "fresh",
        ami_status: "completed",
    },
    Must {
        role: "the cached deployment",
        launch_path: "cached",
        ami_status: "skipped",
    },
];

/// What is not as it must be; nothing when all is well.
pub(super) fn problems(ended: &[Option<Deployment>; 4]) -> Vec<String> {
    let mut problems = Vec::new();
    for (deployment, must) in ended.iter().zip(&MUSTS) {
        match deployment {
            None => problems.push(format!("{} was not started", must.role)),
            Some(deployment) => alone(deployment, must, &mut problems),
        }
    }
    if let [Some(first), Some(second), Some(other), Some(cached)] = ended {
        together(first, second, other, cached, &mut problems);
    }
    problems
}

/// What can be said of one deployment by itself.
fn alone(deployment: &Deployment, must: &Must, problems: &mut Vec<String>) {
    let role = must.role;
    if !deployment.finished {
        let Deployment { status, stage, .. } = deployment;
        problems.push(clean(&format!(
            "{role} is not finished: `{status}`, {stage}"
        )));
        return;
    }
    let because = [&deployment.error_message, &deployment.ami_creation_error]
        .into_iter()
        .flatten()
        .next();
    let because = because
        .map(|error| format!(" ({})", clean(error)))
        .unwrap_or_default();
    let mut expect = |what: &str, got: Option<&str>, wanted: &str| {
        if got != Some(wanted) {
            let got = clean(got.unwrap_or("nothing"));
            problems.push(format!(
                "{role}: {what} is `{got}`, not `{wanted}`{because}"
            ));
        }
    };
    expect("status", Some(&deployment.status), "success");
    expect(
        "ami_creation_status",
        deployment.ami_creation_status.as_deref(),
        must.ami_status,
    );
    expect(
        "launch_path",
        deployment.launch_path.as_deref(),
        must.launch_path,
    );
    if must.ami_status == "completed" && deployment.created_ami_id.is_none() {
        problems.push(format!("{role} has no AMI id"));
    }
}

/// What shows only when they are seen together.
fn together(
    first: &Deployment,
    second: &Deployment,
    other: &Deployment,
    cached: &Deployment,
    problems: &mut Vec<String>,
) {
    let Some(ami) = first.created_ami_id.as_deref() else {
        return;
    };
    if second.created_ami_id.as_deref() != Some(ami) {
        problems.push(clean(&format!(
            "the second deployment does not point at the first one's AMI {ami}"
        )));
    }
    if other.created_ami_id.as_deref() == Some(ami) {
        problems.push(clean(&format!(
            "the other version has the first one's AMI {ami}"
        )));
    }
    if cached.source_ami_id.as_deref() != Some(ami) {
        problems.push(clean(&format!(
            "the cached deployment was not launched from the first one's AMI {ami}"
        )));
    }
    match (first.time_to_ready_seconds, cached.time_to_ready_seconds) {
        (Some(fresh), Some(cached)) if cached < fresh => {}
        (Some(_), Some(_)) => {
            problems.push("the cached deployment was not quicker than the first".to_owned())
        }
        _ => problems.push("the times to ready were not measured".to_owned()),
    }
}
