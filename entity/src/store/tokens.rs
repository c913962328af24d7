//! API tokens. Reading one never writes; that it was used is noted beside it, aside from the request.

use ingot_domain::Instant;
use ingot_domain::auth::BearerToken;
use ingot_domain::ids::TokenId;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder};

use super::{Ledger, LedgerError};
use crate::{token, token_use};

/// Why a genuine token is not accepted any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenEnd {
    /// Its time is over since then.
    Expired(Instant),
    /// A person revoked it then.
    Revoked(Instant),
}

impl Ledger {
    /// Stores a new token's hash.
    pub async fn create_token(
        &self,
        bearer: &BearerToken,
        name: &str,
        expires_at: Option<Instant>,
    ) -> Result<(), LedgerError> {
        let row = token::ActiveModel {
            id: Set(bearer.id.to_string()),
            name: Set(name.to_owned()),
            secret_hash: Set(bearer.hash()),
            created_at: Set(self.now()),
            expires_at: Set(expires_at),
            revoked_at: Set(None),
        };
        token::Entity::insert(row)
            .exec_without_returning(&self.db)
            .await?;
        Ok(())
    }

    /// The row of a token that is genuine, not expired and not revoked.
    pub async fn authenticate(
        &self,
        bearer: &BearerToken,
    ) -> Result<Option<token::Model>, LedgerError> {
        let row = token::Entity::find_by_id(bearer.id.as_str())
            .one(&self.db)
            .await?;
        let now = self.now();
        Ok(row.filter(|row| {
            bearer.matches(&row.secret_hash)
                && row.revoked_at.is_none()
                && row.expires_at.is_none_or(|expiry| expiry > now)
        }))
    }

    /// Why a token is refused whose secret is right; nothing for one that is unknown, or good.
    pub async fn token_end(&self, bearer: &BearerToken) -> Result<Option<TokenEnd>, LedgerError> {
        let row = token::Entity::find_by_id(bearer.id.as_str())
            .one(&self.db)
            .await?;
        let now = self.now();
        let row = row.filter(|row| bearer.matches(&row.secret_hash));
        Ok(row.and_then(|row| {
            let expired = row.expires_at.filter(|expiry| *expiry <= now);
            let revoked = row.revoked_at.map(TokenEnd::Revoked);
            revoked.or(expired.map(TokenEnd::Expired))
        }))
    }

    /// Notes that a token was used just now.
    pub async fn note_token_use(&self, id: &str) -> Result<(), LedgerError> {
        let row = token_use::ActiveModel {
            token_id: Set(id.to_owned()),
            used_at: Set(self.now()),
        };
        let again = OnConflict::column(token_use::Column::TokenId)
            .update_column(token_use::Column::UsedAt)
            .to_owned();
        token_use::Entity::insert(row)
            .on_conflict(again)
            .exec_without_returning(&self.db)
            .await?;
        Ok(())
    }

    /// When each token was used last; those never used are not there.
    pub async fn token_uses(&self) -> Result<Vec<token_use::Model>, LedgerError> {
        Ok(token_use::Entity::find().all(&self.db).await?)
    }

    /// Every token, oldest first.
    pub async fn tokens(&self) -> Result<Vec<token::Model>, LedgerError> {
        Ok(token::Entity::find()
            .order_by_asc(token::Column::Id)
            .all(&self.db)
            .await?)
    }

    /// Revokes a token at once; false when there is none to revoke.
    pub async fn revoke_token(&self, id: &TokenId) -> Result<bool, LedgerError> {
        let revoked = token::Entity::update_many()
            .col_expr(token::Column::RevokedAt, Expr::value(self.now()))
            .filter(token::Column::Id.eq(id.as_str()))
            .filter(token::Column::RevokedAt.is_null())
            .exec(&self.db)
            .await?;
        Ok(revoked.rows_affected > 0)
    }
}
