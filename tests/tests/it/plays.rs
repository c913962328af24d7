//! The simulated region plays the user's own template: scheme, port, path, status and words of its probe, from a fresh
//! install to its AMI and to a launch from it (FIELD N2), on both shapes; and what runs nothing says so.

use ingot_client::DeploymentFilter;
use ingot_tests::{Stack, repository};
use serde_json::{Value, json};

use super::launch_parameters::{apply, finished, on_both, order, succeeded, template, told};

on_both! {
    every_template_goes_through_embedded, every_template_goes_through_scaled: templates at 600;
    the_catalogue_goes_through_embedded, the_catalogue_goes_through_scaled: catalogue at 600;
    values_are_part_of_the_key_embedded, values_are_part_of_the_key_scaled: values at 600;
    any_probe_is_played_embedded, any_probe_is_played_scaled: probes at 600;
    what_runs_nothing_is_told_so_embedded, what_runs_nothing_is_told_so_scaled: nothing at 600;
}

/// A fresh install that is ready and imaged, then a launch from that image.
async fn goes_through(stack: &Stack, name: &str) {
    let fresh = succeeded(stack, &order(name)).await;
    assert_eq!(fresh.launch_path.as_deref(), Some("fresh"), "{fresh:#?}");
    let made = fresh.created_ami_id.clone();
    assert!(made.is_some(), "{fresh:#?}");
    let cached = succeeded(stack, &order(name)).await;
    assert_eq!(cached.launch_path.as_deref(), Some("cached"), "{cached:#?}");
    assert_eq!(cached.source_ami_id, made, "{cached:#?}");
}

async fn templates(stack: &Stack) {
    let folder = repository().join("templates");
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "yaml") {
            continue;
        }
        let yaml = std::fs::read_to_string(&path).unwrap();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        stack.client.apply_template(&yaml, &name).await.unwrap();
        names.push(name);
    }
    assert!(names.contains(&"hello-web".to_owned()), "{names:?}");
    for name in &names {
        goes_through(stack, name).await;
    }
    kamiwaza_is_not_named(stack).await;
}

/// Every recipe that comes with the program is installed, proven, imaged and launched from its AMI; its packages are steps of
/// the installation's story.
async fn catalogue(stack: &Stack) {
    for entry in ingot_yaml::catalogue() {
        let name = &entry.template.name;
        stack.client.apply_template(entry.yaml, name).await.unwrap();
        let fresh = succeeded(stack, &order(name)).await;
        assert!(fresh.created_ami_id.is_some(), "{fresh:#?}");
        let story = stack.story(&fresh.id).await.unwrap();
        let steps: Vec<&str> = story
            .iter()
            .filter(|event| event.kind == "install.step")
            .map(|event| event.message.as_str())
            .collect();
        // A look is ten minutes of the region's at this pace: what ends between the last one and readiness is not told.
        let of = entry.template.steps_run().len();
        assert!((1..=of).contains(&steps.len()), "{name}: {steps:#?}");
        assert!(
            steps[0].contains(": install ") && steps[0].contains(" system packages"),
            "{steps:#?}"
        );
        let cached = succeeded(stack, &order(name)).await;
        assert_eq!(cached.source_ami_id, fresh.created_ami_id, "{cached:#?}");
    }
}

const GREETER: &str = "name: greeter
base_image: { ssm: /aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64 }
instance_types: [t3.micro]
parameters:
  - { name: greeting, default: hello }
steps:
  - { name: 'greet with {{greeting}}', run: 'echo {{greeting}}' }
probe: { scheme: http, port: 80, first_check_seconds: 30, interval_seconds: 30 }
progress: none
install_finished: none
";

/// A value that a deployment gives is in the script, and another value is another image key.
async fn values(stack: &Stack) {
    stack
        .client
        .apply_template(GREETER, "greeter")
        .await
        .unwrap();
    let with = |value: &str| {
        let mut wanted = order("greeter");
        wanted
            .parameters
            .insert("greeting".to_owned(), value.to_owned());
        wanted
    };
    let fresh = succeeded(stack, &with("it's \"$id\" or not")).await;
    assert_eq!(fresh.launch_path.as_deref(), Some("fresh"), "{fresh:#?}");
    let cached = succeeded(stack, &with("it's \"$id\" or not")).await;
    assert_eq!(cached.source_ami_id, fresh.created_ami_id, "{cached:#?}");
    let usual = succeeded(stack, &order("greeter")).await;
    assert_eq!(usual.launch_path.as_deref(), Some("fresh"), "{usual:#?}");
    let same = succeeded(stack, &with("hello")).await;
    assert_eq!(same.source_ami_id, usual.created_ami_id, "{same:#?}");
}

