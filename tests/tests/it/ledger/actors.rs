//! Every line says who caused it: the person whose handle wrote it, or the part of Ingot that did.

use ingot_domain::actor::{Actor, Part, Person, Way};
use ingot_domain::event::{Line, Source};
use ingot_domain::want::Cause;
use ingot_entity::store::{Ask, Asked, Change, Created, Move, Moved, Then};
use ingot_entity::{Ledger, deployment, event, image};
use ingot_migration::sea_orm::ConnectionTrait;
use ingot_tests::Ledgers;

use super::builds::{ask, decision};
use super::byhand::ByHand;
use super::on_both;
use super::rows::{base, claimed, create, key, new_deployment, now};

on_both!(
    a_persons_line_names_them_and_their_request,
    requests_accepted_together_keep_their_actors,
    a_visits_line_is_the_workers_and_a_rules_request_the_rules,
    a_decision_about_an_image_names_its_person,
    what_becomes_of_an_image_by_hand_names_its_person,
    a_line_of_a_process_of_before_has_no_actor,
);

fn person(name: &str) -> Actor {
    Actor::Person(Person {
        token: format!("tok_{name}"),
        name: name.to_owned(),
        way: Way::Cli,
        request: Some(format!("req_{name}")),
    })
}

fn of(event: &event::Model) -> [Option<&str>; 4] {
    [
        event.actor.as_deref(),
        event.actor_name.as_deref(),
        event.actor_way.as_deref(),
        event.request_id.as_deref(),
    ]
}

const ANN: [Option<&str>; 4] = [Some("tok_ann"), Some("ann"), Some("cli"), Some("req_ann")];
const WORKER: [Option<&str>; 4] = [Some("worker"), None, None, None];

async fn story(ledger: &Ledger, subject: &str) -> Vec<event::Model> {
    ledger.events(subject, 0, 200).await.expect("a story")
}

async fn sql(ledger: &Ledger, statement: &str) {
    let done = ledger.database().execute_unprepared(statement).await;
    done.expect(statement);
}

async fn a_persons_line_names_them_and_their_request(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let anns = ledger.as_actor(person("ann"));
    let (row, _) = create(&anns, false).await;
    ledger
        .as_actor(person("bob"))
        .start(&row.id, "bob")
        .await
        .expect("started");
    anns.cancel(&row.id, "ann").await.expect("cancelled");
    let story = story(ledger, &row.id).await;
    let names: Vec<_> = story.iter().map(|event| of(event)[1]).collect();
    assert_eq!(names[..3], [Some("ann"), Some("bob"), Some("ann")]);
    assert_eq!(of(&story[0]), ANN);
    for (who, count) in [
        ("ann", names.len() - 1),
        ("tok_bob", 1),
        ("bob", 1),
        ("worker", 0),
        ("", 0),
    ] {
        let found = ledger.events_by(&row.id, 0, 200, Some(who)).await;
        assert_eq!(found.expect("a story").len(), count, "{who}");
    }
}

async fn requests_accepted_together_keep_their_actors(ledgers: Ledgers) {
    let ledger = ledgers.ledger().clone();
    let asked = (0..12).map(|number| {
        let theirs = match number % 3 {
            0 => ledger.clone(),
            _ => ledger.as_actor(person(&format!("p{number}"))),
        };
        tokio::spawn(async move {
            let new = new_deployment("v0.9.2", number % 2 == 0);
            match theirs.create_deployment(new, None).await {
                Ok(Created::New(row, _)) => (number, row.id),
                other => panic!("{other:?}"),
            }
        })
    });
    for one in asked.collect::<Vec<_>>() {
        let (number, id) = one.await.expect("no panic");
        let story = story(&ledger, &id).await;
        let name = format!("p{number}");
        let name = (number % 3 != 0).then_some(name.as_str());
        assert_eq!(of(&story[0])[1], name, "{number}");
    }
}

async fn a_visits_line_is_the_workers_and_a_rules_request_the_rules(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let anns = ledger.as_actor(person("ann"));
    // A visit's end is the worker's, in whatever hands the handle is.
    let (row, claim) = claimed(&anns, "w").await;
    let mut after = row.clone();
    after.status = "deploying".to_owned();
    let change = Change {
        moved: vec![Moved::Deployment(Box::new(Move {
            before: row.clone(),
            after,
            lines: vec![Line::info("test.line", Source::Deploy, "one")],
        }))],
        ..Change::default()
    };
    ledger
        .end(&claim, &change, &Then::Done)
        .await
        .expect("ended");
    let told = story(ledger, &row.id).await;
    assert_eq!((of(&told[0]), of(&told[1])), (ANN, WORKER));

    let worker = ledger.as_actor(Part::Worker);
    let rules = worker.ask(&ask("a rule", "web", Cause::Dependency)).await;
    let Ok(Asked::New(build)) = rules else {
        panic!("{rules:?}")
    };
    let by_ann = Ask {
        by: Some("ann".to_owned()),
        ..ask("ann asks", "web", Cause::Manual { urgent: false })
    };
    anns.ask(&by_ann).await.expect("joined");
    let told = story(ledger, &build.id).await;
    assert_eq!((of(&told[0])[0], of(&told[1])), (Some("rule"), ANN));
}

/// A ready deployment whose AMI is this far.
async fn ready(ledger: &Ledger, ami: &str) -> deployment::Model {
    let (row, _) = create(ledger, true).await;
    let ready = format!(
        "UPDATE deployment SET status = 'success', ami_status = '{ami}', instance_id = 'i-1' WHERE id = '{}'",
        row.id
    );
    sql(ledger, &ready).await;
    now(ledger, &row).await
}

async fn a_decision_about_an_image_names_its_person(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let anns = ledger.as_actor(person("ann"));
    for (ami, again) in [("failed", true), ("pending", false)] {
        let row = ready(ledger, ami).await;
        anns.ask_image(&row.id, again, "ann", None)
            .await
            .expect("asked");
        let told = story(ledger, &row.id).await;
        assert_eq!(told.last().map(of), Some(ANN), "{ami}");
    }
}

async fn what_becomes_of_an_image_by_hand_names_its_person(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let anns = ledger.as_actor(person("ann"));
    let at = ledger.now();
    let row = image::Model {
        origin: image::FOUND.to_owned(),
        status: "available".to_owned(),
        ami_id: Some("ami-1".to_owned()),
        ..image::Model::claim(
            &key("v1.0.0"),
            &base("noble-1", "ami-base"),
            1,
            "found".to_owned(),
            "dep_1",
            "i-1",
            at,
        )
    };
    assert!(ledger.record_found(&row).await.expect("recorded"));
    anns.adopt_image(&row.id, &decision())
        .await
        .expect("adopted");
    anns.drop_image(&row.id, &decision())
        .await
        .expect("dropped");
    let told = story(ledger, &row.id).await;
    let by_ann = told.iter().filter(|event| of(event) == ANN).count();
    assert!(by_ann >= 2, "{told:?}");
}

async fn a_line_of_a_process_of_before_has_no_actor(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let (row, _) = create(&ledger.as_actor(person("ann")), false).await;
    let before = format!(
        "INSERT INTO event (deployment_id, seq, at, kind, source, level, message) \
         SELECT deployment_id, 2, at, 'test.line', 'monitor', 'info', 'from before' FROM event WHERE deployment_id = '{}'",
        row.id
    );
    sql(ledger, &before).await;
    let told = story(ledger, &row.id).await;
    assert_eq!((of(&told[0]), of(&told[1])), (ANN, [None; 4]));
}
