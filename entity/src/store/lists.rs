//! Lists, by keyset: ids are time-ordered, so the cursor is the last id seen and a page costs the same at any depth.

use ingot_domain::Instant;
use ingot_domain::image::ImageStatus;
use ingot_domain::task::{Queue, TaskState};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait, Statement,
};

use super::clock::now_plus;
use super::engine::claims::WAITING;
use super::{Ledger, LedgerError};
use crate::{deployment, event, image, task};

/// What deployments are for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Purpose {
    /// All of them.
    #[default]
    All,
    /// Those that people asked for.
    Use,
    /// Builders of builds.
    Build,
}

/// Which deployments.
#[derive(Debug, Clone, Default)]
#[expect(missing_docs, reason = "each is an equality, `before` is the cursor")]
pub struct DeploymentQuery {
    pub status: Option<String>,
    pub template: Option<String>,
    pub version: Option<String>,
    pub region: Option<String>,
    pub purpose: Purpose,
    pub before: Option<String>,
}

/// Which images.
#[derive(Debug, Clone, Default)]
#[expect(missing_docs, reason = "each is an equality, `before` is the cursor")]
pub struct ImageQuery {
    pub status: Option<String>,
    pub template: Option<String>,
    pub version: Option<String>,
    pub region: Option<String>,
    pub before: Option<String>,
}

/// How many tasks of a queue are in which state.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QueueDepth {
    /// The queue's name.
    pub queue: String,
    /// Counts by state; states without tasks are absent. Completed and cancelled tasks are not counted.
    pub states: Vec<(TaskState, u64)>,
    /// Due time of the oldest task that is due.
    pub oldest_due: Option<Instant>,
}

macro_rules! narrowed {
    ($select:expr, $entity:ident, $query:ident, $($column:ident = $field:ident),+) => {{
        let mut select = $select;
        $(if let Some(value) = &$query.$field { select = select.filter($entity::Column::$column.eq(value)); })+
        if let Some(before) = &$query.before { select = select.filter($entity::Column::Id.lt(before)); }
        select
    }};
}

impl Ledger {
    /// Deployments, newest first.
    pub async fn list_deployments(
        &self,
        query: &DeploymentQuery,
        limit: u64,
    ) -> Result<Vec<deployment::Model>, LedgerError> {
        // The page's ids first, which the index `deployment_list` holds with every column that can be asked for; a row is
        // large: it has an order, and may have a recipe of its own.
        let ids = narrowed!(
            deployment::Entity::find()
                .select_only()
                .column(deployment::Column::Id),
            deployment,
            query,
            Status = status,
            Template = template,
            Version = version,
            Region = region
        );
        let ids = match query.purpose {
            Purpose::All => ids,
            Purpose::Use => ids.filter(deployment::Column::BuildId.is_null()),
            Purpose::Build => ids.filter(deployment::Column::BuildId.is_not_null()),
        };
        let page = ids
            .order_by_desc(deployment::Column::Id)
            .limit(limit)
            .into_query();
        Ok(deployment::Entity::find()
            .filter(deployment::Column::Id.in_subquery(page))
            .order_by_desc(deployment::Column::Id)
            .all(&self.reader)
            .await?)
    }

    /// Images, newest first.
    pub async fn list_images(
        &self,
        query: &ImageQuery,
        limit: u64,
    ) -> Result<Vec<image::Model>, LedgerError> {
        let select = narrowed!(
            image::Entity::find(),
            image,
            query,
            Status = status,
            Template = template,
            Version = version,
            Region = region
        );
        Ok(select
            .order_by_desc(image::Column::Id)
            .limit(limit)
            .all(&self.reader)
            .await?)
    }

    /// Lines of a subject's story after `after`, in order.
    pub async fn events(
        &self,
        subject: &str,
        after: i64,
        limit: u64,
    ) -> Result<Vec<event::Model>, LedgerError> {
        self.events_by(subject, after, limit, None).await
    }

    /// The same, of one actor: a token's id or name, or a part of Ingot.
    pub async fn events_by(
        &self,
        subject: &str,
        after: i64,
        limit: u64,
        actor: Option<&str>,
    ) -> Result<Vec<event::Model>, LedgerError> {
        let by = actor.map(|actor| {
            Condition::any()
                .add(event::Column::Actor.eq(actor))
                .add(event::Column::ActorName.eq(actor))
        });
        Ok(event::Entity::find()
            .filter(event::Column::DeploymentId.eq(subject))
            .filter(event::Column::Seq.gt(after))
            .filter(Condition::all().add_option(by))
            .order_by_asc(event::Column::Seq)
            .limit(limit)
            .all(&self.db)
            .await?)
    }

