//! Where feeds are fetched from over the network, how often, and what may stand in for their publishers: mirrors.

use std::time::Duration;

use sha2::{Digest, Sha256};

use super::Feed;
use crate::Instant;
use crate::advisory::base::Os;

/// How long after a sync that failed the next one comes.
const AGAIN: Duration = Duration::from_secs(15 * 60);
/// The longest address of a mirror.
const LONGEST: usize = 500;
/// Addresses that one feed may have.
pub const MOST_SOURCES: usize = 8;

impl Feed {
    /// Where its publisher has it: sources that can be paged, or that are files of which parts can be asked for. Which other
    /// documents a source leads to is said by what it holds.
    pub fn sources(self) -> &'static [&'static str] {
        match self {
            Feed::Vendor(Os::Ubuntu) => {
                &["https://ubuntu.com/security/notices.json?limit=20&offset=0&order=oldest"]
            }
            Feed::Vendor(Os::Debian) => &[
                "https://salsa.debian.org/security-tracker-team/security-tracker/-/raw/master/data/DSA/list",
                "https://salsa.debian.org/security-tracker-team/security-tracker/-/raw/master/data/DLA/list",
            ],
            Feed::Vendor(Os::Rocky) => {
                &["https://apollo.build.resf.org/api/v3/advisories/?page=1&size=100"]
            }
            Feed::Vendor(Os::AlmaLinux) => {
                &["https://osv-vulnerabilities.storage.googleapis.com/AlmaLinux/all.zip"]
            }
            Feed::Vendor(Os::Amazon) => &[
                "https://cdn.amazonlinux.com/al2023/core/mirrors/latest/x86_64/mirror.list",
                "https://cdn.amazonlinux.com/al2023/core/mirrors/latest/aarch64/mirror.list",
                "https://cdn.amazonlinux.com/2/core/latest/x86_64/mirror.list",
                "https://cdn.amazonlinux.com/2/core/latest/aarch64/mirror.list",
            ],
            Feed::Vendor(Os::Rhel) => {
                &["https://osv-vulnerabilities.storage.googleapis.com/Red%20Hat/all.zip"]
            }
            Feed::Vendor(Os::Windows) => &["https://api.msrc.microsoft.com/cvrf/v3.0/updates"],
            Feed::Kev => &[
                "https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json",
            ],
            Feed::Epss => &["https://epss.empiricalsecurity.com/epss_scores-current.csv.gz"],
        }
    }

    /// How long its syncs lie apart. Nothing may be older than a day (ADVISORIES 4.4), and a host may be away for a while.
    pub fn interval(self) -> Duration {
        let hours = match self {
            Feed::Kev => 1,
            Feed::Vendor(_) | Feed::Epss => 6,
        };
        Duration::from_secs(hours * 3600)
    }

    /// The pause after a sync, give or take a tenth by installation, feed and time, so that installations do not come to ask
    /// a publisher all at once.
    pub fn pause(self, install: &str, ended: Instant, failed: bool) -> Duration {
        let told = format!("{install}/{}/{}", self.name(), ended.timestamp());
        let digest = Sha256::digest(told);
        let share = f64::from(u16::from_be_bytes([digest[0], digest[1]])) / f64::from(u16::MAX);
        let pause = if failed { AGAIN } else { self.interval() };
        pause.mul_f64(0.9 + 0.2 * share)
    }
}

/// Checks the address of a mirror: https, or http on this machine; answers what is wrong and the way out.
pub fn mirror(url: &str) -> Result<(), String> {
    let plain = url.is_ascii() && !url.contains(|c: char| c.is_ascii_control() || c == ' ');
    if !plain || url.len() > LONGEST {
        return Err(format!(
            "write it as an address of at most {LONGEST} characters without spaces, such as https://mirror.example.com/kev.json"
        ));
    }
    let (rest, clear) = match (url.strip_prefix("https://"), url.strip_prefix("http://")) {
        (Some(rest), _) => (rest, false),
        (None, Some(rest)) => (rest, true),
        (None, None) => return Err("begin it with https://".to_owned()),
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return Err("leave the account out: the address is shown to people".to_owned());
    }
    let host = match authority.strip_prefix('[') {
        Some(inner) => inner.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    if host.is_empty() {
        return Err("name a host, such as https://mirror.example.com/kev.json".to_owned());
    }
    let here = host == "localhost" || host == "::1" || host.starts_with("127.");
    match clear && !here {
        true => Err("use https://; plain http is spoken with this machine alone".to_owned()),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    #[test]
    fn every_feed_has_sources_that_a_mirror_might_have() {
        for feed in Feed::ALL {
            assert!((1..=MOST_SOURCES).contains(&feed.sources().len()));
            for url in feed.sources() {
                assert_eq!(mirror(url), Ok(()), "{url}");
                assert!(url.starts_with("https://"), "{url}");
            }
        }
    }

    #[test]
    fn a_pause_is_near_its_interval_and_differs_by_installation() {
        let at = DateTime::UNIX_EPOCH;
        let pauses = ["a", "b", "c"].map(|install| Feed::Kev.pause(install, at, false));
        for pause in pauses {
            let interval = Feed::Kev.interval();
            assert!(pause >= interval.mul_f64(0.9) && pause <= interval.mul_f64(1.1));
        }
        assert!(pauses[0] != pauses[1] || pauses[1] != pauses[2]);
        assert!(Feed::Epss.pause("a", at, true) < Duration::from_secs(17 * 60));
    }

    #[test]
    fn a_mirror_is_reached_by_https_or_lies_on_this_machine() {
        for good in [
            "https://mirror.example.com/kev.json",
            "https://10.0.0.7:8443/x?y=1",
            "http://127.0.0.1:8000/kev.json",
            "http://localhost/kev.json",
            "http://[::1]:80/kev.json",
        ] {
            assert_eq!(mirror(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "mirror.example.com/kev.json",
            "ftp://mirror.example.com/",
            "file:///etc/passwd",
            "http://mirror.example.com/",
            "http://169.254.169.254/latest",
            "https://user:secret@mirror.example.com/",
            "https:///x",
            "https://mirror.example.com/a b",
            "https://mirror.example.com/\n",
        ] {
            assert!(mirror(bad).is_err(), "{bad:?}");
        }
        assert!(mirror(&format!("https://x/{}", "a".repeat(600))).is_err());
    }
}
