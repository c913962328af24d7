//! Tags of every resource, in one book per account and region.

use std::collections::{BTreeMap, BTreeSet};

use crate::wire::errors::ApiError;
use crate::wire::query::Params;
use crate::wire::xml::Xml;

/// The tags of one resource.
pub(crate) type Tags = BTreeMap<String, String>;

/// Tags by resource id.
#[derive(Clone, Debug, Default)]
pub(crate) struct TagBook(BTreeMap<String, Tags>);

const NO_TAGS: &Tags = &BTreeMap::new();

/// A resource has at most this many tags.
const MOST: usize = 50;

impl TagBook {
    pub(crate) fn of(&self, id: &str) -> &Tags {
        self.0.get(id).unwrap_or(NO_TAGS)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&String, &Tags)> {
        self.0.iter()
    }

    /// Refuses tags that would be too many together with those a resource has. Tags of AWS
    /// itself do not count.
    pub(crate) fn check(&self, id: &str, tags: &Tags) -> Result<(), ApiError> {
        let mut keys: BTreeSet<&String> = self.of(id).keys().chain(tags.keys()).collect();
        keys.retain(|key| !reserved(key));
        if keys.len() <= MOST {
            return Ok(());
        }
        let message = format!("The maximum number of tags for {id} is {MOST}");
        Err(ApiError::client("TagLimitExceeded", message))
    }

    /// Adds or overwrites tags.
    pub(crate) fn put(&mut self, id: &str, tags: &Tags) -> Result<(), ApiError> {
        self.check(id, tags)?;
        if !tags.is_empty() {
            self.0
                .entry(id.to_owned())
                .or_default()
                .extend(tags.clone());
        }
        Ok(())
    }

    /// Removes every tag of the user; those of AWS itself stay.
    pub(crate) fn clear(&mut self, id: &str) {
        if let Some(tags) = self.0.get_mut(id) {
            tags.retain(|key, _| reserved(key));
        }
    }

    /// Removes keys; with a value, only if it is that value.
    pub(crate) fn cut(&mut self, id: &str, keys: &[(String, Option<String>)]) {
        let Some(tags) = self.0.get_mut(id) else {
            return;
        };
        tags.retain(|key, value| {
            !keys
                .iter()
                .any(|(k, v)| k == key && v.as_ref().is_none_or(|v| v == value))
        });
    }

    /// Gives a resource all its tags again.
    pub(crate) fn restore(&mut self, id: &str, tags: Tags) {
        self.0.insert(id.to_owned(), tags);
    }

    /// Forgets a resource.
    pub(crate) fn forget(&mut self, id: &str) {
        self.0.remove(id);
    }

    /// The values of filters `tag:KEY` and `tag-key`; `None` for other names.
    pub(crate) fn facts(&self, id: &str, filter: &str) -> Option<Vec<String>> {
        if filter == "tag-key" {
            return Some(self.of(id).keys().cloned().collect());
        }
        let key = filter.strip_prefix("tag:")?;
        Some(self.of(id).get(key).cloned().into_iter().collect())
    }

    /// Writes EC2's `tagSet`.
    pub(crate) fn write(&self, id: &str, xml: &mut Xml) {
        xml.items("tagSet", self.of(id), |xml, (key, value)| {
            xml.text("key", key);
            xml.text("value", value);
        });
    }
}

/// Whether a key is one only AWS itself sets and removes; EC2 looks at it without case.
pub(crate) fn reserved(key: &str) -> bool {
    key.get(..4)
        .is_some_and(|start| start.eq_ignore_ascii_case("aws:"))
}

/// EC2's refusal of a reserved key.
pub(crate) fn check_key(key: &str) -> Result<(), ApiError> {
    if !reserved(key) {
        return Ok(());
    }
    let message = format!(
        "Value ( {key} ) for parameter key is invalid. Tag keys starting with 'aws:' are \
         reserved for internal use"
    );
    Err(ApiError::invalid(message))
}

