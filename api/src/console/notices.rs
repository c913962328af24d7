//! Pages that say one thing: sign in, nothing here, this went wrong.

use askama::Template;
use ingot_client::Problem;

use super::text;

#[derive(Template)]
#[template(path = "login.html")]
struct LoginView {
    to: String,
    problem: Option<String>,
}

/// The page at `/login`; the form posts `token` there, with the page to go on to. `problem` says why the last attempt did
/// not succeed.
pub fn login_page(problem: Option<&str>, to: &str) -> Result<String, askama::Error> {
    LoginView {
        to: text::plain(to),
        problem: problem.map(text::plain),
    }
    .render()
}

#[derive(Template)]
#[template(path = "unsubscribe.html")]
struct UnsubscribeView {
    title: String,
    done: bool,
}

/// The page at `/unsubscribe`, before and after.
pub fn unsubscribe_page(title: &str, done: bool) -> Result<String, askama::Error> {
    let title = text::plain(title);
    UnsubscribeView { title, done }.render()
}

#[derive(Template)]
#[template(path = "notice.html")]
struct NoticeView {
    here: &'static str,
    heading: String,
    detail: String,
    errors: Vec<(String, String)>,
    request_id: Option<String>,
    /// Signing in is the way on, beside this page.
    sign_in: bool,
}

/// The page of a failure, for people the same answer the API gives to programs: a refused action, an
/// unreadable filter, an internal error.
pub fn problem_page(problem: &Problem) -> Result<String, askama::Error> {
    let errors = problem
        .errors
        .iter()
        .map(|error| (text::plain(&error.field), text::plain(&error.message)))
        .collect();
    NoticeView {
        here: "",
        heading: text::plain(&problem.title),
        detail: text::plain(&problem.detail),
        errors,
        request_id: problem.request_id.as_deref().map(text::plain),
        sign_in: problem.status == 401,
    }
    .render()
}
