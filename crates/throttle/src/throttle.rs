//! Which buckets a call draws from first: those in Redis, which all replicas share; without Redis, this process's own.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::actions::word;
use crate::bucket::{Buckets, Draw, Leave};
use crate::rates::Rates;
use crate::shared::Shared;

/// How long a call may wait for its place. A visit has 30 s and a call in it 25 s; what can not go by then is better
/// asked for again by a later visit.
const PATIENCE: Duration = Duration::from_secs(2);
/// The part of a rate that one process keeps to while it can not ask the others: right for up to four.
const ALONE: f64 = 0.25;

/// Which buckets a call draws from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    /// The AWS account; none while this process does not know it.
    pub account: Option<&'a str>,
    /// The region.
    pub region: &'a str,
    /// EC2's action.
    pub action: &'a str,
}

/// Lets calls go at the rates EC2 allows.
#[derive(Debug)]
pub struct Throttle {
    rates: Rates,
    shared: Option<Shared>,
    own: Mutex<Own>,
}

/// What this process does by itself.
#[derive(Debug)]
struct Own {
    buckets: Buckets,
    /// Tokens taken without asking, per bucket, which Redis is told of when it is back.
    spent: HashMap<String, f64>,
    alone: bool,
}

impl Throttle {
    /// For one process that has the account to itself.
    pub fn local(rates: Rates) -> Self {
        Self::new(rates, None, Buckets::full())
    }

    /// For many processes on one Redis, which need not be there yet.
    ///
    /// # Errors
    /// When the address is none.
    pub fn shared(rates: Rates, redis_url: &str) -> Result<Self, redis::RedisError> {
        let shared = Shared::at(redis_url)?;
        Ok(Self::new(
            rates,
            Some(shared),
            Buckets::empty(Instant::now()),
        ))
    }

    fn new(rates: Rates, shared: Option<Shared>, buckets: Buckets) -> Self {
        let own = Own {
            buckets,
            spent: HashMap::new(),
            alone: false,
        };
        Self {
            rates,
            shared,
            own: Mutex::new(own),
        }
    }

    /// Whether this process goes by its own part because Redis does not answer.
    pub fn is_alone(&self) -> bool {
        self.own().alone
    }

    /// When one call may be sent. Never takes longer than half a second to say so.
    pub async fn leave(&self, place: Place<'_>) -> Leave {
        self.ask(place, false).await
    }

    /// EC2 refused a call with `RequestLimitExceeded`: its bucket is emptier than ours.
    pub async fn refused(&self, place: Place<'_>) {
        self.ask(place, true).await;
    }

    async fn ask(&self, place: Place<'_>, penalise: bool) -> Leave {
        if self.rates.is_off() {
            return Leave::After(Duration::ZERO);
        }
        let draws = self.draws(place);
        let Some(shared) = &self.shared else {
            return self.own().take(&draws, penalise);
        };
        if place.account.is_none() {
            return self.own().take(&shares(draws), penalise);
        }
        if !shared.rests(Instant::now()) {
            let spent = self.own().settle(&draws);
            let answer = shared.ask(&draws, &spent, PATIENCE, penalise).await;
            let mut own = self.own();
            if let Some(leave) = answer {
                own.alone = false;
                return leave;
            }
            own.owe(&draws, &spent);
            own.leave_alone();
        }
        let mut own = self.own();
        let leave = own.take(&shares(draws.clone()), penalise);
        if matches!(leave, Leave::After(_)) && !penalise {
            own.owe(&draws, &vec![1.0; draws.len()]);
        }
        leave
    }

    fn draws(&self, place: Place<'_>) -> Vec<Draw> {
        let (account, action) = (place.account.unwrap_or("unknown"), word(place.action));
        let named = |(end, size)| (format!("{account}-{}-{action}{end}", place.region), size);
        self.rates.of(action).into_iter().map(named).collect()
    }

    fn own(&self) -> MutexGuard<'_, Own> {
        self.own.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Own {
    fn take(&mut self, draws: &[Draw], penalise: bool) -> Leave {
        let now = Instant::now();
        if penalise {
            self.buckets.penalise(draws, now);
            return Leave::Never(Duration::ZERO);
        }
        self.buckets.take(draws, now, PATIENCE)
    }

    /// Redis has just stopped to answer. What the others have taken is not known, so nothing is in hand.
    fn leave_alone(&mut self) {
        if !self.alone {
            self.alone = true;
            self.buckets = Buckets::empty(Instant::now());
        }
    }

    fn settle(&mut self, draws: &[Draw]) -> Vec<f64> {
        let spent = |(name, _): &Draw| self.spent.remove(name).unwrap_or_default();
        draws.iter().map(spent).collect()
    }

    fn owe(&mut self, draws: &[Draw], spent: &[f64]) {
        for ((name, _), spent) in draws.iter().zip(spent) {
            *self.spent.entry(name.clone()).or_default() += spent;
        }
    }
}

fn shares(draws: Vec<Draw>) -> Vec<Draw> {
    let share = |(name, size): Draw| (name, size.share(ALONE));
    draws.into_iter().map(share).collect()
}
