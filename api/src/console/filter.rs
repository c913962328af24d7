//! The filter above a list and the links to its other pages, which keep the filter.

use super::text;

/// What a list was asked with.
pub(super) struct Asked<'a> {
    pub(super) path: &'static str,
    pub(super) status: Option<&'a str>,
    pub(super) template: Option<&'a str>,
    pub(super) version: Option<&'a str>,
    pub(super) region: Option<&'a str>,
    pub(super) limit: Option<u64>,
    pub(super) cursor: Option<&'a str>,
}

/// The form as `filter.html` draws it, and the links as `pager.html` does.
pub(super) struct Filter {
    pub(super) path: &'static str,
    pub(super) statuses: Vec<Choice>,
    pub(super) template: String,
    pub(super) version: String,
    pub(super) region: String,
    /// Something was asked for, so an empty list means "no match" and not "nothing there".
    pub(super) narrowed: bool,
    /// Back to the first page, unless this is it.
    pub(super) first: Option<String>,
    /// The next page, unless this is the last.
    pub(super) next: Option<String>,
}

/// A status to choose.
pub(super) struct Choice {
    pub(super) word: &'static str,
    pub(super) chosen: bool,
}

impl Asked<'_> {
    /// The filter with the statuses one may ask for.
    pub(super) fn form(
        &self,
        statuses: impl Iterator<Item = &'static str>,
        next_cursor: Option<&str>,
    ) -> Filter {
        let shown = |value: Option<&str>| text::plain(value.unwrap_or_default());
        let asked = [self.status, self.template, self.version, self.region];
        Filter {
            path: self.path,
            statuses: statuses
                .map(|word| Choice {
                    word,
                    chosen: self.status == Some(word),
                })
                .collect(),
            template: shown(self.template),
            version: shown(self.version),
            region: shown(self.region),
            narrowed: asked.into_iter().flatten().any(|value| !value.is_empty()),
            first: self.cursor.map(|_| self.at(None)),
            next: next_cursor.map(|cursor| self.at(Some(cursor))),
        }
    }

    fn at(&self, cursor: Option<&str>) -> String {
        let limit = self.limit.map(|limit| limit.to_string());
        let parameters = [
            ("status", self.status),
            ("template", self.template),
            ("version", self.version),
            ("region", self.region),
            ("limit", limit.as_deref()),
            ("cursor", cursor),
        ];
        text::address(self.path, &parameters)
    }
}