/// Reads `Tag.N.Key` and `Tag.N.Value`, refusing what EC2 refuses.
pub(crate) fn read_tags(params: &Params) -> Result<Tags, ApiError> {
    let mut tags = Tags::new();
    for raw in params.structs("Tag") {
        let key = raw
            .get("Key")
            .ok_or_else(|| ApiError::invalid("Tag key must not be empty"))?;
        let value = raw.get("Value").unwrap_or_default();
        if key.chars().count() > 128 || value.chars().count() > 256 {
            return Err(ApiError::invalid(format!(
                "Tag '{key}' exceeds the maximum length"
            )));
        }
        check_key(key)?;
        if tags.insert(key.to_owned(), value.to_owned()).is_some() {
            return Err(ApiError::invalid(format!(
                "Duplicate tag key '{key}' specified."
            )));
        }
    }
    if tags.len() > MOST {
        return Err(ApiError::client(
            "TagLimitExceeded",
            "More than 50 tags specified",
        ));
    }
    Ok(tags)
}

/// Reads `TagSpecification.N`; types outside `allowed` fail the call (EC2.md 11).
pub(crate) fn read_specifications(
    params: &Params,
    allowed: &[&str],
) -> Result<BTreeMap<String, Tags>, ApiError> {
    let mut specifications = BTreeMap::new();
    for raw in params.structs("TagSpecification") {
        let kind = raw.need("ResourceType")?.to_owned();
        if !allowed.contains(&kind.as_str()) {
            let message =
                format!("'{kind}' is not a valid taggable resource type for this operation.");
            return Err(ApiError::invalid(message));
        }
        let tags = read_tags(&raw)?;
        if specifications.insert(kind.clone(), tags).is_some() {
            let message = format!("More than one tag specification for resource type '{kind}'");
            return Err(ApiError::invalid(message));
        }
    }
    Ok(specifications)
}

/// EC2's name of a resource's type, by the prefix of its id.
pub(crate) fn resource_type(id: &str) -> Option<&'static str> {
    let (prefix, _) = id.split_once('-')?;
    match prefix {
        "i" => Some("instance"),
        "ami" => Some("image"),
        "snap" => Some("snapshot"),
        "vol" => Some("volume"),
        "sg" => Some("security-group"),
        "subnet" => Some("subnet"),
        "vpc" => Some("vpc"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_checked_as_ec2_does() {
        let long = format!("Tag.1.Key={}", "k".repeat(129));
        let table = [
            ("Tag.1.Key=a&Tag.1.Value=b", true),
            ("Tag.1.Key=a&Tag.2.Key=a", false),
            ("Tag.1.Key=aws:x", false),
            ("Tag.1.Key=AWS:x", false),
            ("Tag.1.Key=awsx", true),
            ("Tag.1.Value=x", false),
            (long.as_str(), false),
        ];
        for (body, fine) in table {
            assert_eq!(read_tags(&Params::parse(body)).is_ok(), fine, "{body}");
        }
    }

    #[test]
    fn other_resource_types_fail_the_call() {
        let body = "TagSpecification.1.ResourceType=instance&TagSpecification.1.Tag.1.Key=a";
        let params = Params::parse(body);
        assert!(read_specifications(&params, &["instance", "volume"]).is_ok());
        assert!(read_specifications(&params, &["image", "snapshot"]).is_err());
    }

    #[test]
    fn a_resource_has_fifty_tags_at_most() {
        let mut book = TagBook::default();
        let fifty: Tags = (0..50).map(|n| (n.to_string(), String::new())).collect();
        book.put("i-1", &fifty).expect("fifty");
        let more = Tags::from([("more".to_owned(), String::new())]);
        assert!(book.put("i-1", &more).is_err());
        let own = Tags::from([("aws:backup:x".to_owned(), String::new())]);
        book.put("i-1", &own).expect("tags of AWS do not count");
        book.cut(
            "i-1",
            &[
                ("0".to_owned(), None),
                ("1".to_owned(), Some("x".to_owned())),
            ],
        );
        book.put("i-1", &more).expect("one was removed");
        assert_eq!(book.of("i-1").len(), 51);
        book.clear("i-1");
        assert_eq!(book.of("i-1"), &own);
    }
}
