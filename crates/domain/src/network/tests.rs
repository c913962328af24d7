//! Tables of addresses, blocks and rules.

use super::*;

#[test]
fn denied_ranges_are_denied() {
    let no_cidrs: [Cidr; 0] = [];
    let never = [
        "127.0.0.1",
        "127.9.9.9",
        "169.254.169.254",
        "0.1.2.3",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fd00:ec2::254",
        "ff02::1",
        "::ffff:10.0.0.1",
        "::ffff:8.8.8.8",
        "64:ff9b::7f00:1",
        "::7f00:1",
        "::ffff:0:10.0.0.1",
        "64:ff9b:1::a00:1",
        "64:ff9b:1:a00:1::",
        "2002:7f00:1::1",
        "2002:a9fe:a9fe::1",
        "2002:808:808::1",
        "fec0::1",
        "feff::1",
        "192.0.0.1",
        "192.0.0.192",
        "198.18.0.1",
        "198.19.255.255",
    ];
    for text in never {
        let address: IpAddr = text.parse().expect(text);
        assert_eq!(
            probe_allowed(address, &no_cidrs),
            Err(Denied::Never),
            "{text}"
        );
    }
    for text in [
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "fd12::1",
    ] {
        let address: IpAddr = text.parse().expect(text);
        assert_eq!(
            probe_allowed(address, &no_cidrs),
            Err(Denied::Private),
            "{text}"
        );
    }
    for text in [
        "8.8.8.8",
        "52.1.2.3",
        "172.32.0.1",
        "192.0.1.1",
        "198.17.0.1",
        "198.20.0.1",
        "2600:1f18::1",
        "2003::1",
    ] {
        let address: IpAddr = text.parse().expect(text);
        assert_eq!(probe_allowed(address, &no_cidrs), Ok(()), "{text}");
    }
}

#[test]
fn probe_cidrs_open_private_blocks_but_never_metadata() {
    let cidrs: Vec<Cidr> = ["10.0.0.0/8", "127.0.0.0/8", "0.0.0.0/0", "::/0"]
        .iter()
        .map(|c| c.parse().expect(c))
        .collect();
    assert_eq!(
        probe_allowed("10.1.1.1".parse().expect("address"), &cidrs),
        Ok(())
    );
    assert_eq!(
        probe_allowed("127.1.1.1".parse().expect("address"), &cidrs),
        Ok(())
    );
    for text in [
        "169.254.169.254",
        "fd00:ec2::254",
        "fe80::1",
        "::ffff:169.254.169.254",
        "::ffff:0:169.254.169.254",
        "64:ff9b:1::a9fe:a9fe",
        "2002:a9fe:a9fe::",
    ] {
        assert_eq!(
            probe_allowed(text.parse().expect(text), &cidrs),
            Err(Denied::Never),
            "{text}"
        );
    }
}

#[test]
fn ssh_to_the_world_is_refused_however_it_is_spelled() {
    let rule = |port, to_port, cidr: &str| IngressRule {
        port,
        to_port,
        cidr: cidr.parse().expect(cidr),
    };
    for bad in [
        rule(22, None, "0.0.0.0/0"),
        rule(22, None, "::/0"),
        rule(22, None, "128.0.0.0/1"),
        rule(0, Some(65535), "0.0.0.0/0"),
        rule(20, Some(23), "1.2.3.4/0"),
    ] {
        let error = bad.check("ingress[0]").expect_err("ssh");
        assert_eq!(error.field, "ingress[0].cidr");
    }
    assert!(rule(443, None, "0.0.0.0/0").check("i").is_ok());
    assert!(rule(22, None, "203.0.113.0/24").check("i").is_ok());
    assert!(rule(23, Some(22), "10.0.0.0/8").check("i").is_err());
}

#[test]
fn blocks_parse_and_contain() {
    let block: Cidr = "10.0.0.0/8".parse().expect("block");
    assert!(block.contains("10.255.0.1".parse().expect("address")));
    assert!(!block.contains("11.0.0.1".parse().expect("address")));
    for bad in ["10.0.0.0", "10.0.0.0/33", "x/8", "::/129", "10.0.0/8"] {
        assert!(bad.parse::<Cidr>().is_err(), "{bad}");
    }
}

#[test]
fn rules_that_are_one_after_masking_are_one() {
    let rule = |port, to_port, cidr: &str| IngressRule {
        port,
        to_port,
        cidr: cidr.parse().expect(cidr),
    };
    let written = [
        rule(443, None, "10.1.2.3/8"),
        rule(443, Some(443), "10.0.0.0/8"),
        rule(443, Some(444), "10.0.0.0/8"),
        rule(443, None, "fd00::1/8"),
        rule(443, None, "fd00::/8"),
        rule(443, None, "1.2.3.4/0"),
        rule(443, None, "0.0.0.0/0"),
        rule(443, None, "1.2.3.4/32"),
    ];
    let kept: Vec<String> = normal_form(&written)
        .iter()
        .map(|rule| format!("{}-{:?} {}", rule.port, rule.to_port, rule.cidr))
        .collect();
    assert_eq!(
        kept,
        [
            "443-None 10.0.0.0/8",
            "443-Some(444) 10.0.0.0/8",
            "443-None fd00::/8",
            "443-None 0.0.0.0/0",
            "443-None 1.2.3.4/32"
        ]
    );
}
