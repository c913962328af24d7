//! Builds: requests of a target meet in one that waits, a cause asks once, and a person's word is carried out or refused.

use ingot_domain::advisory::level::Level;
use ingot_domain::arch::Arch;
use ingot_domain::build::BuildStatus;
use ingot_domain::build::cost::{Machine, reservation};
use ingot_domain::build::wants::{Aim, Want};
use ingot_domain::money::Money;
use ingot_domain::price::book::Price;
use ingot_domain::price::platform::Platform;
use ingot_domain::want::Cause;
use ingot_entity::Ledger;
use ingot_entity::store::{
    Applied, Ask, Asked, BuildQuery, BuildSeen, Decided, Decision, Verdict, template_story,
};
use ingot_tests::Ledgers;

use super::{on_both, race};

on_both!(
    requests_of_a_target_meet_in_one_build,
    a_cause_that_asks_again_is_answered_with_its_build,
    a_template_that_is_switched_off_builds_nothing_and_tells_why,
    a_persons_word_is_carried_out_or_refused,
    what_was_asked_reads_back,
    a_plan_reserves_by_the_dearest_type_and_by_loaded_prices,
);

async fn a_plan_reserves_by_the_dearest_type_and_by_loaded_prices(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let mut spec = ingot_yaml::kamiwaza();
    spec.instance_types = vec!["t3.micro".to_owned(), "x99.metal".to_owned()];
    let applied = ledger.apply_template(&spec, "", false, None, None).await;
    assert!(matches!(applied, Ok(Applied::Stored(_))), "{applied:?}");
    let mut wanted = ask("key", &spec.name, Cause::Dependency);
    wanted.want.aim.version = "v1.2.0".to_owned();
    wanted.want.aim.mode = spec.default_mode().to_owned();
    ledger.ask(&wanted).await.expect("an answer");
    let now = ledger.calendar_now();
    let now = chrono::DateTime::from_timestamp(now.timestamp(), 0).expect("an instant");
    let sheet = ledger.plan_sheet(now).await.expect("a sheet");
    let plan = ledger.planned(&sheet).await.expect("a plan");
    let [(_, why)] = plan.unpriced.as_slice() else {
        panic!("{plan:#?}")
    };
    assert!(
        why.contains("`x99.metal`") && why.contains("ingot prices load FILE"),
        "{why}"
    );
    let loaded = Price {
        region: "us-east-1".to_owned(),
        instance_type: "x99.metal".to_owned(),
        os: Platform::Linux,
        hour: Money::dollars(10),
        as_of: "2026-11-01".to_owned(),
        source: "a file".to_owned(),
        assumed: false,
    };
    ledger.load_prices(&[loaded], "ana").await.expect("loaded");
    let plan = ledger.planned(&sheet).await.expect("a plan");
    let priced = plan.priced.values().next().expect("a priced build");
    assert_eq!(priced.order.instance_type, "t3.micro");
    let machine = Machine {
        hourly: Money::dollars(10),
        volume_gb: priced.order.volume_size_gb,
        copies: 0,
        tested: false,
    };
    assert_eq!(priced.reserved, reservation(&machine, priced.bound));
}

pub(super) fn aim(template: &str) -> Aim {
    Aim {
        template: template.to_owned(),
        version: "1.2.0".to_owned(),
        mode: "default".to_owned(),
        arch: Arch::X86_64,
        region: "us-east-1".to_owned(),
    }
}

pub(super) fn ask(key: &str, template: &str, cause: Cause) -> Ask {
    Ask {
        want: Want {
            key: key.to_owned(),
            aim: aim(template),
            cause,
            detected: None,
            about: None,
            said: "the test asks".to_owned(),
        },
        by: None,
        max_cost: None,
    }
}

pub(super) fn decision() -> Decision {
    Decision {
        by: "ana".to_owned(),
        reason: "because".to_owned(),
    }
}

async fn all(ledger: &Ledger) -> Vec<BuildSeen> {
    let found = ledger.list_builds(&BuildQuery::default(), 100).await;
    found.expect("builds")
}

async fn requests_of_a_target_meet_in_one_build(ledgers: Ledgers) {
    let answers = race(&ledgers, 20, |number, ledger| async move {
        let key = format!("key {number}");
        let template = if number % 2 == 0 { "web" } else { "db" };
        ledger.ask(&ask(&key, template, Cause::Dependency)).await
    });
    let answers = answers.await;
    let new = |one: &&Result<Asked, _>| matches!(one, Ok(Asked::New(_)));
    let joined = |one: &&Result<Asked, _>| matches!(one, Ok(Asked::Joined(_)));
    let counts = (
        answers.iter().filter(new).count(),
        answers.iter().filter(joined).count(),
    );
    assert_eq!(counts, (2, 18), "{answers:#?}");
    let builds = all(ledgers.ledger()).await;
    assert_eq!(builds.len(), 2);
    for build in builds {
        assert_eq!(build.requests.len(), 10);
        let story = ledgers.ledger().events(&build.row.id, 0, 100).await;
        let numbers: Vec<i64> = story
            .expect("a story")
            .iter()
            .map(|line| line.seq)
            .collect();
        assert_eq!(numbers, (1..=10).collect::<Vec<_>>());
    }
}

