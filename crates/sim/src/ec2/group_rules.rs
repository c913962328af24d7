//! Rules of security groups in their normal form, as EC2 keeps and compares them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::state::groups::Rule;
use crate::wire::errors::ApiError;
use crate::wire::query::Params;

/// Characters EC2 takes in descriptions of groups and rules, and in names of groups.
pub(super) const ALPHABET: &str = "a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*";

/// Names and descriptions hold fewer characters than this.
const LONGEST: usize = 256;

/// Whether a name or description is one EC2 takes.
pub(super) fn plain(text: &str) -> bool {
    let legal = |c: char| c.is_ascii_alphanumeric() || ". _-:/()#,@[]+=&;{}!$*".contains(c);
    text.chars().count() < LONGEST && text.chars().all(legal)
}

/// The rules of an AuthorizeSecurityGroupIngress request.
pub(super) fn read(params: &Params) -> Result<Vec<Rule>, ApiError> {
    let mut permissions = params.structs("IpPermissions");
    if permissions.is_empty() {
        permissions.push(params.clone());
    }
    let mut rules: Vec<Rule> = Vec::new();
    for permission in &permissions {
        let protocol = protocol(permission.need("IpProtocol")?)?;
        let (from, to) = ports(permission, &protocol)?;
        for (source, description) in sources(permission)? {
            if description.as_deref().is_some_and(|text| !plain(text)) {
                return Err(ApiError::invalid(format!(
                    "Invalid rule description. Valid descriptions are strings less than 256 \
                     characters from the following set: {ALPHABET}"
                )));
            }
            let rule = Rule {
                protocol: protocol.clone(),
                from,
                to,
                source,
                description,
            };
            if rules.iter().any(|known| known.same(&rule)) {
                let message = "The same permission must not appear multiple times";
                return Err(ApiError::invalid(message));
            }
            rules.push(rule);
        }
    }
    Ok(rules)
}

/// `tcp` for `6` and so on; other numbers stay numbers, `-1` and `all` are every protocol.
fn protocol(text: &str) -> Result<String, ApiError> {
    let word = match text.to_ascii_lowercase().as_str() {
        "6" | "tcp" => "tcp",
        "17" | "udp" => "udp",
        "1" | "icmp" => "icmp",
        "58" | "icmpv6" => "icmpv6",
        "-1" | "all" => "-1",
        number if number.parse::<u8>().is_ok() => return Ok(number.to_owned()),
        _ => {
            let message = format!("Invalid value '{text}' for IP protocol. Unknown protocol.");
            return Err(ApiError::invalid(message));
        }
    };
    Ok(word.to_owned())
}

/// First and last port; only tcp, udp and icmp have them.
fn ports(permission: &Params, protocol: &str) -> Result<(Option<i64>, Option<i64>), ApiError> {
    let port = |name| {
        let text = permission.get(name).map(str::parse::<i64>).transpose();
        text.map_err(|_| ApiError::invalid(format!("{name} is not a port")))
    };
    let (from, to) = (port("FromPort")?, port("ToPort")?);
    match protocol {
        "tcp" | "udp" => {
            let (Some(first), Some(last)) = (from, to) else {
                let message = "Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange.";
                return Err(ApiError::invalid(message));
            };
            let legal = 0..=65_535;
            if !legal.contains(&first) || !legal.contains(&last) || first > last {
                let name = protocol.to_uppercase();
                let message = format!("Invalid {name} port range [{first},{last}]");
                return Err(ApiError::invalid(message));
            }
            Ok((from, to))
        }
        "icmp" | "icmpv6" => Ok((from, to)),
        _ => Ok((None, None)),
    }
}

type Source = (String, Option<String>);

fn sources(permission: &Params) -> Result<Vec<Source>, ApiError> {
    let mut found: Vec<Source> = Vec::new();
    for (list, field) in [("IpRanges", "CidrIp"), ("Ipv6Ranges", "CidrIpv6")] {
        for range in permission.structs(list) {
            let note = range.get("Description").map(str::to_owned);
            let block = cidr(range.need(field)?, field == "CidrIpv6")?;
            found.push((block, note));
        }
    }
    for group in permission.structs("Groups") {
        let note = group.get("Description").map(str::to_owned);
        found.push((group.need("GroupId")?.to_owned(), note));
    }
    for list in permission.structs("PrefixListIds") {
        let note = list.get("Description").map(str::to_owned);
        found.push((list.need("PrefixListId")?.to_owned(), note));
    }
    if let Some(block) = permission.get("CidrIp") {
        found.push((cidr(block, false)?, None));
    }
    if found.is_empty() {
        return Err(ApiError::missing("CidrIp"));
    }
    Ok(found)
}

