//! Lists of their own held against the advisories that are loaded: what an image lacks and has fixed, who has a vulnerability,
//! and which fixes ask for a build, once.

use chrono::TimeDelta;
use ingot_domain::advisory::base::Base;
use ingot_domain::advisory::held::Holding;
use ingot_domain::advisory::record::{Advisory, Reach, Signals};
use ingot_domain::build::fixes::wanted;
use ingot_domain::guest::packages::Listed;
use ingot_domain::image::ImageStatus;
use ingot_entity::store::{Ask, Asked, NoList, OfInstall};
use ingot_entity::{Ledger, image};
use ingot_migration::sea_orm::EntityTrait;
use ingot_migration::sea_orm::IntoActiveModel;
use ingot_tests::Ledgers;

use super::feeds::{UBUNTU, advisory, day, load, page};
use super::rows::{base, key};
use super::{on_both, race};

on_both!(
    an_image_is_held_against_advisories_and_the_one_before_it,
    no_list_is_told_with_its_reason,
    a_list_says_more_than_the_base_of_who_has_it,
    a_fix_asks_once_for_each_image,
);

const FIX: &str = "1:8.9p1-3ubuntu0.10";
const OLD: &str = "1:8.9p1-3ubuntu0.7";

fn listed(release: &str, ssh: &str) -> Listed {
    Listed::read(&format!(
        "# release: {release}\nopenssh-server\t{ssh}\tamd64\topenssh\t{ssh}\nlibc6\t2.35\tamd64\tglibc\t2.35\n"
    ))
}

/// An advisory whose fix every image gets.
fn plain(id: &str) -> Advisory {
    let mut known = advisory(id);
    known.fixes[0].reach = Reach::Plain;
    known.fixes[0].arch = None;
    known.severity = Some("high".to_owned());
    known.cves[0].severity = None;
    known
}

/// An image that can be launched from, made by a deployment of this id whose install left this list. `dep_2` made the second
/// of its key.
async fn image_of(ledger: &Ledger, deployment: &str, list: Result<&Listed, &str>) -> image::Model {
    let of = OfInstall {
        deployment_id: deployment,
        run: 1,
        base: None,
    };
    ledger.keep_install_list(of, list).await.expect("kept");
    let (key, base) = (key("v1.0.0"), base("jammy-20240629", "ami-base"));
    let generation = deployment.trim_start_matches("dep_").parse();
    let now = ledger.now();
    let row = image::Model::claim(
        &key,
        &base,
        generation.expect("a number"),
        deployment.to_owned(),
        deployment,
        "i-1",
        now,
    );
    let row = image::Model {
        status: ImageStatus::Available.as_str().to_owned(),
        ami_id: Some(format!("ami-{deployment}")),
        available_at: Some(now),
        ..row
    };
    image::Entity::insert(row.clone().into_active_model())
        .exec_without_returning(ledger.database())
        .await
        .expect("inserted");
    ledger.measure_skew().await.expect("a clock");
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    row
}

async fn an_image_is_held_against_advisories_and_the_one_before_it(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let jammy = "Ubuntu 22.04.4 LTS";
    let old = image_of(ledger, "dep_1", Ok(&listed(jammy, OLD))).await;
    let new = image_of(ledger, "dep_2", Ok(&listed(jammy, FIX))).await;
    // Without a feed nothing is called open, and nothing fixed.
    let told = ledger.image_holding(&old).await.expect("told");
    assert!(
        told.held.open.is_empty() && told.held.fixed == 0,
        "{told:#?}"
    );
    let mut other = plain("USN-2-1");
    other.release = "24.04".to_owned();
    load(ledger, UBUNTU, &[page([plain("USN-6859-1"), other])]).await;

    let told = ledger.image_holding(&old).await.expect("told");
    let [open] = told.held.open.as_slice() else {
        panic!("{:#?}", told.held);
    };
    assert_eq!(open.advisory, "USN-6859-1");
    assert_eq!(open.cve.as_deref(), Some("CVE-2024-6387"));
    assert_eq!(open.part.installed.as_deref(), Some(OLD));
    assert_eq!(open.part.fixed.as_deref(), Some(FIX));
    let own = told.list.expect("a list");
    assert_eq!(own.deployment_id, "dep_1");
    assert_eq!(own.carried.base.to_string(), "ubuntu-22.04");
    assert!(told.before.is_none());

    let told = ledger.image_holding(&new).await.expect("told");
    assert!(told.held.open.is_empty(), "{:#?}", told.held);
    assert_eq!(told.held.fixed, 1);
    assert_eq!(told.before.map(|one| one.row.id), Some(old.id));
    let fixed = told.against.expect("both have lists").fixed;
    assert_eq!(fixed.len(), 1);
    assert_eq!(fixed[0].part.installed.as_deref(), Some(OLD));
}

