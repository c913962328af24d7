//! `ingot images copy`: asks for copies in other regions, and with `--wait` follows them to their end.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use ingot_client::Client;
use ingot_client::copy::{ImageCopies, ImageCopy, NewCopies};
use ingot_domain::span::told;

use crate::args::copies::CopyArgs;
use crate::command::{ids, repeated};
use crate::failure::{Exit, TimedOut};
use crate::output::grid::{Cell, Column, grid};
use crate::output::{Output, clean, or_dash, time_or_dash};

/// Between two looks.
const LOOK: Duration = Duration::from_millis(500);

pub(super) async fn run(
    client: &Client,
    output: Output,
    args: CopyArgs,
) -> anyhow::Result<ExitCode> {
    let id = ids::image(client, &args.id).await?;
    let wanted = NewCopies {
        to: args.to,
        encrypted: args.encrypt,
        kms_key_id: args.kms,
    };
    let asked = repeated(LOOK, async || client.copy_image(&id, &wanted).await).await?;
    let ended = match args.wait {
        true => wait(client, asked, args.timeout).await?,
        false => asked,
    };
    output.result(&ended, screen)?;
    let failed =
        |copy: &ImageCopy| copy.status == "failed" || copy.outcome.as_deref() == Some("busy");
    Ok(match ended.copies.iter().any(failed) {
        true => Exit::Failed.into(),
        false => ExitCode::SUCCESS,
    })
}

/// Tells each step of each copy, until none is being made.
async fn wait(
    client: &Client,
    mut seen: ImageCopies,
    timeout: Option<Duration>,
) -> anyhow::Result<ImageCopies> {
    let begin = Instant::now();
    for copy in &seen.copies {
        tell(copy);
    }
    while seen.copies.iter().any(ImageCopy::is_making) {
        if timeout.is_some_and(|longest| begin.elapsed() > longest) {
            let (id, long) = (clean(&seen.image_id), told(begin.elapsed().as_secs()));
            let said = format!(
                "not every copy of {id} is there after {long}; they go on: `ingot images show {id}`"
            );
            return Err(TimedOut(said).into());
        }
        tokio::time::sleep(LOOK).await;
        for copy in seen.copies.iter_mut().filter(|copy| copy.is_making()) {
            let now = repeated(LOOK, async || client.image(&copy.image_id).await).await?;
            if now.status != copy.status {
                copy.status = now.status;
                copy.ami_id = now.ami_id;
                copy.error = now.error;
                copy.available_at = now.available_at;
                tell(copy);
            }
        }
    }
    Ok(seen)
}

fn tell(copy: &ImageCopy) {
    let ami = copy.ami_id.as_deref().unwrap_or(&copy.image_id);
    let why = copy.error.as_deref().map(|why| format!(": {why}"));
    let said = format!(
        "{}: {ami} {}{}",
        copy.region,
        copy.status,
        why.unwrap_or_default()
    );
    eprintln!("{}", clean(&said));
}

fn screen(all: &ImageCopies) -> String {
    let id = all.ami_id.as_deref().unwrap_or(&all.image_id);
    format!(
        "Copies of {} ({})\n{}",
        clean(id),
        clean(&all.region),
        rows(&all.copies)
    )
}

/// Copies as a table.
pub(super) fn rows(copies: &[ImageCopy]) -> String {
    let columns: [Column; 6] = [
        ("copy in", Cell::Whole, 1),
        ("status", Cell::State, 1),
        ("ami", Cell::Whole, 1),
        ("available", Cell::Whole, 3),
        ("why", Cell::Text, 2),
        ("id", Cell::Id, 2),
    ];
    grid(
        &columns,
        copies.iter().map(|copy| {
            let status = match copy.outcome.as_deref() {
                Some("busy") => "busy",
                _ => &copy.status,
            };
            let why = match (&copy.error, copy.copy, copy.outcome.as_deref()) {
                (_, _, Some("busy")) => {
                    Some("another image of its key is being made there: ask again".to_owned())
                }
                (None, false, _) => Some("made there, of the same key".to_owned()),
                (why, _, _) => why.clone(),
            };
            [
                clean(&copy.region),
                clean(status),
                or_dash(&copy.ami_id),
                time_or_dash(&copy.available_at),
                or_dash(&why),
                clean(&copy.image_id),
            ]
        }),
    )
}