/// EC2 clears the host bits: `100.68.0.18/18` is kept as `100.68.0.0/18`.
fn cidr(text: &str, v6: bool) -> Result<String, ApiError> {
    let wrong = || ApiError::invalid(format!("CIDR block {text} is malformed"));
    let (address, length) = text.split_once('/').ok_or_else(wrong)?;
    let address: IpAddr = address.parse().map_err(|_| wrong())?;
    let length: u32 = length.parse().map_err(|_| wrong())?;
    match address {
        IpAddr::V4(address) if !v6 && length <= 32 => {
            let mask = u32::MAX.checked_shl(32 - length).unwrap_or(0);
            let base = Ipv4Addr::from(u32::from(address) & mask);
            Ok(format!("{base}/{length}"))
        }
        IpAddr::V6(address) if v6 && length <= 128 => {
            let mask = u128::MAX.checked_shl(128 - length).unwrap_or(0);
            let base = Ipv6Addr::from(u128::from(address) & mask);
            Ok(format!("{base}/{length}"))
        }
        IpAddr::V4(_) | IpAddr::V6(_) => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(body: &str) -> Result<Vec<String>, String> {
        let rules = read(&Params::parse(body)).map_err(|error| error.code)?;
        let text = |rule: Rule| format!("{} {:?} {}", rule.protocol, rule.from, rule.source);
        Ok(rules.into_iter().map(text).collect())
    }

    #[test]
    fn rules_have_a_normal_form() {
        let https = "IpPermissions.1.FromPort=443&IpPermissions.1.ToPort=443";
        let table = [
            (
                "6",
                "IpRanges.1.CidrIp=100.68.0.18/18",
                "tcp Some(443) 100.68.0.0/18",
            ),
            (
                "TCP",
                "IpRanges.1.CidrIp=0.0.0.0/0",
                "tcp Some(443) 0.0.0.0/0",
            ),
            (
                "tcp",
                "Ipv6Ranges.1.CidrIpv6=2001:DB8:0:0::1/32",
                "tcp Some(443) 2001:db8::/32",
            ),
            (
                "all",
                "IpRanges.1.CidrIp=10.0.0.1/32",
                "-1 None 10.0.0.1/32",
            ),
            ("50", "Groups.1.GroupId=sg-1", "50 None sg-1"),
        ];
        for (protocol, source, want) in table {
            let body =
                format!("IpPermissions.1.IpProtocol={protocol}&{https}&IpPermissions.1.{source}");
            assert_eq!(code(&body), Ok(vec![want.to_owned()]), "{body}");
        }
    }

    #[test]
    fn rules_ec2_does_not_take() {
        let rule = |ports: &str, source: &str| format!("IpProtocol=tcp&{ports}&{source}");
        let fine = "FromPort=1&ToPort=2";
        let one =
            "IpPermissions.1.IpProtocol=tcp&IpPermissions.1.FromPort=1&IpPermissions.1.ToPort=1";
        let bodies = [
            rule("FromPort=3&ToPort=2", "CidrIp=10.0.0.0/8"),
            rule("FromPort=1&ToPort=65536", "CidrIp=10.0.0.0/8"),
            rule("FromPort=1", "CidrIp=10.0.0.0/8"),
            rule(fine, "CidrIp=10.0.0.0"),
            rule(fine, "CidrIp=10.0.0.0/33"),
            rule(fine, "CidrIp=::/0"),
            "IpProtocol=carrier-pigeon&CidrIp=10.0.0.0/8".to_owned(),
            format!(
                "{one}&IpPermissions.1.IpRanges.1.CidrIp=10.0.0.0/8&IpPermissions.1.IpRanges.2.CidrIp=10.0.0.1/8"
            ),
            format!(
                "{one}&IpPermissions.1.IpRanges.1.CidrIp=10.0.0.0/8&IpPermissions.1.IpRanges.1.Description=k%C3%A4se"
            ),
        ];
        for body in bodies {
            assert_eq!(
                code(&body),
                Err("InvalidParameterValue".to_owned()),
                "{body}"
            );
        }
    }

    #[test]
    fn names_and_descriptions_have_an_alphabet_and_a_length() {
        for (text, fine) in [
            ("ingot web (1) #2 a@b [x] {y}!$*", true),
            ("it's", false),
            ("a\"b", false),
            ("käse", false),
            ("a<b", false),
            ("a\nb", false),
        ] {
            assert_eq!(plain(text), fine, "{text}");
        }
        assert!(plain(&"n".repeat(255)) && !plain(&"n".repeat(256)));
    }
}
