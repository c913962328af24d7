//! What a look at one track becomes in the ledger.

use ingot_domain::Instant;
use ingot_domain::event::{Line, Source};
use ingot_domain::ids::{BaseId, UpdateId};
use ingot_domain::track::newest::Candidate;
use ingot_domain::track::{Look, Mark, Verdict};
use ingot_entity::store::{Change, Move, Moved, New, Sighted};
use ingot_entity::{base, base_ami, base_update, track, track_region};

use super::ask::OfTrack;
use super::tell;
use crate::case::VisitError;
use crate::tools::Tools;

/// A track, what was known of it in the region, and what the region said.
pub(super) struct Found<'a> {
    pub(super) region: &'a str,
    pub(super) now: Instant,
    pub(super) before: Option<&'a track_region::Model>,
    pub(super) one: &'a OfTrack,
}

impl Found<'_> {
    /// Writes it into the visit's change; answers the updates that must be judged.
    pub(super) async fn write(
        &self,
        tools: &Tools,
        change: &mut Change,
    ) -> Result<Vec<String>, VisitError> {
        let row = &self.one.row;
        let look = match &self.one.look {
            Ok(look) => look,
            Err(why) => {
                let mut looked = self.looked(self.before.map_or("new", |row| &row.state));
                looked.error = Some(why.clone());
                change.new.push(New::Looked(Box::new(looked)));
                return Ok(Vec::new());
            }
        };
        let mut after = row.clone();
        let mut lines = Vec::new();
        let mut judged = Vec::new();
        let (state, here) = match &look.verdict {
            Verdict::Nothing => ("none", None),
            Verdict::Baseline(new) => {
                self.heads(&mut after, new);
                let said = format!(
                    "First sighting in {}: build {} ({})",
                    self.region, new.version.build.name, new.image.id
                );
                lines.push(Line::info("base.baseline", Source::Monitor, said));
                ("current", Some(new))
            }
            Verdict::Same(new) => ("current", Some(new)),
            Verdict::Update(new) => {
                self.heads(&mut after, new);
                let update = self.update(&mut after, "update", Some(&new.mark()), &look.tags);
                lines.push(tell::updated(row, new, self.region));
                judged.push(update.id.clone());
                change.new.push(New::Update(Box::new(update)));
                ("current", Some(new))
            }
            Verdict::Pending(here) => ("pending", here.as_ref()),
            Verdict::RolledBack(here) => ("rolled_back", here.as_ref()),
            Verdict::Withdrawn(here) => ("withdrawn", here.as_ref()),
        };
        if let Some(here) = here {
            change.new.push(self.sighted(here));
        }
        let was = self.before.map_or("new", |row| row.state.as_str());
        if state == "withdrawn" {
            self.gone(tools, change).await?;
        }
        if let (Verdict::Same(here), "withdrawn" | "rolled_back") = (&look.verdict, was) {
            lines.push(tell::back(here, was, self.region));
        }
        if state != was && matches!(state, "withdrawn" | "rolled_back") {
            lines.push(tell::alarm(row, state, here, self.region));
            let mark = here.map(Candidate::mark);
            let id = self.id(state, mark.as_ref());
            // Another region may have told it before.
            if tools.ledger.base_update(&id).await?.is_none() {
                let update = self.update(&mut after, state, mark.as_ref(), &[]);
                change.new.push(New::Update(Box::new(update)));
            }
        }
        let alarms = tell::alarms(look, self.region);
        let told = self.before.map(|row| &row.alarms);
        let news = |text: &&String| {
            let told = told.and_then(serde_json::Value::as_array);
            !told.is_some_and(|told| told.iter().any(|old| old.as_str() == Some(text)))
        };
        for text in alarms.iter().filter(news) {
            lines.push(Line::info("base.alarm", Source::Monitor, text).warn());
        }
        let mut looked = self.looked(state);
        looked.build = here.map(|one| one.version.build.name.clone());
        looked.ami_id = here.map(|one| one.image.id.clone());
        self.pointed(&mut looked, look);
        looked.alarms = serde_json::Value::from(alarms);
        change.new.push(New::Looked(Box::new(looked)));
        if after != *row || !lines.is_empty() {
            change.moved.push(Moved::Track(Box::new(Move {
                before: row.clone(),
                after,
                lines,
            })));
        }
        Ok(judged)
    }

    fn heads(&self, after: &mut track::Model, new: &Candidate) {
        after.head_owner = Some(new.image.owner.clone());
        after.head_name = Some(new.image.name.clone());
        after.head_build = Some(new.version.build.name.clone());
        after.head_at = Some(self.now);
    }

    fn old(&self) -> Option<String> {
        let head = self.one.row.head()?;
        Some(BaseId::of(&head.owner, &head.name).to_string())
    }

    fn id(&self, kind: &str, new: Option<&Mark>) -> String {
        let new = new.map(|mark| BaseId::of(&mark.owner, &mark.name).to_string());
        let old = self.old();
        let track = &self.one.row.id;
        UpdateId::of(track, kind, old.as_deref(), new.as_deref()).to_string()
    }

    /// The next update of the track.
    fn update(
        &self,
        after: &mut track::Model,
        kind: &str,
        new: Option<&Mark>,
        tags: &[String],
    ) -> base_update::Model {
        after.updates += 1;
        base_update::Model {
            id: self.id(kind, new),
            track: self.one.row.id.clone(),
            seq: after.updates,
            kind: kind.to_owned(),
            old_base: self.old(),
            new_base: new.map(|mark| BaseId::of(&mark.owner, &mark.name).to_string()),
            region: self.region.to_owned(),
            tags: serde_json::Value::from(tags.to_vec()),
            detected_at: self.now,
            update_type: None,
            level: None,
            assessed: 0,
            standing: None,
            judged: None,
            judged_at: None,
            judged_feeds: None,
            row_version: 0,
            event_seq: 0,
        }
    }

    fn sighted(&self, here: &Candidate) -> New {
        let (image, version) = (&here.image, &here.version);
        let id = BaseId::of(&image.owner, &image.name).to_string();
        New::Sighted(Box::new(Sighted {
            base: base::Model {
                id: id.clone(),
                track: self.one.row.id.clone(),
                owner: image.owner.clone(),
                name: image.name.clone(),
                build: version.build.name.clone(),
                built_on: version.build.begin(),
                created_at: image.created_at,
                first_seen_at: self.now,
            },
            ami: base_ami::Model {
                base: id,
                region: self.region.to_owned(),
                ami_id: image.id.clone(),
                created_at: image.created_at,
                deprecated_at: image.deprecated_at,
                first_seen_at: self.now,
                withdrawn_at: None,
            },
        }))
    }

    /// The head's image in this region is gone: launches must not use it.
    async fn gone(&self, tools: &Tools, change: &mut Change) -> Result<(), VisitError> {
        let Some(head) = self.one.row.head() else {
            return Ok(());
        };
        let Some(mut ami) = tools.ledger.base_ami(&head, self.region).await? else {
            return Ok(());
        };
        let (Some(base), None) = (tools.ledger.base(&ami.base).await?, ami.withdrawn_at) else {
            return Ok(());
        };
        ami.withdrawn_at = Some(self.now);
        let sighted = Sighted { base, ami };
        change.new.push(New::Sighted(Box::new(sighted)));
        Ok(())
    }

    fn looked(&self, state: &str) -> track_region::Model {
        let empty = track_region::Model {
            track: self.one.row.id.clone(),
            region: self.region.to_owned(),
            wanted: false,
            checked_at: None,
            state: String::new(),
            build: None,
            ami_id: None,
            pointed_owner: None,
            pointed_name: None,
            error: None,
            alarms: serde_json::json!([]),
        };
        track_region::Model {
            state: state.to_owned(),
            checked_at: Some(self.now),
            error: None,
            ..self.before.cloned().unwrap_or(empty)
        }
    }

    /// Where the parameter points now; one that was not read keeps what was.
    fn pointed(&self, looked: &mut track_region::Model, look: &Look) {
        if let Some(mark) = &look.pointed {
            looked.pointed_owner = Some(mark.owner.clone());
            looked.pointed_name = Some(mark.name.clone());
        }
    }
}
