//! Tracks of one's own: removed and added again with their story, refused while templates start from them, and bounded.

use ingot_domain::track::Track;
use ingot_domain::track::add::{MOST_OWN, NewTrack};
use ingot_entity::store::{Decided, Decision};
use ingot_entity::track;
use ingot_tests::Ledgers;

use super::on_both;

on_both!(
    a_removed_track_is_gone_and_begins_anew_when_it_is_added_again,
    only_so_many_tracks_of_ones_own_are_watched,
);

fn own(name: &str) -> Track {
    let new = NewTrack {
        name: name.to_owned(),
        like: Some("ubuntu-22.04".to_owned()),
        arch: None,
        owner: "123456789012".to_owned(),
        aws_filter: format!("{name}-*"),
        pattern: format!(r"{name}-(?<build>\d{{8}})"),
        parameter: None,
    };
    new.check().expect("a track")
}

fn because(reason: &str) -> Decision {
    Decision {
        by: "ann".to_owned(),
        reason: reason.to_owned(),
    }
}

fn refused(decided: Decided<track::Model>) -> String {
    match decided {
        Decided::Refused(why) => why,
        other => panic!("{other:?}"),
    }
}

async fn a_removed_track_is_gone_and_begins_anew_when_it_is_added_again(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    ledger.store_tracks().await.expect("stored");
    let team = own("team-web");
    assert!(matches!(
        ledger.add_track(&team, "ann").await,
        Ok(Decided::Done(_))
    ));
    let twice = ledger.add_track(&team, "ann").await.expect("an answer");
    assert!(refused(twice).contains("another name"));
    let regions = ["us-east-1".to_owned()];
    let row = ledger
        .track("team-web")
        .await
        .expect("read")
        .expect("a row");
    ledger.ask_scan(&[row], &regions).await.expect("asked");
    assert!(matches!(
        ledger
            .pause_track("team-web", true, &because("a holiday"))
            .await,
        Ok(Decided::Done(_))
    ));

    let gone = ledger
        .remove_track("team-web", &because("it is over"))
        .await;
    let Ok(Decided::Done(gone)) = gone else {
        panic!("{gone:?}");
    };
    assert!(ledger.track("team-web").await.expect("read").is_none());
    let all = ledger.tracks().await.expect("read");
    assert!(all.iter().all(|row| row.name != "team-web"));
    let left = ledger.track_regions(Some(&gone.id), None).await;
    assert!(left.expect("read").is_empty());
    let again = ledger.remove_track("team-web", &because("twice")).await;
    assert!(matches!(again, Ok(Decided::Unknown)));
    let built_in = ledger.remove_track("ubuntu-22.04", &because("x")).await;
    assert!(refused(built_in.expect("an answer")).contains("base-images pause ubuntu-22.04"));

    let mut other = team.clone();
    other.filter = "team-web-new-*".to_owned();
    let anew = ledger.add_track(&other, "bob").await;
    let Ok(Decided::Done(anew)) = anew else {
        panic!("{anew:?}");
    };
    assert_eq!(
        (anew.paused_at, anew.removed_at, &anew.head_build),
        (None, None, &None)
    );
    assert_eq!(anew.parsed().expect("a track").filter, other.filter);
    assert_eq!(anew.created_by.as_deref(), Some("bob"));
    let story = ledger.events(&anew.id, 0, 100).await.expect("a story");
    let kinds: Vec<&str> = story.iter().map(|line| line.kind.as_str()).collect();
    assert_eq!(kinds, ["base.paused", "base.removed", "base.added"]);
}

async fn only_so_many_tracks_of_ones_own_are_watched(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    ledger.store_tracks().await.expect("stored");
    for number in 0..MOST_OWN {
        let added = ledger
            .add_track(&own(&format!("team-{number}")), "ann")
            .await;
        assert!(matches!(added, Ok(Decided::Done(_))), "{number}: {added:?}");
    }
    let one_more = ledger.add_track(&own("one-more"), "ann").await;
    let why = refused(one_more.expect("an answer"));
    assert!(
        why.contains("200") && why.contains("base-images remove"),
        "{why}"
    );
    let removed = ledger.remove_track("team-7", &because("room")).await;
    assert!(matches!(removed, Ok(Decided::Done(_))));
    let added = ledger.add_track(&own("one-more"), "ann").await;
    assert!(matches!(added, Ok(Decided::Done(_))), "{added:?}");
}
