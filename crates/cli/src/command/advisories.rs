//! `ingot advisories assess`: one update of a base image judged from a folder of advisories, without server or ledger.

mod affects;
mod feeds;
mod load;
mod sync;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use ingot_advisories::{Folder, bytes, packages};
use ingot_domain::Instant;
use ingot_domain::advisory::apply::Images;
use ingot_domain::advisory::assess::{Assessment, Evidence, Known, assess};
use ingot_domain::advisory::base::{Base, Build, Os};
use ingot_domain::advisory::packages::{BaseSet, PackageList};
use ingot_domain::track::known;

use crate::args::advisories::{AdvisoriesAction, AdvisoriesArgs, AssessArgs, Named};
use crate::command::story;
use crate::failure::Refused;
use crate::output::evidence::evidence;
use crate::output::{clean, or_dash, pairs, time};

/// The longest package list that is read, in bytes.
const LONGEST_LIST: u64 = 16 * 1024 * 1024;

/// Runs one of them.
pub(crate) async fn run(args: AdvisoriesArgs) -> anyhow::Result<ExitCode> {
    let output = args.connection.output();
    match args.action {
        AdvisoriesAction::Assess(wanted) => {
            let said = judge(*wanted)?;
            output.result(&said, people)?;
        }
        AdvisoriesAction::Feeds(_) => feeds::feeds(&args.connection.client()?, output).await?,
        AdvisoriesAction::Sync(wanted) => {
            return sync::run(&args.connection.client()?, output, wanted).await;
        }
        AdvisoriesAction::Set(wanted) => {
            sync::set(&args.connection.client()?, output, wanted).await?;
        }
        AdvisoriesAction::Logs(wanted) => {
            let client = args.connection.client()?;
            story::print_all(output, wanted.after, async |filter| {
                client.feed_events(&wanted.feed, &filter).await
            })
            .await?;
        }
        AdvisoriesAction::Load(wanted) => {
            load::run(&args.connection.client()?, output, wanted).await?;
        }
        AdvisoriesAction::Affects(wanted) => {
            let client = args.connection.client()?;
            affects::affects(&client, output, &wanted.cve).await?;
        }
        AdvisoriesAction::Show(wanted) => {
            feeds::show(&args.connection.client()?, output, &wanted.id).await?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn judge(wanted: AssessArgs) -> anyhow::Result<Assessment> {
    let base = &wanted.base;
    let from = &build("--from", &wanted.from, base)?;
    let to = &build("--to", &wanted.to, base)?;
    let now = crate::command::now();
    let at = wanted.at.unwrap_or(now);
    sensible(&wanted, from, to, at)?;
    let folder = Folder::read(&wanted.data, now.max(at))
        .map_err(|cause| Refused(format!("`--data`: {cause}")))?;
    for trouble in folder.damaged() {
        eprintln!("note: {}", clean(trouble));
    }
    let set = folder.base_set(base);
    let own = |option: &str, path: &Option<PathBuf>| {
        let path = path.as_deref();
        path.map(|path| list(option, path, base, &set)).transpose()
    };
    let old_own = own("--packages-from", &wanted.packages_from)?;
    let new_own = own("--packages-to", &wanted.packages_to)?;
    let images = Images {
        repositories: folder.repositories(base, from, to),
        old_list: old_own.or_else(|| folder.manifest(base, from, &set)),
        new_list: new_own.or_else(|| folder.manifest(base, to, &set)),
        created: wanted.created.unwrap_or_else(|| to.end()),
        old: from.clone(),
        new: to.clone(),
        base: base.clone(),
        set,
    };
    let known = Known {
        images: &images,
        advisories: &folder.advisories,
        listed: folder.listed(&images.base, &images.old, &images.new),
        signals: folder.signals(),
        feed: folder.feed(images.base.os),
        earlier: None,
    };
    Ok(assess(&known, at))
}

/// The build that an option names, by itself or inside its image's whole name.
fn build(option: &str, named: &Named, base: &Base) -> Result<Build, Refused> {
    let name = match named {
        Named::Build(build) => return Ok(build.clone()),
        Named::Image(name) => name,
    };
    let track = known::find(&base.to_string());
    let rule = track.as_ref().and_then(|track| track.rule().ok());
    let read = rule.and_then(|rule| rule.read(name));
    read.map(|version| version.build).ok_or_else(|| {
        Refused(format!(
            "`{option}` {} is no build of {base} and no name of one of its images: name the build as its vendor does, such as \
             20240629, 9.6.20251113, 2023.5.20240701.0 or 2024.08.14",
            clean(name)
        ))
    })
}

/// What the options say together.
fn sensible(wanted: &AssessArgs, from: &Build, to: &Build, at: Instant) -> Result<(), Refused> {
    let base = &wanted.base;
    if wanted.data.is_file() {
        return Err(Refused(format!(
            "`--data`: `{}` is a file: name the folder that holds a subfolder for each vendor, and unpack an archive first",
            wanted.data.display()
        )));
    }
    for (option, build) in [("--from", from), ("--to", to)] {
        if !build.fits(base) {
            return Err(Refused(format!(
                "`{option}` {} is no build of {base}: name the build as its vendor does, and the base it is of",
                build.name
            )));
        }
    }
    if from.key() == to.key() {
        return Err(Refused(format!(
            "`--from` and `--to` are one build, {}: name the build before it and the one after",
            to.name
        )));
    }
    if from.key() > to.key() {
        return Err(Refused(format!(
            "`--to` {} is not newer than `--from` {}: a build that went back is no update; turn the two around to judge the way forth",
            to.name, from.name
        )));
    }
    if let Some(created) = wanted.created.filter(|created| *created < from.begin()) {
        return Err(Refused(format!(
            "`--created` {} is before the day of `--from` {}: name the time when the new build appeared, or leave it out",
            time(&created),
            from.name
        )));
    }
    if let Some(created) = wanted.created.filter(|created| *created > at) {
        return Err(Refused(format!(
            "`--created` {} is after the time as of which is judged ({}): the build was not there yet; give a later `--at`, or \
             leave one of them out",
            time(&created),
            time(&at)
        )));
    }
    let lists = [
        ("--packages-from", &wanted.packages_from),
        ("--packages-to", &wanted.packages_to),
    ];
    for (option, path) in lists {
        if base.os == Os::Windows && path.is_some() {
            return Err(Refused(format!(
                "`{option}`: {base} is judged by Microsoft's bulletins, which name the product as a whole; leave the list out"
            )));
        }
    }
    Ok(())
}

fn list(option: &str, path: &Path, base: &Base, set: &BaseSet) -> anyhow::Result<PackageList> {
    let refuse = |cause: String| Refused(format!("`{option}`: `{}` {cause}", path.display()));
    let read = bytes::text(path, LONGEST_LIST).map_err(|cause| {
        let cause = cause.trim_start_matches("cannot be read: ");
        refuse(format!("cannot be read: {cause}"))
    })?;
    let listing = packages::read(&read).map_err(refuse)?;
    if let Some(foreign) = listing.foreign_to(base) {
        return Err(refuse(foreign).into());
    }
    let mut list = PackageList::new(listing.packages, set);
    list.booted = listing.booted;
    list.own = true;
    Ok(list)
}

/// What, why, and where to read on.
fn people(said: &Assessment) -> String {
    let mut facts = vec![
        (
            "update",
            format!("{} {} -> {}", said.base, clean(&said.from), clean(&said.to)),
        ),
        ("type", word(&said.update_type)),
        ("level", said.security_level.to_string()),
    ];
    if said.upper_bound != said.security_level {
        facts.push(("might be", said.upper_bound.to_string()));
    }
    facts.push(("confidence", word(&said.confidence)));
    if let Some(headline) = &said.headline {
        facts.push(("why", why(headline)));
    }
    facts.extend(
        said.reasons
            .iter()
            .map(|reason| ("not known", clean(reason))),
    );
    facts.extend(said.tags.iter().map(|tag| ("also", clean(tag))));
    if !said.outside.is_empty() {
        let count = said.outside.len();
        facts.push((
            "passed over",
            format!("{count} advisories for packages that this base does not carry"),
        ));
    }
    facts.push((
        "judged",
        format!("as of {}, rules {}", time(&said.at), said.ruleset),
    ));
    let link = said.headline.as_ref().and_then(|row| row.link.clone());
    facts.extend(link.map(|link| ("advisory", link)));
    facts.extend(said.changelog_url.clone().map(|link| ("changes", link)));
    pairs(facts) + &evidence(&said.evidence, cells)
}

fn cells(row: &Evidence) -> [String; 10] {
    [
        row.level.to_string(),
        word(&row.status),
        format!("{:?}", row.grade),
        or_dash(&row.advisory),
        or_dash(&row.cve),
        clean(&row.package),
        or_dash(&row.old),
        or_dash(&row.fixed),
        or_dash(&row.new),
        rules(row),
    ]
}

fn rules(row: &Evidence) -> String {
    row.rules
        .iter()
        .map(|rule| format!("{rule:?}"))
        .collect::<Vec<_>>()
        .join(" ")
}

fn why(row: &Evidence) -> String {
    let names: Vec<&str> = [&row.advisory, &row.cve]
        .into_iter()
        .flatten()
        .map(String::as_str)
        .collect();
    let mut why = format!("{} in {}", clean(&names.join(", ")), clean(&row.package));
    why.push_str(&format!(", {} by the vendor", row.vendor_level));
    for rule in &row.rules {
        why.push_str(&format!("; {rule:?}: {}", rule.meaning()));
    }
    why
}

/// The word that JSON has for a value.
fn word(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}
