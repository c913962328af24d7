//! Tags and filters, to and from the SDK's types.

use std::collections::BTreeMap;

use aws_sdk_ec2::types::{Filter, ResourceType, Tag, TagSpecification};

/// The given tags for one kind of resource; none when there are none, for EC2 refuses an empty list.
pub(super) fn specification(
    kind: ResourceType,
    tags: &BTreeMap<String, String>,
) -> Option<TagSpecification> {
    let list = tags
        .iter()
        .map(|(key, value)| Tag::builder().key(key).value(value).build());
    (!tags.is_empty()).then(|| {
        TagSpecification::builder()
            .resource_type(kind)
            .set_tags(Some(list.collect()))
            .build()
    })
}

/// The tags of several kinds of resources (EC2.md 11: each kind is named, or stays untagged).
pub(super) fn specifications(
    kinds: impl IntoIterator<Item = ResourceType>,
    tags: &BTreeMap<String, String>,
) -> Option<Vec<TagSpecification>> {
    let list: Vec<_> = kinds
        .into_iter()
        .filter_map(|kind| specification(kind, tags))
        .collect();
    (!list.is_empty()).then_some(list)
}

/// Tags as EC2 answers them.
pub(super) fn read(tags: &[Tag]) -> BTreeMap<String, String> {
    let pair = |tag: &Tag| {
        Some((
            tag.key()?.to_owned(),
            tag.value().unwrap_or_default().to_owned(),
        ))
    };
    tags.iter().filter_map(pair).collect()
}

/// A filter on exactly one value: EC2 reads `*`, `?` and `\` as patterns unless they are escaped.
pub(super) fn exactly(name: impl Into<String>, value: &str) -> Filter {
    any_of(name, [escape(value)])
}

/// A filter on any of the values, patterns allowed. EC2 takes at most 200 values.
pub(super) fn any_of(
    name: impl Into<String>,
    values: impl IntoIterator<Item = impl Into<String>>,
) -> Filter {
    let values = values.into_iter().map(Into::into).collect();
    Filter::builder()
        .name(name)
        .set_values(Some(values))
        .build()
}

fn escape(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for c in value.chars() {
        if matches!(c, '*' | '?' | '\\') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_filters_escape_patterns() {
        assert_eq!(exactly("name", r"a*b?c\d").values(), [r"a\*b\?c\\d"]);
        assert_eq!(exactly("name", "plain").values(), ["plain"]);
    }

    #[test]
    fn tags_go_there_and_back() {
        let tags: BTreeMap<_, _> = [
            ("a".to_owned(), "1".to_owned()),
            ("b".to_owned(), String::new()),
        ]
        .into();
        let lists =
            specifications([ResourceType::Instance, ResourceType::Volume], &tags).expect("tags");
        assert_eq!(lists.len(), 2);
        assert_eq!(read(lists[0].tags()), tags);
        assert_eq!(
            specifications([ResourceType::Image], &BTreeMap::new()),
            None
        );
    }
}
