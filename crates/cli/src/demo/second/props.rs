//! What stands on the stage. Builds, days and holes are those of the sample advisories (samples/advisories/README.md).

/// Nights from 02:00 to 05:00, five dollars a day, ten a month for emergencies.
pub(super) const POLICY: &str = include_str!("policy.yaml");

/// The templates of the act.
pub(super) const TEMPLATES: [&str; 3] = [
    include_str!("python-ml.yaml"),
    include_str!("r-stats.yaml"),
    include_str!("gpu-lab.yaml"),
];

/// What python-ml stands on. The region's build of it has CVE-2024-6387.
pub(super) const NOBLE: &str = "ubuntu-24.04";
/// Has it not.
pub(super) const NOBLE_NEXT: &str = "20240725";

/// What r-stats stands on.
pub(super) const JAMMY: &str = "ubuntu-22.04";
/// The build of that evening, which has USN-6909-1 to come.
pub(super) const JAMMY_NOW: &str = "20240719";
/// When it was made.
pub(super) const JAMMY_CREATED: &str = "2024-07-19T07:02:11Z";
/// Has it not.
pub(super) const JAMMY_NEXT: &str = "20240726";