    /// How many images are in which status; every status is there.
    pub async fn image_counts(&self) -> Result<Vec<(String, u64)>, LedgerError> {
        #[derive(FromQueryResult)]
        struct Row {
            status: String,
            n: i64,
        }
        let rows: Vec<Row> = image::Entity::find()
            .select_only()
            .column(image::Column::Status)
            .column_as(image::Column::Id.count(), "n")
            .group_by(image::Column::Status)
            .into_model()
            .all(&self.reader)
            .await?;
        let count = |status: &ImageStatus| {
            let row = rows.iter().find(|row| row.status == status.as_str());
            let count = row.and_then(|row| u64::try_from(row.n).ok());
            (status.to_string(), count.unwrap_or_default())
        };
        Ok(ImageStatus::ALL.iter().map(count).collect())
    }

    /// Depth and age of every queue.
    pub async fn queue_depths(&self) -> Result<Vec<QueueDepth>, LedgerError> {
        #[derive(FromQueryResult)]
        struct Row {
            queue: String,
            state: String,
            n: i64,
        }
        #[derive(FromQueryResult)]
        struct Oldest {
            queue: String,
            at: Option<Instant>,
        }
        // One partial index each, and its condition word for word: a ledger of millions of finished tasks is not read for
        // the few that live. Those given up may be many; named by queue and state, their rows are not read either.
        let queues: Vec<String> = Queue::ALL
            .iter()
            .map(|queue| format!("'{queue}'"))
            .collect();
        let counted = |condition: &str| {
            format!(
                "SELECT queue, state, COUNT(*) AS n FROM task WHERE {condition} GROUP BY queue, state"
            )
        };
        let parts = [
            counted(&format!("state IN ({WAITING})")),
            counted("state = 'running'"),
            format!(
                "SELECT queue, 'discarded' AS state, COUNT(*) AS n FROM task \
                 WHERE queue IN ({}) AND state = 'discarded' GROUP BY queue",
                queues.join(", ")
            ),
        ];
        let backend = self.db.get_database_backend();
        let count = Statement::from_string(backend, parts.join(" UNION ALL "));
        let rows = Row::find_by_statement(count).all(&self.db).await?;
        let now = now_plus(self.db.get_database_backend(), chrono::TimeDelta::zero());
        let oldest: Vec<Oldest> = task::Entity::find()
            .select_only()
            .column(task::Column::Queue)
            .column_as(task::Column::RunAt.min(), "at")
            .filter(task::Column::State.is_in(["available", "scheduled", "retryable"]))
            .filter(Expr::col(task::Column::RunAt).lte(Expr::cust(now)))
            .group_by(task::Column::Queue)
            .into_model()
            .all(&self.db)
            .await?;
        Ok(Queue::ALL
            .iter()
            .map(|queue| QueueDepth {
                queue: queue.to_string(),
                states: rows
                    .iter()
                    .filter(|row| row.queue == queue.as_str())
                    .filter_map(|row| {
                        Some((TaskState::parse(&row.state)?, u64::try_from(row.n).ok()?))
                    })
                    .collect(),
                oldest_due: oldest
                    .iter()
                    .find(|row| row.queue == queue.as_str())
                    .and_then(|row| row.at),
            })
            .collect())
    }

    /// Deployments whose instance should be alive in a region.
    pub async fn deployments_with_instances(
        &self,
        region: &str,
    ) -> Result<Vec<deployment::Model>, LedgerError> {
        Ok(deployment::Entity::find()
            .filter(deployment::Column::Region.eq(region))
            .filter(deployment::Column::Status.is_in(["success", "failed", "readiness_timeout"]))
            .filter(deployment::Column::InstanceId.is_not_null())
            .all(&self.db)
            .await?)
    }

    /// Regions in which there is something to reconcile.
    pub async fn live_regions(&self) -> Result<Vec<String>, LedgerError> {
        #[derive(FromQueryResult)]
        struct Row {
            region: String,
        }
        let mut regions: Vec<String> = image::Entity::find()
            .select_only()
            .column(image::Column::Region)
            .distinct()
            .into_model::<Row>()
            .all(&self.db)
            .await?
            .into_iter()
            .map(|row| row.region)
            .collect();
        let of_instances: Vec<Row> = deployment::Entity::find()
            .select_only()
            .column(deployment::Column::Region)
            .filter(deployment::Column::InstanceId.is_not_null())
            .distinct()
            .into_model()
            .all(&self.db)
            .await?;
        regions.extend(of_instances.into_iter().map(|row| row.region));
        regions.sort();
        regions.dedup();
        Ok(regions)
    }
}
