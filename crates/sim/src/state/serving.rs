//! What an instance's servers answer at a moment of its life.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::instances::{Instance, Phase};
use crate::guest::{Scheme, Serves};

/// What a visitor of the instance's address meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Serve {
    /// What its script says.
    Ok,
    /// 502 from the proxy in front of an application that is not up.
    BadGateway,
    /// 200, but another page.
    WrongContent,
    /// Connection refused.
    Refuse,
    /// Accepts and never answers.
    Hang,
    /// 500 from the application.
    Error,
}

/// Tells the tasks of an instance's servers, one per port, that it is another than it was.
#[derive(Clone, Debug, Default)]
pub(crate) struct Changed(Arc<watch::Sender<()>>);

impl Changed {
    pub(crate) fn tell(&self) {
        self.0.send_replace(());
    }

    pub(crate) fn listen(&self) -> watch::Receiver<()> {
        self.0.subscribe()
    }
}

/// A word `serve` does not know.
#[derive(Debug, thiserror::Error)]
#[error("serve is ok, 502, wrong_content, refuse, hang or 500, not `{0}`")]
pub(crate) struct UnknownServe(String);

impl FromStr for Serve {
    type Err = UnknownServe;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // "502 forever" says what an override does anyway.
        match text.trim_end_matches("forever").trim() {
            "ok" => Ok(Self::Ok),
            "502" => Ok(Self::BadGateway),
            "wrong_content" => Ok(Self::WrongContent),
            "refuse" => Ok(Self::Refuse),
            "hang" => Ok(Self::Hang),
            "500" => Ok(Self::Error),
            other => Err(UnknownServe(other.to_owned())),
        }
    }
}

impl Serve {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::BadGateway => "502",
            Self::WrongContent => "wrong_content",
            Self::Refuse => "refuse",
            Self::Hang => "hang",
            Self::Error => "500",
        }
    }
}

impl Instance {
    /// What a visitor meets now. A rebooting machine first refuses, then its proxy is up
    /// before its application is.
    pub(crate) fn serving(&self, now: Duration) -> Serve {
        if self.phase != Phase::Running || self.serves.is_empty() {
            return Serve::Refuse;
        }
        if let Some(serve) = self.serve {
            return serve;
        }
        if now < self.away_until {
            let second_half = now >= self.proxy_back_at;
            return if second_half {
                Serve::BadGateway
            } else {
                Serve::Refuse
            };
        }
        if now < self.ready_at || self.guest.restarts(self.ready_at, now) {
            Serve::BadGateway
        } else {
            Serve::Ok
        }
    }

    /// Whether connections to a port are taken now. Where there is no page that could say otherwise, only what is well
    /// listens: a database that is being installed does not.
    pub(crate) fn listens(&self, port: u16, now: Duration) -> bool {
        match self.serving(now) {
            Serve::Refuse => false,
            Serve::Ok | Serve::Hang => true,
            Serve::BadGateway | Serve::WrongContent | Serve::Error => {
                let bare = |one: &Serves| one.port == port && one.scheme == Scheme::Tcp;
                !self.serves.iter().any(bare)
            }
        }
    }

    /// The next moment at which the answer may change by itself.
    pub(crate) fn next_change(&self, now: Duration) -> Duration {
        let (restart, back) = self.guest.restart(self.ready_at);
        let times = [
            self.next.map(|(at, _)| at),
            self.ends.as_ref().map(|(at, _)| *at),
            Some(self.proxy_back_at),
            Some(self.away_until),
            Some(self.ready_at),
            Some(restart),
            Some(back),
        ];
        times
            .into_iter()
            .flatten()
            .filter(|at| *at > now)
            .min()
            .unwrap_or(Duration::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    /// Running from 20, installed at 100.
    fn machine() -> Instance {
        let mut instance = Instance::sample();
        instance.next = Some((seconds(20), Phase::Running));
        instance.ready_at = seconds(100);
        instance
    }

    #[test]
    fn a_machine_refuses_then_502_then_the_page() {
        for (now, serve) in [
            (0, Serve::Refuse),
            (19, Serve::Refuse),
            (20, Serve::BadGateway),
            (99, Serve::BadGateway),
            (100, Serve::Ok),
        ] {
            let mut instance = machine();
            instance.settle(seconds(now));
            assert_eq!(instance.serving(seconds(now)), serve, "at {now}");
        }
    }

    #[test]
    fn a_reboot_takes_the_page_away_for_a_while() {
        let mut instance = machine();
        instance.settle(seconds(200));
        instance.reboot(seconds(200), seconds(90));
        let table = [
            (200, Serve::Refuse),
            (244, Serve::Refuse),
            (245, Serve::BadGateway),
            (290, Serve::Ok),
        ];
        for (now, serve) in table {
            assert_eq!(instance.serving(seconds(now)), serve, "at {now}");
        }
        assert_eq!(instance.next_change(seconds(200)), seconds(245));
    }

    #[test]
    fn orders_beat_the_usual_course_but_not_death() {
        let mut instance = machine();
        instance.serve = Some(Serve::WrongContent);
        assert_eq!(
            instance.serving(seconds(0)),
            Serve::Refuse,
            "not even running"
        );
        instance.settle(seconds(50));
        assert_eq!(instance.serving(seconds(50)), Serve::WrongContent);
        instance.enter(Phase::Terminated, seconds(60));
        assert_eq!(instance.serving(seconds(60)), Serve::Refuse);
        assert_eq!(instance.terminated_at, Some(seconds(60)));
        assert!(instance.visible(seconds(3000)) && !instance.visible(seconds(4000)));
    }

    #[test]
    fn a_machine_that_runs_nothing_refuses_whatever_is_ordered() {
        let mut instance = machine();
        instance.serves.clear();
        instance.settle(seconds(200));
        for serve in [None, Some(Serve::Ok), Some(Serve::BadGateway)] {
            instance.serve = serve;
            assert_eq!(instance.serving(seconds(200)), Serve::Refuse);
        }
    }

    #[test]
    fn a_port_without_a_page_listens_when_all_is_well() {
        let mut instance = machine();
        let https = instance.serves[0].clone();
        instance.serves.push(https.bare(5432));
        let table = [(10, false, false), (50, true, false), (100, true, true)];
        for (now, page, bare) in table {
            instance.settle(seconds(now));
            let now = seconds(now);
            let both = (instance.listens(443, now), instance.listens(5432, now));
            assert_eq!(both, (page, bare), "at {now:?}");
        }
        instance.serve = Some(Serve::Error);
        assert!(!instance.listens(5432, seconds(100)));
        instance.serve = Some(Serve::Hang);
        assert!(instance.listens(5432, seconds(100)));
    }

    #[test]
    fn words_round_trip() {
        for word in ["ok", "502", "wrong_content", "refuse", "hang", "500"] {
            assert_eq!(word.parse::<Serve>().expect(word).word(), word);
        }
        assert_eq!(
            "502 forever".parse::<Serve>().expect("a word"),
            Serve::BadGateway
        );
        assert!("404".parse::<Serve>().is_err());
    }
}
