//! Views to read with SQL: `jobs` with the columns of the Kamiwaza document, and one per noun whose columns stay when a
//! table's change. docs/views.md explains each column.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const NAMES: [&str; 4] = ["jobs", "v_deployments", "v_images", "v_tasks"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        // A text of the order, which is JSON.
        let of_order = |key: &str| match db.get_database_backend() {
            DbBackend::Postgres => format!("(\"order\" ->> '{key}')"),
            _ => format!("json_extract(\"order\", '$.{key}')"),
        };
        let instance_type = of_order("instance_type");
        let volume = format!("CAST({} AS INTEGER)", of_order("volume_size_gb"));
        let email = of_order("email");
        let queries = [
            format!(
                "SELECT id, job_name, template AS deployment_type, version, mode, region, {instance_type} AS instance_type, \
                 {volume} AS volume_size_gb, {email} AS email, status, error_message, instance_id, public_ip, private_ip, \
                 launch_path, source_ami_id, created_ami_id, ami_status AS ami_creation_status, ami_created_at, \
                 ami_error AS ami_creation_error, created_at, started_at, launched_at, ready_at, \
                 finished_at AS completed_at FROM deployment"
            ),
            format!(
                "SELECT id, job_name AS name, template, template_revision, version, mode, region, account, \
                 {instance_type} AS instance_type, {volume} AS volume_size_gb, status, error_message AS error, run, \
                 launch_path, source_ami_id, base_image_id, instance_id, public_ip, private_ip, checks, \
                 time_to_ready_ms / 1000.0 AS time_to_ready_seconds, ami_status, created_ami_id, ami_created_at, ami_error, \
                 ami_skip_reason, image_id, created_at, started_at, launched_at, ready_at, finished_at FROM deployment"
            ),
            "SELECT id, ami_id, name, template, version, mode, arch AS architecture, account, region, status, origin, class, \
             generation, size_gb, base_image, base_name, base_owner, fingerprint, source_deployment_id, source_instance_id, \
             error, scrub, decided_by, decided_reason, created_at, requested_at, available_at, disabled_at, deprecated_at, \
             dropped_at FROM image"
                .to_owned(),
            "SELECT id, queue, kind, state, deployment_id, attempt, max_attempts, crashes, visits, run_at AS due_at, \
             waiting_for, worker, lease_until, last_error, created_at, finished_at FROM task"
                .to_owned(),
        ];
        for (name, query) in NAMES.iter().zip(queries) {
            let drop = format!("DROP VIEW IF EXISTS {name}");
            db.execute_unprepared(&drop).await?;
            let create = format!("CREATE VIEW {name} AS {query}");
            db.execute_unprepared(&create).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for name in NAMES {
            let drop = format!("DROP VIEW IF EXISTS {name}");
            manager.get_connection().execute_unprepared(&drop).await?;
        }
        Ok(())
    }
}
