//! Lists of builds, the newest first.

use std::collections::HashMap;

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::store::{Ledger, LedgerError};
use crate::{build, build_request, image};

/// Which builds.
#[derive(Debug, Clone, Default)]
#[expect(missing_docs, reason = "each is an equality, `before` is the cursor")]
pub struct BuildQuery {
    /// All that wait or run.
    pub open: bool,
    pub status: Option<String>,
    pub template: Option<String>,
    pub region: Option<String>,
    pub before: Option<String>,
}

/// A build with what asks for it.
#[derive(Debug, Clone)]
pub struct BuildSeen {
    /// The build.
    pub row: build::Model,
    /// What asks for it, oldest first.
    pub requests: Vec<build_request::Model>,
    /// The AMI of the image that came of it.
    pub ami: Option<String>,
    /// The newest copy of that image in each region that has one.
    pub copies: Vec<image::Model>,
}

impl Ledger {
    /// Builds, the newest first.
    pub async fn list_builds(
        &self,
        query: &BuildQuery,
        limit: u64,
    ) -> Result<Vec<BuildSeen>, LedgerError> {
        use build::Column;
        let mut select = build::Entity::find();
        let equal = [
            (Column::Status, &query.status),
            (Column::Template, &query.template),
            (Column::Region, &query.region),
        ];
        for (column, value) in equal {
            if let Some(value) = value {
                select = select.filter(column.eq(value));
            }
        }
        if query.open {
            select = select.filter(Column::Status.is_in([
                "queued",
                "awaiting_approval",
                "building",
                "testing",
                "publishing",
            ]));
        }
        if let Some(before) = &query.before {
            select = select.filter(Column::Id.lt(before));
        }
        let rows = select
            .order_by_desc(Column::Id)
            .limit(limit)
            .all(&self.reader)
            .await?;
        self.with_requests(rows).await
    }

    /// One build.
    pub async fn build(&self, id: &str) -> Result<Option<BuildSeen>, LedgerError> {
        let row = build::Entity::find_by_id(id).one(&self.db).await?;
        Ok(self.with_requests(row.into_iter().collect()).await?.pop())
    }

    async fn with_requests(&self, rows: Vec<build::Model>) -> Result<Vec<BuildSeen>, LedgerError> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let requests = build_request::Entity::find()
            .filter(build_request::Column::BuildId.is_in(rows.iter().map(|row| row.id.as_str())))
            .order_by_asc(build_request::Column::RequestedAt)
            .order_by_asc(build_request::Column::Id)
            .all(&self.db)
            .await?;
        let mut by_build: HashMap<String, Vec<build_request::Model>> = HashMap::new();
        for request in requests {
            let of_build = by_build.entry(request.build_id.clone()).or_default();
            of_build.push(request);
        }
        let made = rows.iter().filter_map(|row| row.image_id.as_deref());
        let made: Vec<&str> = made.collect();
        let mut amis: HashMap<String, String> = HashMap::new();
        if !made.is_empty() {
            let images = image::Entity::find()
                .filter(image::Column::Id.is_in(made))
                .all(&self.db)
                .await?;
            let named = images.into_iter();
            amis.extend(named.filter_map(|image| Some((image.id, image.ami_id?))));
        }
        let mut copies = self.copies_of_builds(&rows).await?;
        let seen = rows.into_iter().map(|row| BuildSeen {
            copies: copies.remove(&row.id).unwrap_or_default(),
            requests: by_build.remove(&row.id).unwrap_or_default(),
            ami: row.image_id.as_ref().and_then(|id| amis.get(id).cloned()),
            row,
        });
        Ok(seen.collect())
    }
}
