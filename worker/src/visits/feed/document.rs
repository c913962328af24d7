//! One document of a sync: fetched, in parts where it is large, then read and written.

use std::io::Write;
use std::time::Duration;

use chrono::TimeDelta;
use ingot_advisories::fetched::{DAMAGED, Fetched, Told, too_damaged};
use ingot_domain::advisory::feed::Page;
use ingot_domain::event::{Line, Source};
use ingot_entity::feed;
use ingot_outbound::{Poured, Range, Trouble, Want};

use super::cursor::{Cursor, Mark, Part, Stage, marks};
use super::end::Failed;
use super::{Step, Sync, outside};
use crate::case::VisitError;
use crate::tools::FeedSettings;

/// A part of a document, in bytes.
const PART: u64 = 4 * 1024 * 1024;
/// The longest document.
const LONGEST: u64 = 512 * 1024 * 1024;
/// The longest a part may take; a host without parts has to send a document within it.
const WITHIN: Duration = Duration::from_secs(15);
/// Failures in a row after which a sync has failed, and the pause after the first; the second is four times as long.
const TRIES: u32 = 3;
const PAUSE: TimeDelta = TimeDelta::seconds(2);
/// Documents of one sync: a list that never ends is ended here.
const DOCUMENTS: u32 = 5_000;
/// Pages that are written as one. More wait on the disk and are written one by one, so that no commit is long.
const AT_ONCE: usize = 4;

