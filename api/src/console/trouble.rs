//! What is down, what cannot be relied on, and which calendar is in force when it is not the real one, on top of every page. It is the same for all
//! of them, so it is put into the frame and not into each page.

use askama::Template;
use ingot_client::doubt::BASE_IMAGE;
use ingot_client::{CalendarSeen, Doubt};

use super::text;

/// Where the frame begins its page (`base.html`).
const FRAME: &str = "<main id=\"main\" tabindex=\"-1\">\n";

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<aside class="trouble" role="status" aria-label="What is down">
<ul>
{% for line in lines %}<li>{{ line }}</li>
{% endfor %}</ul>
</aside>
"#
)]
struct Trouble {
    lines: Vec<String>,
}

/// The page with what is down on top; as it is when nothing is.
pub fn with_trouble(page: String, lines: &[String]) -> Result<String, askama::Error> {
    if lines.is_empty() {
        return Ok(page);
    }
    let lines = lines.iter().map(|line| text::plain(line)).collect();
    let banner = Trouble { lines }.render()?;
    Ok(page.replacen(FRAME, &format!("{FRAME}{banner}"), 1))
}

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<aside class="trouble doubts" aria-label="What cannot be relied on">
<ul>
{% for (href, name, line) in lines %}<li>{{ line }} <a href="{{ href }}">{{ name }}</a></li>
{% endfor %}</ul>
</aside>
"#
)]
struct InDoubt {
    lines: Vec<(&'static str, &'static str, String)>,
}

/// The page with what cannot be relied on on top; as it is when everything can.
pub fn with_doubts(page: String, doubts: &[Doubt]) -> Result<String, askama::Error> {
    if doubts.is_empty() {
        return Ok(page);
    }
    let place = |kind| match kind {
        BASE_IMAGE => ("/base-images", "Base images"),
        _ => ("/advisories", "Advisories"),
    };
    let lines = Doubt::lines(doubts).into_iter().map(|(kind, line)| {
        let (href, name) = place(kind);
        (href, name, text::plain(&line))
    });
    let lines = lines.collect();
    let banner = InDoubt { lines }.render()?;
    Ok(page.replacen(FRAME, &format!("{FRAME}{banner}"), 1))
}

/// Where the frame's header ends its list of pages (`base.html`).
const PAGES: &str = "</ul>\n</nav>\n";

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<p class="calendar">{{ line }}</p>
"#
)]
struct Header {
    line: String,
}

/// The page with the calendar in its header; as it is when that is the real one.
pub fn with_calendar(
    page: String,
    calendar: Option<&CalendarSeen>,
) -> Result<String, askama::Error> {
    let Some(seen) = calendar else {
        return Ok(page);
    };
    let line = Header { line: seen.line() }.render()?;
    Ok(page.replacen(PAGES, &format!("{PAGES}{line}"), 1))
}
