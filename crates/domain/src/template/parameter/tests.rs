//! Parameters: which are understood, and the values they take.

use serde_json::{Value, json};

use super::*;
use crate::cron5::Line;
use crate::fingerprint::of_recipe;
use crate::render::{Values, install_script, problems};

fn template(parameters: Value, run: &str) -> Template {
    let whole = json!({
        "name": "web",
        "base_image": { "ami": "ami-0123456789abcdef0" },
        "instance_types": ["t3.micro"],
        "parameters": parameters,
        "steps": [{ "name": "one", "run": run }],
        "probe": { "tcp": 80 },
        "install_finished": "none",
    });
    serde_json::from_value(whole).expect("a template")
}

fn values(template: &Template) -> Values<'_> {
    Values {
        template: "web",
        version: "v1.0.0",
        mode: "full",
        job_name: "shop",
        region: "eu-west-1",
        deployment_id: "dep_1",
        parameters: &template.parameters,
    }
}

fn given(values: &[(&str, &str)]) -> BTreeMap<String, String> {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    values.iter().map(own).collect()
}

fn played(template: &Template) -> String {
    let script = install_script(template, &values(template)).expect("a script");
    let root = tempfile::tempdir().expect("a directory");
    let file = root.path().join("part-001");
    std::fs::write(&file, script).expect("a script");
    let ran = std::process::Command::new("/bin/bash").arg(&file).output();
    String::from_utf8_lossy(&ran.expect("a shell").stdout).into_owned()
}

#[test]
fn a_value_is_read_by_the_shell_as_it_is() {
    let one = json!([{ "name": "greeting", "default": "hello" }]);
    let run = "printf '%s|' {{greeting}} \"{{ greeting }}\" '{{greeting}}'\ncat <<EOF\n{{greeting}}\nEOF\n";
    let whole = template(one, run);
    assert_eq!(whole.problems(), []);
    for value in [
        "hello",
        "it's $(id) \"x\" `id` \\",
        "",
        "-n",
        "a b  c",
        "EOF",
    ] {
        let whole = whole.with_parameters(&given(&[("greeting", value)]));
        let want = format!(
            "[ingot] step 1/1: one\n{value}|{value}|{value}|{value}\n[ingot] all steps done\n"
        );
        assert_eq!(played(&whole), want, "{value}");
    }
}

#[test]
fn a_value_where_nothing_can_be_quoted_must_be_plain() {
    let one = json!([{ "name": "setting", "default": "a" }]);
    let whole = template(one, "eval \"x={{setting}}\"");
    assert_eq!(problems(&whole, &values(&whole)), []);
    let whole = whole
        .with_parameters(&given(&[("setting", "$(id)")]))
        .into_owned();
    let told = problems(&whole, &values(&whole));
    assert!(
        matches!(told.as_slice(), [one] if one.field == "parameters.setting" && one.message.contains("{{setting}}")),
        "{told:?}"
    );
}

#[test]
fn values_are_part_of_the_recipe() {
    let one = json!([{ "name": "greeting", "default": "hello" }]);
    let whole = template(one, "echo {{greeting}}");
    let other = whole.with_parameters(&given(&[("greeting", "ciao")]));
    assert_ne!(of_recipe(&whole), of_recipe(&other));
    let same = whole.with_parameters(&given(&[("greeting", "hello")]));
    assert_eq!(of_recipe(&whole), of_recipe(&same));
    let none = template(json!([]), "echo {{greeting}}");
    assert_ne!(of_recipe(&whole), of_recipe(&none));
}

#[test]
fn a_word_that_is_no_parameter_is_left_or_told() {
    let one = json!([{ "name": "greeting", "default": "hello" }]);
    let whole = template(one, "echo '{{greetings}}'");
    let told = whole.problems();
    assert!(
        matches!(told.as_slice(), [one] if one.message.contains("did you mean `{{greeting}}`?")),
        "{told:?}"
    );
    let whole = template(json!([]), "echo '{{greeting}}'");
    assert_eq!(whole.problems(), []);
    assert!(played(&whole).contains("\n{{greeting}}\n"));
}

#[test]
fn what_a_template_may_not_say() {
    let table = [
        (json!({ "name": "Greeting" }), "name"),
        (json!({ "name": "a-b" }), "name"),
        (json!({ "name": "version" }), "name"),
        (json!({ "name": "a".repeat(31) }), "name"),
        (json!({ "name": "a", "pattern": "(" }), "pattern"),
        (
            json!({ "name": "a", "pattern": "b", "choices": ["b"] }),
            "pattern",
        ),
        (
            json!({ "name": "a", "default": "c", "choices": ["b"] }),
            "default",
        ),
        (
            json!({ "name": "a", "default": "cb", "pattern": "c|b" }),
            "default",
        ),
        (json!({ "name": "a", "default": "b\nc" }), "default"),
        (json!({ "name": "a", "description": "<b>" }), "description"),
        (json!({ "name": "a", "pattern": "a)|(?:.*" }), "pattern"),
        (
            json!({ "name": "a", "pattern": r"(((\w{0,40}){0,40}){0,25})" }),
            "pattern",
        ),
        (
            json!({ "name": "a", "pattern": "a".repeat(201) }),
            "pattern",
        ),
        (json!({ "name": "a", "choices": ["b", ""] }), "choices[1]"),
        (json!({ "name": "a", "choices": ["b", "b"] }), "choices[1]"),
        (json!({ "name": "a", "choices": ["b\nc"] }), "choices[0]"),
        (json!({ "name": "a", "choices": ["b\u{7}"] }), "choices[0]"),
        (
            json!({ "name": "a", "choices": ["b\u{202e}c"] }),
            "choices[0]",
        ),
        (
            json!({ "name": "a", "choices": ["x[$(id)]"] }),
            "choices[0]",
        ),
        (
            json!({ "name": "a", "default": "PATH[$(touch x)]" }),
            "default",
        ),
    ];
    for (parameter, key) in table {
        let told = template(json!([parameter]), "id").problems();
        let fields: Vec<String> = told.into_iter().map(|told| told.field).collect();
        assert_eq!(fields, [format!("parameters[0].{key}")], "{parameter}");
    }
    let two = json!([{ "name": "a" }, { "name": "a" }]);
    assert_eq!(
        template(two, "id").problems()[0].field,
        "parameters[1].name"
    );
}

