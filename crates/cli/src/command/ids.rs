//! Ids as people type them: whole, or as much of the beginning as only one has, with or without `dep_` before it. A whole id
//! is sent as it is, so scripts pay no second call.

use chrono::{DateTime, Utc};
use ingot_client::base_update::BaseUpdateFilter;
use ingot_client::build::{Build, BuildFilter};
use ingot_client::{
    Client, ClientError, Deployment, DeploymentFilter, Finding, FindingFilter, Image, ImageFilter,
    Task, TaskFilter,
};
use ingot_domain::ids::{BuildId, DeploymentId, FindingId, ImageId, TaskId, TokenId, UpdateId};
use ingot_entity::token;

use crate::failure::{NotFound, Refused};
use crate::output::clean;
use crate::output::look::look;

/// Hexadecimal digits of an id.
const DIGITS: usize = 32;
/// Digits of the longest AMI id.
const AMI_DIGITS: usize = 17;
/// How many candidates are named when several begin alike.
const NAMED: usize = 5;

/// A noun that has ids.
#[derive(Debug, Clone, Copy)]
struct Kind {
    prefix: &'static str,
    /// For people.
    noun: &'static str,
    /// The command that lists them.
    list: &'static str,
}

const DEPLOYMENT: Kind = Kind {
    prefix: DeploymentId::PREFIX,
    noun: "deployment",
    list: "ingot deployments list",
};
const TASK: Kind = Kind {
    prefix: TaskId::PREFIX,
    noun: "task",
    list: "ingot tasks list",
};
const IMAGE: Kind = Kind {
    prefix: ImageId::PREFIX,
    noun: "image",
    list: "ingot images list",
};
const FINDING: Kind = Kind {
    prefix: FindingId::PREFIX,
    noun: "finding",
    list: "ingot findings list",
};
const UPDATE: Kind = Kind {
    prefix: UpdateId::PREFIX,
    noun: "update",
    list: "ingot base-images updates",
};
const BUILD: Kind = Kind {
    prefix: BuildId::PREFIX,
    noun: "build",
    list: "ingot builds list",
};
const TOKEN: Kind = Kind {
    prefix: TokenId::PREFIX,
    noun: "token",
    list: "ingot token list",
};

/// The deployment a person means.
pub(crate) async fn deployment(client: &Client, text: &str) -> anyhow::Result<String> {
    DEPLOYMENT
        .one(text, async |cursor, limit| {
            let filter = DeploymentFilter {
                cursor,
                limit,
                purpose: Some("all".to_owned()),
                ..DeploymentFilter::default()
            };
            let page = client.deployments(&filter).await?;
            let told = |one: Deployment| {
                let what = format!("{} {}", one.template, one.version);
                of(one.id, [&what, &one.status], &one.created_at)
            };
            Ok(page.items.into_iter().map(told).collect())
        })
        .await
}

/// Leads to the right command where the text is the id of another noun, or a template's name.
pub(crate) fn is_for_deployments(text: &str) -> Result<(), NotFound> {
    let way = match text.split_once('_').map(|(prefix, _)| prefix) {
        Some("dep") => return Ok(()),
        Some("bld") => format!("that is a build: `ingot builds logs {text}`"),
        Some("img") => format!("that is an image: `ingot images logs {text}`"),
        Some("tsk") => format!("that is a task: `ingot tasks show {text}`"),
        Some("upd") => {
            format!("that is an update of a base image: `ingot base-images update {text}`")
        }
        Some(_) => return Ok(()),
        None if is_begin(text, DIGITS) || text.len() == DIGITS => return Ok(()),
        None => format!(
            "of a template `{text}`, `ingot deployments list --template {text}` and `ingot builds list --template {text}` show the ids"
        ),
    };
    Err(NotFound(format!(
        "`{}` is no id of a deployment; {}",
        clean(text),
        clean(&way)
    )))
}

/// The build a person means.
pub(crate) async fn build(client: &Client, text: &str) -> anyhow::Result<String> {
    BUILD
        .one(text, async |cursor, limit| {
            let filter = BuildFilter {
                cursor,
                limit,
                ..BuildFilter::default()
            };
            let page = client.builds(&filter).await?;
            let told = |one: Build| {
                let what = one.what();
                of(one.id, [&what, &one.status], &one.requested_at)
            };
            Ok(page.items.into_iter().map(told).collect())
        })
        .await
}

/// The task a person means.
pub(crate) async fn task(client: &Client, text: &str) -> anyhow::Result<String> {
    TASK.one(text, async |cursor, limit| {
        let filter = TaskFilter {
            cursor,
            limit,
            ..TaskFilter::default()
        };
        let page = client.tasks(&filter).await?;
        let told = |one: Task| of(one.id, [&one.kind, &one.state], &one.created_at);
        Ok(page.items.into_iter().map(told).collect())
    })
    .await
}

/// The finding a person means, in whatever state.
pub(crate) async fn finding(client: &Client, text: &str) -> anyhow::Result<String> {
    FINDING
        .one(text, async |cursor, limit| {
            let filter = FindingFilter {
                cursor,
                limit,
                ..FindingFilter::default()
            };
            let page = client.findings(&filter).await?;
            let told = |one: Finding| of(one.id, [&one.invariant, &one.what], &one.first_seen_at);
            Ok(page.items.into_iter().map(told).collect())
        })
        .await
}

