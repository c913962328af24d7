//! Inbound rules, to and from the SDK's types, and what counts as SSH for everyone.

use aws_sdk_ec2::types::{IpPermission, IpRange, Ipv6Range};
use ingot_domain::network::{Cidr, IngressRule};

/// Longest description EC2 takes, in characters.
const LONGEST_DESCRIPTION: usize = 255;

/// The rule lets every address connect to port 22 (F6).
pub(super) fn opens_ssh(rule: &IpPermission) -> bool {
    // Halves and quarters of the world are the world in a few rules: the same rule as for a template's own.
    let everyone = |cidr: Option<&str>| {
        let read = cidr.and_then(|cidr| cidr.parse::<Cidr>().ok());
        read.is_some_and(|cidr| cidr.is_everyone())
    };
    let open = rule
        .ip_ranges()
        .iter()
        .any(|range| everyone(range.cidr_ip()))
        || rule
            .ipv6_ranges()
            .iter()
            .any(|range| everyone(range.cidr_ipv6()));
    let reached = match rule.ip_protocol() {
        // All protocols, and then all ports.
        Some("-1") | None => true,
        Some("tcp" | "6") => {
            (rule.from_port().unwrap_or(0)..=rule.to_port().unwrap_or(65535)).contains(&22)
        }
        Some(_) => false,
    };
    open && reached
}

/// A rule as EC2 takes it.
pub(super) fn permission(rule: &IngressRule) -> IpPermission {
    let cidr = rule.cidr.to_string();
    let rules = IpPermission::builder()
        .ip_protocol("tcp")
        .from_port(i32::from(rule.port))
        .to_port(i32::from(rule.to_port.unwrap_or(rule.port)));
    if cidr.contains(':') {
        rules
            .ipv6_ranges(Ipv6Range::builder().cidr_ipv6(cidr).build())
            .build()
    } else {
        rules
            .ip_ranges(IpRange::builder().cidr_ip(cidr).build())
            .build()
    }
}

/// The very rule is there already.
pub(super) fn covered(rule: &IngressRule, there: &[IpPermission]) -> bool {
    let cidr = rule.cidr.to_string();
    let (from, to) = (
        i32::from(rule.port),
        i32::from(rule.to_port.unwrap_or(rule.port)),
    );
    there.iter().any(|found| {
        found.ip_protocol() == Some("tcp")
            && (found.from_port(), found.to_port()) == (Some(from), Some(to))
            && (found
                .ip_ranges()
                .iter()
                .any(|range| range.cidr_ip() == Some(cidr.as_str()))
                || found
                    .ipv6_ranges()
                    .iter()
                    .any(|range| range.cidr_ipv6() == Some(cidr.as_str())))
    })
}

/// EC2 wants a description, in a small alphabet.
pub(super) fn description(text: &str) -> String {
    let legal = |c: char| c.is_ascii_alphanumeric() || " ._-:/()#,@[]+=&;{}!$*".contains(c);
    let text: String = text
        .chars()
        .take(LONGEST_DESCRIPTION)
        .map(|c| if legal(c) { c } else { ' ' })
        .collect();
    if text.trim().is_empty() {
        "made by ingot".to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests;
