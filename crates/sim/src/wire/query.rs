//! The Query protocol's form body: `Filter.1.Name=tag:x` becomes nested parameters.

use std::collections::BTreeMap;

use super::errors::ApiError;

/// The parameters of one call, or of one structure inside it, by dotted name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Params(BTreeMap<String, String>);

impl Params {
    /// Reads an `application/x-www-form-urlencoded` body; broken escapes are kept as they are.
    pub(crate) fn parse(body: &str) -> Self {
        let pairs = body.split('&').filter(|pair| !pair.is_empty());
        Self(
            pairs
                .map(|pair| {
                    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                    (decode(name), decode(value))
                })
                .collect(),
        )
    }

    /// The parameters of a call that never came over the wire.
    pub(crate) fn of(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(pairs.into_iter().collect())
    }

    /// All names and values, in order of name.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A value that is present and not empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// A value EC2 cannot do without.
    pub(crate) fn need(&self, name: &str) -> Result<&str, ApiError> {
        self.get(name).ok_or_else(|| ApiError::missing(name))
    }

    pub(crate) fn flag(&self, name: &str) -> bool {
        self.get(name)
            .is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    pub(crate) fn number(&self, name: &str) -> Result<Option<u64>, ApiError> {
        let Some(text) = self.get(name) else {
            return Ok(None);
        };
        let wrong = || ApiError::invalid(format!("invalid value '{text}' for {name}"));
        text.parse().map(Some).map_err(|_| wrong())
    }

    /// `Name.1`, `Name.2`, … in numeric order.
    pub(crate) fn list(&self, name: &str) -> Vec<String> {
        let mut found: Vec<(u32, String)> = Vec::new();
        for (key, value) in self.below(name) {
            if let Ok(index) = key.parse() {
                found.push((index, value.to_owned()));
            }
        }
        found.sort_by_key(|(index, _)| *index);
        found.into_iter().map(|(_, value)| value).collect()
    }

    /// `Name.1.…`, `Name.2.…` as structures, in numeric order.
    pub(crate) fn structs(&self, name: &str) -> Vec<Params> {
        let mut found: BTreeMap<u32, Params> = BTreeMap::new();
        for (key, value) in self.below(name) {
            if let Some((index, rest)) = key.split_once('.')
                && let Ok(index) = index.parse()
            {
                let params = found.entry(index).or_default();
                params.0.insert(rest.to_owned(), value.to_owned());
            }
        }
        found.into_values().collect()
    }

    /// The structure `Name.…`; empty if absent.
    pub(crate) fn sub(&self, name: &str) -> Params {
        Params(
            self.below(name)
                .map(|(k, v)| (k.to_owned(), v.to_owned()))
                .collect(),
        )
    }

    /// Everything a retry must repeat: the same text means the same request (EC2.md 4).
    pub(crate) fn fingerprint(&self) -> String {
        let outside = ["Action", "Version", "ClientToken", "DryRun"];
        let kept = self.iter().filter(|(name, _)| !outside.contains(name));
        kept.map(|(name, value)| format!("{name}={value}\n"))
            .collect()
    }

    fn below<'a>(&'a self, name: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.iter().filter_map(move |(key, value)| {
            Some((key.strip_prefix(name)?.strip_prefix('.')?, value))
        })
    }
}

fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escape = (bytes[at] == b'%')
            .then(|| bytes.get(at + 1..at + 3))
            .flatten();
        let byte = escape
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (byte, bytes[at]) {
            (Some(byte), _) => {
                out.push(byte);
                at += 2;
            }
            (None, b'+') => out.push(b' '),
            (None, other) => out.push(other),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_and_plus_are_undone() {
        let table = [
            ("a%20b", "a b"),
            ("a+b", "a b"),
            ("%C3%A4", "ä"),
            ("100%", "100%"),
            ("%zz", "%zz"),
        ];
        for (raw, plain) in table {
            assert_eq!(decode(raw), plain, "{raw}");
        }
    }

    #[test]
    fn lists_and_structures_come_in_numeric_order() {
        let body = "Id.10=c&Id.2=b&Id.1=a&F.2.Name=y&F.1.Name=x&F.1.Value.1=v&Empty=&On=true&N=7";
        let params = Params::parse(body);
        assert_eq!(params.list("Id"), ["a", "b", "c"]);
        let filters = params.structs("F");
        assert_eq!(filters.len(), 2);
        assert_eq!(filters[0].get("Name"), Some("x"));
        assert_eq!(filters[0].list("Value"), ["v"]);
        assert_eq!(params.sub("F.1").get("Name"), Some("x"));
        assert_eq!(params.get("Empty"), None);
        assert!(params.flag("On"));
        assert_eq!(params.number("N").expect("a number"), Some(7));
        assert!(params.number("On").is_err());
        assert!(params.need("Nothing").is_err());
    }

    #[test]
    fn the_token_is_not_part_of_the_fingerprint() {
        let one = Params::parse("Action=CopyImage&Name=a&ClientToken=1");
        let two = Params::parse("Name=a&ClientToken=2&Action=CopyImage");
        assert_eq!(one.fingerprint(), two.fingerprint());
        assert_ne!(one.fingerprint(), Params::parse("Name=b").fingerprint());
    }
}
