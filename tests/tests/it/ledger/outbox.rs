//! The outbox: each notification reaches each receiver however many there are of both, in the transaction that tells of it.

use chrono::TimeDelta;
use ingot_domain::decide::scan::{Sighting, gap};
use ingot_domain::notice::{Channel, Wishes};
use ingot_entity::store::NewReceiver;
use ingot_entity::{delivery, task};
use ingot_migration::sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use ingot_tests::Ledgers;

use super::on_both;

on_both!(many_notifications_reach_many_receivers_at_once);

const RECEIVERS: u64 = 200;
const NOTICES: u64 = 60;

async fn many_notifications_reach_many_receivers_at_once(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    for number in 0..RECEIVERS {
        let new = NewReceiver {
            id: format!("rcv_{number:032x}"),
            name: format!("hook-{number}"),
            channel: Channel::Webhook,
            address: "https://example.org/…".to_owned(),
            settings: serde_json::json!({}),
            sealed: None,
            wishes: Wishes::default(),
            by: "a test".to_owned(),
        };
        let added = ledger.add_receiver(new).await.expect("an answer");
        assert!(added.is_some(), "receiver {number}");
    }
    let seen: Vec<Sighting> = (0..NOTICES)
        .map(|number| gap(&format!("dep_{number}"), 5, 4))
        .collect();
    let apart = ledger.now() + TimeDelta::seconds(1);
    ledger.sight("ledger", &seen, apart).await.expect("a look");
    let waiting = delivery::Entity::find().filter(delivery::Column::State.eq("waiting"));
    let waiting = waiting.count(ledger.database()).await.expect("a count");
    assert_eq!(waiting, RECEIVERS * NOTICES);
    let tasks = task::Entity::find().filter(task::Column::Kind.eq("notify"));
    let tasks = tasks.count(ledger.database()).await.expect("a count");
    assert_eq!(tasks, RECEIVERS * NOTICES);
}
