//! The shape of a database as text, so that two of them can be compared.

use anyhow::Result;
use ingot_migration::sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};

/// Tables with their columns, indexes, constraints and triggers, and functions; the migrations' own bookkeeping is left out. Columns are counted, for
/// one that was dropped keeps its number.
const POSTGRES: &str = "
    SELECT 'column' AS what, table_name::text AS of,
        concat_ws(' ', lpad((row_number() OVER (PARTITION BY table_name ORDER BY ordinal_position))::text, 3), column_name, data_type, is_nullable, column_default) AS said
    FROM information_schema.columns WHERE table_schema = 'public'
    UNION ALL
    SELECT 'index', tablename::text, indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL
    SELECT 'constraint', conrelid::regclass::text, conname || ' ' || pg_get_constraintdef(oid)
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL
    SELECT 'trigger', tgrelid::regclass::text, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL
    SELECT 'function', proname::text, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace";

const SQLITE: &str =
    "SELECT type AS what, tbl_name AS of, coalesce(sql, name) AS said FROM sqlite_master";

/// One line per part of the shape, in order.
pub async fn dump(db: &DatabaseConnection) -> Result<Vec<String>> {
    let backend = db.get_database_backend();
    let sql = match backend {
        DbBackend::Sqlite => SQLITE,
        _ => POSTGRES,
    };
    let mut lines = Vec::new();
    for row in db
        .query_all_raw(Statement::from_string(backend, sql))
        .await?
    {
        let text = |column| row.try_get::<String>("", column);
        if text("of")? != "seaql_migrations" {
            lines.push(format!(
                "{} {}: {}",
                text("what")?,
                text("of")?,
                text("said")?
            ));
        }
    }
    lines.sort();
    Ok(lines)
}
