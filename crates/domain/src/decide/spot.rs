//! Instances of the Spot market as sources of images (F24): never stopped (Ingot stops no instance at all), the reboot of an
//! image told as a risk, and an interruption named as what it is. On-demand instances are what Ingot launches.

/// What the story says before a Spot instance is rebooted for its image.
pub const REBOOT_RISK: &str = "The instance is a Spot instance: AWS may take it back while it reboots for the image; `no_reboot` avoids the reboot, an on-demand instance the risk";

/// Whether AWS took the instance back: a Spot instance that AWS itself, not its user, has ended. `reason` is EC2's state
/// reason, such as `Server.SpotInstanceTermination: …`.
pub fn interrupted(spot: bool, reason: Option<&str>) -> bool {
    spot && reason.is_some_and(|reason| reason.starts_with("Server."))
}

/// Why a deployment or its image failed when its instance has ended: `why`, or the interruption.
pub fn ended(why: &str, spot: bool, reason: Option<&str>) -> String {
    match reason {
        Some(reason) if interrupted(spot, Some(reason)) => format!(
            "AWS took the Spot instance back ({reason}); deploy again, on demand or in another subnet or type"
        ),
        _ => why.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_aws_ends_is_an_interruption() {
        let table = [
            (
                true,
                Some("Server.SpotInstanceTermination: Spot instance termination"),
                true,
            ),
            (
                true,
                Some("Server.SpotInstanceShutdown: Spot instance shut down"),
                true,
            ),
            (
                true,
                Some("Client.UserInitiatedShutdown: User initiated shutdown"),
                false,
            ),
            (
                false,
                Some("Server.InternalError: Internal error on launch"),
                false,
            ),
            (true, None, false),
        ];
        for (spot, reason, taken) in table {
            assert_eq!(interrupted(spot, reason), taken, "{reason:?}");
            let said = ended("it is gone", spot, reason);
            assert_eq!(said != "it is gone", taken, "{said}");
            assert!(!taken || said.contains(reason.unwrap_or_default()));
        }
    }
}
