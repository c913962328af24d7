//! `ingot base-images …`.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use ingot_client::{
    BaseImage, BaseImageDecision, BaseImageUpdate, Client, Page, ScanIntervalSetting, ScanRequest,
    Scanned,
};

use crate::args::base_images::{BaseImagesAction, BaseImagesArgs};
use crate::command::{base_updates, read, story};
use crate::failure::Refused;
use crate::output::grid::{Cell, Column, grid};
use crate::output::{clean, or_dash, pairs, table, time, time_or_dash};

/// How long a look is waited for. A visit lasts 30 s at most.
const PATIENCE: Duration = Duration::from_secs(40);

/// Runs one of them.
pub(crate) async fn run(args: BaseImagesArgs) -> anyhow::Result<ExitCode> {
    let client = args.connection.client()?;
    let output = args.connection.output();
    match args.action {
        BaseImagesAction::List { watched } => {
            let mut page = client.base_images().await?;
            if watched {
                page.items.retain(|one| !one.regions.is_empty());
            }
            output.result(&page, list_table)?;
        }
        BaseImagesAction::Show { name } => {
            output.result(&client.base_image(&name).await?, details)?;
        }
        BaseImagesAction::Updates(args) => {
            return base_updates::list(&client, output, args).await;
        }
        BaseImagesAction::Update(args) => return base_updates::show(&client, output, args).await,
        BaseImagesAction::SetLevel(args) => return base_updates::set(&client, output, args).await,
        BaseImagesAction::Logs { name, after } => {
            story::print_all(output, after, async |filter| {
                client.base_image_events(&name, &filter).await
            })
            .await?;
        }
        BaseImagesAction::Scan { name, regions } => {
            let wanted = ScanRequest { regions };
            let asked = client.scan_base_images(name.as_deref(), &wanted).await?;
            match name {
                Some(name) => {
                    let seen = waited(&client, &name, &asked).await?;
                    output.result(&seen, details)?;
                }
                None => output.result(&asked, said)?,
            }
        }
        BaseImagesAction::Add { file } => {
            let text = read(&file)?;
            let new = ingot_yaml::track(&text)
                .map_err(|error| Refused(format!("`{}`: {error}", file.display())))?;
            output.result(&client.add_base_image(&new.into()).await?, details)?;
        }
        BaseImagesAction::Pause { name, reason } => {
            let decision = BaseImageDecision { reason };
            let row = client.pause_base_image(&name, true, &decision).await?;
            output.result(&row, details)?;
        }
        BaseImagesAction::Interval { interval } => {
            let setting = match interval {
                None => client.scan_interval().await?,
                Some(interval) => {
                    let wanted = ScanIntervalSetting {
                        scan_interval_seconds: interval.as_secs(),
                    };
                    client.set_scan_interval(&wanted).await?
                }
            };
            output.result(&setting, |setting| {
                let seconds = setting.scan_interval_seconds;
                format!("looks at a region lie {seconds} seconds apart, from its next look on")
            })?;
        }
        BaseImagesAction::Remove { name, reason } => {
            let decision = BaseImageDecision { reason };
            let row = client.remove_base_image(&name, &decision).await?;
            output.result(&row, |row| {
                format!(
                    "{} is removed; `ingot base-images updates` still shows its updates",
                    clean(&row.name)
                )
            })?;
        }
        BaseImagesAction::Resume { name, reason } => {
            let decision = BaseImageDecision { reason };
            let row = client.pause_base_image(&name, false, &decision).await?;
            output.result(&row, details)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The track once every region that was asked about has been looked at, or as it is when that takes too long.
async fn waited(client: &Client, name: &str, asked: &Scanned) -> anyhow::Result<BaseImage> {
    let begin = Instant::now();
    loop {
        let seen = client.base_image(name).await?;
        let looked = |region: &String| {
            let row = seen.regions.iter().find(|one| one.region == *region);
            row.and_then(|one| one.last_checked)
                .is_some_and(|at| at >= asked.asked_at)
        };
        if asked.regions.iter().all(looked) {
            return Ok(seen);
        }
        if begin.elapsed() > PATIENCE {
            eprintln!(
                "no worker has looked everywhere yet; `ingot base-images show {name}` tells when"
            );
            return Ok(seen);
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}

fn said(asked: &Scanned) -> String {
    format!(
        "a look at what is watched in {} was asked for; `ingot base-images list` shows it",
        clean(&asked.regions.join(", "))
    )
}

fn list_table(page: &Page<BaseImage>) -> String {
    let columns: [Column; 7] = [
        ("name", Cell::Text, 1),
        ("build", Cell::Text, 1),
        ("regions", Cell::Text, 3),
        ("pending", Cell::Text, 4),
        ("last update", Cell::Text, 2),
        ("checked", Cell::Whole, 2),
        ("templates", Cell::Text, 5),
    ];
    grid(
        &columns,
        page.items.iter().map(|one| {
            let regions: Vec<&str> = one.regions.iter().map(|one| one.region.as_str()).collect();
            let state = if one.paused_at.is_some() {
                " (paused)"
            } else {
                ""
            };
            [
                format!("{}{state}", clean(&one.name)),
                or_dash(&one.current_build),
                dashed(&regions.join(", ")),
                dashed(&one.pending_region.join(", ")),
                one.update_history
                    .first()
                    .map_or_else(|| "-".to_owned(), moved),
                time_or_dash(&one.last_checked),
                dashed(&one.dependent_templates.join(", ")),
            ]
        }),
    )
}

fn dashed(text: &str) -> String {
    if text.is_empty() {
        "-".to_owned()
    } else {
        clean(text)
    }
}

/// What moved to what, and what that means as far as it is judged.
fn moved(update: &BaseImageUpdate) -> String {
    let word = |build: &Option<String>| build.as_deref().unwrap_or("none").to_owned();
    let (old, new) = (word(&update.previous_build), word(&update.build));
    let means = match (&update.update_type, &update.security_level) {
        _ if update.kind != "update" => update.kind.replace('_', " "),
        (Some(kind), Some(level)) => format!("{kind}, {level}"),
        _ => "not judged yet".to_owned(),
    };
    clean(&format!("{old} -> {new} ({means})"))
}

fn details(one: &BaseImage) -> String {
    let mut rows = vec![
        ("name", clean(&one.name)),
        ("owner", clean(&one.owner)),
        ("aws filter", clean(&one.aws_filter)),
        ("pattern", clean(&one.pattern)),
        ("parameter", or_dash(&one.parameter)),
        ("architecture", clean(&one.architecture)),
        ("judged as", or_dash(&one.like)),
        ("current build", or_dash(&one.current_build)),
        ("current image", or_dash(&one.current_image_id)),
        ("pending in", dashed(&one.pending_region.join(", "))),
        ("last checked", time_or_dash(&one.last_checked)),
        ("next check", time_or_dash(&one.next_check)),
        ("templates", dashed(&one.dependent_templates.join(", "))),
    ];
    if let Some(at) = &one.paused_at {
        let by = one.paused_by.as_deref().unwrap_or_default();
        let why = one.paused_reason.as_deref().unwrap_or_default();
        rows.push(("paused", clean(&format!("{} by {by}: {why}", time(at)))));
    }
    let mut text = pairs(rows);
    if !one.regions.is_empty() {
        let regions = one.regions.iter().map(|here| {
            let note = match &here.error {
                Some(error) => error.clone(),
                None => here.alarms.join("; "),
            };
            [
                clean(&here.region),
                clean(&here.state),
                or_dash(&here.build),
                or_dash(&here.image_id),
                time_or_dash(&here.last_checked),
                dashed(&note),
            ]
        });
        let head = ["region", "state", "build", "image", "checked", "note"];
        text.push_str("\n\n");
        text.push_str(&table(head, regions));
    }
    if !one.update_history.is_empty() {
        let history = one.update_history.iter().map(|update| {
            [
                time(&update.updated_at),
                moved(update),
                clean(&update.region),
                dashed(&update.tags.join(", ")),
                clean(&update.id),
            ]
        });
        text.push_str("\n\n");
        let head = ["updated", "what", "seen in", "tags", "id"];
        text.push_str(&table(head, history));
    }
    text
}
