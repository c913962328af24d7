//! Where a launch goes when its first choice has no room or is not offered there: further subnets, zones and types in the
//! order's order, each told; and what IAM has not told EC2 of yet is waited for (FIELD W21; REAL-AWS M6, L6). Both shapes.

use ingot_client::Deployment;
use ingot_client::deployment::CreateDeployment;
use ingot_tests::Stack;
use serde_json::{Value, json};

use super::launch_parameters::{
    LONG, apply, finished, launches, on_both, order, succeeded, template, told,
};

on_both! {
    a_profile_made_a_moment_ago_is_waited_for_embedded, a_profile_made_a_moment_ago_is_waited_for_scaled: young_profile at 60;
    a_zone_without_room_or_offer_leads_to_the_next_embedded, a_zone_without_room_or_offer_leads_to_the_next_scaled: zones at 600;
    a_full_subnet_leads_to_the_next_embedded, a_full_subnet_leads_to_the_next_scaled: subnets at 600;
    a_type_without_room_leads_to_the_templates_next_embedded, a_type_without_room_leads_to_the_templates_next_scaled: types at 600;
    ec2s_own_choice_leads_to_the_zones_it_proposes_embedded, ec2s_own_choice_leads_to_the_zones_it_proposes_scaled: proposed at 600;
    no_room_anywhere_is_waited_for_in_rounds_embedded, no_room_anywhere_is_waited_for_in_rounds_scaled: rounds at 600;
}

const ELSEWHERE: &str = "deployment.launch_elsewhere";

fn no_image() -> Value {
    json!({ "create": false })
}

async fn zone(stack: &Stack, name: &str, order: Value) {
    let path = format!("zones/us-east-1{name}");
    stack.region.post(&path, &order).await.unwrap();
}

/// The instance of a deployment as the region holds it.
async fn instance(stack: &Stack, deployment: &Deployment) -> Value {
    let id = deployment.instance_id.as_deref().unwrap();
    let objects = stack
        .region
        .objects("us-east-1", "instances")
        .await
        .unwrap();
    let found = objects.into_iter().find(|one| one["id"] == id);
    found.unwrap_or_else(|| panic!("{id} is not there"))
}

async fn young_profile(stack: &Stack) {
    for (name, state) in [("unknown", "missing"), ("roleless", "no_role")] {
        let more = json!({ "instance_profile": name, "images": no_image() });
        apply(stack, &template(name, &more)).await;
        let unready = json!({ "name": name, "state": state });
        stack
            .region
            .post("instance_profiles", &unready)
            .await
            .unwrap();
        let key = uuid::Uuid::new_v4().to_string();
        let made = stack
            .client
            .create_deployment(&order(name), &key)
            .await
            .unwrap();
        let young =
            |seen: &Deployment| seen.waiting.as_ref().is_some_and(|wait| wait.on == "young");
        stack.wait_deployment(&made.id, young, LONG).await.unwrap();
        let ready = json!({ "name": name, "state": "ready" });
        stack
            .region
            .post("instance_profiles", &ready)
            .await
            .unwrap();
        let seen = stack.wait_finished(&made.id, LONG).await.unwrap();
        assert_eq!(seen.status, "success", "{seen:#?}");
        let calls = stack.region.calls("RunInstances").await.unwrap();
        let of_it = |call: &&Value| call["params"]["IamInstanceProfile.Name"] == name;
        let calls: Vec<_> = calls.iter().filter(of_it).collect();
        let taken = calls.iter().filter(|call| call["outcome"] == "ok").count();
        assert!(calls.len() > 1 && taken == 1, "{seen:#?} {calls:#?}");
        let launched = told(stack, &seen.id, "deployment.launching").await;
        assert_eq!(launched.len(), 1, "one launch, repeated: {launched:?}");
    }
    // One that never comes ends in minutes, with the way out.
    let more = json!({ "instance_profile": "never", "images": no_image() });
    apply(stack, &template("never", &more)).await;
    let never = json!({ "name": "never", "state": "missing" });
    stack
        .region
        .post("instance_profiles", &never)
        .await
        .unwrap();
    let seen = finished(stack, &order("never")).await;
    let why = seen.error_message.unwrap();
    assert!(
        why.contains("`instance_profile`") && why.contains("never"),
        "{why}"
    );
}

