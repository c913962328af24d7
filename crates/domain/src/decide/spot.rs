//! Instances of the Spot market as sources of images (F24): never stopped (Ingot stops no instance at all), the reboot of an
//! image told as a risk, and an interruption named as what it is. On-demand instances are what Ingot launches.

/// What the story says before a Spot instance is rebooted for its image.
pub const REBOOT_RISK: &str = "The instance is a Spot instance: AWS may take it back while it reboots for the image; `no_reboot` avoids the reboot, an on-demand instance the risk";

/// Whether AWS took the instance back: a Spot instance that AWS itself, not its user, has ended. `reason` is EC2's state
/// reason, such as `Server.SpotInstanceTermination: …`.
pub fn interrupted(spot: bool, reason: Option<&str>) -> bool {
    spot && reason.is_some_and(|reason| reason.starts_with("Server."))
}

/// Why a deployment or its image failed when its instance has ended: the interruption, or `why` with EC2's own reason and,
/// where there is one, the usual cause (EC2, API_StateReason).
pub fn ended(why: &str, spot: bool, reason: Option<&str>) -> String {
    let Some(reason) = reason.filter(|reason| !reason.trim().is_empty()) else {
        return why.to_owned();
    };
    if interrupted(spot, Some(reason)) {
        return format!(
            "AWS took the Spot instance back ({reason}); deploy again, on demand or in another subnet or type"
        );
    }
    let code = reason.split(':').next().unwrap_or_default();
    let cause = match code {
        "Client.InternalError" => {
            "; often the volume's key: the instance's role or the account needs kms:CreateGrant, kms:Decrypt, kms:DescribeKey, kms:GenerateDataKeyWithoutPlaintext and kms:ReEncrypt* on the EBS default key"
        }
        "Client.VolumeLimitExceeded" => "; the account's limit of volumes or their size is reached",
        "Client.InvalidSnapshot.NotFound" => "; the image's snapshot is gone",
        _ => "",
    };
    format!("{why} (EC2: {reason}){cause}")
}

/// Whether EC2 ended an instance for reasons of its own that another launch may not meet: `Server.…`, but for the Spot
/// market's.
pub fn may_launch_again(spot: bool, reason: Option<&str>) -> bool {
    !spot && reason.is_some_and(|reason| reason.starts_with("Server."))
}

/// Whether EC2 ended an instance at its launch for what it was launched from: the snapshot, or the key the snapshot is
/// encrypted under. A volume made of another image may not meet that.
pub fn is_about_image(reason: Option<&str>) -> bool {
    const ABOUT: [&str; 3] = [
        "Client.InvalidSnapshot",
        "Client.InvalidKMSKey",
        "Client.InternalError",
    ];
    reason.is_some_and(|reason| ABOUT.iter().any(|about| reason.starts_with(about)))
}

/// Whether EC2 had no room for it after all.
pub fn lacked_room(reason: Option<&str>) -> bool {
    reason.is_some_and(|reason| reason.starts_with("Server.Insufficient"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_about_the_image_or_the_room_are_told_apart() {
        let table = [
            (None, false, false),
            (Some("Client.InvalidSnapshot.NotFound: x"), true, false),
            (Some("Client.InvalidKMSKey.InvalidState: x"), true, false),
            (
                Some("Client.InternalError: Client error on launch"),
                true,
                false,
            ),
            (Some("Client.UserInitiatedShutdown: x"), false, false),
            (Some("Client.VolumeLimitExceeded: x"), false, false),
            (Some("Server.InternalError: x"), false, false),
            (Some("Server.InsufficientInstanceCapacity: x"), false, true),
        ];
        for (reason, image, room) in table {
            assert_eq!(
                (is_about_image(reason), lacked_room(reason)),
                (image, room),
                "{reason:?}"
            );
        }
    }

    #[test]
    fn the_reason_is_always_told_and_the_key_is_named() {
        let said = ended(
            "it stopped",
            false,
            Some("Client.InternalError: Client error on launch"),
        );
        assert!(said.starts_with("it stopped (EC2: Client.InternalError: Client error on launch)"));
        assert!(said.contains("kms:CreateGrant"), "{said}");
        assert_eq!(ended("it stopped", false, Some(" ")), "it stopped");
        assert!(may_launch_again(false, Some("Server.InternalError: x")));
        assert!(!may_launch_again(
            true,
            Some("Server.SpotInstanceTermination")
        ));
        assert!(!may_launch_again(false, Some("Client.InternalError: x")));
    }

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
            assert_eq!(said.starts_with("AWS took"), taken, "{said}");
            assert!(said.contains(reason.unwrap_or("it is gone")), "{said}");
        }
    }
}
