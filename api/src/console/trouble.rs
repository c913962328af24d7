//! What is down, and which calendar is in force when it is not the real one, on top of every page. It is the same for all
//! of them, so it is put into the frame and not into each page.

use askama::Template;
use ingot_client::CalendarSeen;

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
