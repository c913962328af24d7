//! Budgets over their periods: a picture of what is spent and reserved beside the limit, and the same facts as a table.

use askama::Template;
use ingot_client::budget::{Budget, Budgets};

use super::parts::{Badge, Moment};

/// The picture's width, its baseline, and the height of its highest bar.
const WIDTH: f64 = 640.0;
const BASE: f64 = 110.0;
const HIGH: f64 = 100.0;
/// Bars of a picture.
const MOST: usize = 31;

#[derive(Template)]
#[template(path = "budget.html")]
struct BudgetView {
    here: &'static str,
    said: String,
    budgets: Vec<One>,
}

struct One {
    title: &'static str,
    badge: Badge,
    sentence: String,
    alt: String,
    bars: Vec<Bar>,
    rows: Vec<Row>,
}

/// One period's bar, in the picture's units.
struct Bar {
    x: String,
    end: String,
    width: String,
    spent_y: String,
    spent_h: String,
    reserved_y: String,
    reserved_h: String,
    limit_y: String,
}

struct Row {
    period: String,
    spent: String,
    reserved: String,
    limit: String,
    allowed: Option<String>,
    left: String,
    until: Moment,
}

/// The page at `/budget`.
pub fn budget_page(now: &Budgets, history: &[Budget]) -> Result<String, askama::Error> {
    let policy = match now.policy_revision {
        0 => "No policy was imported: these are the defaults.".to_owned(),
        revision => format!("Policy revision {revision} is in force."),
    };
    BudgetView {
        here: "budget",
        said: format!(
            "Days and months of {}; amounts in USD. {policy}",
            now.timezone
        ),
        budgets: now.budgets.iter().map(|one| shown(one, history)).collect(),
    }
    .render()
}

fn shown(now: &Budget, history: &[Budget]) -> One {
    let before = history
        .iter()
        .filter(|one| one.budget == now.budget && one.period != now.period);
    let mut periods: Vec<&Budget> = std::iter::once(now).chain(before).collect();
    periods.truncate(MOST);
    let (title, span) = match now.budget.as_str() {
        "daily" => ("Daily budget", "Today"),
        "monthly" => ("Monthly budget", "This month"),
        _ => ("Emergency budget", "This month, for critical builds,"),
    };
    let (tone, word) = match now.percent {
        0..75 => ("good", "within"),
        75..90 => ("waiting", "75 % used"),
        90..100 => ("warned", "90 % used"),
        _ => ("bad", "used up"),
    };
    let sentence = format!(
        "{span} {} USD are spent and {} USD reserved of {} USD; {} USD are left.",
        now.spent, now.reserved, now.limit, now.left
    );
    One {
        title,
        badge: Badge::new(tone, word),
        alt: format!(
            "{title}, {} periods; the table below has the same facts. {sentence}",
            periods.len()
        ),
        sentence,
        bars: bars(&periods),
        rows: periods.iter().map(|one| row(one)).collect(),
    }
}

fn amount(text: &str) -> f64 {
    text.parse().unwrap_or_default()
}

/// The bars, the newest on the right.
fn bars(periods: &[&Budget]) -> Vec<Bar> {
    let tall = |one: &&Budget| amount(&one.limit).max(amount(&one.spent) + amount(&one.reserved));
    let highest = periods.iter().map(tall).fold(0.01, f64::max);
    let slot = WIDTH / periods.len().max(1) as f64;
    let width = (slot * 0.8).min(60.0);
    let unit = |value: f64| format!("{value:.1}");
    let bar = |(at, one): (usize, &&Budget)| {
        let x = WIDTH - slot * (at + 1) as f64 + (slot - width) / 2.0;
        let high = |text: &str| amount(text) / highest * HIGH;
        let (spent, reserved) = (high(&one.spent), high(&one.reserved));
        Bar {
            x: unit(x),
            end: unit(x + width),
            width: unit(width),
            spent_y: unit(BASE - spent),
            spent_h: unit(spent),
            reserved_y: unit(BASE - spent - reserved),
            reserved_h: unit(reserved),
            limit_y: unit(BASE - high(&one.limit)),
        }
    };
    periods.iter().enumerate().map(bar).collect()
}

fn row(one: &Budget) -> Row {
    Row {
        period: one.period.clone(),
        spent: one.spent.clone(),
        reserved: one.reserved.clone(),
        limit: one.limit.clone(),
        allowed: Some(one.allowed.clone()).filter(|allowed| allowed != "0.00"),
        left: one.left.clone(),
        until: Moment::new(one.ends),
    }
}