async fn a_cause_that_asks_again_is_answered_with_its_build(ledgers: Ledgers) {
    let answers = race(&ledgers, 12, |_, ledger| async move {
        ledger.ask(&ask("one key", "web", Cause::Popularity)).await
    });
    let answers = answers.await;
    let new = |one: &&Result<Asked, _>| matches!(one, Ok(Asked::New(_)));
    assert_eq!(answers.iter().filter(new).count(), 1, "{answers:#?}");
    let builds = all(ledgers.ledger()).await;
    assert_eq!((builds.len(), builds[0].requests.len()), (1, 1));
    // Also when its build is over.
    let id = builds[0].row.id.clone();
    let done = ledgers
        .ledger()
        .decide_build(&id, Verdict::Cancel, &decision())
        .await;
    assert!(matches!(done, Ok(Decided::Done(_))), "{done:?}");
    let again = ledgers
        .ledger()
        .ask(&ask("one key", "web", Cause::Popularity))
        .await;
    assert_eq!(again.expect("an answer"), Asked::Before(id));
    let known = ledgers.ledger().asked_before(&["one key", "another"]).await;
    assert_eq!(
        known.expect("keys").into_iter().collect::<Vec<_>>(),
        ["one key"]
    );
}

async fn a_template_that_is_switched_off_builds_nothing_and_tells_why(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let off = ledger.switch_off("web", 3, false, &decision()).await;
    assert_eq!(off.expect("off").off_by, "ana");
    let critical = Cause::Security {
        level: Some(Level::Critical),
    };
    let answer = ledger.ask(&ask("key", "web", critical)).await;
    let Ok(Asked::Skipped(row)) = answer else {
        panic!("{answer:?}")
    };
    assert_eq!(row.parsed_status().expect("known"), BuildStatus::Skipped);
    let story = ledger.events(&row.id, 0, 10).await.expect("a story");
    assert!(story[1].message.contains("because"), "{story:#?}");
    assert!(
        ledger
            .build_queue()
            .await
            .expect("a queue")
            .waiting
            .is_empty()
    );
    assert!(ledger.switch_on("web", &decision()).await.expect("on"));
    let already = ledger.switch_on("web", &decision()).await;
    assert!(!already.expect("on already"));
    let story = ledger.events(&template_story("web"), 0, 10).await;
    let story = story.expect("a story");
    let kinds: Vec<&str> = story.iter().map(|line| line.kind.as_str()).collect();
    assert_eq!(kinds, ["template.builds_off", "template.builds_on"]);
    assert_eq!(
        story[0].message, "ana: builds are switched off (because)",
        "{story:#?}"
    );
    let answer = ledger.ask(&ask("key 2", "web", critical)).await;
    assert!(matches!(answer, Ok(Asked::New(_))), "{answer:?}");
}

async fn a_persons_word_is_carried_out_or_refused(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let low = Cause::Security {
        level: Some(Level::Low),
    };
    let mut ids = Vec::new();
    for (key, template) in [("1", "a"), ("2", "b"), ("3", "c")] {
        match ledger.ask(&ask(key, template, low)).await.expect("asked") {
            Asked::New(row) => ids.push(row.id),
            other => panic!("{other:?}"),
        }
    }
    let words = [Verdict::Approve, Verdict::Reject, Verdict::Cancel];
    for (id, word) in ids.iter().zip(words) {
        let done = ledger.decide_build(id, word, &decision()).await;
        assert!(matches!(done, Ok(Decided::Done(_))), "{word:?}: {done:?}");
    }
    let seen = |id: &str| {
        let id = id.to_owned();
        async move { ledger.build(&id).await.expect("a look").expect("a build") }
    };
    let approved = seen(&ids[0]).await;
    assert!(approved.requests[0].approved);
    assert_eq!(approved.row.status, "queued");
    assert_eq!(seen(&ids[1]).await.row.status, "rejected");
    assert_eq!(seen(&ids[2]).await.row.status, "cancelled");
    for id in &ids[1..] {
        for word in words {
            let again = ledger.decide_build(id, word, &decision()).await;
            let Ok(Decided::Refused(why)) = again else {
                panic!("{again:?}")
            };
            assert!(why.contains("nothing more comes of it"), "{why}");
        }
    }
    let none = ledger
        .decide_build("bld_none", Verdict::Approve, &decision())
        .await;
    assert!(matches!(none, Ok(Decided::Unknown)));
}

async fn what_was_asked_reads_back(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let causes = [
        Cause::Popularity,
        Cause::Dependency,
        Cause::Manual { urgent: true },
        Cause::Manual { urgent: false },
        Cause::Security { level: None },
        Cause::Security {
            level: Some(Level::Medium),
        },
        Cause::Scheduled { campaign: None },
        Cause::Scheduled {
            campaign: "2027-01-18".parse().ok(),
        },
    ];
    for (number, cause) in causes.into_iter().enumerate() {
        let mut ask = ask(&number.to_string(), "web", cause);
        ask.max_cost = Some(Money::from_micros(8_500_001));
        ask.by = Some("ana".to_owned());
        ledger.ask(&ask).await.expect("asked");
    }
    let queue = ledger.build_queue().await.expect("a queue");
    let [waiting] = queue.waiting.as_slice() else {
        panic!("{queue:#?}")
    };
    let mut requests = waiting.requests.clone();
    // Ids sort by time.
    requests.sort_by(|one, other| one.request.id.cmp(&other.request.id));
    assert_eq!(requests.len(), causes.len());
    for (asking, cause) in requests.iter().zip(causes) {
        assert_eq!(asking.request.cause, cause);
        let most = Some(Money::from_micros(8_500_001));
        assert_eq!(asking.request.max_cost, most);
    }
    assert_eq!(waiting.row.aim().expect("readable"), aim("web"));
}