/// bash runs a substitution in a value that it evaluates: as a number, as a subscript, as the name of a variable.
#[test]
fn a_value_with_a_substitution_is_refused() {
    let whole = template(json!([{ "name": "a" }]), "n={{a}}; (( n > 3 )) || true");
    assert_eq!(whole.problems(), []);
    for value in ["PATH[$(id)]", "PATH[`id`]", "${x@P}", "$[x]", "a[$((1))]"] {
        let told = whole.parameter_values(&given(&[("a", value)]));
        assert!(
            matches!(told.as_slice(), [one] if one.field == "parameters.a" && one.value == value
                && one.message.contains("write that into the template's script")),
            "{value}: {told:?}"
        );
    }
    for value in ["$5", "a$", "$HOME", "a (b) {c} [d]", "x'y\"z\\"] {
        assert_eq!(
            whole.parameter_values(&given(&[("a", value)])),
            [],
            "{value}"
        );
    }
}

/// The order of the parameters is no part of the recipe.
#[test]
fn the_order_of_parameters_makes_no_other_recipe() {
    let (a, b) = (
        json!({ "name": "a", "default": "1" }),
        json!({ "name": "b", "default": "2" }),
    );
    let one = template(json!([a, b]), "echo {{a}} {{b}}");
    let other = template(json!([b, a]), "echo {{a}} {{b}}");
    assert_eq!(of_recipe(&one), of_recipe(&other));
    let swapped = json!([{ "name": "a", "default": "2" }, { "name": "b", "default": "1" }]);
    assert_ne!(
        of_recipe(&one),
        of_recipe(&template(swapped, "echo {{a}} {{b}}"))
    );
}

#[test]
fn what_is_built_has_defaults() {
    let mut whole = template(json!([{ "name": "colour" }]), "echo {{colour}}");
    assert_eq!(whole.problems(), []);
    whole.rebuild = Some(Line::parse("0 4 * * *").expect("a line"));
    let mut built = whole.clone();
    (built.rebuild, built.images.create) = (None, Create::Build);
    for (template, key) in [(&mut whole, "`rebuild`"), (&mut built, "create: build")] {
        let told = template.problems();
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!(told[0].field, "parameters[0].default");
        for part in [key, "give a `default`"] {
            assert!(told[0].message.contains(part), "{told:?}");
        }
        template.parameters[0].default = Some("red".to_owned());
        assert_eq!(template.problems(), []);
    }
}

#[test]
fn what_the_first_boot_alone_reads_is_in_no_image() {
    let all = json!([
        { "name": "colour", "default": "red" },
        { "name": "host", "default": "a" },
        { "name": "both", "default": "a" },
        { "name": "none", "default": "a" },
    ]);
    let mut whole = template(all, "echo {{colour}} {{both}}");
    whole.first_boot = Some("echo {{ host }} {{both}} {{template}}".to_owned());
    for (name, other) in [
        ("colour", true),
        ("host", false),
        ("both", true),
        ("none", true),
    ] {
        let values = given(&[(name, "b")]);
        assert_eq!(whole.is_of_another_image(&values), other, "{name}");
        let differs = of_recipe(&whole) != of_recipe(&whole.with_parameters(&values));
        assert_eq!(differs, other, "{name}");
    }
    assert!(!whole.is_of_another_image(&given(&[("colour", "red")])));
}

#[test]
fn people_see_values_but_no_secrets() {
    let values = [
        ("colour", "green"),
        ("db_password", "hunter2"),
        ("licence_key", "abc"),
        ("keyboard", "de"),
        ("auth_token", "x"),
    ];
    assert_eq!(
        told(&given(&values)),
        [
            "auth_token=•••",
            "colour=green",
            "db_password=•••",
            "keyboard=de",
            "licence_key=•••"
        ]
    );
}

#[test]
fn what_a_deployment_may_not_give() {
    let all = json!([
        { "name": "size", "choices": ["small", "large"], "default": "small" },
        { "name": "host", "pattern": "[a-z.]+", "description": "Where it answers" },
    ]);
    let whole = template(all, "echo {{size}} {{host}}");
    assert_eq!(whole.problems(), []);
    type Pairs<'a> = &'a [(&'a str, &'a str)];
    let table: [(Pairs<'_>, Pairs<'_>); 6] = [
        (&[("host", "a.b")], &[]),
        (&[], &[("parameters.host", "--set host=VALUE")]),
        (&[("host", "A")], &[("parameters.host", "[a-z.]+")]),
        (
            &[("host", "a"), ("size", "huge")],
            &[("parameters.size", "small, large")],
        ),
        (
            &[("host", "a"), ("siz", "small")],
            &[("parameters.siz", "did you mean `size`?")],
        ),
        (
            &[("host", "a"), ("colour", "x")],
            &[("parameters.colour", "it has size, host")],
        ),
    ];
    for (values, want) in table {
        let told = whole.parameter_values(&given(values));
        assert_eq!(told.len(), want.len(), "{told:?}");
        for (told, (field, part)) in told.iter().zip(want) {
            assert_eq!(told.field, *field);
            assert!(told.message.contains(part), "{told}");
        }
    }
}