async fn no_list_is_told_with_its_reason(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    load(ledger, UBUNTU, &[page([plain("USN-6859-1")])]).await;
    let absent = image_of(ledger, "dep_1", Err("SSM is silent")).await;
    let foreign = image_of(ledger, "dep_2", Ok(&listed("Plan 9", OLD))).await;
    let why = async |row: &image::Model| {
        let told = ledger.image_holding(row).await.expect("told");
        assert!(told.held.open.is_empty() && told.against.is_none());
        told.list.expect_err("none")
    };
    assert_eq!(
        why(&absent).await,
        NoList::Absent("SSM is silent".to_owned())
    );
    assert_eq!(
        why(&foreign).await,
        NoList::System(Some("Plan 9".to_owned()))
    );
    // What is not known is not called safe.
    let told = ledger.exposed_to("CVE-2024-6387").await.expect("told");
    assert_eq!((told.images.len(), told.silent), (0, 2), "{told:#?}");
}

async fn a_list_says_more_than_the_base_of_who_has_it(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let jammy = "Ubuntu 22.04.4 LTS";
    load(ledger, UBUNTU, &[page([plain("USN-6859-1")])]).await;
    image_of(ledger, "dep_1", Ok(&listed(jammy, OLD))).await;
    image_of(ledger, "dep_2", Ok(&listed(jammy, FIX))).await;
    image_of(ledger, "dep_3", Ok(&listed(jammy, "unknown"))).await;
    for asked in ["CVE-2024-6387", "USN-6859-1"] {
        let told = ledger.exposed_to(asked).await.expect("told");
        let mut found: Vec<_> = told
            .images
            .iter()
            .map(|one| {
                let list = one.list.as_ref().expect("by its list");
                (one.row.ami_id.as_deref().unwrap_or_default(), list.holding)
            })
            .collect();
        found.sort_unstable();
        assert_eq!(
            found,
            [
                ("ami-dep_1", Holding::Vulnerable),
                ("ami-dep_3", Holding::Unknown)
            ],
            "{asked}"
        );
        assert_eq!(told.silent, 0);
    }
    // No advisory that is known tells of it: no list is clear of it.
    let told = ledger.exposed_to("CVE-1999-1").await.expect("told");
    assert!(told.images.is_empty() && told.silent == 3, "{told:#?}");
    // A simulated calendar is behind its feeds: a day to come clears none.
    let mut ahead = plain("USN-6859-1");
    ahead.published = ledger.calendar_now() + TimeDelta::days(400);
    load(ledger, UBUNTU, &[page([ahead])]).await;
    let told = ledger.exposed_to("CVE-2024-6387").await.expect("told");
    let found = (told.images.len(), told.cleared.len(), told.silent);
    assert_eq!(found, (2, 0, 0), "{told:#?}");
}

async fn a_fix_asks_once_for_each_image(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let jammy = "Ubuntu 22.04.4 LTS";
    let recipe = ingot_yaml::kamiwaza();
    let applied = ledger.apply_template(&recipe, "", false, None, None);
    applied.await.expect("applied");
    image_of(ledger, "dep_1", Ok(&listed(jammy, OLD))).await;
    // It came after the install, by this installation's own eyes.
    let mut late = plain("USN-6859-1");
    late.published = day(0);
    late.first_seen = Some(ledger.calendar_now());
    let known = [late];
    let wants = async |ledger: &Ledger| {
        let mut listed = ledger.listed_newest().await.expect("images");
        let of = Base::parse("ubuntu-22.04").expect("a base");
        let images = listed.remove("ubuntu-22.04").unwrap_or_default();
        let mut found = Vec::new();
        for here in &images {
            let facts = ledger.fix_facts(&of, here).await.expect("facts");
            let facts = facts.expect("a list");
            let now = ledger.calendar_now();
            found.extend(wanted(
                &facts.imaged,
                &facts.head,
                &known,
                &Signals::default(),
                now,
            ));
        }
        found
    };
    let found = wants(ledger).await;
    let [want] = found.as_slice() else {
        panic!("{found:#?}");
    };
    let answers = race(&ledgers, 10, |_, ledger| {
        let ask = Ask {
            want: want.clone(),
            by: None,
            max_cost: None,
        };
        async move { ledger.ask(&ask).await.expect("an answer") }
    });
    let answers = answers.await;
    let new = answers.iter().filter(|one| matches!(one, Asked::New(_)));
    let before = answers.iter().filter(|one| matches!(one, Asked::Before(_)));
    assert_eq!((new.count(), before.count()), (1, 9), "{answers:#?}");
    let keys = [want.key.as_str()];
    let asked = ledger.asked_before(&keys).await.expect("an answer");
    assert!(asked.contains(&want.key));
    // The next image has the fix: there is nothing to ask for.
    image_of(ledger, "dep_2", Ok(&listed(jammy, FIX))).await;
    assert!(wants(ledger).await.is_empty());
    // One that left the fix out although it was there would leave it out again.
    image_of(ledger, "dep_3", Ok(&listed(jammy, OLD))).await;
    assert!(wants(ledger).await.is_empty());
}
