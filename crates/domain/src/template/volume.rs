//! The root volume, and what EBS takes of each type.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use crate::ec2;
use crate::field::FieldError;

/// The root volume.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Volume {
    /// Size in GB, 8 to 1000 (F1). An image that needs more gets more.
    pub size_gb: u32,
    /// EBS type.
    #[serde(rename = "type")]
    pub volume_type: String,
    /// Operations a second: needed for io1 and io2, possible for gp3.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iops: Option<u32>,
    /// MiB a second, gp3 only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub throughput: Option<u32>,
    /// Encrypted by default (F6).
    pub encrypted: bool,
    /// KMS key of the encryption; the account's default key for EBS when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kms_key_id: Option<String>,
}

/// Smallest and largest root volume in GB (F1).
pub const VOLUME_GB: RangeInclusive<u32> = 8..=1000;

impl Default for Volume {
    fn default() -> Self {
        Self {
            size_gb: 30,
            volume_type: "gp3".to_owned(),
            iops: None,
            throughput: None,
            encrypted: true,
            kms_key_id: None,
        }
    }
}

/// What EBS takes of a type that has operations to set: their range, and how many each GB allows.
struct Provisioned {
    iops: RangeInclusive<u32>,
    per_gb: u32,
}

/// EBS's limits of 2026 (EBS user guide, "volume types").
fn provisioned(volume_type: &str) -> Option<Provisioned> {
    let of = |iops, per_gb| Some(Provisioned { iops, per_gb });
    match volume_type {
        "gp3" => of(3_000..=80_000, 500),
        "io1" => of(100..=64_000, 50),
        "io2" => of(100..=256_000, 1_000),
        _ => None,
    }
}

/// MiB a second of gp3.
const THROUGHPUT: RangeInclusive<u32> = 125..=2_000;
/// Operations a second of gp3 that gives none.
const BASELINE: u32 = 3_000;

impl Volume {
    /// What EBS would refuse of a volume of this many GB.
    pub fn problems(&self, size_gb: u32) -> Vec<FieldError> {
        let mut found = Vec::new();
        let mut wrong = |field: &str, value: &dyn std::fmt::Display, message: String| {
            found.push(FieldError::new(&format!("volume.{field}"), value, message));
        };
        let kind = self.volume_type.as_str();
        if !["gp3", "gp2", "io1", "io2"].contains(&kind) {
            wrong("type", &kind, "use gp3, gp2, io1 or io2".to_owned());
            return found;
        }
        match (provisioned(kind), self.iops) {
            (None, Some(iops)) => wrong(
                "iops",
                &iops,
                format!("{kind} takes none; remove it, or use gp3, io1 or io2"),
            ),
            (Some(takes), None) if kind != "gp3" => wrong(
                "iops",
                &"",
                format!(
                    "{kind} needs it: give {} to {}, at most {} for each GB",
                    takes.iops.start(),
                    takes.iops.end(),
                    takes.per_gb
                ),
            ),
            (Some(takes), Some(iops)) => {
                let most = takes.per_gb.saturating_mul(size_gb).min(*takes.iops.end());
                let range = *takes.iops.start()..=most.max(*takes.iops.start());
                if !range.contains(&iops) {
                    wrong(
                        "iops",
                        &iops,
                        format!(
                            "give {} to {} for {kind} of {size_gb} GB (at most {} for each GB)",
                            range.start(),
                            range.end(),
                            takes.per_gb
                        ),
                    );
                }
            }
            _ => {}
        }
        if let Some(throughput) = self.throughput {
            // A MiB a second needs four operations a second.
            let iops = self.iops.unwrap_or(BASELINE);
            if kind != "gp3" {
                wrong(
                    "throughput",
                    &throughput,
                    "only gp3 takes it; remove it".to_owned(),
                );
            } else if !THROUGHPUT.contains(&throughput) || throughput > iops / 4 {
                let most = (iops / 4).min(*THROUGHPUT.end());
                wrong(
                    "throughput",
                    &throughput,
                    format!(
                        "give {} to {most} MiB/s with {iops} iops (4 iops for each MiB/s)",
                        THROUGHPUT.start()
                    ),
                );
            }
        }
        if let Some(key) = &self.kms_key_id {
            if !self.encrypted {
                wrong(
                    "kms_key_id",
                    key,
                    "a key needs `encrypted: true`".to_owned(),
                );
            }
            found.extend(ec2::kms_key("volume.kms_key_id", key).err());
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_type_takes_what_ebs_takes() {
        let volume = |kind: &str, iops, throughput| Volume {
            volume_type: kind.to_owned(),
            iops,
            throughput,
            ..Volume::default()
        };
        let table = [
            (volume("gp3", None, None), 8, ""),
            (volume("gp3", Some(3_000), Some(125)), 8, ""),
            (volume("gp3", Some(4_000), Some(1_000)), 8, ""),
            (volume("gp3", Some(4_001), None), 8, "volume.iops"),
            (volume("gp3", Some(2_999), None), 100, "volume.iops"),
            (volume("gp3", None, Some(751)), 100, "volume.throughput"),
            (volume("gp3", None, Some(124)), 100, "volume.throughput"),
            (volume("gp2", None, None), 8, ""),
            (volume("gp2", Some(3_000), None), 8, "volume.iops"),
            (volume("gp2", None, Some(125)), 8, "volume.throughput"),
            (volume("io1", None, None), 100, "volume.iops"),
            (volume("io1", Some(5_000), None), 100, ""),
            (volume("io1", Some(5_001), None), 100, "volume.iops"),
            (volume("io1", Some(99), None), 100, "volume.iops"),
            (volume("io2", Some(100_000), None), 100, ""),
            (volume("io2", Some(256_001), None), 1000, "volume.iops"),
            (
                volume("io2", Some(100), Some(125)),
                100,
                "volume.throughput",
            ),
            (volume("zz9", Some(1), Some(1)), 100, "volume.type"),
        ];
        for (volume, size, field) in table {
            let fields: Vec<_> = volume.problems(size).into_iter().map(|e| e.field).collect();
            assert_eq!(fields.join(","), field, "{volume:?} of {size} GB");
        }
    }

    #[test]
    fn a_key_needs_encryption_and_a_form() {
        let with = |key: &str, encrypted| Volume {
            kms_key_id: Some(key.to_owned()),
            encrypted,
            ..Volume::default()
        };
        assert!(with("alias/ebs", true).problems(30).is_empty());
        assert_eq!(with("alias/ebs", false).problems(30).len(), 1);
        assert_eq!(with("ebs", true).problems(30).len(), 1);
    }

    #[test]
    fn volumes_written_before_read_back() {
        let old = r#"{"size_gb":10,"type":"gp2","encrypted":false}"#;
        let volume: Volume = serde_json::from_str(old).expect("reads");
        assert_eq!(serde_json::to_string(&volume).expect("writes"), old);
    }
}
