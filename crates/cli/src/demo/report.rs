//! What the demo shows at its end: a table of the four deployments, and what the AMI saves.

use ingot_client::Deployment;

use crate::output::{self, clean, or_dash, span};

/// One row per deployment that was started.
pub(super) fn table(ended: &[Option<Deployment>; 4]) -> String {
    let head = [
        "deployment",
        "version",
        "status",
        "ami status",
        "ami",
        "time to ready",
        "launched",
    ];
    let rows = ended.iter().zip(1..).filter_map(|(deployment, number)| {
        let deployment = deployment.as_ref()?;
        Some([
            format!("#{number} {}", clean(&deployment.job_name)),
            clean(&deployment.version),
            clean(&deployment.status),
            or_dash(&deployment.ami_creation_status),
            or_dash(&deployment.created_ami_id),
            or_dash(&deployment.time_to_ready_seconds.map(span)),
            or_dash(&deployment.launch_path),
        ])
    });
    output::table(head, rows)
}

/// The measured saving, if both paths were measured.
pub(super) fn saving(ended: &[Option<Deployment>; 4]) -> Option<String> {
    let [Some(first), _, _, Some(cached)] = ended else {
        return None;
    };
    let (fresh, quick) = (first.time_to_ready_seconds?, cached.time_to_ready_seconds?);
    if quick <= 0.0 || quick >= fresh || cached.launch_path.as_deref() != Some("cached") {
        return None;
    }
    Some(format!(
        "Installing {} took {}, launching it from its AMI {}: {} saved on every deployment, {:.1} times as fast (simulated time).",
        clean(&first.version),
        span(fresh),
        span(quick),
        span(fresh - quick),
        fresh / quick
    ))
}
