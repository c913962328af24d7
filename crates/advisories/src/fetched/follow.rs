//! Where a document leads: the next page of a list, the repository behind a list of mirrors, the files of an index. All of
//! them are addresses relative to its own, so that a mirror leads to its own copies.

use chrono::NaiveDate;
use ingot_domain::advisory::base::Os;
use ingot_domain::advisory::feed::Feed;
use serde_json::Value;
use url::Url;

use crate::check;
use crate::read::xml::{Step, walk};

/// Months of Microsoft's bulletins that are read: builds older than that are no longer updated from.
const MONTHS: usize = 24;

/// One page of a list.
pub(super) struct List {
    /// Entries on this page.
    pub(super) here: u64,
    /// Entries of the whole list.
    pub(super) all: u64,
    /// The next page; none after the last.
    pub(super) next: Option<String>,
}

/// The documents that one leads to which holds no record itself; none if it is no such document.
pub(super) fn leads_to(feed: Feed, url: &str, text: &str) -> Result<Option<Vec<String>>, String> {
    let base = Url::parse(url).map_err(|cause| format!("has no address: {cause}"))?;
    let join = |place: &str| {
        let joined = base.join(place);
        joined.map_err(|_| format!("leads to `{}`, which is no address", check::shown(place)))
    };
    if base.path().ends_with("/mirror.list") {
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let first = lines.next().ok_or("names no mirror")?;
        let mut repository = first.trim_end_matches('/').to_owned();
        repository.push_str("/repodata/repomd.xml");
        return Ok(Some(vec![join(&repository)?.into()]));
    }
    if base.path().ends_with("/repomd.xml") {
        let place = updateinfo(text)?.ok_or("names no updateinfo")?;
        return Ok(Some(vec![join(&format!("../{place}"))?.into()]));
    }
    let months = feed == Feed::Vendor(Os::Windows) && text.trim_start().starts_with('{');
    if !months {
        return Ok(None);
    }
    let index: Value =
        serde_json::from_str(text).map_err(|cause| format!("is no JSON: {cause}"))?;
    let Some(listed) = index["value"].as_array() else {
        return Ok(None);
    };
    let month = |one: &Value| {
        let id = check::id(one["ID"].as_str()?)?;
        let first = NaiveDate::parse_from_str(&format!("{id}-01"), "%Y-%b-%d").ok()?;
        Some((first, id))
    };
    let mut months: Vec<(NaiveDate, String)> = listed.iter().filter_map(month).collect();
    months.sort();
    months.dedup();
    months.reverse();
    months.truncate(MONTHS);
    if months.is_empty() {
        return Err("names no month".to_owned());
    }
    let urls = months
        .iter()
        .map(|(_, id)| join(&format!("cvrf/{id}")).map(String::from));
    urls.collect::<Result<_, _>>().map(Some)
}

/// Where a repository has its advisories.
fn updateinfo(text: &str) -> Result<Option<String>, String> {
    let (mut inside, mut place) = (false, None);
    walk(text, |step| match step {
        Step::Begin("data", attribute) => {
            inside = attribute("type").is_some_and(|kind| kind == "updateinfo");
        }
        Step::Begin("location", attribute) if inside => place = attribute("href"),
        Step::End("data", _) => inside = false,
        Step::Begin(..) | Step::End(..) => {}
    })?;
    Ok(place)
}

/// How a page stands in its list; none if it is no page of one.
pub(super) fn list(url: &str, text: &str) -> Result<Option<List>, String> {
    let start = text.trim_start();
    let page = start.starts_with('{')
        && (start.contains("\"total_results\"") || start.contains("\"links\""));
    if !page {
        return Ok(None);
    }
    let Ok(page) = serde_json::from_str::<Value>(text) else {
        return Ok(None);
    };
    let base = Url::parse(url).map_err(|cause| format!("has no address: {cause}"))?;
    if let (Some(notices), Some(all)) = (page["notices"].as_array(), page["total_results"].as_u64())
    {
        let here = notices.len() as u64;
        let read = page["offset"].as_u64().unwrap_or_default() + here;
        let more = read < all;
        if more && here == 0 {
            return Err(format!(
                "is an empty page, {read} of {all} notices were read"
            ));
        }
        let next = more.then(|| {
            let mut next = base.clone();
            let others = base.query_pairs().into_owned();
            let others: Vec<_> = others.filter(|(name, _)| name != "offset").collect();
            next.query_pairs_mut()
                .clear()
                .extend_pairs(others)
                .append_pair("offset", &read.to_string());
            next.into()
        });
        return Ok(Some(List { here, all, next }));
    }
    let (Some(advisories), Some(all)) = (page["advisories"].as_array(), page["total"].as_u64())
    else {
        return Ok(None);
    };
    let here = advisories.len() as u64;
    let next = match page["links"]["next"].as_str() {
        None => None,
        Some(next) if here > 0 => {
            let next = base
                .join(next)
                .map_err(|_| "leads to no address".to_owned())?;
            (next != base).then(|| next.into())
        }
        Some(_) => return Err("is an empty page that names a next one".to_owned()),
    };
    Ok(Some(List { here, all, next }))
}
