//! Lists of packages: a base has the one of the first install that began on it, an image that of the end of its own.

use ingot_domain::guest::packages::Listed;
use ingot_entity::image;
use ingot_entity::store::{NoList, OfInstall};
use ingot_tests::Ledgers;

use super::on_both;
use super::rows::{base, key};

on_both!(
    the_first_list_of_a_base_stays,
    an_image_has_the_list_of_the_run_that_made_it,
    what_is_not_known_says_why,
);

fn listed(version: &str) -> Listed {
    Listed::read(&format!(
        "# uname -r: 6.8.0\n# release: Ubuntu\nopenssh-server\t{version}\tamd64\topenssh\t{version}\nlibc6\t2.35\tamd64\tglibc\t2.35\n"
    ))
}

fn of(deployment_id: &str, run: i32) -> OfInstall<'_> {
    let base = Some(("099720109477", "jammy-20240629"));
    OfInstall {
        deployment_id,
        run,
        base,
    }
}

fn image_of(deployment: &str, at: ingot_domain::Instant) -> image::Model {
    let key = key("v1.0.0");
    let base = base("jammy-20240629", "ami-0123456789abcdef0");
    image::Model::claim(&key, &base, 1, "a name".to_owned(), deployment, "i-1", at)
}

async fn the_first_list_of_a_base_stays(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let (owner, name) = ("099720109477", "jammy-20240629");
    assert_eq!(
        ledger.packages_of_base(owner, name).await.expect("read"),
        None
    );
    let (first, second) = (listed("1"), listed("2"));
    for (deployment, begin, own) in [
        ("dep_1", &first, true),
        ("dep_2", &second, false),
        ("dep_1", &first, true),
    ] {
        let kept = ledger.keep_base_list(of(deployment, 1), begin).await;
        assert_eq!(kept.expect("kept"), own);
    }
    let kept = ledger.packages_of_base(owner, name).await.expect("read");
    assert_eq!(kept, Some(first));
    assert_eq!(
        ledger.packages_of_base(owner, "other").await.expect("read"),
        None
    );
}

async fn an_image_has_the_list_of_the_run_that_made_it(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let (first, second) = (listed("2"), listed("3"));
    ledger
        .keep_install_list(of("dep_1", 1), Ok(&first))
        .await
        .expect("kept");
    let image = image_of("dep_1", ledger.now());
    ledger.measure_skew().await.expect("a clock");
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    ledger
        .keep_install_list(of("dep_1", 2), Ok(&second))
        .await
        .expect("kept");
    let later = image_of("dep_1", ledger.now());
    let told = async |image: &image::Model| ledger.packages_of_image(image).await.expect("read");
    assert_eq!(told(&image).await, Ok(first));
    assert_eq!(told(&later).await, Ok(second));
    let other = image_of("dep_2", ledger.now());
    assert_eq!(told(&other).await, Err(NoList::Unknown));
}

async fn what_is_not_known_says_why(ledgers: Ledgers) {
    let ledger = ledgers.ledger();
    let why = "SSM does not reach the instance";
    ledger
        .keep_install_list(of("dep_1", 1), Err(why))
        .await
        .expect("kept");
    // A visit that is paid twice tells it twice.
    ledger
        .keep_install_list(of("dep_1", 1), Err("again"))
        .await
        .expect("kept");
    let image = image_of("dep_1", ledger.now());
    let told = ledger.packages_of_image(&image).await.expect("read");
    assert_eq!(told, Err(NoList::Absent(why.to_owned())));
}
