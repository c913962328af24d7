//! What is read of the feeds: by the judge of one release, by people of one CVE; what is swept; how long thousands take.

use std::time::Instant as Moment;

use ingot_domain::advisory::base::Os;
use ingot_domain::advisory::feed::{Feed, Page};
use ingot_domain::advisory::record::{Cve, Likelihood, Signals};
use ingot_tests::Ledgers;

use super::feeds::{UBUNTU, advisory, day, known, load, numbered, page};
use super::on_both;

on_both!(
    the_judge_reads_what_concerns_one_release,
    what_no_reader_reads_is_swept_in_batches,
    thousands_of_records_load_in_seconds,
);

async fn the_judge_reads_what_concerns_one_release(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let mut focal = advisory("USN-6859-1");
    focal.release = "20.04".to_owned();
    let mut late = advisory("USN-7000-1");
    late.published = day(30);
    late.cves[0].id = "CVE-2024-9999".to_owned();
    let mut ubuntu = page([advisory("USN-6859-1"), focal, late]);
    // USN-6859-1 names a CVE that its own record knows only in another release.
    ubuntu.advisories[0].cves.push(Cve {
        id: "CVE-2023-4527".to_owned(),
        ..Cve::default()
    });
    let only = [("23.04".to_owned(), "medium".to_owned())].into();
    ubuntu
        .signals
        .ubuntu
        .insert("CVE-2023-4527".to_owned(), only);
    ubuntu
        .signals
        .vectors
        .insert("CVE-2024-6387".to_owned(), vec!["CVSS:3.1/x".to_owned()]);
    load(ledger, UBUNTU, &[ubuntu]).await;
    let mut signals = Signals::default();
    let likely = |value| Likelihood {
        since: day(2),
        value,
    };
    signals
        .likelihood
        .insert("CVE-2024-6387".to_owned(), likely(0.1 + 0.2));
    signals
        .likelihood
        .insert("CVE-1999-0001".to_owned(), likely(0.9));
    let epss = Page {
        signals,
        ..Page::default()
    };
    load(ledger, Feed::Epss, &[epss]).await;

    let told = ledger
        .known_for(Os::Ubuntu, "22.04", day(9))
        .await
        .expect("an answer");
    let ids: Vec<&str> = told.advisories.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(ids, ["USN-6859-1"]);
    let cves: Vec<&str> = told.advisories[0]
        .cves
        .iter()
        .map(|cve| cve.id.as_str())
        .collect();
    assert_eq!(cves, ["CVE-2024-6387"]);
    let scores: Vec<f64> = told
        .signals
        .likelihood
        .values()
        .map(|told| told.value)
        .collect();
    assert_eq!(scores, [0.1 + 0.2], "of no other CVE, and exact");
    assert_eq!(told.signals.vectors["CVE-2024-6387"], ["CVSS:3.1/x"]);
    assert_eq!(told.generations.len(), 2);

    let known = ledger
        .advisories_of("CVE-2024-6387", 10)
        .await
        .expect("advisories");
    let releases: Vec<&str> = known
        .iter()
        .map(|one| one.advisory.release.as_str())
        .collect();
    assert_eq!(releases, ["20.04", "22.04"]);
    assert_eq!(
        ledger
            .advisories_named("USN-6859-1")
            .await
            .expect("advisories"),
        known
    );
    assert!(
        ledger
            .advisories_named("' OR 1=1")
            .await
            .expect("none")
            .is_empty()
    );
}

async fn what_no_reader_reads_is_swept_in_batches(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    load(ledger, UBUNTU, &[numbered(0..6)]).await;
    load(ledger, UBUNTU, &[numbered(0..6)]).await;
    load(ledger, UBUNTU, &[numbered(0..1)]).await;
    let under_way = ledger.begin_load(UBUNTU).await.expect("begun");
    ledger
        .add_page(UBUNTU, under_way, 0, &numbered(0..7))
        .await
        .expect("written");
    // Six of the generation before and one refused, each with a CVE.
    assert_eq!(ledger.sweep_feeds(4).await.expect("swept"), 10);
    assert_eq!(ledger.sweep_feeds(4).await.expect("swept"), 4);
    assert_eq!(ledger.sweep_feeds(4).await.expect("swept"), 0);
    assert_eq!(known(ledger).await.len(), 6);
    ledger
        .finish_load(UBUNTU, under_way, "x", None, &[], false)
        .await
        .expect("an end");
    assert_eq!(known(ledger).await.len(), 7);
}

async fn thousands_of_records_load_in_seconds(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let pages: Vec<Page> = (0..20)
        .map(|at| numbered(at * 200..(at + 1) * 200))
        .collect();
    let begun = Moment::now();
    load(ledger, UBUNTU, &pages).await;
    load(ledger, UBUNTU, &pages).await;
    let took = begun.elapsed();
    assert!(
        took.as_secs() < 20,
        "{took:?} for 8,000 records in a debug build"
    );
    let begun = Moment::now();
    assert_eq!(known(ledger).await.len(), 4_000);
    assert!(
        begun.elapsed().as_secs() < 5,
        "{:?} to read them",
        begun.elapsed()
    );
}