async fn zones(stack: &Stack) {
    apply(stack, &template("zoned", &json!({ "images": no_image() }))).await;
    let asked = CreateDeployment {
        zones: ["a", "b", "c"]
            .map(|zone| format!("us-east-1{zone}"))
            .to_vec(),
        ..order("zoned")
    };
    zone(stack, "a", json!({ "without_capacity": ["t3.*"] })).await;
    zone(stack, "b", json!({ "without_offer": ["t3.micro"] })).await;
    let seen = succeeded(stack, &asked).await;
    assert_eq!(instance(stack, &seen).await["zone"], "us-east-1c");
    let said = told(stack, &seen.id, ELSEWHERE).await;
    assert_eq!(said.len(), 2, "{said:?}");
    for part in [
        "t3.micro in us-east-1a",
        "InsufficientInstanceCapacity",
        "trying t3.micro in us-east-1b",
    ] {
        assert!(said[0].contains(part), "{part} in {said:?}");
    }
    for part in ["us-east-1b", "Unsupported", "trying t3.micro in us-east-1c"] {
        assert!(said[1].contains(part), "{part} in {said:?}");
    }
    let launched = launches(stack).await;
    assert_eq!(
        launched.len(),
        1,
        "each try has a token of its own and one instance is made: {launched:#?}"
    );
    shown(stack, &seen, "t3.micro in us-east-1c").await;
}

/// The subnets lie in two VPCs: the deployment's own security group is in that of its instance, and none is left behind.
async fn subnets(stack: &Stack) {
    let network = async |there: bool| {
        let order = json!({ "default_vpc": there });
        stack.region.post("network", &order).await.unwrap();
    };
    let subnet = async |free: u64| {
        let order = json!({ "public": true, "free": free });
        stack.region.post("subnets", &order).await.unwrap()
    };
    network(false).await;
    let full = subnet(0).await;
    network(true).await;
    let (other, empty) = (subnet(0).await, subnet(9).await);
    assert_ne!(full["vpc_id"], empty["vpc_id"]);
    let ingress = json!([{ "port": 443, "cidr": "0.0.0.0/0" }]);
    let more = json!({ "ingress": ingress, "images": no_image() });
    apply(stack, &template("netted", &more)).await;
    let ids =
        [&full, &other, &empty].map(|subnet| subnet["subnet_id"].as_str().unwrap().to_owned());
    let asked = CreateDeployment {
        subnet_id: Some(ids[0].clone()),
        subnet_ids: ids[1..].to_vec(),
        ..order("netted")
    };
    let seen = succeeded(stack, &asked).await;
    assert_eq!(instance(stack, &seen).await["subnet_id"], ids[2].as_str());
    let said = told(stack, &seen.id, ELSEWHERE).await;
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(
        said[0].contains("InsufficientFreeAddressesInSubnet"),
        "{said:?}"
    );
    shown(stack, &seen, &ids[2]).await;
    stack.client.act(&seen.id, "destroy").await.unwrap();
    let gone = |seen: &Deployment| seen.status == "destroyed";
    stack.wait_deployment(&seen.id, gone, LONG).await.unwrap();
    let groups = stack
        .region
        .objects("us-east-1", "security_groups")
        .await
        .unwrap();
    let left = |group: &&Value| group["tags"]["ingot:deployment"] == seen.id.as_str();
    let left: Vec<_> = groups.iter().filter(left).collect();
    assert!(left.is_empty(), "{left:#?}");
}

async fn types(stack: &Stack) {
    let more = json!({ "instance_types": ["t3.micro", "t3.small", "m6i.large"] });
    apply(stack, &template("typed", &more)).await;
    for name in ["a", "b", "c"] {
        zone(
            stack,
            name,
            json!({ "without_capacity": ["t3.micro"], "without_offer": ["t3.small"] }),
        )
        .await;
    }
    let seen = succeeded(stack, &order("typed")).await;
    assert_eq!(instance(stack, &seen).await["instance_type"], "m6i.large");
    assert_eq!(seen.instance_type, "t3.micro", "what was ordered");
    let said = told(stack, &seen.id, ELSEWHERE).await;
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[0].contains("trying t3.small"), "{said:?}");
    assert!(said[1].contains("trying m6i.large"), "{said:?}");
    shown(stack, &seen, "m6i.large in a zone of EC2's choice").await;
    // Its image is launched from in the same way.
    let next = succeeded(stack, &order("typed")).await;
    assert_eq!(next.launch_path.as_deref(), Some("cached"), "{next:#?}");
    assert_eq!(instance(stack, &next).await["instance_type"], "m6i.large");
    // A type that was named is what is wanted: EC2 is waited for, and no other type is tried.
    let named = CreateDeployment {
        instance_type: Some("t3.small".to_owned()),
        ..order("typed")
    };
    let seen = finished(stack, &named).await;
    assert_eq!(seen.status, "failed", "{seen:#?}");
    let why = seen.error_message.unwrap();
    assert!(
        why.contains("Unsupported") && why.contains("t3.small"),
        "{why}"
    );
}

