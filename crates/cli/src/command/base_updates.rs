//! Updates of base images: listed, shown with their evidence, and judged by a person.

use std::process::ExitCode;

use ingot_client::Client;
use ingot_client::Page;
use ingot_client::base_update::{
    AffectedTemplate, BaseUpdate, BaseUpdateDetail, BaseUpdateFilter, Evidence, Judgement,
    LevelDecision,
};

use crate::args::base_updates::{LevelArgs, UpdateArgs, UpdatesArgs};
use crate::command::{ids, mention_rest, pages};
use crate::output::evidence::evidence;
use crate::output::grid::{Cell, Column, grid};
use crate::output::{Output, clean, or_dash, pairs, table, time, time_or_dash};

/// `ingot base-images updates`
pub(crate) async fn list(
    client: &Client,
    output: Output,
    args: UpdatesArgs,
) -> anyhow::Result<ExitCode> {
    let filter = BaseUpdateFilter {
        base: args.name,
        level: args.level,
        cursor: None,
        limit: args.page.limit,
    };
    let page = pages(&args.page, async |cursor| {
        client
            .base_updates(&BaseUpdateFilter {
                cursor,
                ..filter.clone()
            })
            .await
    })
    .await?;
    output.result(&page, rows)?;
    mention_rest(&page, output.json);
    Ok(ExitCode::SUCCESS)
}

/// `ingot base-images update ID`
pub(crate) async fn show(
    client: &Client,
    output: Output,
    args: UpdateArgs,
) -> anyhow::Result<ExitCode> {
    let id = ids::update(client, &args.id).await?;
    output.result(&client.base_update(&id).await?, details)?;
    Ok(ExitCode::SUCCESS)
}

/// `ingot base-images set-level ID`
pub(crate) async fn set(
    client: &Client,
    output: Output,
    args: LevelArgs,
) -> anyhow::Result<ExitCode> {
    let decision = LevelDecision {
        level: args.level,
        reason: args.reason,
    };
    let id = ids::update(client, &args.id).await?;
    output.result(&client.set_level(&id, &decision).await?, details)?;
    Ok(ExitCode::SUCCESS)
}

fn rows(page: &Page<BaseUpdate>) -> String {
    let columns: [Column; 8] = [
        ("base", Cell::Text, 1),
        ("from", Cell::Text, 2),
        ("to", Cell::Text, 1),
        ("type", Cell::Whole, 3),
        ("level", Cell::State, 1),
        ("why", Cell::Text, 4),
        ("seen", Cell::Whole, 5),
        ("id", Cell::Id, 2),
    ];
    grid(
        &columns,
        page.items.iter().map(|update| {
            [
                clean(&update.base),
                clean(&update.from),
                clean(&update.to),
                or_dash(&update.update_type),
                or_dash(&update.security_level),
                update.headline.as_ref().map_or("-".to_owned(), named),
                time(&update.detected_at),
                clean(&update.id),
            ]
        }),
    )
}

fn named(row: &Evidence) -> String {
    let names = [&row.advisory, &row.cve];
    let names: Vec<String> = names
        .into_iter()
        .flatten()
        .map(|name| clean(name))
        .collect();
    format!("{} in {}", names.join(", "), clean(&row.package))
}

fn details(detail: &BaseUpdateDetail) -> String {
    let update = &detail.update;
    let mut facts = vec![
        ("id", clean(&update.id)),
        ("base", clean(&update.base)),
        (
            "update",
            format!("{} -> {}", clean(&update.from), clean(&update.to)),
        ),
        ("type", or_dash(&update.update_type)),
        ("level", or_dash(&update.security_level)),
    ];
    if update.upper_bound != update.security_level {
        facts.push(("might be", or_dash(&update.upper_bound)));
    }
    facts.push(("confidence", or_dash(&update.confidence)));
    facts.extend(update.headline.as_ref().map(|row| ("why", named(row))));
    facts.extend(update.reasons.iter().map(|why| ("not known", clean(why))));
    facts.extend(update.tags.iter().map(|tag| ("also", clean(tag))));
    if let (Some(by), Some(why)) = (&update.set_by, &update.set_reason) {
        facts.push(("set by", format!("{}: {}", clean(by), clean(why))));
    }
    facts.push(("image", or_dash(&update.image_id)));
    facts.push(("image before", or_dash(&update.previous_image_id)));
    facts.push(("made", time(&update.updated_at)));
    facts.push(("seen", time(&update.detected_at)));
    facts.push(("judged", time_or_dash(&update.judged_at)));
    facts.extend(
        update
            .changelog_url
            .as_ref()
            .map(|url| ("changes", clean(url))),
    );
    facts.push(("rebuild", clean(&detail.plan)));
    let mut text = pairs(facts);
    if !detail.templates.is_empty() {
        let head = ["template", "ami", "region", "stands on", "behind"];
        text.push_str("\n\n");
        text.push_str(&table(head, detail.templates.iter().map(template)));
    }
    text.push_str(&evidence(&detail.evidence, cells));
    if detail.assessments.len() > 1 {
        let head = ["judged", "level", "type", "confidence", "by"];
        text.push_str("\n\n");
        text.push_str(&table(head, detail.assessments.iter().map(judgement)));
    }
    text
}

fn template(one: &AffectedTemplate) -> [String; 5] {
    [
        clean(&one.template),
        or_dash(&one.ami_id),
        or_dash(&one.region),
        or_dash(&one.build),
        one.behind(),
    ]
}

fn cells(row: &Evidence) -> [String; 10] {
    [
        clean(&row.level),
        clean(&row.status),
        clean(&row.grade),
        or_dash(&row.advisory),
        or_dash(&row.cve),
        clean(&row.package),
        or_dash(&row.old),
        or_dash(&row.fixed),
        or_dash(&row.new),
        clean(&row.rules.join(" ")),
    ]
}

fn judgement(one: &Judgement) -> [String; 5] {
    let kept = if one.stands { "" } else { " (beside)" };
    let by = match (&one.by, &one.reason) {
        (Some(by), Some(why)) => format!("{}: {}", clean(by), clean(why)),
        _ => format!("rules {}", clean(&one.ruleset)),
    };
    [
        time(&one.at),
        format!("{}{kept}", clean(&one.security_level)),
        clean(&one.update_type),
        clean(&one.confidence),
        by,
    ]
}
