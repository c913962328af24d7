//! Where a probe may connect and who may connect to an instance: pure rules over addresses
//! (OPERATIONS section 2, F6).

use std::collections::HashSet;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::field::FieldError;

/// A block of addresses, `10.0.0.0/8` or `fd00::/8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Cidr {
    base: IpAddr,
    prefix: u8,
}

impl Cidr {
    /// Whether the address lies in the block; families never mix.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.base, address) {
            (IpAddr::V4(base), IpAddr::V4(address)) => {
                let shift = 32 - u32::from(self.prefix);
                let bits = |a: Ipv4Addr| u32::from(a).checked_shr(shift).unwrap_or(0);
                bits(base) == bits(address)
            }
            (IpAddr::V6(base), IpAddr::V6(address)) => {
                let shift = 128 - u32::from(self.prefix);
                let bits = |a: Ipv6Addr| u128::from(a).checked_shr(shift).unwrap_or(0);
                bits(base) == bits(address)
            }
            _ => false,
        }
    }

    /// The block with the bits beyond its prefix cleared, as EC2 writes it.
    pub fn masked(self) -> Self {
        let base = match self.base {
            IpAddr::V4(base) => {
                let mask = u32::MAX
                    .checked_shl(32 - u32::from(self.prefix))
                    .unwrap_or(0);
                IpAddr::V4(Ipv4Addr::from(u32::from(base) & mask))
            }
            IpAddr::V6(base) => {
                let mask = u128::MAX
                    .checked_shl(128 - u32::from(self.prefix))
                    .unwrap_or(0);
                IpAddr::V6(Ipv6Addr::from(u128::from(base) & mask))
            }
        };
        Self {
            base,
            prefix: self.prefix,
        }
    }

    /// The world, or so large a part of it that a few such blocks make the world (in either family).
    pub fn is_everyone(&self) -> bool {
        self.prefix < 8
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.base, self.prefix)
    }
}

impl FromStr for Cidr {
    type Err = FieldError;
    fn from_str(text: &str) -> Result<Self, FieldError> {
        let wrong = || FieldError::new("cidr", text, "write it as `10.0.0.0/8` or `fd00::/8`");
        let (base, prefix) = text.trim().split_once('/').ok_or_else(wrong)?;
        let base: IpAddr = base.parse().map_err(|_| wrong())?;
        let prefix: u8 = prefix.parse().map_err(|_| wrong())?;
        let longest = if base.is_ipv4() { 32 } else { 128 };
        if prefix > longest {
            Err(wrong())
        } else {
            Ok(Self { base, prefix })
        }
    }
}

impl TryFrom<String> for Cidr {
    type Error = FieldError;
    fn try_from(text: String) -> Result<Self, FieldError> {
        text.parse()
    }
}

impl From<Cidr> for String {
    fn from(cidr: Cidr) -> String {
        cidr.to_string()
    }
}

/// Why a probe does not connect somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denied {
    /// Loopback, link-local (instance metadata), multicast, unspecified, or an address that hides another.
    Never,
    /// A private address outside `probe_cidrs`.
    Private,
}

/// Decides whether a probe may connect to `address`. What is never allowed can only be opened by a `probe_cidrs`
/// block that covers it by name (the simulated region lives on loopback); metadata addresses can not be opened at all.
pub fn probe_allowed(address: IpAddr, probe_cidrs: &[Cidr]) -> Result<(), Denied> {
    let plain = unmapped(address);
    if is_metadata(plain) || plain != address {
        return Err(Denied::Never);
    }
    if probe_cidrs.iter().any(|cidr| cidr.contains(plain)) {
        return Ok(());
    }
    match plain {
        IpAddr::V4(v4) if never_v4(v4) => Err(Denied::Never),
        IpAddr::V6(v6) if never_v6(v6) => Err(Denied::Never),
        IpAddr::V4(v4) if v4.is_private() || is_shared_v4(v4) => Err(Denied::Private),
        IpAddr::V6(v6) if v6.is_unique_local() => Err(Denied::Private),
        _ => Ok(()),
    }
}

