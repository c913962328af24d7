//! Security groups: made once, completed, never open to the world.

use ingot_cloud::nouns::*;
use ingot_cloud::{ErrorKind, SecurityGroupSpec};
use ingot_domain::network::IngressRule;

use crate::world::{HERE, World, tags};

fn rule(port: u16, cidr: &str) -> IngressRule {
    IngressRule {
        port,
        to_port: None,
        cidr: cidr.parse().expect(cidr),
    }
}

fn group(ingress: Vec<IngressRule>) -> SecurityGroupSpec {
    SecurityGroupSpec {
        name: "ingot-d-1".to_owned(),
        description: "deployment 1".to_owned(),
        subnet_id: None,
        ingress,
        tags: tags("d-1"),
    }
}

#[tokio::test]
async fn a_group_is_made_once_and_completed() {
    let world = World::new().await;
    let one = group(vec![rule(443, "0.0.0.0/0")]);
    let id = world
        .cloud
        .ensure_security_group(HERE, &one)
        .await
        .expect("make");
    assert_eq!(
        world
            .cloud
            .ensure_security_group(HERE, &one)
            .await
            .expect("again"),
        id
    );
    let two = group(vec![rule(443, "0.0.0.0/0"), rule(22, "203.0.113.0/24")]);
    assert_eq!(
        world
            .cloud
            .ensure_security_group(HERE, &two)
            .await
            .expect("complete"),
        id
    );
    assert_eq!(
        world.seen.codes("AuthorizeSecurityGroupIngress"),
        ["ok", "ok"]
    );
    assert!(
        world
            .cloud
            .groups_open_to_ssh(HERE, std::slice::from_ref(&id))
            .await
            .expect("open")
            .is_empty()
    );

    let open = group(vec![rule(22, "0.0.0.0/0")]);
    let error = world
        .cloud
        .ensure_security_group(HERE, &open)
        .await
        .expect_err("f6");
    assert_eq!(error.kind, ErrorKind::Invalid, "{error}");

    let stranger = SecurityGroupSpec {
        tags: tags("d-2"),
        ..two
    };
    let error = world
        .cloud
        .ensure_security_group(HERE, &stranger)
        .await
        .expect_err("not ours");
    assert_eq!(error.kind, ErrorKind::Duplicate, "{error}");
    let tagged = async || {
        let cloud = &world.cloud;
        let found = cloud.find_security_groups_by_tag(HERE, "ingot:effect", "d-1");
        let found = found.await.expect("by tag").into_iter();
        found.map(|group| group.id).collect::<Vec<_>>()
    };
    assert_eq!(tagged().await, [id.as_str()]);
    world
        .cloud
        .delete_security_group(HERE, &id)
        .await
        .expect("delete");
    assert!(tagged().await.is_empty());
    world
        .cloud
        .delete_security_group(HERE, &id)
        .await
        .expect("twice");
}

#[tokio::test]
async fn a_group_is_made_in_the_vpc_of_its_subnet_and_kept_while_in_use() {
    let world = World::new().await;
    let instance = world.running("t-0").await;
    let facts = world
        .instance_in(&instance, ingot_cloud::InstanceState::Running)
        .await;
    let spec = SecurityGroupSpec {
        subnet_id: facts.subnet_id.clone(),
        ..group(vec![rule(443, "0.0.0.0/0")])
    };
    let id = world
        .cloud
        .ensure_security_group(HERE, &spec)
        .await
        .expect("make");
    assert_eq!(
        world
            .cloud
            .ensure_security_group(HERE, &spec)
            .await
            .expect("again"),
        id
    );

    let mut launch = world.spec("t-1").await;
    launch.security_group_ids = vec![id.clone()];
    launch.subnet_id = facts.subnet_id;
    let instance = world.cloud.launch(HERE, &launch).await.expect("launch");
    let error = world
        .cloud
        .delete_security_group(HERE, &id)
        .await
        .expect_err("in use");
    assert_eq!(error.kind, ErrorKind::Conflict, "{error}");
    world
        .cloud
        .terminate(HERE, &instance)
        .await
        .expect("terminate");

    let nowhere = SecurityGroupSpec {
        subnet_id: Some("subnet-0123456789abcdef0".to_owned()),
        ..spec
    };
    let error = world
        .cloud
        .ensure_security_group(HERE, &nowhere)
        .await
        .expect_err("no subnet");
    assert_eq!(error.kind, ErrorKind::NotFound, "{error}");
}
