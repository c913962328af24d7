//! `MaxResults` and `NextToken`: pages that stay right when objects come and go in between.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::wire::errors::ApiError;
use crate::wire::query::Params;

/// What a caller asked for: at most `max` results, continuing after `after`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) max: Option<usize>,
    after: Option<String>,
}

/// The number of results EC2 gives at most in one page.
const LARGEST: u64 = 1000;

impl Page {
    /// Reads `MaxResults` (at least `least`, at most 1000) and `NextToken`.
    pub(crate) fn read(params: &Params, least: u64) -> Result<Self, ApiError> {
        let max = params.number("MaxResults")?;
        if let Some(max) = max
            && !(least..=LARGEST).contains(&max)
        {
            let message = format!(
                "Value ( {max} ) for parameter maxResults is invalid. \
                 Expecting a value between {least} and {LARGEST}."
            );
            return Err(ApiError::invalid(message));
        }
        let after = params.get("NextToken").map(decode).transpose()?;
        let max = max.and_then(|max| usize::try_from(max).ok());
        Ok(Self { max, after })
    }

    /// Cuts one page out of `items`, which are sorted by `key`; a result's `weight` is how
    /// many it counts for, so that reservations are counted by their instances.
    /// Gives the page and the token of the next one.
    pub(crate) fn cut<T>(
        &self,
        items: Vec<T>,
        key: impl Fn(&T) -> String,
        weight: impl Fn(&T) -> usize,
    ) -> (Vec<T>, Option<String>) {
        let mut rest = items
            .into_iter()
            .skip_while(|item| self.after.as_ref().is_some_and(|after| key(item) <= *after));
        let Some(max) = self.max else {
            return (rest.collect(), None);
        };
        let mut page: Vec<T> = Vec::new();
        let mut count = 0;
        while count < max {
            let Some(item) = rest.next() else {
                return (page, None);
            };
            count += weight(&item);
            page.push(item);
        }
        let last = page.last().map(&key);
        let more = rest.next().is_some();
        (page, last.filter(|_| more).map(|key| encode(&key)))
    }
}

const MARK: &str = "after:";

fn encode(key: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("{MARK}{key}"))
}

fn decode(token: &str) -> Result<String, ApiError> {
    let wrong = || ApiError::client("InvalidNextToken", "The specified NextToken is not valid");
    let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| wrong())?;
    let text = String::from_utf8(bytes).map_err(|_| wrong())?;
    text.strip_prefix(MARK).map(str::to_owned).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(body: &str) -> Result<Page, ApiError> {
        Page::read(&Params::parse(body), 1)
    }

    fn walk(items: &[&str], max: u64) -> Vec<Vec<String>> {
        let mut pages = Vec::new();
        let mut body = format!("MaxResults={max}");
        loop {
            let all: Vec<String> = items.iter().map(|i| (*i).to_owned()).collect();
            let (cut, next) = page(&body)
                .expect("a page")
                .cut(all, String::clone, |_: &String| 1);
            pages.push(cut);
            let Some(next) = next else { return pages };
            body = format!("MaxResults={max}&NextToken={next}");
        }
    }

    #[test]
    fn pages_cover_everything_once() {
        let items = ["a", "b", "c", "d", "e"];
        for (max, count) in [(1, 5), (2, 3), (4, 2), (5, 1), (9, 1)] {
            let pages = walk(&items, max);
            assert_eq!(pages.len(), count, "pages of {max}");
            assert_eq!(pages.concat(), items);
        }
    }

    #[test]
    fn a_page_survives_the_loss_of_its_last_object() {
        let all = |items: &[&str]| items.iter().map(|i| (*i).to_owned()).collect::<Vec<_>>();
        let (_, next) =
            page("MaxResults=2")
                .expect("first")
                .cut(all(&["a", "b", "c"]), String::clone, |_| 1);
        let body = format!("NextToken={}", next.expect("a second page"));
        let (rest, _) = page(&body)
            .expect("second")
            .cut(all(&["a", "c"]), String::clone, |_| 1);
        assert_eq!(rest, ["c"]);
    }

    #[test]
    fn weights_count_instances_not_reservations() {
        let items = vec![("r1", 2), ("r2", 3), ("r3", 1)];
        let (cut, next) =
            page("MaxResults=5")
                .expect("page")
                .cut(items, |r| r.0.to_owned(), |r| r.1);
        assert_eq!(cut.len(), 2);
        assert!(next.is_some());
    }

    #[test]
    fn bad_sizes_and_tokens_are_refused() {
        for body in [
            "MaxResults=0",
            "MaxResults=1001",
            "MaxResults=x",
            "NextToken=%%%",
        ] {
            assert!(page(body).is_err(), "{body}");
        }
        assert!(Page::read(&Params::parse("MaxResults=4"), 5).is_err());
    }
}
