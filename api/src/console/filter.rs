//! The filter above a list and the links to its other pages, which keep the filter.

use super::text;

/// The form as `filter.html` draws it, and the links as `pager.html` does.
pub(super) struct Filter {
    pub(super) path: &'static str,
    pub(super) fields: Vec<Field>,
    /// Something was asked for, so an empty list means "no match" and not "nothing there".
    pub(super) narrowed: bool,
    /// Back to the first page, unless this is it.
    pub(super) first: Option<String>,
    /// The next page, unless this is the last.
    pub(super) next: Option<String>,
}

/// What can be asked for.
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) label: &'static str,
    pub(super) hint: &'static str,
    /// The words of a closed set; none where anything may be typed.
    pub(super) choices: Vec<&'static str>,
    /// What no choice means.
    pub(super) without: &'static str,
    pub(super) value: String,
}

/// One of a closed set of words.
pub(super) fn choice(
    name: &'static str,
    label: &'static str,
    choices: impl IntoIterator<Item = &'static str>,
    value: Option<&str>,
) -> Field {
    Field {
        choices: choices.into_iter().collect(),
        ..typed(name, label, "", value)
    }
}

/// Anything; `hint` shows how it looks.
pub(super) fn typed(
    name: &'static str,
    label: &'static str,
    hint: &'static str,
    value: Option<&str>,
) -> Field {
    Field {
        name,
        label,
        hint,
        choices: Vec::new(),
        without: "any",
        value: text::plain(value.unwrap_or_default()),
    }
}

/// What deployments and images are asked for by alike: a status of their own set, template, version and region.
pub(super) fn of_versions(
    statuses: impl IntoIterator<Item = &'static str>,
    [status, template, version, region]: [&Option<String>; 4],
) -> Vec<Field> {
    vec![
        choice("status", "Status", statuses, status.as_deref()),
        typed("template", "Template", "", template.as_deref()),
        typed("version", "Version", "v1.2.3", version.as_deref()),
        typed("region", "Region", "us-east-1", region.as_deref()),
    ]
}

/// Where in a list one is.
pub(super) struct Place<'a> {
    pub(super) limit: Option<u64>,
    pub(super) cursor: Option<&'a str>,
    pub(super) next: Option<&'a str>,
}

impl Filter {
    /// The filter of the list at `path` and its other pages.
    pub(super) fn new(path: &'static str, fields: Vec<Field>, place: &Place<'_>) -> Self {
        let limit = place.limit.map(|limit| limit.to_string());
        let at = |cursor: Option<&str>| {
            let asked = fields
                .iter()
                .map(|field| (field.name, Some(field.value.as_str())));
            let place = [("limit", limit.as_deref()), ("cursor", cursor)];
            let parameters: Vec<_> = asked.chain(place).collect();
            text::address(path, &parameters)
        };
        Self {
            path,
            narrowed: fields.iter().any(|field| !field.value.is_empty()),
            first: place.cursor.map(|_| at(None)),
            next: place.next.map(|cursor| at(Some(cursor))),
            fields,
        }
    }

    /// What an empty list says: that nothing matches, that this was the end, or `never` where there never was anything.
    pub(super) fn nothing(&self, never: super::frame::Nothing) -> super::frame::Nothing {
        let what = if self.narrowed {
            "Nothing matches the filter."
        } else if self.first.is_some() {
            "There are no more."
        } else {
            return never;
        };
        super::frame::Nothing {
            what,
            how: "",
            command: None,
        }
    }
}