/// Metadata services: 169.254.169.254 and its block, and fd00:ec2::/32 of which EC2 uses ::254.
fn is_metadata(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => v6.segments()[..2] == [0xfd00, 0x0ec2] || v6.is_unicast_link_local(),
    }
}

fn never_v4(v4: Ipv4Addr) -> bool {
    v4.is_loopback()
        || v4.octets()[0] == 0
        || v4.is_multicast()
        || v4.is_broadcast()
        || v4.octets()[0] >= 240
        || v4.octets()[..3] == [192, 0, 0]
        || is_benchmark_v4(v4)
}

/// 198.18.0.0/15, where networks are measured (RFC 2544).
fn is_benchmark_v4(v4: Ipv4Addr) -> bool {
    let [a, b, ..] = v4.octets();
    a == 198 && matches!(b, 18 | 19)
}

fn never_v6(v6: Ipv6Addr) -> bool {
    // fec0::/10 are the private addresses of before RFC 3879; some networks still route them.
    let site_local = v6.segments()[0] & 0xffc0 == 0xfec0;
    v6.is_loopback() || v6.is_unspecified() || v6.is_multicast() || site_local
}

/// 100.64.0.0/10, carriers' private space.
fn is_shared_v4(v4: Ipv4Addr) -> bool {
    let [a, b, ..] = v4.octets();
    a == 100 && (64..128).contains(&b)
}

/// The IPv4 address hidden in a mapped, translated (RFC 7915), compatible, NAT64 (RFC 6052 and 8215) or 6to4 IPv6 address. A
/// gateway on the way would reach it.
fn unmapped(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else {
        return address;
    };
    let s = v6.segments();
    let of = |a: u16, b: u16| IpAddr::V4(Ipv4Addr::from((u32::from(a) << 16) | u32::from(b)));
    let compatible = s[..6] == [0; 6] && !v6.is_loopback() && !v6.is_unspecified();
    match s {
        [0, 0, 0, 0, 0, 0xffff, a, b] | [0, 0, 0, 0, 0xffff, 0, a, b] => of(a, b),
        // The second block may hide it elsewhere; any other address than its own is enough.
        [0x64, 0xff9b, 0, 0, 0, 0, a, b] | [0x64, 0xff9b, 1, .., a, b] => of(a, b),
        [0x2002, a, b, ..] => of(a, b),
        [.., a, b] if compatible => of(a, b),
        _ => address,
    }
}

/// One inbound rule of a security group.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IngressRule {
    /// First TCP port.
    pub port: u16,
    /// Last TCP port; the same as `port` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_port: Option<u16>,
    /// Who may connect.
    pub cidr: Cidr,
}

/// Rules as EC2 keeps them: blocks masked, a range of one port without its end, each rule once, in the given order. EC2
/// refuses a list that has a rule twice.
pub fn normal_form(rules: &[IngressRule]) -> Vec<IngressRule> {
    let mut seen = HashSet::new();
    let normal = rules.iter().map(|rule| IngressRule {
        port: rule.port,
        to_port: rule.to_port.filter(|last| *last != rule.port),
        cidr: rule.cidr.masked(),
    });
    normal.filter(|rule| seen.insert(rule.clone())).collect()
}

impl IngressRule {
    /// Refuses SSH open to the world (F6) and ranges that run backwards.
    pub fn check(&self, at: &str) -> Result<(), FieldError> {
        let last = self.to_port.unwrap_or(self.port);
        if last < self.port {
            return Err(FieldError::new(
                &format!("{at}.to_port"),
                last,
                "must not be below `port`",
            ));
        }
        if self.cidr.is_everyone() && (self.port..=last).contains(&22) {
            return Err(FieldError::new(
                &format!("{at}.cidr"),
                self.cidr,
                "port 22 is not opened to the world: name the addresses you connect from, or use SSM Session Manager and drop the rule",
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