/// The image a person means, by its own id or by its AMI's.
pub(crate) async fn image(client: &Client, text: &str) -> anyhow::Result<String> {
    if let Some(digits) = text.strip_prefix("ami-") {
        if !is_begin(digits, AMI_DIGITS) || digits.len() == 8 {
            return Ok(text.to_owned());
        }
        // AMI ids have no order in the ledger.
        let mut found = Vec::new();
        let mut cursor = None;
        loop {
            let filter = ImageFilter {
                cursor,
                limit: Some(200),
                ..ImageFilter::default()
            };
            let page = client.images(&filter).await?;
            let amis = page.items.into_iter().filter_map(|image| {
                let ami = image.ami_id.clone().filter(|ami| ami.starts_with(text))?;
                Some(of_image(ami, &image))
            });
            found.extend(amis);
            cursor = page.next_cursor;
            if cursor.is_none() || found.len() > NAMED {
                return IMAGE.only(text, found);
            }
        }
    }
    IMAGE
        .one(text, async |cursor, limit| {
            let filter = ImageFilter {
                cursor,
                limit,
                ..ImageFilter::default()
            };
            let page = client.images(&filter).await?;
            let told = |one: Image| of_image(one.id.clone(), &one);
            Ok(page.items.into_iter().map(told).collect())
        })
        .await
}

/// The update of a base image that a person means. Their ids are derived and have no order, so all are looked through.
pub(crate) async fn update(client: &Client, text: &str) -> anyhow::Result<String> {
    let Some(begin) = UPDATE.begin(text) else {
        return Ok(text.to_owned());
    };
    let (mut found, mut cursor) = (Vec::new(), None);
    loop {
        let filter = BaseUpdateFilter {
            cursor,
            limit: Some(200),
            ..BaseUpdateFilter::default()
        };
        let page = client.base_updates(&filter).await?;
        let same = page
            .items
            .into_iter()
            .filter(|one| one.id.starts_with(&begin));
        found.extend(same.map(|one| {
            let what = format!("{} {} -> {}", one.base, one.from, one.to);
            of(one.id, [&what], &one.detected_at)
        }));
        cursor = page.next_cursor;
        if cursor.is_none() || found.len() > NAMED {
            return UPDATE.only(&begin, found);
        }
    }
}

/// The token a person means, of all there are.
pub(crate) fn token(known: &[token::Model], text: &str) -> anyhow::Result<String> {
    let Some(begin) = TOKEN.begin(text) else {
        return Ok(text.to_owned());
    };
    let told = known
        .iter()
        .map(|row| of(row.id.clone(), [&row.name], &row.created_at));
    TOKEN.only(&begin, told.collect())
}

/// One of those that could be meant, and what a person knows it by.
#[derive(Debug, Clone)]
struct Candidate {
    id: String,
    said: String,
}

/// A candidate with some words and its age.
fn of<const N: usize>(id: String, words: [&String; N], since: &DateTime<Utc>) -> Candidate {
    let words = words.map(|word| clean(word));
    let said = format!("{}, {}", words.join(", "), look().when(since));
    Candidate { id, said }
}

fn of_image(id: String, image: &Image) -> Candidate {
    let what = format!("{} {} in {}", image.template, image.version, image.region);
    of(id, [&what, &image.status], &image.created_at)
}

impl Kind {
    /// The one whose id begins so. Lists are newest first and their cursors are ids, so those that begin alike come first
    /// after the first id that is greater than all of them.
    async fn one(
        self,
        text: &str,
        list: impl AsyncFnOnce(Option<String>, Option<u64>) -> Result<Vec<Candidate>, ClientError>,
    ) -> anyhow::Result<String> {
        let Some(begin) = self.begin(text) else {
            return Ok(text.to_owned());
        };
        let found = list(self.above(&begin), Some(NAMED as u64 + 1)).await?;
        self.only(&begin, found)
    }

    /// The first id above all that begin so; none when they are the last ones.
    fn above(self, begin: &str) -> Option<String> {
        let (prefix, digits) = begin.split_once('_')?;
        let counted = digits.trim_end_matches('f');
        let last = counted.chars().next_back()?.to_digit(16)?;
        let next = char::from_digit(last + 1, 16)?;
        let kept = &counted[..counted.len() - 1];
        Some(format!("{prefix}_{:0<DIGITS$}", format!("{kept}{next}")))
    }

    /// The beginning of an id, when the text is one; a whole id, or anything else, is the API's to judge.
    fn begin(self, text: &str) -> Option<String> {
        let (prefix, digits) = text.split_once('_').unwrap_or((self.prefix, text));
        let begins = prefix == self.prefix && is_begin(digits, DIGITS);
        begins.then(|| format!("{prefix}_{digits}"))
    }

    fn only(self, begin: &str, mut found: Vec<Candidate>) -> anyhow::Result<String> {
        found.retain(|one| one.id.starts_with(begin));
        let (shown, Kind { noun, list, .. }) = (clean(begin), self);
        match found.len() {
            0 => {
                let text = format!(
                    "there is no {noun} whose id begins with `{shown}`; `{list}` shows them"
                );
                Err(NotFound(text).into())
            }
            1 => Ok(found.remove(0).id),
            many => {
                let more = if many > NAMED { "\n  and more" } else { "" };
                found.truncate(NAMED);
                let lines = found
                    .iter()
                    .map(|one| format!("\n  {}  {}", clean(&one.id), one.said));
                let text = format!(
                    "`{shown}` begins the ids of several {noun}s; write more of the one you mean:{}{more}",
                    lines.collect::<String>()
                );
                Err(Refused(text).into())
            }
        }
    }
}

/// Whether these are the first digits of an id of so many, and not all of them.
fn is_begin(digits: &str, all: usize) -> bool {
    let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    (1..all).contains(&digits.len()) && digits.bytes().all(hex)
}

#[cfg(test)]
mod tests;
