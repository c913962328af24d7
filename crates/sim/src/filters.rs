//! EC2's filters: names are and-ed, values are or-ed, values may hold `*` and `?`.

use crate::wire::errors::ApiError;
use crate::wire::query::Params;

/// One `Filter.N`.
#[derive(Clone, Debug)]
pub(crate) struct Filter {
    name: String,
    values: Vec<String>,
}

/// A call has at most this many values in all its filters, and this many filters.
const MOST_VALUES: usize = 200;
const MOST_FILTERS: usize = 50;

/// All filters of a call.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filters(Vec<Filter>);

impl Filters {
    /// Reads `Filter.N`; a name outside `known` is refused, except `tag:KEY`.
    pub(crate) fn read(params: &Params, known: &[&str]) -> Result<Self, ApiError> {
        let mut filters = Vec::new();
        let raw = params.structs("Filter");
        let values: usize = raw.iter().map(|filter| filter.list("Value").len()).sum();
        if values > MOST_VALUES || raw.len() > MOST_FILTERS {
            let message = format!(
                "The maximum number of filter values specified on a single call is {MOST_VALUES}"
            );
            return Err(ApiError::client("FilterLimitExceeded", message));
        }
        for raw in raw {
            let name = raw.need("Name")?.to_owned();
            if !known.contains(&name.as_str()) && !name.starts_with("tag:") {
                return Err(ApiError::invalid(format!("The filter '{name}' is invalid")));
            }
            let values = raw.list("Value");
            if values.is_empty() {
                return Err(ApiError::invalid(format!(
                    "The filter '{name}' has no values"
                )));
            }
            filters.push(Filter { name, values });
        }
        Ok(Self(filters))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether an object passes; `facts` gives its values under a filter's name.
    pub(crate) fn pass<F>(&self, mut facts: F) -> bool
    where
        F: FnMut(&str) -> Vec<String>,
    {
        self.0.iter().all(|filter| {
            let have = facts(&filter.name);
            filter
                .values
                .iter()
                .any(|want| have.iter().any(|have| glob(want, have)))
        })
    }
}

/// EC2's wildcards: `*` for any run, `?` for one character, `\` quotes the next.
pub(crate) fn glob(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    matches(&pattern, &text)
}

fn matches(pattern: &[char], text: &[char]) -> bool {
    // Iterative with one fallback point: recursion would be exponential in the stars.
    let (mut p, mut t) = (0, 0);
    let mut fallback: Option<(usize, usize)> = None;
    while t < text.len() {
        let (wild, literal, width) = match pattern.get(p) {
            Some('*') => {
                fallback = Some((p, t));
                p += 1;
                continue;
            }
            Some('?') => (true, ' ', 1),
            Some('\\') if p + 1 < pattern.len() => (false, pattern[p + 1], 2),
            Some(c) => (false, *c, 1),
            None => (false, '\0', 0),
        };
        if width > 0 && (wild || literal == text[t]) {
            p += width;
            t += 1;
        } else if let Some((star, from)) = fallback {
            p = star + 1;
            t = from + 1;
            fallback = Some((star, from + 1));
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs() {
        let table = [
            ("ingot-*", "ingot-1", true),
            ("ingot-*", "other", false),
            ("*", "", true),
            ("", "", true),
            ("", "x", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*a*b*", "xxaxxbxx", true),
            ("*a*b", "xxaxxbxx", false),
            (r"a\*", "a*", true),
            (r"a\*", "ab", false),
            ("exact", "exact", true),
            ("exact", "Exact", false),
        ];
        for (pattern, text, want) in table {
            assert_eq!(glob(pattern, text), want, "{pattern} on {text}");
        }
    }

    #[test]
    fn names_are_anded_and_values_ored() {
        let body = "Filter.1.Name=state&Filter.1.Value.1=a&Filter.1.Value.2=b\
                    &Filter.2.Name=tag:k&Filter.2.Value.1=v*";
        let filters = Filters::read(&Params::parse(body), &["state"]).expect("filters");
        let table = [
            ("a", "v1", true),
            ("b", "v", true),
            ("c", "v", false),
            ("a", "w", false),
        ];
        for (state, tag, want) in table {
            let facts = |name: &str| match name {
                "state" => vec![state.to_owned()],
                _ => vec![tag.to_owned()],
            };
            assert_eq!(filters.pass(facts), want, "{state} {tag}");
        }
        assert!(!filters.pass(|_| Vec::new()));
    }

    #[test]
    fn a_call_has_two_hundred_filter_values_at_most() {
        let body = |filter: usize, values: usize| -> String {
            let values = (1..=values).map(|n| format!("&Filter.{filter}.Value.{n}=v{n}"));
            format!("&Filter.{filter}.Name=state{}", values.collect::<String>())
        };
        let code = |body: String| {
            let read = Filters::read(&Params::parse(&body), &["state"]);
            read.map(drop).map_err(|error| error.code)
        };
        let limit = Err("FilterLimitExceeded".to_owned());
        assert_eq!(code(body(1, 200)), Ok(()));
        assert_eq!(code(body(1, 201)), limit);
        assert_eq!(
            code(body(1, 200) + &body(2, 1)),
            limit,
            "all filters together"
        );
        assert_eq!(code((1..=51).map(|n| body(n, 1)).collect()), limit);
    }

    #[test]
    fn unknown_and_empty_filters_are_refused() {
        for body in [
            "Filter.1.Name=nonsense&Filter.1.Value.1=a",
            "Filter.1.Name=state",
        ] {
            assert!(
                Filters::read(&Params::parse(body), &["state"]).is_err(),
                "{body}"
            );
        }
    }
}