impl Sync<'_> {
    /// Fetches the first document that is left, or its next part.
    pub(super) async fn fetch(
        &self,
        settings: &FeedSettings,
        row: feed::Model,
        mut cursor: Cursor,
    ) -> Result<Step, VisitError> {
        let url = cursor.urls[0].clone();
        let before = cursor.part.clone();
        let known = match before.have {
            0 if cursor.conditional && cursor.is_root(&url) => {
                marks(&row).remove(&url).unwrap_or_default()
            }
            _ => before.mark.clone(),
        };
        let want = Want {
            url: &url,
            etag: known.etag.as_deref(),
            since: known.modified.as_deref(),
            range: Some(Range {
                from: before.have,
                most: PART,
            }),
            most: LONGEST,
            within: WITHIN,
        };
        let mut file = match outside::open(&self.folder(settings), before.have) {
            Ok(file) => file,
            Err(error) => {
                let why = format!("{} cannot be written: {error}", settings.spool.display());
                return self.fail(row, Failed::Unreached, &why).await;
            }
        };
        let door = outside::door(settings, cursor.roots());
        let poured = door.pour(want, &mut |bytes| file.write_all(bytes)).await;
        let (length, mark, whole) = match poured {
            Err(trouble) => return self.trouble(row, cursor, &url, trouble).await,
            Ok(Poured::Unchanged) => {
                cursor.urls.remove(0);
                cursor.unchanged += 1;
                cursor.tries = 0;
                return self.keep(row, cursor, Vec::new()).await;
            }
            Ok(Poured::Body {
                length,
                etag,
                modified,
                whole,
            }) => (length, Mark { etag, modified }, whole),
        };
        if cursor.unchanged > 0 {
            // One of several has changed: the load needs all of them.
            return self.keep(row, cursor.anew(), Vec::new()).await;
        }
        let have = before.have + length;
        let other = before.have > 0 && !(before.mark.fits(&mark) && before.whole == whole);
        if other || whole.is_some_and(|whole| have > whole || whole > LONGEST) {
            let trouble = match whole {
                Some(whole) if whole > LONGEST => Trouble::TooLong(LONGEST),
                _ => Trouble::OtherRange,
            };
            return self.trouble(row, cursor, &url, trouble).await;
        }
        cursor.conditional = false;
        cursor.tries = 0;
        if cursor.is_root(&url) && before.have == 0 && !mark.is_empty() {
            cursor.marks.insert(url, mark.clone());
        }
        let mark = if before.have == 0 { mark } else { before.mark };
        cursor.part = Part { have, whole, mark };
        if whole.is_some_and(|whole| have < whole) {
            cursor.lies(Some(&settings.spool));
            return self.keep(row, cursor, Vec::new()).await;
        }
        drop(file);
        cursor.stage = Stage::Read { from: 0 };
        self.read(settings, row, cursor).await
    }

    /// What a failure of the host means: another try, the document once more, or the end.
    async fn trouble(
        &self,
        row: feed::Model,
        mut cursor: Cursor,
        url: &str,
        trouble: Trouble,
    ) -> Result<Step, VisitError> {
        let why = format!("{url}: {trouble}");
        let other = matches!(trouble, Trouble::OtherRange);
        let passing = match &trouble {
            Trouble::Unreachable(_) | Trouble::Slow(_) | Trouble::Lookup { .. } => true,
            Trouble::Broken(_) => true,
            Trouble::Status(status) => *status >= 500 || matches!(status, 408 | 429),
            _ => false,
        };
        cursor.tries += u32::from(passing);
        cursor.changes += u32::from(other);
        if other && cursor.changes < TRIES {
            let said = format!(
                "{url} was another file by the next part; it is fetched from its beginning"
            );
            let line = Line::info("feed.anew", Source::Monitor, said);
            cursor.part = Part::default();
            cursor.marks.remove(url);
            cursor.lies(None);
            return self.keep(row, cursor, vec![line]).await;
        }
        if passing && cursor.tries < TRIES {
            let pause = PAUSE * i32::try_from(4_u32.pow(cursor.tries - 1)).unwrap_or(1);
            tracing::warn!(
                feed = self.feed.name(),
                why,
                "a feed's host did not answer well"
            );
            self.keep(row, cursor, Vec::new()).await?;
            return Ok(Step::Wait(self.tools.ledger.now() + pause));
        }
        let failed = match trouble {
            Trouble::Broken(_) | Trouble::TooLong(_) | Trouble::OtherRange => Failed::Refused,
            _ => Failed::Unreached,
        };
        self.fail(row, failed, &why).await
    }

    /// Reads the document on the disk, or the next entries of an archive, and writes what fits into one commit.
    pub(super) async fn read(
        &self,
        settings: &FeedSettings,
        row: feed::Model,
        mut cursor: Cursor,
    ) -> Result<Step, VisitError> {
        let Stage::Read { from } = cursor.stage else {
            return self.keep(row, cursor, Vec::new()).await;
        };
        let url = cursor.urls.first().cloned().unwrap_or_default();
        let (feed, folder) = (self.feed, self.folder(settings));
        let (now, path, of) = (
            self.tools.ledger.now(),
            folder.join("document"),
            url.clone(),
        );
        let one = self.tools.reading.lock().await;
        let read = tokio::task::spawn_blocking(move || -> Result<(Told, usize), String> {
            let (url, path) = (of.as_str(), path.as_path());
            let mut told = Fetched { feed, url, path }.read(from, now)?;
            let waiting = match told.pages.len() > AT_ONCE && told.rest.is_none() && from == 0 {
                true => outside::save(&folder, &told.pages)
                    .map_err(|error| format!("cannot be taken apart: {error}"))?,
                false => 0,
            };
            if waiting > 0 {
                told.pages.clear();
            }
            Ok((told, waiting))
        })
        .await;
        drop(one);
        let read = read.unwrap_or_else(|error| Err(format!("cannot be read: {error}")));
        let (told, waiting) = match read {
            Ok(read) => read,
            Err(why) => {
                return self
                    .fail(row, Failed::Refused, &format!("{url} {why}"))
                    .await;
            }
        };
        cursor.damaged += told.damaged;
        if cursor.damaged > DAMAGED {
            let why = format!("{url} {}", too_damaged());
            return self.fail(row, Failed::Refused, &why).await;
        }
        cursor.note(told.unread);
        if let Some((here, all)) = told.listed {
            cursor.listed += here;
            cursor.all = Some(all);
            // That its first page is the same says nothing of the others.
            cursor.marks.remove(&url);
        }
        match told.rest {
            Some(from) => {
                cursor.stage = Stage::Read { from };
                cursor.lies(Some(&settings.spool));
            }
            None => {
                cursor.damaged = 0;
                cursor.documents += 1;
                cursor.urls.splice(0..1, told.next);
                cursor.part = Part::default();
                cursor.stage = Stage::Fetch;
                cursor.lies(None);
            }
        }
        if waiting > 0 {
            cursor.stage = Stage::Pages {
                next: 0,
                count: waiting,
            };
            cursor.lies(Some(&settings.spool));
        }
        if cursor.documents > DOCUMENTS {
            let why = format!("its list goes on after {DOCUMENTS} documents");
            return self.fail(row, Failed::Refused, &why).await;
        }
        self.add(row, cursor, &told.pages).await
    }

    /// Writes the next page that waits on the disk.
    pub(super) async fn page(
        &self,
        settings: &FeedSettings,
        row: feed::Model,
        mut cursor: Cursor,
    ) -> Result<Step, VisitError> {
        let Stage::Pages { next, count } = cursor.stage else {
            return self.keep(row, cursor, Vec::new()).await;
        };
        let path = self.folder(settings).join(format!("page-{next}"));
        let read = std::fs::read(&path).map_err(|error| error.to_string());
        let page = read.and_then(|text| {
            serde_json::from_slice::<Page>(&text).map_err(|error| error.to_string())
        });
        let page = match page {
            Ok(page) => page,
            Err(error) => {
                let why = format!("{} cannot be read: {error}", path.display());
                return self.fail(row, Failed::Unreached, &why).await;
            }
        };
        cursor.stage = Stage::Pages {
            next: next + 1,
            count,
        };
        if next + 1 >= count {
            cursor.stage = Stage::Fetch;
            cursor.lies(None);
        }
        self.add(row, cursor, &[page]).await
    }

    /// Writes pages under the load, which begins with the first.
    async fn add(
        &self,
        row: feed::Model,
        mut cursor: Cursor,
        pages: &[Page],
    ) -> Result<Step, VisitError> {
        let mut after = row.clone();
        if cursor.generation.is_none() {
            after.last_generation += 1;
            after.loading = Some(after.last_generation);
            after.loading_pages = 0;
            after.loading_newest = None;
            after.loading_since = Some(self.tools.ledger.now());
            cursor.generation = after.loading;
        }
        after.cursor = Some(cursor.text());
        self.write(&row, after, pages, &[]).await
    }
}
