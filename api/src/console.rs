//! The console: pages for people. Each page is a pure function from the API's own types to HTML, escaped by the
//! template engine, so that it can be tested without a server and shows nothing the API does not say. The pages are
//! whole without JavaScript; `live.js` only keeps them fresh. No page has an inline script or style, see [`CSP`].

mod affected;
mod assets;
mod auto_ami;
mod aws;
mod base_image;
mod base_images;
mod budget;
mod builds;
mod deployment;
mod deployments;
mod docs;
mod feeds;
mod filter;
mod findings;
mod frame;
mod held;
mod images;
mod notices;
mod notifications;
mod operations;
mod order;
mod parts;
mod plan;
mod policy;
mod queue;
mod simulation;
mod stages;
mod system;
mod tasks;
mod templates;
mod text;
mod trouble;
mod updates;

#[cfg(test)]
mod tests;

pub use affected::affected_page;
pub use assets::asset;
pub use auto_ami::auto_ami_page;
pub use aws::aws_page;
pub use base_image::base_image_page;
pub(crate) use base_images::base_image_address;
pub use base_images::base_images_page;
pub use budget::budget_page;
pub use builds::{build_page, builds_page};
pub use deployment::deployment_page;
pub use deployments::deployments_page;
pub use docs::docs_page;
pub use feeds::feeds_page;
pub use findings::findings_page;
pub use images::{image_page, images_page};
pub use notices::{login_page, problem_page, unsubscribe_page};
pub use notifications::notifications_page;
pub use operations::{operation_preview_page, operations_page};
pub use order::{Choices, Chosen, order_page};
pub use plan::plan_page;
pub use policy::{policy_page, prices_page};
pub(crate) use queue::queue_address;
pub use queue::queue_page;
pub use simulation::simulation_page;
pub use system::system_page;
pub use tasks::{task_page, tasks_page};
pub use templates::{Beyond, Desk, Known, Verdict, desk_page, template_page, templates_page};
pub(crate) use text::address;
pub use trouble::{with_calendar, with_doubts, with_trouble};
pub use updates::{security_page, update_page};

/// The `Content-Security-Policy` of every page and asset (OPERATIONS section 2, XSS): job data is the vector, so nothing
/// that stands in a page may run.
pub const CSP: &str = "default-src 'self'; script-src 'self'; object-src 'none'; frame-ancestors 'none'; \
                       base-uri 'none'; form-action 'self'";
