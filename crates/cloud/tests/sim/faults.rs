//! What the way to AWS can do: throttling, lost and broken answers, a refused connection.

use ingot_cloud::aws::{AwsCloud, AwsConfig};
use ingot_cloud::nouns::*;
use ingot_cloud::{ErrorKind, ImageQuery};

use crate::world::{HERE, World, image_spec, keys};

#[tokio::test]
async fn a_lost_answer_is_unknown_and_the_image_is_made_once() {
    let world = World::new().await;
    for (kind, name) in [("lost_answer", "golden-1"), ("half_answer", "golden-2")] {
        // One each: EBS begins a second snapshot of a volume only after fifteen seconds.
        let instance = world.running(name).await;
        world
            .fault(&format!(r#"{{"action":"CreateImage","kind":"{kind}"}}"#))
            .await;
        let before = world.arrivals("CreateImage").await;
        let error = world
            .cloud
            .create_image(HERE, &image_spec(name, &instance))
            .await
            .expect_err(kind);
        assert_eq!(error.kind, ErrorKind::Unknown, "{kind}: {error}");
        assert_eq!(
            world.arrivals("CreateImage").await,
            before + 1,
            "{kind}: sent once"
        );
        let query = ImageQuery {
            name: Some(name.to_owned()),
            ..ImageQuery::default()
        };
        assert_eq!(
            world
                .cloud
                .find_images(HERE, &query)
                .await
                .expect("find")
                .len(),
            1,
            "{kind}"
        );
    }
}

#[tokio::test]
async fn a_call_that_was_dropped_is_unknown_too() {
    let world = World::new().await;
    let instance = world.running("t-1").await;
    world
        .fault(r#"{"action":"CreateImage","kind":"drop"}"#)
        .await;
    let error = world
        .cloud
        .create_image(HERE, &image_spec("golden-1", &instance))
        .await
        .expect_err("dropped");
    assert_eq!(error.kind, ErrorKind::Unknown, "{error}");
    assert!(
        world
            .cloud
            .find_images(HERE, &ImageQuery::default())
            .await
            .expect("find")
            .is_empty()
    );
}

#[tokio::test]
async fn a_launch_survives_a_lost_answer_with_its_token() {
    let world = World::new().await;
    let spec = world.spec("t-1").await;
    world
        .fault(r#"{"action":"RunInstances","kind":"lost_answer"}"#)
        .await;
    let id = world
        .cloud
        .launch(HERE, &spec)
        .await
        .expect("the sdk's second attempt");
    let found = world
        .cloud
        .find_instances_by_token(HERE, "t-1")
        .await
        .expect("find");
    assert_eq!(
        found
            .iter()
            .map(|facts| facts.id.as_str())
            .collect::<Vec<_>>(),
        [id.as_str()]
    );
    assert_eq!(world.arrivals("RunInstances").await, 2);
}

#[tokio::test]
async fn throttling_is_tried_again_where_it_may_be() {
    let world = World::new().await;
    let instance = world.running("t-1").await;
    world
        .fault(r#"{"action":"DescribeImages","kind":"error","code":"RequestLimitExceeded"}"#)
        .await;
    assert!(
        world
            .cloud
            .find_images(HERE, &ImageQuery::default())
            .await
            .is_ok()
    );
    world
        .fault(r#"{"action":"CreateImage","kind":"error","code":"RequestLimitExceeded"}"#)
        .await;
    let error = world
        .cloud
        .create_image(HERE, &image_spec("golden-1", &instance))
        .await
        .expect_err("throttled");
    assert_eq!(error.kind, ErrorKind::Throttled, "{error}");
    assert_eq!(world.arrivals("CreateImage").await, 1);
    assert_eq!(world.seen.codes("CreateImage"), ["RequestLimitExceeded"]);
}

#[tokio::test]
async fn errors_of_ec2_have_their_kinds() {
    let world = World::new().await;
    let spec = world.spec("t-1").await;
    let table = [
        ("InsufficientInstanceCapacity", ErrorKind::NoCapacity),
        ("VcpuLimitExceeded", ErrorKind::Quota),
        ("UnauthorizedOperation", ErrorKind::Denied),
        ("InternalError", ErrorKind::Unknown),
        ("InvalidParameterValue", ErrorKind::Invalid),
    ];
    for (code, kind) in table {
        world.control("DELETE", "faults", "").await;
        world
            .fault(&format!(
                r#"{{"action":"RunInstances","kind":"error","code":"{code}","times":0}}"#
            ))
            .await;
        let error = world.cloud.launch(HERE, &spec).await.expect_err(code);
        assert_eq!((error.kind, error.code.as_str()), (kind, code));
        if kind == ErrorKind::NoCapacity {
            assert_eq!(
                world.arrivals("RunInstances").await,
                1,
                "not repeated in the same zone"
            );
        }
    }
}

#[tokio::test]
async fn a_refused_connection_means_not_sent() {
    let free = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("bind");
    let nobody = format!("http://{}", free.local_addr().expect("address"));
    drop(free);
    let config = AwsConfig {
        auth: keys("AKIATEST"),
        region: Some(HERE.region().to_owned()),
        endpoint_url: Some(nobody),
        ..AwsConfig::default()
    };
    let cloud = AwsCloud::connect(config).await.expect("connect");
    let error = cloud
        .create_image(HERE, &image_spec("golden", "i-1"))
        .await
        .expect_err("refused");
    assert_eq!(
        (error.kind, error.code.as_str()),
        (ErrorKind::NotSent, "not_sent"),
        "{error}"
    );
}
