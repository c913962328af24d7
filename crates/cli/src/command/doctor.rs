//! `ingot doctor`: the parts as the API sees them, who works, what waits, the invariants, and what was found with what it
//! means and what to do.

use std::process::ExitCode;

use ingot_client::{Client, Doubt, Finding, FindingFilter, InvariantReport, SystemStatus};
use serde::Serialize;

use crate::args::doctor::DoctorArgs;
use crate::failure::Exit;
use crate::output::{clean, or_dash, span, table, time, time_or_dash};

/// What a look at an installation came to.
#[derive(Debug, Serialize)]
struct Diagnosis {
    /// Nothing is wrong.
    ok: bool,
    status: SystemStatus,
    invariants: Vec<InvariantReport>,
    /// Open findings.
    findings: Vec<Finding>,
}

/// Runs it.
pub(crate) async fn run(args: DoctorArgs) -> anyhow::Result<ExitCode> {
    let client = args.connection.client()?;
    let diagnosis = look(&client).await?;
    args.connection
        .output()
        .result(&diagnosis, |diagnosis| text(diagnosis, args.all))?;
    Ok(if diagnosis.ok {
        ExitCode::SUCCESS
    } else {
        Exit::Failed.into()
    })
}

async fn look(client: &Client) -> anyhow::Result<Diagnosis> {
    let status = client.status().await?;
    let invariants = client.invariants().await?.items;
    let mut findings = Vec::new();
    let mut cursor = None;
    loop {
        let filter = FindingFilter {
            state: Some("open".to_owned()),
            limit: Some(200),
            cursor,
            ..FindingFilter::default()
        };
        let page = client.findings(&filter).await?;
        findings.extend(page.items);
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    Ok(Diagnosis {
        ok: status.ok && invariants.iter().all(|one| one.violations == 0),
        status,
        invariants,
        findings,
    })
}

fn text(diagnosis: &Diagnosis, all: bool) -> String {
    let mut parts = vec![
        part_table(&diagnosis.status),
        worker_table(&diagnosis.status),
        queue_table(&diagnosis.status),
        invariant_table(&diagnosis.invariants, all),
    ];
    if !diagnosis.status.running_on.is_empty() {
        parts.push(running_on(&diagnosis.status));
    }
    if !diagnosis.status.checks.is_empty() {
        parts.push(check_table(&diagnosis.status));
    }
    let doubts = Doubt::lines(&diagnosis.status.doubts);
    if !doubts.is_empty() {
        let rows = doubts.iter().map(|(_, line)| [clean(line)]);
        parts.push(table(["what cannot be relied on"], rows));
    }
    parts.extend(diagnosis.findings.iter().map(finding));
    parts.push(match (diagnosis.ok, diagnosis.findings.len()) {
        (false, _) => "Something is wrong; see above.".to_owned(),
        (true, 0) => "Nothing is wrong.".to_owned(),
        (true, 1) => {
            "Nothing of Ingot's is wrong; the finding above is for you to look at.".to_owned()
        }
        (true, many) => {
            format!(
                "Nothing of Ingot's is wrong; the {many} findings above are for you to look at."
            )
        }
    });
    parts.join("\n\n")
}

fn part_table(status: &SystemStatus) -> String {
    let rows = status.parts.iter().map(|part| {
        let state = match part.state.as_str() {
            "up" => "ok".to_owned(),
            other => clean(other).to_uppercase(),
        };
        let since = time_or_dash(&part.since);
        [clean(&part.name), state, since, clean(&part.detail)]
    });
    table(["part", "state", "since", "detail"], rows)
}

fn worker_table(status: &SystemStatus) -> String {
    let rows = status.workers.iter().map(|worker| {
        [
            clean(&worker.name),
            clean(&worker.version),
            clean(&worker.state),
            time(&worker.heartbeat_at),
            worker.holds.to_string(),
        ]
    });
    table(["worker", "version", "state", "last heard", "holds"], rows)
}

/// What was last found out of AWS accounts, with its age: an old verdict may have been mended meanwhile.
fn check_table(status: &SystemStatus) -> String {
    let rows = status.checks.iter().map(|one| {
        let age = (status.at - one.at).to_std().unwrap_or_default();
        [
            or_dash(&one.account),
            clean(&one.region),
            format!("{} ago", span(age.as_secs_f64())),
            clean(&one.verdict),
        ]
    });
    table(["aws account", "region", "checked", "verdict"], rows)
}

/// What runs on after a failure, and what it costs.
fn running_on(status: &SystemStatus) -> String {
    let rows = status.running_on.iter().map(|one| {
        [
            clean(&one.deployment_id),
            clean(&one.status),
            clean(&one.instance_id),
            clean(&one.region),
            time_or_dash(&one.since),
            time_or_dash(&one.ends_at),
            clean(&one.cost),
        ]
    });
    let head = [
        "failed deployment",
        "status",
        "runs on",
        "region",
        "since",
        "ends",
        "costs",
    ];
    let cents: u64 = status
        .running_on
        .iter()
        .filter_map(|one| one.usd_cents_per_day)
        .sum();
    format!(
        "{}\nTogether about {}.{:02} USD per day; `ingot deployments destroy ID` terminates one, `ingot deployments retry ID` tries again.",
        table(head, rows),
        cents / 100,
        cents % 100
    )
}

fn queue_table(status: &SystemStatus) -> String {
    let rows = status.queues.iter().map(|queue| {
        let age = queue
            .oldest_due
            .map(|at| format!("{} s", (status.at - at).num_seconds().max(0)));
        [
            clean(&queue.name),
            queue.available.to_string(),
            queue.scheduled.to_string(),
            queue.running.to_string(),
            or_dash(&age),
            or_dash(
                &queue
                    .paused
                    .as_ref()
                    .map(|pause| format!("by {}", pause.by)),
            ),
        ]
    });
    let head = ["queue", "due", "later", "running", "oldest due", "paused"];
    table(head, rows)
}

/// What must hold; what does not apply yet only when everything is asked for.
fn invariant_table(invariants: &[InvariantReport], all: bool) -> String {
    let shown = invariants
        .iter()
        .filter(|one| all || one.watch != "not_applicable_yet");
    let rows = shown.map(|one| {
        let state = match (one.watch.as_str(), one.violations) {
            ("not_applicable_yet", _) => "not applicable yet".to_owned(),
            ("tested", _) => "held by tests".to_owned(),
            (_, 0) => "holds".to_owned(),
            (_, n) => format!("VIOLATED ({n})"),
        };
        let says = one.why.as_deref().unwrap_or(&one.says);
        [clean(&one.id), state, clean(says)]
    });
    table(["invariant", "state", "what must hold"], rows)
}

fn finding(finding: &Finding) -> String {
    let times = if finding.sightings == 1 {
        "once".to_owned()
    } else {
        format!("{} times", finding.sightings)
    };
    let mut lines = vec![
        format!("{} {}", clean(&finding.invariant), clean(&finding.what)),
        format!(
            "   seen {times} since {}; {}",
            time(&finding.first_seen_at),
            clean(&finding.id)
        ),
        format!("   {}", clean(&finding.meaning)),
        format!("   What to do: {}", clean(&finding.advice)),
    ];
    if let Some(outcome) = &finding.outcome {
        lines.insert(2, format!("   being {}", clean(outcome)));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_says_what_it_means_and_what_to_do() {
        let at = chrono::DateTime::from_timestamp(1_768_990_980, 0).unwrap_or_default();
        let found = Finding {
            id: "fnd_1".to_owned(),
            invariant: "I1".to_owned(),
            scope: "us-east-1".to_owned(),
            subject: "i-1".to_owned(),
            deployment_id: None,
            what: "instance i-1 serves no deployment".to_owned(),
            meaning: "It costs money.".to_owned(),
            advice: "Look at it.".to_owned(),
            sightings: 3,
            violated: true,
            first_seen_at: at,
            last_seen_at: at,
            outcome: Some("removed".to_owned()),
            cleared_at: None,
            settled: None,
            settled_by: None,
            settled_reason: None,
            verdicts: vec![],
        };
        assert_eq!(
            finding(&found),
            "I1 instance i-1 serves no deployment\n   seen 3 times since 2026-01-21T10:23:00Z; fnd_1\n   being removed\n   \
             It costs money.\n   What to do: Look at it."
        );
    }

    #[test]
    fn invariants_that_cannot_be_seen_say_why() {
        let one = |id: &str, watch: &str, violations| InvariantReport {
            id: id.to_owned(),
            says: "must hold".to_owned(),
            watch: watch.to_owned(),
            why: (watch == "not_applicable_yet").then(|| "there are no budgets yet".to_owned()),
            violations,
            suspected: 0,
        };
        let known = [
            one("I3", "scanned", 2),
            one("I4", "scanned", 0),
            one("I5", "not_applicable_yet", 0),
        ];
        assert!(!invariant_table(&known, false).contains("I5"));
        let shown = invariant_table(&known, true);
        assert_eq!(
            shown,
            "INVARIANT  STATE               WHAT MUST HOLD\n\
             I3         VIOLATED (2)        must hold\n\
             I4         holds               must hold\n\
             I5         not applicable yet  there are no budgets yet"
        );
    }
}
