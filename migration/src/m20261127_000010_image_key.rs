//! An image's key by content (DESIGN-2 B1, B2) and its row's version (B5). One image at a time is in the making of a key,
//! and generations of it may be available beside each other.
//!
//! Workers of the version before may be at work during and after this step. They claim by the digest that holds the base's
//! id, and write no content, so that for one release both digests have their unique indexes, and a trigger gives the rows
//! of those workers what this step takes from them or what they do not know: a claim without content is passed over while
//! an image of its digest is held, as the index `image_key_held` did, and a write that does not count the row's version is
//! counted (of the columns that version writes). The triggers and the columns of the old digest go with the release after this one.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// Column, its type in Postgres, its type in SQLite. Postgres adds each without writing a row.
const COLUMNS: [(&str, &str, &str); 7] = [
    ("content_digest", "text", "text"),
    ("base_owner", "text", "text"),
    ("base_name", "text", "text"),
    ("base_line", "text", "text"),
    ("base_created_at", INSTANT, INSTANT_TEXT),
    ("base_asked_at", INSTANT, INSTANT_TEXT),
    ("row_version", COUNT, COUNT),
];
const INSTANT: &str = "timestamp with time zone";
const INSTANT_TEXT: &str = "timestamp_with_timezone_text";
const COUNT: &str = "bigint NOT NULL DEFAULT 0";

/// Statements that are sent as one are one transaction.
const PATIENCE: &str = "SET LOCAL lock_timeout = '5s';";

/// Name, uniqueness, and what of.
const INDEXES: [(&str, &str, &str); 5] = [
    (
        "image_content",
        "UNIQUE",
        "image (account, region, content_digest, generation)",
    ),
    (
        "image_content_making",
        "UNIQUE",
        "image (account, region, content_digest) WHERE status IN ('claimed', 'pending')",
    ),
    ("image_key", "UNIQUE", "image (key_digest, generation)"),
    (
        "image_key_making",
        "UNIQUE",
        "image (key_digest) WHERE status IN ('claimed', 'pending')",
    ),
    // Images of other builds of a base are looked for by everything else.
    (
        "image_alike",
        "",
        "image (fingerprint, region, version) WHERE status = 'available'",
    ),
];

/// A count of rows was a generation: two that were claimed after each other's failure may have the same one.
const RENUMBER: &str = "UPDATE image SET generation = (
        SELECT count(*) FROM image AS other WHERE other.key_digest = image.key_digest
            AND (other.created_at < image.created_at OR (other.created_at = image.created_at AND other.id <= image.id)))
    WHERE key_digest IN (SELECT key_digest FROM image GROUP BY key_digest, generation HAVING count(*) > 1)";

/// The index of before takes one image of a digest. The others wait, missing, for a free key, as they did then.
const ONE_HOLDER: &str = "UPDATE image SET status = 'missing' WHERE status = 'available' AND EXISTS (
        SELECT 1 FROM image AS other WHERE other.key_digest = image.key_digest
            AND other.status IN ('claimed', 'pending', 'available') AND other.generation > image.generation)";

const POSTGRES_TRIGGER: &str = "
    CREATE OR REPLACE FUNCTION image_of_version_before() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'INSERT' THEN
            IF NEW.content_digest IS NULL AND NEW.status IN ('claimed', 'pending', 'available') THEN
                -- Waits for a row that is being moved on, and sees it as it is then.
                PERFORM 1 FROM image WHERE key_digest = NEW.key_digest
                    AND status IN ('claimed', 'pending', 'available') FOR SHARE;
                IF FOUND THEN RETURN NULL; END IF;
            END IF;
        ELSIF NEW.row_version = OLD.row_version THEN
            NEW.row_version := OLD.row_version + 1;
        END IF;
        RETURN NEW;
    END $$;
    DROP TRIGGER IF EXISTS image_of_version_before ON image;
    CREATE TRIGGER image_of_version_before BEFORE INSERT OR UPDATE OF
        name, status, ami_id, size_gb, snapshots, tags, error, requested_at, available_at, slow_at ON image
        FOR EACH ROW EXECUTE FUNCTION image_of_version_before()";

