//! The small parts pages are made of. Each is a template of its own, so it escapes what it is given; that is what
//! entitles it to [`HtmlSafe`].

use std::collections::BTreeMap;

use askama::Template;
use askama::filters::HtmlSafe;
use chrono::{DateTime, Utc};
use ingot_client::Event;
use ingot_domain::deployment::{AmiStatus, Status};
use ingot_domain::image::ImageStatus;
use ingot_domain::task::TaskState;
use ingot_domain::template::parameter::seen;

use super::text;

/// An instant.
#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<time datetime="{{ iso }}"{% if let Some(whole) = whole %} title="{{ whole }}"{% endif %}>{{ shown }}</time>"#
)]
pub(super) struct Moment {
    iso: String,
    shown: String,
    whole: Option<String>,
}

impl HtmlSafe for Moment {}

impl Moment {
    pub(super) fn new(at: DateTime<Utc>) -> Self {
        Self {
            iso: text::iso(at),
            shown: text::instant(at),
            whole: None,
        }
    }

    /// How long ago it was, or in how long it is; the instant itself where the pointer rests.
    pub(super) fn ago(at: DateTime<Utc>, now: DateTime<Utc>) -> Self {
        Self {
            iso: text::iso(at),
            shown: text::ago(at, now),
            whole: Some(text::instant(at)),
        }
    }
}

/// A state as a coloured word; the word alone says everything, the colour only repeats it.
#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<span class="badge {{ tone }}">{{ word }}</span>"#
)]
pub(super) struct Badge {
    tone: &'static str,
    word: String,
}

impl HtmlSafe for Badge {}

impl Badge {
    /// A deployment's status. A word this console does not know (a newer API) is shown without a colour.
    pub(super) fn status(word: &str) -> Self {
        let tone = match Status::parse(word) {
            Some(Status::Pending | Status::Queued) => "waiting",
            Some(Status::Deploying | Status::Running) => "moving",
            Some(Status::Success) => "good",
            Some(Status::Failed) => "bad",
            Some(Status::ReadinessTimeout) => "warned",
            Some(Status::Cancelled | Status::Destroyed) | None => "quiet",
        };
        Self::new(tone, &word.replace('_', " "))
    }

    /// `ami_creation_status`; the document's `null` reads `not started`.
    pub(super) fn ami(word: Option<&str>) -> Self {
        let tone = match word.and_then(AmiStatus::parse) {
            Some(AmiStatus::Pending) => "waiting",
            Some(AmiStatus::Creating) => "moving",
            Some(AmiStatus::Completed) => "good",
            Some(AmiStatus::Failed) => "bad",
            Some(AmiStatus::Skipped) | None => "quiet",
        };
        Self::new(tone, word.unwrap_or("not started"))
    }

    /// A task's state.
    pub(super) fn task(word: &str) -> Self {
        let tone = match TaskState::parse(word) {
            Some(TaskState::Available | TaskState::Scheduled) => "waiting",
            Some(TaskState::Running) => "moving",
            Some(TaskState::Retryable) => "warned",
            Some(TaskState::Completed) => "good",
            Some(TaskState::Discarded) => "bad",
            Some(TaskState::Cancelled) | None => "quiet",
        };
        Self::new(tone, word)
    }

    /// An image's status.
    pub(super) fn image(word: &str) -> Self {
        let tone = match ImageStatus::parse(word) {
            Some(ImageStatus::Claimed) => "waiting",
            Some(ImageStatus::Pending) => "moving",
            Some(ImageStatus::Available) => "good",
            Some(ImageStatus::Failed) => "bad",
            Some(ImageStatus::Missing) => "warned",
            Some(ImageStatus::Deleted) | None => "quiet",
        };
        Self::new(tone, word)
    }

    pub(super) fn new(tone: &'static str, word: &str) -> Self {
        Self {
            tone,
            word: text::plain(word),
        }
    }
}

/// One value of a list of facts. What is not known is said, never left blank.
#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% match self %}
{%- when Value::Missing -%}<span class="none">–</span>
{%- when Value::Text(text) -%}{{ text }}
{%- when Value::Code(code) -%}<code>{{ code }}</code>
{%- when Value::Link { href, shown } -%}<a href="{{ href }}">{{ shown }}</a>
{%- when Value::Outside(href) -%}<a href="{{ href }}" rel="noopener noreferrer">{{ href }}</a>
{%- when Value::Time(moment) -%}{{ moment }}
{%- when Value::State(badge) -%}{{ badge }}
{%- when Value::Tags(tags) -%}<ul class="tags">{% for (name, value) in tags %}<li><code>{{ name }}={{ value }}</code></li>{% endfor %}</ul>
{%- endmatch %}"#
)]
pub(super) enum Value {
    /// Not known (yet).
    Missing,
    /// Words.
    Text(String),
    /// Something to copy: an id, an address.
    Code(String),
    /// A page of the console.
    Link {
        /// Where.
        href: String,
        /// What it is called.
        shown: String,
    },
    /// An address outside; made by [`Value::outside`] only, which checks it.
    Outside(String),
    /// When.
    Time(Moment),
    /// A state.
    State(Badge),
    /// Tags.
    Tags(Vec<(String, String)>),
}

