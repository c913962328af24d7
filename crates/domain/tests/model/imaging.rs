//! The visits of the image, in memory: installation, claim of the key, CreateImage, polls.

use std::time::Duration;

use ingot_domain::decide::ami::{self, Before, BeforeNext, ImageSight, Making, MakingNext};
use ingot_domain::decide::doubt::{self, NameSight, Naming};
use ingot_domain::decide::install;
use ingot_domain::deployment::AmiStatus;
use ingot_domain::image::ImageStatus;

use crate::ledger::{Change, Deployment, Effect, Image, Outcome, Then};
use crate::met;
use crate::visits::{Call, Desk, Next, key, over, written};

/// How long an installation takes, and how long it settles.
const INSTALL: u64 = 60;
const SETTLE: u64 = 30;

impl Desk<'_> {
    pub(crate) fn ami(&self) -> Next {
        let row = self.row();
        let image = row.image.and_then(|id| self.ledger.image(id));
        if let Some(at) = image
            && self.ledger.images[at].status != ImageStatus::Failed
            && row.ami == Some(AmiStatus::Creating)
        {
            return self.imaging(row, self.ledger.images[at].clone());
        }
        let alive = |at: usize| self.cloud.instances[at].alive;
        let view = Before {
            status: row.status,
            ami: row.ami,
            golden: true,
            wanted: true,
            from_own_image: false,
            from_stale_image: false,
            ebs_root: true,
            instance_gone: !row.instance.is_some_and(alive),
            installed: row.installed_at.is_some(),
            since_installed: row.installed_at.map_or(Duration::ZERO, |at| self.since(at)),
            settle: Duration::from_secs(SETTLE),
        };
        let ended = |ami| {
            Next::Commit(
                written(Deployment {
                    ami: Some(ami),
                    ..row.clone()
                }),
                Then::Done,
            )
        };
        match ami::before_claim(view) {
            BeforeNext::Over => over(),
            BeforeNext::Skip(_) if row.ami == Some(AmiStatus::Creating) => ended(AmiStatus::Failed),
            BeforeNext::Skip(_) => ended(AmiStatus::Skipped),
            BeforeNext::Fail(_) => ended(AmiStatus::Failed),
            BeforeNext::AskInstalled => self.ask(row),
            BeforeNext::Wait(wait) => Next::Commit(Change::default(), self.after(wait)),
            BeforeNext::Claim => self.claim_key(row),
        }
    }

    fn ask(&self, row: Deployment) -> Next {
        let since = self.since(row.ready_at.unwrap_or_default());
        let answer = if since.as_secs() >= INSTALL {
            install::Answer::Over
        } else {
            install::Answer::NotYet
        };
        match install::asked(answer, since, 0) {
            install::Next::Settle => {
                let installed_at = Some(self.now);
                let change = written(Deployment {
                    installed_at,
                    ..row
                });
                Next::Commit(change, Then::Snooze(self.now + SETTLE))
            }
            install::Next::Listen(wait) | install::Next::AskAgain(wait) => {
                Next::Commit(Change::default(), self.after(wait))
            }
            install::Next::Fail(why) => unreachable!("it was over after {INSTALL} s: {why}"),
        }
    }

    fn claim_key(&self, row: Deployment) -> Next {
        let key = key(self.about());
        if let Some(holder) = self.ledger.holder(key) {
            met::count("key is held");
            let holder = &self.ledger.images[holder];
            if holder.ami.is_none() {
                return Next::Commit(Change::default(), Then::Snooze(self.now + 2));
            }
            let ami = Some(AmiStatus::Skipped);
            return Next::Commit(written(Deployment { ami, ..row }), Then::Done);
        }
        let of_key = self.ledger.images.iter().filter(|image| image.key == key);
        let tries = self.ledger.effect(self.about(), true);
        let last = tries.map_or(0, |at| self.ledger.effects[at].generation);
        let id = self.about() * 1000 + last as usize;
        let claim = Image {
            id,
            key,
            name: format!("key-{key}-g{}", of_key.count() + 1),
            status: ImageStatus::Claimed,
            ami: None,
            requested_at: self.now,
            met_at: None,
            marked: None,
        };
        let intend = Effect {
            deployment: self.about(),
            image: true,
            outcome: Outcome::Open,
            created_at: self.now,
            generation: last + 1,
        };
        let change = Change {
            claim: Some(claim),
            intend: Some(intend),
            ..written(Deployment {
                ami: Some(AmiStatus::Creating),
                image: Some(id),
                ..row
            })
        };
        Next::Commit(change, Then::Snooze(self.now))
    }

    fn imaging(&self, row: Deployment, image: Image) -> Next {
        let effect = self
            .ledger
            .effect(self.about(), true)
            .expect("an image's intention");
        let intended = &self.ledger.effects[effect];
        if image.status != ImageStatus::Claimed {
            return self.poll(row, image, intended.generation);
        }
        assert_eq!(
            intended.outcome,
            Outcome::Open,
            "a claimed image's intention"
        );
        let shown = self.cloud.by_name(&image.name, self.now);
        let sight = match shown {
            None => NameSight::Nobody,
            Some(at) if self.cloud.images[at].effect == effect => NameSight::Ours,
            Some(_) => NameSight::Foreign,
        };
        match (doubt::naming(sight, self.met(&image)), shown) {
            (Naming::Adopt, Some(at)) => {
                met::count("adopted image");
                self.initiated(row, image, effect, at)
            }
            (Naming::Wait, _) => self.taken(image),
            (Naming::Rename, _) => self.rename(row, image),
            (Naming::Create | Naming::Adopt, _) => {
                let name = image.name;
                Next::Call(Call::CreateImage { effect, name }, written(row))
            }
        }
    }

    pub(crate) fn initiated(
        &self,
        row: Deployment,
        image: Image,
        effect: usize,
        at: usize,
    ) -> Next {
        let image = Image {
            status: ImageStatus::Pending,
            ami: Some(at),
            requested_at: self.now,
            ..image
        };
        let change = Change {
            outcome: Some((effect, Outcome::Done(at))),
            image: Some(image),
            ..written(row)
        };
        Next::Commit(change, self.after(ami::POLL))
    }

    /// How long the name has been found taken.
    pub(crate) fn met(&self, image: &Image) -> Duration {
        image.met_at.map_or(Duration::ZERO, |at| self.since(at))
    }

    pub(crate) fn taken(&self, image: Image) -> Next {
        let met_at = image.met_at.or(Some(self.now));
        let change = Change {
            image: Some(Image { met_at, ..image }),
            ..Change::default()
        };
        Next::Commit(change, Then::Snooze(self.now + 10))
    }

    pub(crate) fn rename(&self, row: Deployment, image: Image) -> Next {
        let name = format!("{}'", image.name);
        let change = Change {
            image: Some(Image {
                name,
                met_at: None,
                ..image
            }),
            ..written(row)
        };
        Next::Commit(change, Then::Snooze(self.now))
    }

    fn poll(&self, row: Deployment, image: Image, generation: u32) -> Next {
        let at = image.ami.expect("a pending image's id");
        let seen = self.cloud.image(at, self.now);
        let sight = image.marked.unwrap_or(seen);
        let step = ami::making(Making {
            sight,
            age: self.since(image.requested_at),
            generation,
            instance_gone: false,
        });
        let gives_up = sight == ImageSight::Pending && matches!(step, MakingNext::Fail(_));
        if (sight == ImageSight::Broken || gives_up) && image.marked.is_none() {
            let given_up = if gives_up {
                ImageSight::GivenUp
            } else {
                ImageSight::Broken
            };
            let marked = Some(given_up);
            let change = Change {
                image: Some(Image { marked, ..image }),
                ..written(row)
            };
            met::count("failed image");
            return Next::Commit(change, Then::Snooze(self.now));
        }
        match step {
            MakingNext::Poll { after, .. } => Next::Commit(Change::default(), self.after(after)),
            MakingNext::Complete => {
                let (status, ami) = (ImageStatus::Available, Some(AmiStatus::Completed));
                let change = Change {
                    image: Some(Image { status, ..image }),
                    ..written(Deployment { ami, ..row })
                };
                Next::Commit(change, Then::Done)
            }
            MakingNext::NextGeneration => Next::Call(
                Call::CleanUp {
                    image: at,
                    last: Some(false),
                },
                written(row),
            ),
            MakingNext::Fail(_) => Next::Call(
                Call::CleanUp {
                    image: at,
                    last: Some(true),
                },
                written(row),
            ),
        }
    }
}
