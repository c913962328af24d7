//! What every request may use.

use std::collections::HashSet;
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

use ingot_client::Deployment;
use ingot_domain::auth::BearerToken;
use ingot_domain::fingerprint;
use ingot_domain::pace::Pace;
use ingot_domain::request::Limits;
use ingot_domain::task::TaskKind;
use ingot_domain::template::Template;
use ingot_entity::store::Revision;
use ingot_entity::{Ledger, LedgerError, deployment, token};
use ingot_queue::Ringer;
use ingot_seal::Ring;
use ingot_telemetry::{Health, Metrics};
use tokio_util::sync::CancellationToken;

use crate::error::ApiError;
use crate::gate::Gate;
use crate::live::Live;
use crate::parts::Parts;
use crate::present;
use crate::remembered::Remembered;
use crate::status::Statuses;
use crate::throttle::{Peer, Strangers};
use crate::used::Used;

/// The one-time link of `ingot up`: a browser that brings the code is signed in with the token, once.
#[derive(Debug, Clone)]
pub struct Login {
    /// The code in the link.
    pub code: String,
    /// The token it stands for.
    pub token: String,
}

/// A template as the ledger has it.
#[derive(Debug, Clone)]
pub(crate) struct Recipe {
    /// What it says.
    pub(crate) template: Arc<Template>,
    /// Which revision that is.
    pub(crate) revision: Revision,
}

/// Shared by all requests. Every layer of every request clones it, so it is one count.
#[derive(Debug, Clone)]
pub struct Api(Arc<Shared>);

impl Deref for Api {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

/// What is behind an [`Api`].
#[derive(Debug, Clone)]
pub struct Shared {
    /// The ledger.
    pub ledger: Ledger,
    /// The doorbell.
    pub ringer: Ringer,
    /// Metrics.
    pub metrics: Metrics,
    /// This process's health.
    pub health: Health,
    /// Allow-lists.
    pub limits: Arc<Limits>,
    /// Ends live logs when the process does.
    pub shutdown: CancellationToken,
    /// Browsers reach us over TLS, so the cookie is theirs over TLS only.
    pub(crate) secure_cookie: bool,
    /// The keys that seal receivers' secrets.
    pub(crate) ring: Ring,
    /// The workers' pace: how fast a wait's patience passes.
    pub(crate) pace: Pace,
    /// Since when which part is as it is.
    pub(crate) parts: Parts,
    /// Live logs and what they share.
    pub(crate) live: Live,
    strangers: Strangers,
    hashes: Remembered<Arc<HashSet<String>>>,
    login: Arc<Mutex<Option<Login>>>,
    tokens: Remembered<token::Model>,
    used: Used,
    templates: Remembered<Recipe>,
    /// How the installation is, for the console.
    pub(crate) statuses: Statuses,
    /// What pages of the console pass.
    pub(crate) pages: Gate,
}

impl Api {
    /// An API over these parts.
    pub fn new(
        ledger: Ledger,
        ringer: Ringer,
        metrics: Metrics,
        health: Health,
        limits: Limits,
        shutdown: CancellationToken,
    ) -> Self {
        crate::auth::begin_counting(&metrics);
        let live = Live::new(ledger.clone(), shutdown.clone());
        Self(Arc::new(Shared {
            ledger,
            ringer,
            metrics,
            health,
            limits: Arc::new(limits),
            shutdown,
            secure_cookie: false,
            ring: Ring::none(),
            pace: Pace::default(),
            parts: Parts::default(),
            live,
            strangers: Strangers::default(),
            hashes: Remembered::default(),
            login: Arc::default(),
            tokens: Remembered::default(),
            used: Used::default(),
            templates: Remembered::default(),
            statuses: Statuses::default(),
            pages: Gate::default(),
        }))
    }

    /// Says at which address people reach the API, which a proxy in front of it does not tell: with `https` the console's
    /// cookie is for TLS only.
    pub fn with_public_url(mut self, url: &str) -> Self {
        Arc::make_mut(&mut self.0).secure_cookie = url.starts_with("https://");
        self
    }

    /// Says which keys seal receivers' secrets.
    pub fn with_ring(mut self, ring: Ring) -> Self {
        Arc::make_mut(&mut self.0).ring = ring;
        self
    }

    /// Says at which pace the workers wait.
    pub fn at_pace(mut self, pace: Pace) -> Self {
        Arc::make_mut(&mut self.0).pace = pace;
        self
    }