/// Tags and stories of other templates' things say `Version` and `Template`, and no word of the built-in one (FIELD N23).
async fn kamiwaza_is_not_named(stack: &Stack) {
    let mut told = Vec::new();
    for kind in ["instances", "images", "snapshots", "security_groups"] {
        let objects = stack.region.objects("us-east-1", kind).await.unwrap();
        let ours = objects
            .iter()
            .filter(|object| object["tags"]["ingot:install"].is_string());
        told.extend(ours.map(|object| (kind, object["tags"].clone())));
    }
    for wanted in ["instances", "images", "snapshots", "security_groups"] {
        let seen = told.iter().any(|(kind, _)| *kind == wanted);
        assert!(seen, "no {wanted}: {told:#?}");
    }
    for (kind, tags) in &told {
        assert_eq!(tags["ManagedBy"], "Ingot", "{kind}: {tags:#}");
        if *kind != "security_groups" {
            assert_eq!(tags["Version"], "v1.0.0", "{kind}: {tags:#}");
            assert!(tags["Template"].is_string(), "{kind}: {tags:#}");
        }
        let said = tags.to_string().to_lowercase();
        assert!(!said.contains("kamiwaza"), "{kind}: {said}");
    }
    let page = stack
        .client
        .deployments(&DeploymentFilter::default())
        .await
        .unwrap();
    for deployment in page.items {
        let story = format!("{:?}", stack.story(&deployment.id).await.unwrap());
        assert!(!story.to_lowercase().contains("kamiwaza"), "{story}");
    }
}

fn probing(probe: &Value) -> Value {
    let mut probe = probe.clone();
    let rhythm = json!({ "first_check_seconds": 30, "interval_seconds": 30, "max_attempts": 60 });
    for (key, value) in rhythm.as_object().unwrap() {
        probe[key] = value.clone();
    }
    json!({ "probe": probe })
}

async fn probes(stack: &Stack) {
    let table = [
        json!({ "scheme": "http", "port": 80, "path": "/up", "body_contains": ["green"] }),
        json!({ "scheme": "http", "port": 8000, "path": "/health?deep=1", "body_contains": ["\"status\": \"ok\""] }),
        json!({ "tcp": 5432 }),
        json!({ "scheme": "https", "port": 8443, "expected_status": [401, 200] }),
        json!({ "scheme": "https", "port": 443, "expected_status": [204], "host": "app.example.com" }),
        json!({ "scheme": "http", "port": 80, "body_contains": ["</powershell> ${x} {{ v }} `id` ünï 漢"] }),
    ];
    for (number, probe) in table.iter().enumerate() {
        let name = format!("played-{number}");
        apply(stack, &template(&name, &probing(probe))).await;
        goes_through(stack, &name).await;
    }
    // The launch's own script has no place for the line: the image remembers what its source served.
    let mut quiet = template("quiet", &probing(&table[0]));
    quiet["first_boot"] = json!("[settings.host]\n");
    quiet["user_data_encoding"] = json!("plain");
    apply(stack, &quiet).await;
    goes_through(stack, "quiet").await;
    // Orders hold for clear text as they do for TLS.
    let serve = json!({ "serve": "wrong_content" });
    stack.region.post("next_instance", &serve).await.unwrap();
    let mut impatient = template("impatient", &probing(&table[0]));
    impatient["probe"]["max_attempts"] = json!(2);
    apply(stack, &impatient).await;
    let seen = finished(stack, &order("impatient")).await;
    assert_eq!(seen.status, "readiness_timeout", "{seen:#?}");
    let why = seen.error_message.unwrap();
    assert!(why.contains("none of `green` in the page"), "{why}");
}

async fn nothing(stack: &Stack) {
    let mut silent = template("silent", &json!({}));
    silent["user_data_encoding"] = json!("plain");
    silent["user_data"] = json!("{\"ignition\": {\"version\": \"3.4.0\"}}\n");
    silent["probe"]["max_attempts"] = json!(2);
    apply(stack, &silent).await;
    let seen = finished(stack, &order("silent")).await;
    assert_eq!(seen.status, "readiness_timeout", "{seen:#?}");
    let checks = told(stack, &seen.id, "readiness.checked").await;
    let why = seen.error_message.unwrap();
    for said in checks.iter().chain([&why]) {
        assert!(
            said.contains("no server listens at 127.") && said.contains(":443: "),
            "{said}"
        );
        assert!(
            said.contains("in the simulated region this instance runs nothing"),
            "{said}"
        );
        assert!(said.contains("no line `# ingot-serves: {…}`"), "{said}");
    }
}
