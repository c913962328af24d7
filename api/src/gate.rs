//! Two gates before the handlers. Pages of the console pass a few at a time: a page asks several questions of the ledger and
//! may be long, and two hundred open tabs must not stand before a program's one question. And what needs the ledger is
//! refused at once while it is known to be away, instead of waiting for a connection that does not come.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;
use tokio::sync::Semaphore;

use crate::state::Api;

/// Pages that are made at a time: some wait for the ledger while others are written, and what is left of its sixteen
/// connections is for programs.
const PAGES: usize = 4;

/// Permits for pages.
#[derive(Debug, Clone)]
pub(crate) struct Gate(Arc<Semaphore>);

impl Default for Gate {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(PAGES)))
    }
}

/// Lets a page through when it is its turn.
pub(crate) async fn pages(State(api): State<Api>, request: Request, next: Next) -> Response {
    let turn = asks(&request).then(|| api.pages.0.acquire());
    // The semaphore is never closed.
    let _turn = match turn {
        Some(turn) => turn.await.ok(),
        None => None,
    };
    next.run(request).await
}

/// Whether a request needs the ledger, and so is refused while that is known to be away.
pub(crate) fn asks(request: &Request) -> bool {
    let uri = request.uri();
    asks_ledger(request.method(), uri.path(), uri.query())
}

/// All but the console's files, the form for signing in, and what tells how the process is.
fn asks_ledger(method: &Method, path: &str, query: Option<&str>) -> bool {
    let reads = matches!(*method, Method::GET | Method::HEAD);
    let form = path == "/login" && reads && !query.unwrap_or_default().contains("code=");
    !(form || path.starts_with("/assets/") || ["/healthz", "/readyz"].contains(&path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_the_form_for_signing_in_need_no_ledger() {
        for (method, path, query, asks) in [
            (Method::GET, "/login", None, false),
            (Method::GET, "/login", Some("to=%2Fimages"), false),
            (Method::GET, "/login", Some("code=abc"), true),
            (Method::POST, "/login", None, true),
            (Method::GET, "/assets/ingot.css", None, false),
            (Method::GET, "/readyz", None, false),
            (Method::GET, "/", None, true),
            (Method::GET, "/v1/deployments", None, true),
        ] {
            assert_eq!(asks_ledger(&method, path, query), asks, "{method} {path}");
        }
    }
}