    /// Allows one sign-in by link.
    pub fn with_login(self, login: Login) -> Self {
        *self.login.lock().unwrap_or_else(PoisonError::into_inner) = Some(login);
        self
    }

    /// The token a link's code stands for; the code is used up.
    pub(crate) fn redeem(&self, code: &str) -> Option<String> {
        let mut login = self.login.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = login.as_ref().is_some_and(|login| login.code == code);
        if fits {
            login.take().map(|login| login.token)
        } else {
            None
        }
    }

    /// The row of a genuine token. One that was genuine when it came last asks the ledger again; whatever else comes from an
    /// address may do so only so often.
    pub(crate) async fn authenticate(
        &self,
        bearer: &BearerToken,
        peer: Option<Peer>,
    ) -> Result<Option<token::Model>, ApiError> {
        let key = bearer.hash();
        if let Some(row) = self.tokens.get(&key) {
            return Ok(Some(row));
        }
        // Behind a proxy all clients come from one address: one that floods it must not lock out a token this process
        // has not met yet.
        if !self.tokens.knows(&key)
            && let Err(refused) = self.strangers.pass(peer)
            && !self.genuine().await?.contains(&key)
        {
            return Err(refused);
        }
        let row = self.ledger.authenticate(bearer).await?;
        match &row {
            Some(row) => {
                self.used.note(&self.ledger, &row.id);
                self.tokens.put(key, row.clone());
            }
            None => self.tokens.forget(&key),
        }
        Ok(row)
    }

    /// The hashes of every token that may still be genuine, not older than a second.
    async fn genuine(&self) -> Result<Arc<HashSet<String>>, LedgerError> {
        let all = String::new();
        if let Some(hashes) = self.hashes.get(&all) {
            return Ok(hashes);
        }
        let tokens = self.ledger.tokens().await?;
        let live = tokens.into_iter().filter(|row| row.revoked_at.is_none());
        let hashes: Arc<HashSet<String>> = Arc::new(live.map(|row| row.secret_hash).collect());
        self.hashes.put(all, Arc::clone(&hashes));
        Ok(hashes)
    }

    /// The newest revision of a template, remembered as it reads: its JSON is several times as large.
    pub(crate) async fn template(&self, name: &str) -> Result<Option<Recipe>, LedgerError> {
        if let Some(recipe) = self.templates.get(name) {
            return Ok(Some(recipe));
        }
        let Some(row) = self.ledger.template(name).await? else {
            return Ok(None);
        };
        let template = row.parsed()?;
        let recipe = Recipe {
            revision: Revision {
                number: row.revision,
                fingerprint: fingerprint::of_recipe(&template),
                referred: self.ledger.all_read_references().await?,
            },
            template: Arc::new(template),
        };
        self.templates.put(name.to_owned(), recipe.clone());
        Ok(Some(recipe))
    }

    /// A deployment as the API shows it. One whose recipe cannot be read is shown without what comes from it.
    pub(crate) async fn shown(&self, row: deployment::Model) -> Result<Deployment, LedgerError> {
        let recipe = match row.ready_at {
            None => None,
            Some(_) => match self.ledger.recipe(&row).await {
                Ok(recipe) => Some(recipe),
                Err(LedgerError::Database(error)) => return Err(error.into()),
                Err(_) => None,
            },
        };
        Ok(present::deployment(row, recipe.as_deref()))
    }

    /// The same of several, with what each waits for: one look more for all that are not finished.
    pub(crate) async fn with_waits(
        &self,
        mut shown: Vec<Deployment>,
    ) -> Result<Vec<Deployment>, LedgerError> {
        let working = shown.iter().filter(|one| !one.finished || one.ends());
        let ids: Vec<String> = working.map(|one| one.id.clone()).collect();
        let waits = self.ledger.waits_of_all(&ids).await?;
        for one in &mut shown {
            // Of what is over only the end of its instance is worth a word; other tasks only have not heard of it yet.
            let matters = |kind: &str| !one.finished || kind == TaskKind::Destroy.as_str();
            let of = waits
                .iter()
                .filter(|waiting| waiting.deployment_id.as_ref() == Some(&one.id))
                .filter(|waiting| matters(&waiting.kind));
            one.waiting = present::wait::foremost(of, self.pace);
        }
        Ok(shown)
    }

    /// Forgets a template that has just changed.
    pub(crate) fn template_changed(&self, name: &str) {
        self.templates.forget(name);
    }
}
