//! The console of an instance: kernel, cloud-init and what the script of the user data printed.

use std::time::Duration;

use crate::guest::{Boot, boot_log, console};
use crate::state::instances::Instance;

/// What a machine has written so far: the tail that explains a failed install.
pub(super) fn log(instance: &Instance, now: Duration) -> String {
    if now < instance.running_at {
        return String::new();
    }
    let mut text = format!(
        "[    0.000000] Linux version 6.8.0-simulated\n[    0.912000] {} on {}\n\
         cloud-init: Cloud-init v. 25.3 running 'modules:config'\n",
        instance.id, instance.kind
    );
    if let Some(user_data) = &instance.user_data {
        text.push_str("cloud-init: running user data\n");
        text.push_str(&console(instance, now));
        for line in boot_log(user_data, share(instance, now)) {
            text.push_str(&format!("cloud-init[812]: {line}\n"));
        }
    }
    text.push_str(match instance.boot(now) {
        Boot::Running => "cloud-init: installing\n",
        Boot::Done => "cloud-init: Cloud-init v. 25.3 finished\n",
        Boot::Error => {
            "cloud-init: Failed to run module scripts_user (scripts in /var/lib/cloud/instance/scripts)\n\
             cloud-init: Cloud-init v. 25.3 finished with errors\n"
        }
    });
    text
}

/// How much of the time of its script has passed, 0 to 1; a failed script stops half way.
fn share(instance: &Instance, now: Duration) -> f64 {
    let ends = instance.script_ends();
    let whole = ends.saturating_sub(instance.running_at).as_secs_f64();
    let done = now.saturating_sub(instance.running_at).as_secs_f64();
    let share = if now >= ends { 1.0 } else { done / whole };
    if instance.guest.fails {
        share.min(0.5)
    } else {
        share
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    #[test]
    fn the_log_grows_with_the_script() {
        let mut instance = Instance::sample();
        instance.running_at = Duration::from_secs(20);
        instance.ready_at = Duration::from_secs(120);
        instance.user_data = Some(STANDARD.encode("#!/bin/bash\necho 'step 1'\necho 'step 2'\n"));
        let at = |instance: &Instance, now| log(instance, Duration::from_secs(now));
        assert_eq!(at(&instance, 19), "");
        let half = at(&instance, 70);
        assert!(
            half.contains("step 1") && !half.contains("step 2"),
            "{half}"
        );
        assert!(half.contains("installing"), "{half}");
        let whole = at(&instance, 120);
        assert!(
            whole.contains("step 2") && whole.contains("finished\n"),
            "{whole}"
        );
        instance.guest.fails = true;
        let failed = at(&instance, 120);
        assert!(
            failed.contains("scripts_user") && !failed.contains("step 2"),
            "{failed}"
        );
    }
}
