//! The desk at which a template is written, checked and applied: over the revision that its text was taken from.

use askama::Template;
use ingot_domain::field::FieldError;

use super::super::text;
use super::lines;

/// What lies on the desk.
#[derive(Debug)]
pub struct Desk<'a> {
    /// The text that is being written.
    pub yaml: &'a str,
    /// The template whose revision the text was taken from; empty for a new one.
    pub of: &'a str,
    /// Which revision; 0 for a new one.
    pub revision: u32,
}

/// What a check of the text on the desk came to.
#[derive(Debug)]
pub enum Verdict<'a> {
    /// It was not checked yet.
    Unasked,
    /// It is fine; the name it gives.
    Fine(&'a str),
    /// What is wrong with it.
    Wrong(&'a [FieldError]),
    /// It is right, but another revision came in between.
    Beyond(Beyond<'a>),
}

/// The revision that came in between: the desk now stands on it.
#[derive(Debug)]
pub struct Beyond<'a> {
    /// What it says.
    pub newest: &'a str,
    /// The revision the text was taken from; 0 for a new template.
    pub from: u32,
}

#[derive(Template)]
#[template(path = "desk.html")]
struct DeskView {
    here: &'static str,
    yaml: String,
    of: String,
    revision: u32,
    said: Option<String>,
    mistakes: Vec<Mistake>,
    heading: String,
    between: Option<Between>,
}

struct Mistake {
    field: String,
    message: String,
}

struct Between {
    told: String,
    /// What the revision in between changed, where the desk stood on one.
    href: Option<String>,
    lines: Vec<lines::Line>,
}

/// The page at `/templates/new`.
pub fn desk_page(desk: &Desk<'_>, verdict: &Verdict<'_>) -> Result<String, askama::Error> {
    let wrong = match verdict {
        Verdict::Wrong(errors) => *errors,
        _ => &[],
    };
    let mistakes: Vec<_> = wrong
        .iter()
        .map(|error| Mistake {
            field: text::plain(&error.field),
            message: text::plain(&error.message),
        })
        .collect();
    DeskView {
        here: "templates",
        yaml: text::plain(desk.yaml),
        of: text::plain(desk.of),
        revision: desk.revision,
        said: match verdict {
            Verdict::Fine(name) => Some(text::plain(&format!("Template `{name}` is fine."))),
            _ => None,
        },
        heading: match mistakes.len() {
            1 => "1 mistake".to_owned(),
            many => format!("{many} mistakes"),
        },
        mistakes,
        between: match verdict {
            Verdict::Beyond(beyond) => Some(between(desk, beyond)),
            _ => None,
        },
    }
    .render()
}

fn between(desk: &Desk<'_>, beyond: &Beyond<'_>) -> Between {
    let (name, newest, from) = (text::plain(desk.of), desk.revision, beyond.from);
    let told = match from {
        0 => format!(
            "A template `{name}` is there already, at revision {newest}. Nothing was applied, your text is below."
        ),
        _ => format!(
            "`{name}` is at revision {newest} by now; your text was taken from revision {from}. Nothing was applied, your text is below."
        ),
    };
    let (now, before) = (newest.to_string(), from.to_string());
    let asked = [
        ("revision", Some(now.as_str())),
        ("against", Some(before.as_str())),
    ];
    Between {
        told,
        href: (from > 0).then(|| text::address(&super::address(desk.of), &asked)),
        lines: lines::changed(beyond.newest, desk.yaml).lines,
    }
}
