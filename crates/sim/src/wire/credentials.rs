//! Who calls: the credential scope of a SigV4 `Authorization` header.
//!
//! The signature itself is not checked; the sim trusts every client that can reach its port.

/// The scope `Credential=AKID/date/REGION/service/aws4_request`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scope {
    pub(crate) access_key: String,
    pub(crate) region: String,
    pub(crate) service: String,
}

impl Scope {
    /// Reads the header; `None` if it is not SigV4.
    pub(crate) fn parse(header: &str) -> Option<Self> {
        let rest = header.strip_prefix("AWS4-HMAC-SHA256")?;
        let start = rest.find("Credential=")? + "Credential=".len();
        let credential = rest[start..].split([',', ' ']).next()?;
        let mut parts = credential.split('/');
        let (key, _date) = (parts.next()?, parts.next()?);
        let (region, service) = (parts.next()?, parts.next()?);
        if key.is_empty() || region.is_empty() {
            return None;
        }
        Some(Self {
            access_key: key.to_owned(),
            region: region.to_owned(),
            service: service.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_read_from_sigv4_only() {
        let header = "AWS4-HMAC-SHA256 Credential=AKID/20261122/eu-west-1/ec2/aws4_request, \
                      SignedHeaders=host, Signature=00";
        let scope = Scope::parse(header).expect("a scope");
        assert_eq!(
            (scope.region.as_str(), scope.service.as_str()),
            ("eu-west-1", "ec2")
        );
        assert_eq!(scope.access_key, "AKID");
        for bad in [
            "Bearer x",
            "AWS4-HMAC-SHA256 Credential=AKID",
            "",
            "AWS4-HMAC-SHA256 x",
        ] {
            assert_eq!(Scope::parse(bad), None, "{bad}");
        }
    }
}
