//! Pages that say one thing: sign in, nothing here, this went wrong.

use askama::Template;
use ingot_client::Problem;

use super::text;

#[derive(Template)]
#[template(path = "login.html")]
struct LoginView {
    problem: Option<String>,
}

/// The page at `/login`; the form posts `token` there. `problem` says why the last attempt did not succeed.
pub fn login_page(problem: Option<&str>) -> Result<String, askama::Error> {
    LoginView {
        problem: problem.map(text::plain),
    }
    .render()
}

#[derive(Template)]
#[template(path = "notice.html")]
struct NoticeView {
    here: &'static str,
    heading: String,
    detail: String,
    errors: Vec<(String, String)>,
    request_id: Option<String>,
}

/// The page of a 404; `what` names the thing that is not there, such as ``deployment `dep_…` ``.
pub fn not_found_page(what: &str) -> Result<String, askama::Error> {
    NoticeView {
        here: "",
        heading: "Not found".to_owned(),
        detail: format!("There is no {}.", text::plain(what)),
        errors: Vec::new(),
        request_id: None,
    }
    .render()
}

/// The page of any other failure, for people the same answer the API gives to programs: a refused action, an
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
    }
    .render()
}
