//! What purses say: their figures now, of periods before, by grant, and whether they are whole.

use ingot_domain::Instant;
use ingot_domain::decide::scan::{self, Sighting};
use ingot_domain::money::Money;
use ingot_domain::plan::{More, Spent};
use ingot_domain::policy::Policy;
use ingot_domain::purse::{Account, Period};
use ingot_domain::want::Purse;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder,
    QuerySelect, Statement,
};

use super::money;
use crate::store::{Ledger, LedgerError};
use crate::{purse, purse_entry};

/// Newest purses that a scan counts up: three months' worth.
const COUNTED: u32 = 100;

/// A budget in its present period.
#[derive(Debug, Clone)]
pub struct PurseSaid {
    /// The period.
    pub period: Period,
    /// Its figures under the policy in force; all nothing but the limit while nothing happened.
    pub account: Account,
    /// Its row, once something happened.
    pub row: Option<purse::Model>,
}

/// What a grant's builds cost.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct GrantSpent {
    /// The grant's code; none of builds whose template names none.
    pub grant_code: Option<String>,
    /// Micro-dollars.
    pub spent: i64,
    /// How many runs.
    pub runs: i64,
}

#[derive(FromQueryResult)]
struct Sums {
    id: String,
    limit_micros: i64,
    policy_micros: i64,
    allowed_micros: i64,
    reserved_micros: i64,
    spent_micros: i64,
    held: i64,
    settled: i64,
    allowed: i64,
}

impl Ledger {
    /// The three budgets in the periods of an instant of the calendar.
    pub async fn purses(
        &self,
        policy: &Policy,
        at: Instant,
    ) -> Result<Vec<PurseSaid>, LedgerError> {
        said(&self.db, policy, at).await
    }

    /// What the plan needs of the purses at an instant of the calendar.
    pub async fn spent(&self, policy: &Policy, at: Instant) -> Result<Spent, LedgerError> {
        spent_of(&self.db, policy, at).await
    }

    /// Purses, the newest period first, at most `limit`; those of one budget, and of periods before `before`, where given.
    pub async fn purse_history(
        &self,
        budget: Option<Purse>,
        before: Option<Instant>,
        limit: u64,
    ) -> Result<Vec<purse::Model>, LedgerError> {
        let mut rows = purse::Entity::find();
        if let Some(budget) = budget {
            rows = rows.filter(purse::Column::Budget.eq(budget.as_str()));
        }
        if let Some(before) = before {
            rows = rows.filter(purse::Column::Starts.lt(before));
        }
        Ok(rows
            .order_by_desc(purse::Column::Starts)
            .order_by_asc(purse::Column::Id)
            .limit(limit)
            .all(&self.reader)
            .await?)
    }

    /// What happened to a purse, the newest first, at most `limit`.
    pub async fn purse_entries(
        &self,
        purse: &str,
        limit: u64,
    ) -> Result<Vec<purse_entry::Model>, LedgerError> {
        Ok(purse_entry::Entity::find()
            .filter(purse_entry::Column::Purse.eq(purse))
            .order_by_desc(purse_entry::Column::At)
            .order_by_desc(purse_entry::Column::Build)
            .order_by_desc(purse_entry::Column::Kind)
            .limit(limit)
            .all(&self.reader)
            .await?)
    }

    /// What is reserved for one run of a build: its upper bound, once for all purses it draws on.
    pub async fn reserved_for(&self, build: &str, run: i32) -> Result<Option<Money>, LedgerError> {
        let row = purse_entry::Entity::find()
            .filter(purse_entry::Column::Build.eq(build))
            .filter(purse_entry::Column::Run.eq(run))
            .filter(purse_entry::Column::Kind.eq("reserved"))
            .one(&self.db)
            .await?;
        Ok(row.map(|row| money(row.micros)))
    }

