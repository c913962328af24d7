//! `ingot policy …`: what policies mean, found out here without asking the API; the installation's own is in `installed`.

mod installed;
mod simulate;

pub(super) use installed::{changes, named, warn};

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use chrono::TimeDelta;
use ingot_client::policy::{PolicyActivation, PolicyDiffFilter, PolicyFilter, PolicyImport};
use ingot_domain::Instant;
use ingot_domain::policy::{Document, Policy};
use ingot_domain::window::WindowKind;
use serde::Serialize;

use crate::args::policy::{PolicyAction, PolicyArgs, Source};
use crate::command::mistakes::{line, refused, wrong};
use crate::command::read;
use crate::failure::Usage;
use crate::output::{Output, clean, clean_lines, pairs, table, time};

/// How much time `policy windows` lists unless it is told.
const WEEK: TimeDelta = TimeDelta::days(7);

/// The longest time that `policy windows` lists: a hundred years.
const MOST: TimeDelta = TimeDelta::days(36_525);

/// Runs one of them.
pub(crate) async fn run(args: PolicyArgs) -> anyhow::Result<ExitCode> {
    let output = args.connection.output();
    let client = || args.connection.client();
    match args.action {
        PolicyAction::Import {
            file,
            reason,
            expect,
        } => {
            let how = PolicyImport {
                reason,
                expected_revision: expect,
            };
            installed::import(&client()?, output, &file, &how).await?;
        }
        PolicyAction::Show { revision, yaml } => {
            let policy = client()?.policy(PolicyFilter { revision }).await?;
            installed::show(output, &policy, yaml)?;
        }
        PolicyAction::List => installed::list(&client()?, output).await?,
        PolicyAction::Diff {
            of,
            other,
            from,
            to,
        } => {
            let (file, of) = compared(of, other, PolicyDiffFilter { from, to })?;
            installed::diff(&client()?, output, file.as_deref(), of).await?;
        }
        PolicyAction::Activate { revision, reason } => {
            let wanted = PolicyActivation { revision, reason };
            installed::activate(&client()?, output, &wanted).await?;
        }
        PolicyAction::Simulate { of, days } => {
            simulate::run(&client()?, output, of, days).await?;
        }
        PolicyAction::Check { file } => check(output, &file)?,
        PolicyAction::Windows { file, from, to } => {
            let (_, policy) = parsed(output, &file)?;
            let from = from.unwrap_or_else(crate::command::now);
            let to = to.unwrap_or(from + WEEK);
            if from >= to {
                let (from, to) = (time(&from), time(&to));
                let message = format!("--to {to} is not after --from {from}; give a later one");
                return Err(Usage(message).into());
            }
            if to - from > MOST {
                let message = format!(
                    "--from {} and --to {} are more than {} days apart; ask for a shorter time",
                    time(&from),
                    time(&to),
                    MOST.num_days()
                );
                return Err(Usage(message).into());
            }
            output.result(&openings(&policy, from, to), |openings| {
                shown_openings(&policy, openings)
            })?;
        }
        PolicyAction::Fires {
            line,
            zone,
            from,
            count,
        } => {
            let fires = line.fires(
                zone,
                from.unwrap_or_else(crate::command::now),
                usize::from(count),
            );
            output.result(&fires, |fires| {
                let rows = fires.iter().map(|at| [time(at), zone.local_text(*at)]);
                table(["utc", zone.name()], rows)
            })?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// What two words and two options name.
fn compared(
    one: Option<Source>,
    other: Option<i32>,
    by: PolicyDiffFilter,
) -> Result<(Option<PathBuf>, PolicyDiffFilter), Usage> {
    let (from, to) = (by.from, by.to);
    match (one, other) {
        (None, _) => Ok((None, by)),
        (Some(Source::File(file)), None) if to.is_none() => Ok((Some(file), by)),
        (Some(Source::File(_)), _) => Err(Usage(
            "a file is held against one revision: leave the other, or --to, out".to_owned(),
        )),
        (Some(Source::Revision(from)), Some(to)) => {
            let (from, to) = (Some(from), Some(to));
            Ok((None, PolicyDiffFilter { from, to }))
        }
        (Some(Source::Revision(to)), None) if by.to.is_none() => {
            let to = Some(to);
            Ok((None, PolicyDiffFilter { from, to }))
        }
        (Some(Source::Revision(_)), None) => Err(Usage(
            "two revisions are enough: leave --to out, or the number before it".to_owned(),
        )),
    }
}

/// The text of a file and the policy it is.
fn parsed(output: Output, file: &Path) -> anyhow::Result<(String, Policy)> {
    let text = read(file)?;
    let policy = ingot_yaml::parse_policy(&text).map_err(|error| refused(output, file, &error))?;
    Ok((text, policy))
}

/// Prints the normal form; warnings go to stderr, so that they are no part of it.
fn check(output: Output, file: &Path) -> anyhow::Result<()> {
    let (text, policy) = parsed(output, file)?;
    let document = Document {
        auto_ami_policy: &policy,
    };
    output.result(&document, |document| details(document.auto_ami_policy))?;
    for warning in ingot_yaml::policy_warnings(&text, &policy, crate::command::now()) {
        let told = line(file, "warning: ", &wrong(&warning));
        eprintln!("{}", clean_lines(told.trim()));
    }
    Ok(())
}

/// What people want to know of a policy.
fn details(policy: &Policy) -> String {
    let updates = &policy.security_updates;
    let yes = |flag: bool| if flag { "yes" } else { "no" }.to_owned();
    let regions = policy.region_priority.as_ref();
    let regions = regions.map_or_else(|| "the installation's".to_owned(), |all| all.join(", "));
    let campaign = policy.seasonal_precompilation.as_ref();
    let campaign = campaign.map_or_else(
        || "none".to_owned(),
        |campaign| {
            let schedule = campaign.schedule.map(|schedule| schedule.to_string());
            let when = schedule.unwrap_or_else(|| "never".to_owned());
            let on = if campaign.enabled {
                ""
            } else {
                " (not enabled)"
            };
            format!("{when}{on}: {}", campaign.templates.join(", "))
        },
    );
    let prep = policy.semester_prep_window.as_ref();
    let notice = match policy.notify_before_rebuild {
        true => format!("{} before, unless critical", policy.notify_lead),
        false => "none".to_owned(),
    };
    pairs([
        ("time zone", policy.timezone.to_string()),
        ("build window", policy.build_window.to_string()),
        ("urgent window", policy.urgent_window.to_string()),
        ("low ones off peak", yes(policy.prefer_off_peak)),
        ("daily budget", policy.daily_budget.to_string()),
        ("monthly budget", policy.monthly_budget.to_string()),
        ("emergency budget", policy.emergency_budget.to_string()),
        (
            "emergencies without asking",
            yes(policy.approve_emergency_builds),
        ),
        ("costs per grant", yes(policy.budget_tracking)),
        (
            "popular from",
            format!("{} launches in 7 days", policy.popularity_threshold),
        ),
        ("oldest image", policy.max_age.to_string()),
        (
            "at the same time",
            format!("{} per region", policy.max_parallel_builds),
        ),
        ("regions", clean(&regions)),
        ("critical within", updates.critical_window.to_string()),
        ("high within", updates.high_window.to_string()),
        ("medium within", updates.medium_window.to_string()),
        (
            "low within",
            format!("{} ({})", updates.low_window, updates.low),
        ),
        ("unknown counts as", updates.unknown_as.to_string()),
        ("told instructors", yes(updates.notify_instructors)),
        ("told students", yes(updates.notify_students)),
        ("notice", notice),
        ("campaign", clean(&campaign)),
        (
            "campaigns at any time in",
            prep.map_or_else(|| "none".to_owned(), |prep| clean(&prep.to_string())),
        ),
        (
            "semesters",
            policy.academic_calendar.semesters.len().to_string(),
        ),
    ])
}

/// Time in which a window is open, as UTC and as clocks there show it.
#[derive(Serialize)]
struct Shown {
    window: WindowKind,
    opens: Instant,
    closes: Instant,
    opens_local: String,
    closes_local: String,
}

/// The openings of both windows, in the order in which they open.
fn openings(policy: &Policy, from: Instant, to: Instant) -> Vec<Shown> {
    let zone = policy.timezone;
    let windows = [
        (WindowKind::Build, &policy.build_window),
        (WindowKind::Urgent, &policy.urgent_window),
    ];
    let of = |(kind, windows): (WindowKind, &ingot_domain::window::Windows)| {
        let openings = windows.openings(zone, from, to);
        let shown = openings.into_iter().map(move |opening| Shown {
            window: kind,
            opens: opening.opens,
            closes: opening.closes,
            opens_local: zone.local_text(opening.opens),
            closes_local: zone.local_text(opening.closes),
        });
        shown.collect::<Vec<_>>()
    };
    let mut shown: Vec<Shown> = windows.into_iter().flat_map(of).collect();
    shown.sort_by_key(|shown| (shown.opens, shown.window));
    shown
}

fn shown_openings(policy: &Policy, openings: &[Shown]) -> String {
    if openings.is_empty() {
        return format!("no window opens; clocks of {}", policy.timezone);
    }
    let rows = openings.iter().map(|shown| {
        [
            shown.window.to_string(),
            time(&shown.opens),
            time(&shown.closes),
            shown.opens_local.clone(),
            shown.closes_local.clone(),
        ]
    });
    table(
        ["window", "opens", "closes", "opens there", "closes there"],
        rows,
    )
}
