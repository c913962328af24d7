//! What a person decides: the scripts' image is used once it is adopted or named, and what a release before this one recorded
//! as found waits to be adopted or dropped.

use ingot_domain::image::KAMIWAZA_MANAGED_BY;
use ingot_tests::{Stack, until};

use super::{LONG, capture, deploy, embedded, journal, scaled, story, tags, touched};

#[tokio::test]
async fn the_scripts_image_prevents_a_second_one_and_waits_to_be_adopted_embedded() {
    scripts_image(&embedded().await).await;
}

#[tokio::test]
async fn the_scripts_image_prevents_a_second_one_and_waits_to_be_adopted_scaled() {
    scripts_image(&scaled().await).await;
}

async fn scripts_image(stack: &Stack) {
    let first = deploy(stack, "v7.2.0", None, false).await;
    let instance = first.instance_id.clone().unwrap();
    let five = [
        ("KamiwazaVersion", "v7.2.0"),
        ("CreatedFrom", instance.as_str()),
        ("CreatedFromJob", "job-17"),
        ("ManagedBy", KAMIWAZA_MANAGED_BY),
        ("AutoCreated", "true"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let name = "kamiwaza-golden-v7.2.0-20260121-180000";
    let theirs = capture(stack, &instance, name, &five).await;
    let second = deploy(stack, "v7.2.0", None, true).await;
    assert_eq!(
        (
            second.launch_path.as_deref(),
            second.ami_creation_status.as_deref(),
            second.ami_skip_reason.as_deref()
        ),
        (Some("fresh"), Some("skipped"), Some("exists")),
        "{second:#?}"
    );
    let said = story(stack, &second.id).await;
    assert!(
        said.contains(&format!("ingot images adopt {theirs}")),
        "{said}"
    );
    let third = deploy(stack, "v7.2.0", None, true).await;
    assert_eq!(third.launch_path.as_deref(), Some("fresh"), "{third:#?}");
    let image = stack.client.image(&theirs).await.unwrap();
    assert_eq!(image.class.as_deref(), Some("kamiwaza"), "{image:#?}");
    assert!(!image.mode_known, "{image:#?}");
    let named = deploy(stack, "v7.2.0", Some(&theirs), true).await;
    assert_eq!(named.source_ami_id.as_ref(), Some(&theirs), "{named:#?}");
    let said = story(stack, &named.id).await;
    assert!(said.contains("made by the Kamiwaza scripts"), "{said}");
    let adopted = stack
        .ingot_json(&["images", "adopt", &theirs, "--reason", "checked by hand"])
        .await
        .unwrap();
    assert_eq!(adopted["origin"], "adopted", "{adopted:#}");
    assert_eq!(adopted["decided_reason"], "checked by hand", "{adopted:#}");
    let last = deploy(stack, "v7.2.0", None, true).await;
    assert_eq!(last.source_ami_id.as_ref(), Some(&theirs), "{last:#?}");
}

/// What a release before this one has recorded as found: a backup. It is told with one command each way, nothing is
/// launched from it, and dropping it frees the key.
#[tokio::test]
async fn a_found_row_from_before_is_told_and_not_launched_from_until_a_person_decides() {
    let stack = scaled().await;
    let first = deploy(&stack, "v7.3.0", None, true).await;
    let (instance, own) = (
        first.instance_id.clone().unwrap(),
        first.created_ami_id.clone().unwrap(),
    );
    let copied = tags(&stack, "instances", &instance).await;
    let backup = capture(&stack, &instance, "found by a release before", &copied).await;
    let sql = format!(
        "UPDATE image SET origin = 'found', ami_id = '{backup}', tags = '{{}}' WHERE ami_id = '{own}'"
    );
    let database = stack.database.as_ref().unwrap();
    ingot_tests::check::execute(&database.connect().await.unwrap(), &sql)
        .await
        .unwrap();
    let second = deploy(&stack, "v7.3.0", None, true).await;
    assert_eq!(
        (
            second.launch_path.as_deref(),
            second.ami_creation_status.as_deref()
        ),
        (Some("fresh"), Some("skipped")),
        "{second:#?}"
    );
    assert_ne!(second.created_ami_id.as_ref(), Some(&backup));
    let doctor = until("the doctor to tell", LONG, async || {
        let doctor = stack.ingot(&["doctor"]).await?;
        let said = String::from_utf8_lossy(&doctor.stdout).into_owned();
        let drop = format!("ingot images drop {backup}");
        Ok(said.contains(&drop).then_some(said))
    });
    let said = doctor.await.unwrap();
    assert!(
        said.contains(&format!("ingot images adopt {backup}")),
        "{said}"
    );
    let since = journal(&stack).await;
    let dropped = stack
        .ingot_json(&["images", "drop", &backup, "--reason", "a backup"])
        .await
        .unwrap();
    assert!(!dropped["dropped_at"].is_null(), "{dropped:#}");
    let third = deploy(&stack, "v7.3.0", None, true).await;
    assert_eq!(third.launch_path.as_deref(), Some("fresh"), "{third:#?}");
    let touched = touched(&stack, since, &[backup]).await;
    assert!(touched.is_empty(), "{touched:#?}");
}