    /// What the grants' builds cost in the months and urgent periods that begin in a span of the calendar.
    pub async fn grants_spent(
        &self,
        from: Instant,
        to: Instant,
    ) -> Result<Vec<GrantSpent>, LedgerError> {
        // A build paid by the daily or the monthly purse is in the month's, too: once.
        let backend = self.reader.get_database_backend();
        let place = |number| crate::store::engine::claims::place(backend, number);
        let sql = format!(
            "SELECT e.grant_code AS grant_code, CAST(sum(e.micros) AS bigint) AS spent, count(*) AS runs \
             FROM purse_entry e JOIN purse p ON p.id = e.purse \
             WHERE e.kind = 'settled' AND p.budget IN ('monthly', 'urgent') AND p.starts >= {} AND p.starts < {} \
             GROUP BY e.grant_code ORDER BY e.grant_code",
            place(1),
            place(2)
        );
        let statement = Statement::from_sql_and_values(backend, sql, [from.into(), to.into()]);
        Ok(GrantSpent::find_by_statement(statement)
            .all(&self.reader)
            .await?)
    }

    /// I5: no purse has more committed than its limit, and its entries count up to its figures. One statement sees one moment.
    pub(in crate::store) async fn odd_purses(&self) -> Result<Vec<Sighting>, LedgerError> {
        let ended = "EXISTS (SELECT 1 FROM purse_entry s WHERE s.build = e.build AND s.run = e.run \
             AND s.purse = e.purse AND s.kind = 'settled')";
        let sum = |of: &str| {
            format!("CAST(coalesce(sum(CASE WHEN {of} THEN e.micros ELSE 0 END), 0) AS bigint)")
        };
        let rows: Vec<Sums> = self
            .look(format!(
                "SELECT p.id, p.limit_micros, p.policy_micros, p.allowed_micros, p.reserved_micros, p.spent_micros, \
                 {} AS held, {} AS settled, {} AS allowed \
                 FROM (SELECT * FROM purse ORDER BY starts DESC, id LIMIT {COUNTED}) p \
                 LEFT JOIN purse_entry e ON e.purse = p.id \
                 GROUP BY p.id, p.limit_micros, p.policy_micros, p.allowed_micros, p.reserved_micros, p.spent_micros",
                sum(&format!("e.kind = 'reserved' AND NOT {ended}")),
                sum("e.kind = 'settled'"),
                sum("e.kind = 'allowance' AND e.build LIKE 'alw\\_%' ESCAPE '\\'"),
            ))
            .await?;
        let odd = |row: Sums| {
            let committed = row.reserved_micros + row.spent_micros;
            let fits = committed <= row.limit_micros
                && row.limit_micros == committed.max(row.policy_micros + row.allowed_micros);
            let sums = (row.held, row.settled, row.allowed)
                == (row.reserved_micros, row.spent_micros, row.allowed_micros);
            (!fits || !sums).then(|| {
                scan::purse(
                    &row.id,
                    money(row.limit_micros),
                    (money(row.reserved_micros), money(row.spent_micros)),
                    (money(row.held), money(row.settled)),
                )
            })
        };
        Ok(rows.into_iter().filter_map(odd).collect())
    }
}

/// The three budgets in the periods of an instant of the calendar.
async fn said<C: ConnectionTrait>(
    db: &C,
    policy: &Policy,
    at: Instant,
) -> Result<Vec<PurseSaid>, LedgerError> {
    let periods = [Purse::Daily, Purse::Monthly, Purse::Urgent].map(|one| policy.period(one, at));
    let ids = periods.iter().map(Period::id);
    let rows = purse::Entity::find()
        .filter(purse::Column::Id.is_in(ids))
        .all(db)
        .await?;
    let said = periods.into_iter().map(|period| {
        let row = rows.iter().find(|row| row.id == period.id()).cloned();
        let account = row.as_ref().map(purse::Model::account).unwrap_or_default();
        PurseSaid {
            account: account.under(period.limit),
            period,
            row,
        }
    });
    Ok(said.collect())
}

/// What the plan needs of the purses at an instant of the calendar.
pub(in crate::store) async fn spent_of<C: ConnectionTrait>(
    db: &C,
    policy: &Policy,
    at: Instant,
) -> Result<Spent, LedgerError> {
    let said = said(db, policy, at).await?;
    let of = |purse| {
        let one = said.iter().find(|one| one.period.purse == purse);
        one.map(|one| one.account).unwrap_or_default()
    };
    let (daily, monthly, urgent) = (of(Purse::Daily), of(Purse::Monthly), of(Purse::Urgent));
    Ok(Spent {
        daily: daily.committed(),
        monthly: monthly.committed(),
        urgent: urgent.committed(),
        more: More {
            daily: daily.allowed,
            monthly: monthly.allowed,
            urgent: urgent.allowed,
        },
    })
}
