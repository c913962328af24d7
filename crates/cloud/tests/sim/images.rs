//! Making, finding and deleting images; base images.

use ingot_cloud::Place;
use ingot_cloud::nouns::*;
use ingot_cloud::{ErrorKind, ImageQuery, ImageState};
use ingot_domain::arch::Arch;
use ingot_domain::template::BaseImage;

use crate::world::{HERE, UBUNTU, World, image_spec, tags};

#[tokio::test]
async fn an_image_lives_and_dies() {
    let world = World::new().await;
    let instance = world.running("t-1").await;
    let id = world
        .cloud
        .create_image(HERE, &image_spec("golden-1", &instance))
        .await
        .expect("create");
    let error = world
        .cloud
        .create_image(HERE, &image_spec("golden-1", &instance))
        .await
        .expect_err("duplicate");
    assert_eq!(error.kind, ErrorKind::Duplicate, "{error}");

    let query = ImageQuery {
        name: Some("golden-1".to_owned()),
        tags: tags("golden-1"),
        source_instance_id: Some(instance.clone()),
        architecture: Some(Arch::X86_64),
    };
    let found = world.cloud.find_images(HERE, &query).await.expect("find");
    assert_eq!(
        found
            .iter()
            .map(|image| image.id.as_str())
            .collect::<Vec<_>>(),
        [id.as_str()]
    );
    for other in [
        ImageQuery {
            name: Some("golden-*".to_owned()),
            ..ImageQuery::default()
        },
        ImageQuery {
            tags: tags("golden-2"),
            ..ImageQuery::default()
        },
        ImageQuery {
            architecture: Some(Arch::Arm64),
            ..query
        },
    ] {
        assert!(
            world
                .cloud
                .find_images(HERE, &other)
                .await
                .expect("find")
                .is_empty(),
            "{other:?}"
        );
    }

    let image = world.image_in(&id, ImageState::Available).await;
    assert_eq!(image.source_instance_id.as_deref(), Some(instance.as_str()));
    assert_eq!(image.tags["ingot:effect"], "golden-1");
    assert!(
        image.created_at.is_some() && image.size_gb() >= 30,
        "{image:?}"
    );
    let snapshot = image.snapshots.first().expect("a snapshot").id.clone();

    let error = world
        .cloud
        .delete_snapshot(HERE, &snapshot)
        .await
        .expect_err("in use");
    assert_eq!(error.kind, ErrorKind::Conflict, "{error}");
    world
        .cloud
        .deregister_image(HERE, &id)
        .await
        .expect("deregister");
    world
        .cloud
        .deregister_image(HERE, &id)
        .await
        .expect("twice");
    world
        .cloud
        .deregister_image(HERE, "ami-0123456789abcdef0")
        .await
        .expect("unknown");
    world
        .cloud
        .delete_snapshot(HERE, &snapshot)
        .await
        .expect("delete");
    world
        .cloud
        .delete_snapshot(HERE, &snapshot)
        .await
        .expect("twice");
    let unknown = ["ami-0123456789abcdef0".to_owned()];
    assert!(
        world
            .cloud
            .describe_images(HERE, &unknown)
            .await
            .expect("describe")
            .is_empty()
    );
}

#[tokio::test]
async fn a_failed_image_says_why() {
    let world = World::new().await;
    let instance = world.running("t-1").await;
    world
        .control(
            "POST",
            "next_image",
            r#"{"state":"failed","reason":"it broke"}"#,
        )
        .await;
    let id = world
        .cloud
        .create_image(HERE, &image_spec("golden-1", &instance))
        .await
        .expect("create");
    let image = world.image_in(&id, ImageState::Failed).await;
    assert!(
        image.state.is_broken()
            && image
                .state_reason
                .is_some_and(|why| why.contains("it broke"))
    );
}

#[tokio::test]
async fn base_images_resolve_or_say_what_is_missing() {
    let world = World::new().await;
    let resolve = |base: BaseImage| {
        let cloud = world.cloud.clone();
        async move { cloud.resolve_base_image(HERE, &base, Arch::X86_64).await }
    };
    let by_parameter = resolve(BaseImage::Ssm(UBUNTU.to_owned()))
        .await
        .expect("parameter");
    assert_eq!(
        (
            by_parameter.architecture,
            by_parameter.root_device_name.as_str()
        ),
        (Arch::X86_64, "/dev/sda1")
    );
    assert!(by_parameter.description.contains("Ubuntu"));
    let newest = |owner: &str, name: &str| BaseImage::Newest {
        owner: owner.to_owned(),
        name: name.to_owned(),
    };
    let pattern = "ubuntu/images/*/ubuntu-noble-24.04-amd64-server-*";
    assert_eq!(
        resolve(newest("099720109477", pattern))
            .await
            .expect("newest"),
        by_parameter
    );
    assert_eq!(
        resolve(BaseImage::Ami(by_parameter.id.clone()))
            .await
            .expect("id"),
        by_parameter
    );
    // A fixed id and a base of another region are known by owner and name all the same.
    let elsewhere = world
        .cloud
        .resolve_base_image(
            Place::own("eu-west-1"),
            &BaseImage::Ssm(UBUNTU.to_owned()),
            Arch::X86_64,
        )
        .await
        .expect("parameter");
    assert_ne!(elsewhere.id, by_parameter.id);
    let now = chrono::DateTime::UNIX_EPOCH;
    let (fixed, ssm) = (
        BaseImage::Ami(by_parameter.id.clone()),
        BaseImage::Ssm(UBUNTU.to_owned()),
    );
    let build = by_parameter.resolved(&fixed, now);
    assert_eq!(build.owner.as_deref(), Some("099720109477"));
    assert!(build.created_at.is_some(), "{build}");
    assert_eq!(
        build.identity(HERE.region()),
        elsewhere.resolved(&ssm, now).identity("eu-west-1")
    );

    let missing = [
        (BaseImage::Ssm("/no/such".to_owned()), "/no/such"),
        (
            BaseImage::Ami("ami-0123456789abcdef0".to_owned()),
            "ami-0123456789abcdef0",
        ),
        (newest("self", "nothing-*"), "`nothing-*`"),
    ];
    for (base, word) in missing {
        let error = resolve(base).await.expect_err(word);
        assert_eq!(error.kind, ErrorKind::NotFound, "{error}");
        assert!(
            error.message.contains(word) && error.message.contains(HERE.region()),
            "{error}"
        );
    }
}
