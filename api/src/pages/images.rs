//! The pages of images.

use axum::extract::State;
use ingot_client::ImageFilter;

use super::{Answer, Asked, shown};
use crate::auth::Caller;
use crate::console;
use crate::routes::images;
use crate::state::Api;

pub(super) async fn list(
    State(api): State<Api>,
    _: Caller,
    Asked(filter): Asked<ImageFilter>,
) -> Answer {
    let page = images::find(&api, filter.clone()).await?;
    shown(&api, console::images_page(&page, &filter)).await
}
