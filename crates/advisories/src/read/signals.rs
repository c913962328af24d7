//! Signs of exploitation: CISA's KEV as JSON or as a list of ids, and a day of EPSS.

use ingot_domain::advisory::record::{Exploited, Likelihood};
use serde_json::Value;

use crate::check;
use crate::take::Take;

/// KEV's JSON.
pub(crate) fn kev_json(value: &Value, name: &str, take: &mut Take) {
    for (at, row) in value["vulnerabilities"]
        .as_array()
        .into_iter()
        .flatten()
        .enumerate()
    {
        let text = |name: &str| row[name].as_str().unwrap_or_default();
        let told = kev(
            text("cveID"),
            text("dateAdded"),
            text("knownRansomwareCampaignUse"),
            take,
        );
        if told.is_none() {
            take.trouble(None, format!("{name}: entry {at} has no CVE or date"));
        }
    }
}

/// KEV as `cveID,dateAdded,knownRansomwareCampaignUse`.
pub(crate) fn kev_csv(text: &str, name: &str, take: &mut Take) {
    let mut lines = text.lines();
    let head: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
    let column = |wanted: &str| head.iter().position(|cell| cell.trim() == wanted);
    let (Some(id), Some(added)) = (column("cveID"), column("dateAdded")) else {
        take.trouble(None, format!("{name}: has no columns cveID and dateAdded"));
        return;
    };
    let ransomware = column("knownRansomwareCampaignUse");
    for (number, line) in lines
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
    {
        let cells: Vec<&str> = line.split(',').collect();
        let cell = |at: usize| cells.get(at).copied().unwrap_or_default();
        if kev(
            cell(id),
            cell(added),
            ransomware.map(cell).unwrap_or_default(),
            take,
        )
        .is_none()
        {
            take.trouble(None, format!("{name} line {}: no CVE or date", number + 2));
        }
    }
}

fn kev(id: &str, added: &str, ransomware: &str, take: &mut Take) -> Option<()> {
    let (id, since) = (check::cve(id)?, check::time(added)?);
    let ransomware = ransomware.trim().eq_ignore_ascii_case("known");
    let known = take
        .signals
        .exploited
        .entry(id)
        .or_insert(Exploited { since, ransomware });
    known.since = known.since.min(since);
    known.ransomware |= ransomware;
    Some(())
}

/// A day of EPSS. Its first line tells the day; a file without one says no day, and its scores are not used.
pub(crate) fn epss(text: &str, name: &str, take: &mut Take) {
    let first = text.lines().next().unwrap_or_default();
    let day = first.split("score_date:").nth(1).and_then(check::time);
    let in_name = || {
        let file = name.rsplit('/').next().unwrap_or_default();
        let start = file.find("20")?;
        check::time(file.get(start..start + 10)?)
    };
    let Some(since) = day.or_else(in_name) else {
        take.trouble(
            None,
            format!("{name}: tells no day of its scores and is passed over"),
        );
        return;
    };
    for line in text.lines().filter(|line| line.starts_with("CVE-")) {
        let mut cells = line.split(',');
        let id = cells.next().and_then(check::cve);
        let value = cells
            .next()
            .and_then(|value| value.trim().parse::<f64>().ok());
        if let (Some(id), Some(value)) = (id, value.filter(|value| (0.0..=1.0).contains(value))) {
            take.likelihood(id, Likelihood { since, value });
        }
    }
}
