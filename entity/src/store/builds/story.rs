//! Builds as subjects, and their builders: a start inserts the deployment in the transaction that moves the build.

use ingot_domain::build::BuildStatus;
use ingot_domain::event::{Line, Source};
use sea_orm::{ConnectionTrait, EntityTrait, IntoActiveModel};

use crate::store::LedgerError;
use crate::store::request::create::{REQUESTED, Requested};
use crate::store::rows::record;
use crate::store::subject::{Stories, subject};
use crate::{build, deployment};

record! {
    /// What a move may change of a build; what is built stays.
    CHANGED, changed of build::Model {
        status: "text", trigger: "text", urgency: "text", priority: "integer", requested_at: "timestamptz",
        not_before: "timestamptz", scheduled_for: "timestamptz", latest_start: "timestamptz", deadline: "timestamptz",
        late: "boolean", why: "jsonb", purse: "text", regions: "jsonb", estimated: "bigint", actual: "bigint", policy_revision: "integer",
        template_revision: "integer", run: "integer", deployment_id: "text", image_id: "text", started_at: "timestamptz",
        expected_end: "timestamptz", bound_at: "timestamptz", ended_at: "timestamptz", failure_class: "text", error: "text", cancelling: "boolean", decided_by: "text",
        decided_reason: "text",
    }
}

fn check(before: &build::Model, after: &build::Model) -> Result<(), LedgerError> {
    let (from, to): (BuildStatus, BuildStatus) = (before.parsed_status()?, after.parsed_status()?);
    if from != to && !from.may_become(to) {
        return Err(LedgerError::Transition {
            what: "build",
            from: from.to_string(),
            to: to.to_string(),
        });
    }
    Ok(())
}

subject!(build::Model, "build", CHANGED, changed, check);

/// Inserts a builder with the first line of its story; its id is new, so nothing refuses it.
pub(in crate::store) async fn launch<C: ConnectionTrait>(
    tx: &C,
    builder: &Requested,
    said: &str,
    stories: &mut Stories,
) -> Result<(), LedgerError> {
    let lines = [Line::info(REQUESTED, Source::Request, said)];
    let order = serde_json::to_value(&builder.order).map_err(|source| LedgerError::Json {
        what: "order",
        source,
    })?;
    let row = deployment::Model {
        order,
        event_seq: stories.say(&builder.row.id, 0, &lines),
        ..builder.row.clone()
    };
    deployment::Entity::insert(row.into_active_model())
        .exec_without_returning(tx)
        .await?;
    Ok(())
}
