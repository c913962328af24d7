//! Effects: written before the call they stand for, settled after it (DESIGN idea 3).

use ingot_domain::Instant;
use ingot_domain::ids::EffectId;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter,
    QueryOrder,
};

use super::{Ledger, LedgerError};
use crate::effect;

/// What an effect creates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EffectKind {
    /// RunInstances.
    Launch,
    /// CreateImage.
    CreateImage,
    /// CopyImage.
    CopyImage,
}

impl EffectKind {
    /// The stored word.
    pub fn as_str(self) -> &'static str {
        match self {
            EffectKind::Launch => "launch",
            EffectKind::CreateImage => "create_image",
            EffectKind::CopyImage => "copy_image",
        }
    }
}

/// What is intended.
#[derive(Debug)]
pub struct Intention<'a> {
    /// For which deployment.
    pub deployment_id: &'a str,
    /// In which of its runs.
    pub run: i32,
    /// What is created.
    pub kind: EffectKind,
    /// Which try of the run.
    pub generation: i32,
    /// Where.
    pub region: &'a str,
    /// The whole request, so that a repeat is the same (EC2.md 4).
    pub params: serde_json::Value,
}

impl effect::Model {
    /// A new intention. Its id is the client token, the tag or part of the name of what will be made.
    pub fn intention(id: &EffectId, new: Intention<'_>, now: Instant) -> Self {
        Self {
            id: id.to_string(),
            deployment_id: new.deployment_id.to_owned(),
            run: new.run,
            kind: new.kind.as_str().to_owned(),
            generation: new.generation,
            region: new.region.to_owned(),
            params: new.params,
            state: "intent".to_owned(),
            cloud_id: None,
            error: None,
            created_at: now,
            finished_at: None,
        }
    }

    /// Its outcome is not known.
    pub fn is_open(&self) -> bool {
        self.state == "intent"
    }

    /// It made `cloud_id`.
    pub fn done(mut self, cloud_id: &str, now: Instant) -> Self {
        self.state = "done".to_owned();
        self.cloud_id = Some(cloud_id.to_owned());
        self.finished_at = Some(now);
        self
    }

    /// It surely made nothing, and will not be tried again.
    pub fn not_done(mut self, error: &str, now: Instant) -> Self {
        self.state = "not_done".to_owned();
        self.error = Some(error.to_owned());
        self.finished_at = Some(now);
        self
    }
}

pub(super) async fn intend<C: ConnectionTrait>(
    tx: &C,
    row: &effect::Model,
) -> Result<(), LedgerError> {
    effect::Entity::insert(row.clone().into_active_model())
        .exec_without_returning(tx)
        .await?;
    Ok(())
}

pub(super) async fn settle<C: ConnectionTrait>(
    tx: &C,
    row: &effect::Model,
) -> Result<(), LedgerError> {
    let active = effect::ActiveModel {
        state: Set(row.state.clone()),
        params: Set(row.params.clone()),
        cloud_id: Set(row.cloud_id.clone()),
        error: Set(row.error.clone()),
        finished_at: Set(row.finished_at),
        ..Default::default()
    };
    effect::Entity::update_many()
        .set(active)
        .filter(effect::Column::Id.eq(&row.id))
        .exec(tx)
        .await?;
    Ok(())
}

impl Ledger {
    /// The newest effect of a kind in a deployment's run.
    pub async fn effect(
        &self,
        deployment_id: &str,
        run: i32,
        kind: EffectKind,
    ) -> Result<Option<effect::Model>, LedgerError> {
        Ok(effect::Entity::find()
            .filter(effect::Column::DeploymentId.eq(deployment_id))
            .filter(effect::Column::Run.eq(run))
            .filter(effect::Column::Kind.eq(kind.as_str()))
            .order_by_desc(effect::Column::Generation)
            .one(&self.db)
            .await?)
    }

    /// Launch effects of a deployment, of any run, without a recorded outcome.
    pub async fn open_launches(&self, deployment_id: &str) -> Result<Vec<String>, LedgerError> {
        let open = effect::Entity::find()
            .filter(effect::Column::DeploymentId.eq(deployment_id))
            .filter(effect::Column::Kind.eq(EffectKind::Launch.as_str()))
            .filter(effect::Column::State.eq("intent"))
            .all(&self.db)
            .await?;
        Ok(open.into_iter().map(|row| row.id).collect())
    }

    /// Writes down what an effect made when that was never learnt, whatever became of the effect meanwhile.
    pub async fn note_made(&self, id: &str, cloud_id: &str) -> Result<(), LedgerError> {
        let change = effect::ActiveModel {
            cloud_id: Set(Some(cloud_id.to_owned())),
            ..Default::default()
        };
        effect::Entity::update_many()
            .set(change)
            .filter(effect::Column::Id.eq(id))
            .filter(effect::Column::CloudId.is_null())
            .exec(&self.db)
            .await?;
        Ok(())
    }

    /// An effect by its id.
    pub async fn effect_by_id(&self, id: &str) -> Result<Option<effect::Model>, LedgerError> {
        Ok(effect::Entity::find_by_id(id).one(&self.db).await?)
    }

    /// Every effect of a deployment, for its details and for tests.
    pub async fn effects(&self, deployment_id: &str) -> Result<Vec<effect::Model>, LedgerError> {
        Ok(effect::Entity::find()
            .filter(effect::Column::DeploymentId.eq(deployment_id))
            .order_by_asc(effect::Column::CreatedAt)
            .all(&self.db)
            .await?)
    }
}