impl HtmlSafe for Value {}

impl Value {
    pub(super) fn text(text: Option<&str>) -> Self {
        text.map_or(Self::Missing, |text| Self::Text(text::plain(text)))
    }

    pub(super) fn code(code: Option<&str>) -> Self {
        code.map_or(Self::Missing, |code| Self::Code(text::plain(code)))
    }

    pub(super) fn time(at: Option<DateTime<Utc>>) -> Self {
        at.map_or(Self::Missing, |at| Self::Time(Moment::new(at)))
    }

    pub(super) fn ago(at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Self {
        at.map_or(Self::Missing, |at| Self::Time(Moment::ago(at, now)))
    }

    /// A page of the console.
    pub(super) fn link(href: String, shown: &str) -> Self {
        Self::Link {
            href,
            shown: text::plain(shown),
        }
    }

    /// A deployment's page, by its id.
    pub(super) fn deployment(id: Option<&str>) -> Self {
        id.map_or(Self::Missing, |id| {
            Self::link(format!("/deployments/{}", text::segment(id)), id)
        })
    }

    /// The same as a list has room for.
    pub(super) fn brief(self) -> Self {
        match self {
            Self::Text(words) => Self::Text(text::brief(words)),
            Self::Code(code) => Self::Code(text::brief(code)),
            Self::Link { href, shown } => Self::Link {
                href,
                shown: text::brief(shown),
            },
            other => other,
        }
    }

    /// A link, unless the address leads elsewhere than to the web.
    pub(super) fn outside(url: Option<&str>) -> Self {
        match url.map(|url| (url, text::web_address(url))) {
            Some((_, Some(url))) => Self::Outside(text::plain(url)),
            Some((odd, None)) => Self::code(Some(odd)),
            None => Self::Missing,
        }
    }
}

/// A fact: what it is about, and its value.
pub(super) struct Fact {
    /// What it is about.
    pub(super) label: &'static str,
    /// Its value.
    pub(super) value: Value,
}

impl Fact {
    pub(super) fn new(label: &'static str, value: Value) -> Self {
        Self { label, value }
    }
}

/// Facts that belong together.
pub(super) struct Group {
    /// What they are about.
    pub(super) title: &'static str,
    /// They.
    pub(super) facts: Vec<Fact>,
}

/// Tags, as facts show them.
pub(super) fn tags(tags: &BTreeMap<String, String>) -> Value {
    if tags.is_empty() {
        return Value::Missing;
    }
    let plain = |(name, value): (&String, &String)| (text::plain(name), text::plain(value));
    Value::Tags(tags.iter().map(plain).collect())
}

/// Values of parameters, as facts show them: a secret is not shown.
pub(super) fn parameters(values: &BTreeMap<String, String>) -> Value {
    let one = |(name, value): (&String, &String)| (name.clone(), seen(name, value).to_owned());
    tags(&values.iter().map(one).collect())
}

/// A line of a story.
#[derive(Template)]
#[template(path = "line.html")]
pub(super) struct Line {
    seq: i64,
    iso: String,
    clock: String,
    whole: String,
    source: String,
    level: &'static str,
    message: String,
    by: Option<By>,
}

/// Who caused a line, if a person did.
struct By {
    name: String,
    way: String,
}

impl HtmlSafe for Line {}

impl Line {
    /// The line of an event.
    pub(super) fn of(event: &Event) -> Self {
        Self {
            seq: event.seq,
            iso: text::iso(event.at),
            clock: text::clock(event.at),
            whole: text::instant(event.at),
            source: text::plain(&event.source),
            level: match event.level.as_str() {
                "warn" => "warn",
                "error" => "error",
                _ => "info",
            },
            message: text::plain(&event.message),
            by: event.actor.as_ref().and_then(|actor| {
                Some(By {
                    name: text::plain(actor.name.as_deref()?),
                    way: text::plain(actor.way.as_deref().unwrap_or("api")),
                })
            }),
        }
    }
}
