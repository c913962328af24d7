//! What a recipe without the newer keys (`packages`, `validate`, `parameters`, `inherits`) is: its fingerprint and its script
//! are those that earlier versions of Ingot gave it, byte for byte. AMIs of such recipes stay good.

use ingot_domain::fingerprint::{hex_sha256, of_recipe};
use ingot_domain::render::{Values, first_boot_script, install_script};
use ingot_domain::template::Template;

/// Template, fingerprint, and the SHA-256 of both scripts, as they were before there were the newer keys.
const BEFORE: &[(&str, &str, &str)] = &[
    (
        "kamiwaza",
        "358dc671e3c0d5c1cb01ead2397519988aa60a18e860c80813acea615a312637",
        "639b4101bf2f93c21290d4d751f8e262e5e1727f7addb3ba512b6b949c05c6ae",
    ),
    (
        "gpu-health",
        "683bd62b8193614b493e9f68c0a7d089274336331cfaf7402dee3f017db279b6",
        "03af1b4686884a171d4aef68f5d3d8eaf93464ff62f5a6a070a23e1ce7813a24",
    ),
    (
        "hello-web",
        "c7e18d56e1ce056cf5e5014832bd58b2dda297e6e8c6b652e462fa75f284b453",
        "c661e2adfbe9010e2e31423fe165a4624941a84571f1bbe8e99e96fbe0a95307",
    ),
    (
        "postgres-arm64",
        "bd963dcb0a09f6570cd1b35e9c20e0e0cdc8f7173d7e61c871f9de53b6cf4704",
        "791010bb88cc184882275f061154286e6aefe382475ef0bcc92b398ce276b2e9",
    ),
    (
        "rails-nginx",
        "c6ae2247906fcc4cca181f71c2ddb357af4833c119f1e290e6d8a6d9b0f4d444",
        "2e23d5e85db24d77c04748da8b3db61f76a665c8862812a5e16ce2e1a4fed6c7",
    ),
    (
        "agent",
        "1486445ddfcc4fd7581eb620dec0a4de84a77fe0b6d72ceafee72fc6ce518b7f",
        "a2db51baf32c6c4db5ae129f76c17ccae0c35c241ac0f3516d42b2ef28b8f581",
    ),
];

fn template(name: &str) -> Template {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../templates");
    match name {
        "kamiwaza" => ingot_yaml::kamiwaza(),
        "agent" => Template {
            ssm_agent: ingot_domain::template::Agent::Install,
            ..template("rails-nginx")
        },
        name => ingot_yaml::parse_file(format!("{root}/{name}.yaml")).expect("a template"),
    }
}

#[test]
fn recipes_from_before_are_what_they_were() {
    let names = [
        "kamiwaza",
        "gpu-health",
        "hello-web",
        "postgres-arm64",
        "rails-nginx",
        "agent",
    ];
    let now: Vec<(String, String, String)> = names
        .iter()
        .map(|name| {
            let template = template(name);
            let values = Values {
                template: &template.name,
                version: "v1.2.3",
                mode: template.default_mode(),
                job_name: "it's a shop",
                region: "eu-west-1",
                deployment_id: "dep_1",
                parameters: &template.parameters,
            };
            let install = install_script(&template, &values).expect("a script");
            let first = first_boot_script(&template, &values).expect("a script");
            let scripts = hex_sha256(format!("{install}\0{first}").into_bytes());
            ((*name).to_owned(), of_recipe(&template), scripts)
        })
        .collect();
    let before: Vec<(String, String, String)> = BEFORE
        .iter()
        .map(|(name, print, script)| {
            (
                (*name).to_owned(),
                (*print).to_owned(),
                (*script).to_owned(),
            )
        })
        .collect();
    assert_eq!(now, before);
}
