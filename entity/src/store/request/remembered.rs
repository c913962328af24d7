//! What an idempotency key has led to, for a replay of a request that would not be accepted any more.

use sea_orm::EntityTrait;

use crate::idempotency;
use crate::store::Ledger;
use crate::store::LedgerError;
use crate::store::request::create::IdempotencyClaim;

impl Ledger {
    /// The id that the same request led to before; none when the key is new or was used for another request.
    pub async fn remembered(
        &self,
        claim: &IdempotencyClaim,
    ) -> Result<Option<String>, LedgerError> {
        let key = (claim.token_id.clone(), claim.key.clone());
        let row = idempotency::Entity::find_by_id(key).one(&self.db).await?;
        let same = row.filter(|row| row.request_hash == claim.request_hash);
        Ok(same.map(|row| row.resource_id))
    }
}
