//! Requesting a deployment from the console: the form, and what was filled in.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use ingot_client::{CreateDeployment, ImageFilter};
use ingot_domain::field::{FieldError, shown};
use serde::Deserialize;
use uuid::Uuid;

use super::{Answer, Asked, Filled, form};
use crate::auth::Caller;
use crate::body::check_key;
use crate::console::{self, Choices, Chosen};
use crate::error::ApiError;
use crate::routes::{deployments, images, templates};
use crate::state::Api;

/// Images offered; an older one is named by its AMI id.
const IMAGES: u64 = 50;

/// The form's fields. What is left out is the template's own.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Order {
    key: String,
    template: String,
    version: String,
    mode: String,
    region: String,
    instance_type: String,
    job_name: String,
    image: String,
    create_ami: String,
    /// The template's parameters, each as `parameters.NAME`; anything else is refused.
    #[serde(flatten)]
    others: BTreeMap<String, String>,
}

pub(super) async fn blank(State(api): State<Api>, _: Caller, Asked(order): Asked<Order>) -> Answer {
    drawn(&api, order, &[]).await
}

pub(super) async fn request(
    State(api): State<Api>,
    caller: Caller,
    Filled(order): Filled<Order>,
) -> Answer {
    let wrong = order.problems();
    if !wrong.is_empty() {
        return drawn(&api, order, &wrong).await;
    }
    let key = Some(order.key.clone()).filter(|key| !key.is_empty());
    let errors = match deployments::request(&api, caller, key, order.clone().body()).await {
        Ok((made, _)) => {
            return Ok(Redirect::to(&format!("/deployments/{}", made.id)).into_response());
        }
        Err(ApiError::Invalid(errors) | ApiError::Unreadable(errors)) => errors,
        Err(ApiError::BaseMoved(why)) => vec![FieldError::new("image", "", why)],
        Err(ApiError::KeyReused(_)) => {
            let why = "this form was sent before with other fields; look at the list of deployments, or send it again";
            vec![FieldError::new("deployment", "", why)]
        }
        Err(error) => return Err(error),
    };
    drawn(&api, order, &errors).await
}

#[expect(clippy::disallowed_methods, reason = "a key per form that is shown")]
async fn drawn(api: &Api, order: Order, errors: &[FieldError]) -> Answer {
    let known = templates::find(api).await?.items;
    let template = known
        .iter()
        .find(|one| one.name == order.template)
        .or(known.first());
    let regions = &api.limits.regions;
    let region = Some(&order.region)
        .filter(|region| regions.contains(region))
        .or(regions.first());
    let filter = ImageFilter {
        template: template.map(|one| one.name.clone()),
        region: region.cloned(),
        status: Some("available".to_owned()),
        limit: Some(IMAGES),
        ..ImageFilter::default()
    };
    let found = images::find(api, filter).await?.items;
    let choices = Choices {
        templates: &known,
        regions,
        images: &found,
    };
    let key = format!("console-{}", Uuid::now_v7().simple());
    let page = console::order_page(&choices, &order.chosen(), errors, &key, api.ledger.now());
    let status = match errors.is_empty() {
        true => StatusCode::OK,
        false => StatusCode::UNPROCESSABLE_ENTITY,
    };
    form(api, page, status).await
}

/// The parameter of a field.
fn setting(field: &str) -> Option<&str> {
    field.strip_prefix("parameters.")
}

impl Order {
    /// What the form itself never sends.
    fn problems(&self) -> Vec<FieldError> {
        let key = match self.key.as_str() {
            "" => None,
            key => check_key("key", key).err(),
        };
        let create = match self.create_ami.trim() {
            "" | "yes" | "no" => None,
            other => {
                let message = "say `yes`, `no` or nothing, which leaves it to the template";
                Some(FieldError::new("create_ami", other, message))
            }
        };
        let unknown = self.others.keys().filter(|name| setting(name).is_none());
        let unknown = unknown.map(|name| {
            FieldError::new(&shown(name), "", "the form has no such field: leave it out")
        });
        key.into_iter().chain(create).chain(unknown).collect()
    }

    fn chosen(self) -> Chosen {
        Chosen {
            parameters: self.others,
            template: self.template,
            version: self.version,
            mode: self.mode,
            region: self.region,
            instance_type: self.instance_type,
            job_name: self.job_name,
            image: self.image,
            create_ami: self.create_ami,
        }
    }

    fn body(self) -> CreateDeployment {
        let given = |text: String| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let others = self
            .others
            .into_iter()
            .filter(|(_, value)| !value.is_empty());
        let parameters =
            others.filter_map(|(name, value)| Some((setting(&name)?.to_owned(), value)));
        CreateDeployment {
            parameters: parameters.collect(),
            template: self.template,
            version: self.version,
            mode: given(self.mode),
            region: self.region,
            instance_type: given(self.instance_type),
            job_name: given(self.job_name),
            image: given(self.image),
            create_ami: given(self.create_ami).map(|word| word == "yes"),
            ..CreateDeployment::default()
        }
    }
}