const SQLITE_TRIGGERS: [&str; 4] = [
    "DROP TRIGGER IF EXISTS image_of_version_before",
    "CREATE TRIGGER image_of_version_before BEFORE INSERT ON image
        WHEN NEW.content_digest IS NULL AND NEW.status IN ('claimed', 'pending', 'available') AND EXISTS (
            SELECT 1 FROM image WHERE key_digest = NEW.key_digest AND status IN ('claimed', 'pending', 'available'))
        BEGIN SELECT RAISE(IGNORE); END",
    "DROP TRIGGER IF EXISTS image_counted",
    "CREATE TRIGGER image_counted AFTER UPDATE OF
            name, status, ami_id, size_gb, snapshots, tags, error, requested_at, available_at, slow_at ON image WHEN NEW.row_version = OLD.row_version
        BEGIN UPDATE image SET row_version = OLD.row_version + 1 WHERE id = NEW.id; END",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// Each step by itself, and each may be repeated after a migration that was killed.
    fn use_transaction(&self) -> Option<bool> {
        Some(false)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        for (column, postgres, sqlite) in COLUMNS {
            if !manager.has_column("image", column).await? {
                let kind = if is_postgres(manager) {
                    postgres
                } else {
                    sqlite
                };
                alter(manager, &format!("ADD COLUMN {column} {kind}")).await?;
            }
        }
        db.execute_unprepared(RENUMBER).await?;
        for (name, unique, of) in INDEXES {
            // One that was broken off is there and not used.
            drop(manager, name).await?;
            let how = concurrently(manager);
            let sql = format!("CREATE {unique} INDEX {how} {name} ON {of}");
            db.execute_unprepared(&sql).await?;
        }
        if is_postgres(manager) {
            let sql = format!("{PATIENCE} {POSTGRES_TRIGGER}");
            db.execute_unprepared(&sql).await?;
        } else {
            for sql in SQLITE_TRIGGERS {
                db.execute_unprepared(sql).await?;
            }
        }
        // Last, so that a key is never without its lock.
        drop(manager, HELD).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        drop(manager, HELD).await?;
        db.execute_unprepared(ONE_HOLDER).await?;
        let statuses = ["claimed", "pending", "available"];
        if is_postgres(manager) {
            let sql = format!(
                "CREATE UNIQUE INDEX CONCURRENTLY {HELD} ON image (key_digest) \
                WHERE status IN ('claimed', 'pending', 'available')"
            );
            db.execute_unprepared(&sql).await?;
            let sql = format!(
                "{PATIENCE} DROP TRIGGER IF EXISTS image_of_version_before ON image;
                DROP FUNCTION IF EXISTS image_of_version_before()"
            );
            db.execute_unprepared(&sql).await?;
        } else {
            let held = Index::create()
                .name(HELD)
                .table(Image::Table)
                .col(Image::KeyDigest)
                .unique()
                .and_where(Expr::col(Image::Status).is_in(statuses))
                .to_owned();
            manager.create_index(held).await?;
            for sql in [SQLITE_TRIGGERS[0], SQLITE_TRIGGERS[2]] {
                db.execute_unprepared(sql).await?;
            }
        }
        for (name, _, _) in INDEXES {
            drop(manager, name).await?;
        }
        for (column, _, _) in COLUMNS.iter().rev() {
            if manager.has_column("image", column).await? {
                alter(manager, &format!("DROP COLUMN {column}")).await?;
            }
        }
        Ok(())
    }
}

/// The index of before: one image of a digest that is in the making or available.
const HELD: &str = "image_key_held";

fn is_postgres(manager: &SchemaManager<'_>) -> bool {
    manager.get_connection().get_database_backend() == DbBackend::Postgres
}

fn concurrently(manager: &SchemaManager<'_>) -> &'static str {
    if is_postgres(manager) {
        "CONCURRENTLY"
    } else {
        ""
    }
}

async fn drop(manager: &SchemaManager<'_>, index: &str) -> Result<(), DbErr> {
    let how = concurrently(manager);
    let sql = format!("DROP INDEX {how} IF EXISTS {index}");
    let db = manager.get_connection();
    db.execute_unprepared(&sql).await.map(|_| ())
}

/// A process that holds the table for long is not waited for, because all others would wait behind us: the migration ends
/// with an error and is run again.
async fn alter(manager: &SchemaManager<'_>, how: &str) -> Result<(), DbErr> {
    let patience = if is_postgres(manager) { PATIENCE } else { "" };
    let sql = format!("{patience} ALTER TABLE image {how}");
    let db = manager.get_connection();
    db.execute_unprepared(&sql).await.map(|_| ())
}

#[derive(DeriveIden)]
enum Image {
    Table,
    KeyDigest,
    Status,
}
