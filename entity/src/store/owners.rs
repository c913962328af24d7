//! Who owns what the cloud shows: the rows behind a list of ids, in a few set-based queries whatever the number.

use std::collections::{HashMap, HashSet};

use ingot_domain::ids::{CheckId, ImageId};
use sea_orm::{ColumnTrait, EntityTrait, FromQueryResult, QueryFilter, QuerySelect};

use super::{Ledger, LedgerError};
use crate::{account_check, deployment, effect, image, task};

/// Ids of one query.
const CHUNK: usize = 500;
const LIVE: [&str; 4] = ["available", "scheduled", "running", "retryable"];

/// What of a deployment says whether it owns something.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
#[expect(missing_docs, reason = "the table's columns")]
pub struct DeploymentOwner {
    pub id: String,
    pub status: String,
    pub ami_status: Option<String>,
    pub instance_id: Option<String>,
    pub security_group_id: Option<String>,
}

/// What of an effect says whether it owns something.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
#[expect(missing_docs, reason = "the table's columns")]
pub struct EffectOwner {
    pub id: String,
    pub deployment_id: String,
    pub state: String,
}

/// What of an image row says whether it owns something.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
#[expect(missing_docs, reason = "the table's columns")]
pub struct ImageOwner {
    pub ami_id: Option<String>,
    pub status: String,
}

/// The rows behind some ids.
#[derive(Debug, Clone, Default)]
pub struct Owners {
    /// Deployments by id.
    pub deployments: HashMap<String, DeploymentOwner>,
    /// Effects by id.
    pub effects: HashMap<String, EffectOwner>,
    /// Deployments and copies for which a task lives, and checks of accounts that are not answered.
    pub at_work: HashSet<String>,
}

impl Ledger {
    /// The deployments and effects of these ids, the deployments of the effects among them.
    pub async fn owners(
        &self,
        mut deployments: Vec<String>,
        effects: &[String],
    ) -> Result<Owners, LedgerError> {
        let mut owners = Owners::default();
        for some in effects.chunks(CHUNK) {
            let rows: Vec<EffectOwner> = effect::Entity::find()
                .select_only()
                .columns([
                    effect::Column::Id,
                    effect::Column::DeploymentId,
                    effect::Column::State,
                ])
                .filter(effect::Column::Id.is_in(some))
                .into_model()
                .all(&self.db)
                .await?;
            deployments.extend(rows.iter().map(|row| row.deployment_id.clone()));
            owners
                .effects
                .extend(rows.into_iter().map(|row| (row.id.clone(), row)));
        }
        deployments.sort_unstable();
        deployments.dedup();
        let checks: Vec<String> = deployments
            .extract_if(.., |id| id.starts_with(CheckId::PREFIX))
            .collect();
        for some in checks.chunks(CHUNK) {
            let open: Vec<String> = account_check::Entity::find()
                .select_only()
                .column(account_check::Column::Id)
                .filter(account_check::Column::Id.is_in(some))
                .filter(account_check::Column::DoneAt.is_null())
                .into_tuple()
                .all(&self.db)
                .await?;
            owners.at_work.extend(open);
        }
        // The effect of a copy names the copy's row, and that is what its task is about.
        let copies: Vec<String> = deployments
            .extract_if(.., |id| id.starts_with(ImageId::PREFIX))
            .collect();
        for some in copies.chunks(CHUNK) {
            let busy: Vec<Option<String>> = task::Entity::find()
                .select_only()
                .column(task::Column::Scope)
                .filter(task::Column::Scope.is_in(some))
                .filter(task::Column::State.is_in(LIVE))
                .into_tuple()
                .all(&self.db)
                .await?;
            owners.at_work.extend(busy.into_iter().flatten());
        }
        for some in deployments.chunks(CHUNK) {
            let rows: Vec<DeploymentOwner> = deployment::Entity::find()
                .select_only()
                .columns([
                    deployment::Column::Id,
                    deployment::Column::Status,
                    deployment::Column::AmiStatus,
                    deployment::Column::InstanceId,
                    deployment::Column::SecurityGroupId,
                ])
                .filter(deployment::Column::Id.is_in(some))
                .into_model()
                .all(&self.db)
                .await?;
            owners
                .deployments
                .extend(rows.into_iter().map(|row| (row.id.clone(), row)));
            let busy: Vec<Option<String>> = task::Entity::find()
                .select_only()
                .column(task::Column::DeploymentId)
                .filter(task::Column::DeploymentId.is_in(some))
                .filter(task::Column::State.is_in(LIVE))
                .distinct()
                .into_tuple()
                .all(&self.db)
                .await?;
            owners.at_work.extend(busy.into_iter().flatten());
        }
        Ok(owners)
    }

    /// The image rows of these AMIs.
    pub async fn image_owners(&self, amis: &[String]) -> Result<Vec<ImageOwner>, LedgerError> {
        let mut found = Vec::new();
        for some in amis.chunks(CHUNK) {
            let rows: Vec<ImageOwner> = image::Entity::find()
                .select_only()
                .columns([image::Column::AmiId, image::Column::Status])
                .filter(image::Column::AmiId.is_in(some))
                .into_model()
                .all(&self.db)
                .await?;
            found.extend(rows);
        }
        Ok(found)
    }

    /// Regions where something was made lately, whether or not a row has learnt of it.
    pub async fn effect_regions(&self) -> Result<Vec<String>, LedgerError> {
        #[derive(FromQueryResult)]
        struct Row {
            region: String,
        }
        let rows: Vec<Row> = self
            .look(
                "SELECT DISTINCT region FROM \
                 (SELECT region FROM effect ORDER BY id DESC LIMIT 1000) newest"
                    .to_owned(),
            )
            .await?;
        Ok(rows.into_iter().map(|row| row.region).collect())
    }
}
