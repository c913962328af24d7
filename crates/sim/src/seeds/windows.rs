//! Windows Server: 30 GiB, x86_64 only.

use super::lines::{Line, Vendor};
use crate::state::images::Platform;

const MICROSOFT: Vendor = Vendor {
    owner: "801119661308",
    alias: Some("amazon"),
    root_device: "/dev/sda1",
    platform: Platform::Windows,
};

pub(super) fn lines() -> Vec<Line> {
    let editions = ["2019", "2022", "2025"]
        .into_iter()
        .flat_map(|year| ["Full", "Core"].map(|edition| (year, edition)));
    let line = |(year, edition): (&str, &str)| {
        let name = format!("Windows_Server-{year}-English-{edition}-Base");
        let description = format!(
            "Microsoft Windows Server {year} {edition} Locale English AMI provided by Amazon"
        );
        Line::new(MICROSOFT, "x86_64", 30, description)
            .release(format!("{name}-2026.11.12"), "2026-11-12T04:36:09.000Z")
            .parameter(format!("/aws/service/ami-windows-latest/{name}"))
    };
    editions.map(line).collect()
}
