//! Rules, there and back, and what counts as SSH for everyone.

use super::*;

fn rule(port: u16, to_port: Option<u16>, cidr: &str) -> IngressRule {
    IngressRule {
        port,
        to_port,
        cidr: cidr.parse().expect(cidr),
    }
}

#[test]
fn rules_are_recognised_again() {
    for one in [
        rule(443, None, "0.0.0.0/0"),
        rule(8000, Some(8100), "10.0.0.0/8"),
        rule(443, None, "::/0"),
    ] {
        let there = [permission(&one)];
        assert!(covered(&one, &there), "{one:?}");
        assert!(!covered(&rule(444, None, "0.0.0.0/0"), &there), "{one:?}");
        assert!(!covered(&one, &[]), "{one:?}");
    }
    assert!(permission(&rule(443, None, "fd00::/8")).ip_ranges.is_none());
}

#[test]
fn ssh_for_everyone_is_seen_however_it_is_spelled() {
    let open = |protocol: &str, ports: Option<(i32, i32)>, cidr: &str| {
        let mut made = IpPermission::builder().ip_protocol(protocol);
        if let Some((from, to)) = ports {
            made = made.from_port(from).to_port(to);
        }
        made = match cidr.contains(':') {
            true => made.ipv6_ranges(Ipv6Range::builder().cidr_ipv6(cidr).build()),
            false => made.ip_ranges(IpRange::builder().cidr_ip(cidr).build()),
        };
        opens_ssh(&made.build())
    };
    assert!(open("tcp", Some((22, 22)), "0.0.0.0/0"));
    assert!(open("tcp", Some((0, 65535)), "::/0"));
    assert!(open("-1", None, "0.0.0.0/0"));
    assert!(open("6", Some((20, 30)), "0.0.0.0/0"));
    assert!(open("tcp", Some((22, 22)), "0.0.0.0/1"));
    assert!(open("tcp", Some((22, 22)), "64.0.0.0/2"));
    assert!(open("tcp", Some((22, 22)), "8000::/1"));
    assert!(!open("tcp", Some((22, 22)), "10.0.0.0/8"));
    assert!(!open("tcp", Some((22, 22)), "203.0.113.0/24"));
    assert!(!open("tcp", Some((443, 443)), "0.0.0.0/0"));
    assert!(!open("udp", Some((22, 22)), "0.0.0.0/0"));
    assert!(!opens_ssh(
        &IpPermission::builder().ip_protocol("-1").build()
    ));
}

#[test]
fn descriptions_are_made_legal() {
    assert_eq!(description("kamiwaza – 1.2 <x>"), "kamiwaza   1.2  x ");
    assert_eq!(description("ü"), "made by ingot");
    assert_eq!(description(&"a".repeat(300)).len(), 255);
}
