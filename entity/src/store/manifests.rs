//! Lists of packages. A list is kept once, by the digest of what it says; a base has the list of the first install that
//! began on it, an image that of the end of its own.

use ingot_domain::fingerprint::hex_sha256;
use ingot_domain::guest::packages::Listed;
use ingot_domain::ids::BaseId;
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};

use super::{Ledger, LedgerError};
use crate::{base_manifest, base_update, image, install_list, manifest};

/// Of which install lists are.
#[derive(Debug, Clone, Copy)]
pub struct OfInstall<'a> {
    /// Its deployment.
    pub deployment_id: &'a str,
    /// The deployment's run.
    pub run: i32,
    /// Owner and name of the base it began on, where they are known.
    pub base: Option<(&'a str, &'a str)>,
}

/// Why a list is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoList {
    /// No install of this ledger is known to have made the image.
    Unknown,
    /// It could not be taken or read, in words for people.
    Absent(String),
    /// It is there, and of a system that no feed is for, as that calls itself.
    System(Option<String>),
}

impl install_list::Model {
    /// Why it has no list.
    pub(super) fn why_absent(&self) -> NoList {
        let why = self.absent.as_deref().unwrap_or("it was not kept");
        NoList::Absent(why.to_owned())
    }
}

impl Ledger {
    /// Keeps what an install's base carries, unless an earlier install has listed it; answers whether this one's list is the
    /// base's. Told again, nothing changes.
    pub async fn keep_base_list(
        &self,
        of: OfInstall<'_>,
        begin: &Listed,
    ) -> Result<bool, LedgerError> {
        let Some((owner, name)) = of.base else {
            return Ok(false);
        };
        let row = base_manifest::ActiveModel {
            owner: Set(owner.to_owned()),
            name: Set(name.to_owned()),
            digest: Set(self.keep_list(begin).await?),
            deployment_id: Set(of.deployment_id.to_owned()),
            taken_at: Set(self.now()),
        };
        base_manifest::Entity::insert(row)
            .on_conflict(OnConflict::new().do_nothing().to_owned())
            .exec_without_returning(&self.db)
            .await?;
        let key = (owner.to_owned(), name.to_owned());
        let kept = base_manifest::Entity::find_by_id(key).one(&self.db).await?;
        Ok(kept.is_some_and(|kept| kept.deployment_id == of.deployment_id))
    }

    /// Keeps what an install carries at its end, or why that is not known. Told again, nothing changes.
    pub async fn keep_install_list(
        &self,
        of: OfInstall<'_>,
        end: Result<&Listed, &str>,
    ) -> Result<(), LedgerError> {
        let digest = match end {
            Ok(listed) => Some(self.keep_list(listed).await?),
            Err(_) => None,
        };
        let row = install_list::ActiveModel {
            deployment_id: Set(of.deployment_id.to_owned()),
            run: Set(of.run),
            digest: Set(digest),
            absent: Set(end.err().map(str::to_owned)),
            taken_at: Set(self.now()),
        };
        install_list::Entity::insert(row)
            .on_conflict(OnConflict::new().do_nothing().to_owned())
            .exec_without_returning(&self.db)
            .await?;
        Ok(())
    }

    async fn keep_list(&self, listed: &Listed) -> Result<String, LedgerError> {
        let packages = listed.lines();
        let (booted, release) = (listed.booted.clone(), listed.release.clone());
        let said = |text: &Option<String>| text.clone().unwrap_or_default();
        let whole = format!("{}\n{}\n{packages}", said(&booted), said(&release));
        let digest = hex_sha256(whole.into_bytes());
        let row = manifest::ActiveModel {
            digest: Set(digest.clone()),
            booted: Set(booted),
            release: Set(release),
            packages: Set(packages),
            created_at: Set(self.now()),
        };
        manifest::Entity::insert(row)
            .on_conflict(OnConflict::new().do_nothing().to_owned())
            .exec_without_returning(&self.db)
            .await?;
        Ok(digest)
    }

    /// What a base carries, if an install has listed it.
    pub async fn packages_of_base(
        &self,
        owner: &str,
        name: &str,
    ) -> Result<Option<Listed>, LedgerError> {
        let key = (owner.to_owned(), name.to_owned());
        let row = base_manifest::Entity::find_by_id(key)
            .one(&self.reader)
            .await?;
        match row {
            Some(row) => self.list(&row.digest).await,
            None => Ok(None),
        }
    }

    /// What an image carries by the list of the end of its own install, or why that is not known.
    pub async fn packages_of_image(
        &self,
        image: &image::Model,
    ) -> Result<Result<Listed, NoList>, LedgerError> {
        let Some(row) = self.install_of(image).await? else {
            return Ok(Err(NoList::Unknown));
        };
        let list = match &row.digest {
            Some(digest) => self.list(digest).await?,
            None => None,
        };
        Ok(list.ok_or_else(|| row.why_absent()))
    }

    /// What is known of the packages of the install that made an image.
    pub(super) async fn install_of(
        &self,
        image: &image::Model,
    ) -> Result<Option<install_list::Model>, LedgerError> {
        let Some(deployment) = &image.source_deployment_id else {
            return Ok(None);
        };
        // A later run of the deployment may have made another image.
        Ok(install_list::Entity::find()
            .filter(install_list::Column::DeploymentId.eq(deployment))
            .filter(install_list::Column::TakenAt.lte(image.created_at))
            .order_by_desc(install_list::Column::Run)
            .one(&self.reader)
            .await?)
    }

    /// Ids of the updates that lead from or to a base.
    pub async fn updates_of_base(
        &self,
        owner: &str,
        name: &str,
    ) -> Result<Vec<String>, LedgerError> {
        let id = BaseId::of(owner, name).to_string();
        let named = Condition::any()
            .add(base_update::Column::OldBase.eq(&id))
            .add(base_update::Column::NewBase.eq(&id));
        Ok(base_update::Entity::find()
            .select_only()
            .column(base_update::Column::Id)
            .filter(base_update::Column::Kind.eq("update"))
            .filter(named)
            .into_tuple()
            .all(&self.db)
            .await?)
    }

    pub(super) async fn list(&self, digest: &str) -> Result<Option<Listed>, LedgerError> {
        let row = manifest::Entity::find_by_id(digest)
            .one(&self.reader)
            .await?;
        Ok(row.map(|row| Listed {
            booted: row.booted,
            release: row.release,
            ..Listed::read(&row.packages)
        }))
    }
}