async fn proposed(stack: &Stack) {
    apply(stack, &template("free", &json!({ "images": no_image() }))).await;
    let fault = json!({
        "action": "RunInstances", "kind": "error", "code": "InsufficientInstanceCapacity",
        "message": "We currently do not have sufficient t3.micro capacity in the Availability Zone you requested (us-east-1a). You can currently get t3.micro capacity by not specifying an Availability Zone in your request or choosing us-east-1b, us-east-1c.",
    });
    stack.region.post("faults", &fault).await.unwrap();
    let seen = succeeded(stack, &order("free")).await;
    assert_eq!(instance(stack, &seen).await["zone"], "us-east-1b");
    let said = told(stack, &seen.id, ELSEWHERE).await;
    assert!(
        said[0].contains("in any zone") && said[0].contains("us-east-1b"),
        "{said:?}"
    );
    shown(stack, &seen, "t3.micro in us-east-1b").await;
}

async fn rounds(stack: &Stack) {
    let more = json!({ "instance_types": ["t3.micro", "t3.small"], "images": no_image() });
    apply(stack, &template("short", &more)).await;
    for name in ["a", "b", "c"] {
        zone(stack, name, json!({ "without_capacity": ["t3.*"] })).await;
    }
    let asked = CreateDeployment {
        zones: vec!["us-east-1a".to_owned(), "us-east-1b".to_owned()],
        ..order("short")
    };
    let made = stack
        .client
        .create_deployment(&asked, "rounds")
        .await
        .unwrap();
    let waits = |seen: &Deployment| {
        seen.waiting
            .as_ref()
            .is_some_and(|wait| wait.on == "capacity")
    };
    let long = LONG;
    stack.wait_deployment(&made.id, waits, long).await.unwrap();
    zone(stack, "b", json!({})).await;
    let seen = stack.wait_finished(&made.id, long).await.unwrap();
    assert_eq!(seen.status, "success", "{seen:#?}");
    assert_eq!(instance(stack, &seen).await["zone"], "us-east-1b");
    let said = told(stack, &seen.id, ELSEWHERE).await;
    assert_eq!(
        said.len(),
        4,
        "the order is told once, not once a round: {said:#?}"
    );
    // Nothing comes back: an hour, then the sentence.
    zone(stack, "b", json!({ "without_capacity": ["t3.*"] })).await;
    let seen = finished(stack, &asked).await;
    let why = seen.error_message.unwrap();
    assert!(
        why.contains("no capacity") && why.contains("in no place and for no type"),
        "{why}"
    );
}

/// API, CLI and console say where it runs, when that is not the first choice, and on which base.
async fn shown(stack: &Stack, seen: &Deployment, wanted: &str) {
    let one = stack.client.deployment(&seen.id).await.unwrap();
    let taken = one.launched_as.unwrap();
    assert!(taken.summary.contains(wanted), "{taken:#?}");
    let base = one.base.unwrap();
    assert_eq!(base.owner.as_deref(), Some("137112412989"), "{base:#?}");
    let name = base.name.clone().unwrap();
    assert!(
        name.starts_with("al2023-ami-2023") && base.ami_id.starts_with("ami-"),
        "{base:#?}"
    );
    assert!(base.created_at.unwrap() < base.asked_at, "{base:#?}");
    assert!(base.line.unwrap().starts_with("ssm:"));
    let show = stack
        .ingot(&["deployments", "show", &seen.id])
        .await
        .unwrap();
    let show = String::from_utf8_lossy(&show.stdout).into_owned();
    let http = reqwest::Client::new();
    let page = format!("{}/deployments/{}", stack.client.base(), seen.id);
    let page = http
        .get(page)
        .bearer_auth(&stack.token)
        .send()
        .await
        .unwrap();
    let page = page.text().await.unwrap();
    for part in [wanted.replace('\'', ""), name, base.ami_id] {
        let has = |text: &str| text.replace("&#39;", "").replace('\'', "").contains(&part);
        assert!(has(&show), "{part} in {show}");
        assert!(has(&page), "{part} in {page}");
    }
}
