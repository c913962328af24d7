//! Templates that are accepted, what the built-in one says, and that writing and reading agree.

use std::collections::BTreeMap;
use std::path::Path;

use ingot_domain::probe::{ProbeSpec, Scheme};
use ingot_domain::template::{BaseImage, Create, InstallFinished, KAMIWAZA, Step, Template};
use ingot_yaml::{LARGEST, builtin, kamiwaza, parse, parse_file, to_yaml};
use proptest::prelude::*;

fn sample() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../templates/hello-web.yaml")
}

/// Every template in the folder of examples has nothing wrong with it.
#[test]
fn the_examples_are_fine() {
    let folder = sample().parent().expect("a folder").to_owned();
    let mut tcp = 0;
    for entry in std::fs::read_dir(folder).expect("the folder") {
        let path = entry.expect("an entry").path();
        // The catalogue's recipes are held by tests of their own.
        if path.is_dir() {
            continue;
        }
        let template = parse_file(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
        let name = path
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned());
        assert_eq!(name.as_deref(), Some(&*template.name));
        tcp += u32::from(template.probe.tcp.is_some());
        let again = parse(&to_yaml(&template).expect("YAML")).expect("reads back");
        assert_eq!(again, template);
    }
    assert_eq!(tcp, 1);
}

#[test]
fn the_builtin_template_is_the_documents() {
    let template = kamiwaza();
    assert_eq!(template.name, KAMIWAZA);
    let expected = ProbeSpec {
        body_contains: vec!["kamiwaza".into(), "login".into()],
        ..ProbeSpec::default()
    };
    assert_eq!(template.probe, expected);
    assert_eq!(
        (template.default_mode(), template.default_instance_type()),
        ("full", "m6i.xlarge")
    );
    assert_eq!(
        (template.volume.size_gb, template.volume.encrypted),
        (10, true)
    );
    assert_eq!(
        (template.images.settle_seconds, template.images.no_reboot),
        (30, false)
    );
    assert_eq!(template.install_finished, InstallFinished::CloudInit);
    assert!(
        matches!(&template.base_image, BaseImage::Ssm(name) if name.ends_with("/ebs-gp3/ami-id"))
    );
    assert_eq!(builtin(), [template]);
}

#[test]
fn the_builtin_scripts_use_only_known_placeholders() {
    let template = kamiwaza();
    assert!(
        template
            .user_data
            .as_deref()
            .is_some_and(|script| script.ends_with("echo 'ingot: finished'\n"))
    );
    for script in [&template.user_data, &template.first_boot]
        .into_iter()
        .flatten()
    {
        assert!(script.starts_with("#!/bin/bash\n"));
        assert!(script.len() < 12 * 1024, "EC2 takes 16 KiB");
        for piece in script.split("{{").skip(1) {
            let word = piece.split("}}").next().unwrap_or_default();
            assert!(
                ["version", "mode", "job_name", "region", "template"].contains(&word),
                "{word}"
            );
        }
    }
    let first_boot = template.first_boot.unwrap_or_default();
    assert!(!first_boot.contains("apt-get"), "a copy installs nothing");
}

#[test]
fn the_sample_parses_as_its_comments_say() {
    let template = parse_file(sample()).expect("the sample");
    assert_eq!(
        (template.name.as_str(), template.steps.len()),
        ("hello-web", 3)
    );
    assert_eq!(
        (template.probe.scheme, template.probe.port),
        (Scheme::Http, 80)
    );
    assert_eq!(template.user_data, None);
    assert_eq!(parse(&to_yaml(&template).expect("yaml")), Ok(template));
}

#[test]
fn byte_order_marks_line_ends_anchors_and_tabs_in_texts_are_accepted() {
    let text = std::fs::read_to_string(sample()).expect("the sample");
    let plain = parse(&text).expect("the sample");
    assert_eq!(parse(&format!("\u{feff}{text}")), Ok(plain.clone()));
    assert_eq!(parse(&text.replace('\n', "\r\n")), Ok(plain.clone()));
    assert_eq!(parse(&format!("---\n{text}...\n")), Ok(plain.clone()));
    let anchored = text
        .replace("modes: [full]", "modes: [&full full]")
        .replace("team: platform", "team: *full");
    assert_eq!(
        parse(&anchored)
            .expect("anchors")
            .tags
            .get("team")
            .map(String::as_str),
        Some("full")
    );
    let tabbed = text.replace("      <h1>", "      \t<h1>");
    assert!(
        parse(&tabbed).expect("a tab in a text").steps[1]
            .run
            .contains("\n\t<h1>")
    );
}

#[test]
fn size_and_aliases_are_bounded() {
    let text = std::fs::read_to_string(sample()).expect("the sample");
    let error = parse(&format!("{text}#{}", "x".repeat(LARGEST))).expect_err("too large");
    assert!(
        error.to_string().contains("larger than 262144 bytes"),
        "{error}"
    );
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("large.yaml");
    std::fs::write(&file, format!("# {}é", "é".repeat(LARGEST))).expect("a file");
    assert_eq!(
        parse_file(&file).expect_err("too large").message(),
        error.message()
    );
    let many = format!(
        "modes: [&a full{}]\n{}",
        ", *a".repeat(200),
        text.replace("modes: [full]\n", "")
    );
    let error = parse(&many).expect_err("aliases");
    assert!(
        error.message().contains("instead of using anchors"),
        "{error}"
    );
}

#[test]
fn many_problems_cost_little_and_are_told_in_part() {
    let text = std::fs::read_to_string(sample()).expect("the sample");
    let with = |count: usize| {
        text.replace(
            "[t3.micro, t3.small, m6i.large]",
            &format!("[{}]", "X, ".repeat(count)),
        )
    };
    let start = std::time::Instant::now();
    let error = parse(&with(4_000)).expect_err("no instance types");
    assert_eq!(error.problems().count(), 51);
    assert!(
        error
            .to_string()
            .ends_with("and 3950 more; correct these first"),
        "{error}"
    );
    let error = parse(&with(60_000)).expect_err("too many");
    assert!(
        error.message().starts_with("more than 5000 values"),
        "{error}"
    );
    assert!(start.elapsed() < std::time::Duration::from_secs(10));
}

#[test]
fn an_unreadable_file_is_named() {
    let error = parse_file("/nonexistent/web.yaml").expect_err("no file");
    assert!(
        error
            .message()
            .starts_with("`/nonexistent/web.yaml` can not be read"),
        "{error}"
    );
    assert_eq!((error.line(), error.field()), (None, ""));
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(
        user_data in "[ -~\n\u{e9}\u{4e2d}]{0,80}",
        run in "\\PC{0,40}",
        mode in "yes|no|on|full|[a-z0-9][a-z0-9_-]{0,8}",
        key in "[A-Za-z0-9 _.:/=+@-]{1,12}",
        value in "[A-Za-z0-9 _.:/=+@-]{0,12}",
        steps in any::<bool>(),
        size_gb in 8_u32..=1000,
    ) {
        let mut template = kamiwaza();
        template.modes = vec![mode];
        template.volume.size_gb = size_gb;
        template.tags = BTreeMap::from([(key, value.clone())]);
        template.install_finished = InstallFinished::Command(run.clone());
        if steps {
            template.user_data = None;
            template.steps = vec![Step { name: "one".into(), run, timeout: Some(90), validate: None }];
        } else {
            template.user_data = Some(format!("#!/bin/sh\n{user_data}"));
        }
        prop_assume!(template.problems().is_empty());
        let yaml = to_yaml(&template).expect("yaml");
        let again: Template = parse(&yaml).map_err(|error| TestCaseError::fail(format!("{error}\n{yaml}")))?;
        prop_assert_eq!(again, template, "{}", yaml);
    }

    #[test]
    fn no_text_makes_it_panic(text in "[a-z0-9:{}\\[\\]&*!|>'\"#%@`,?\t\n -]{0,120}") {
        let _ = parse(&text);
        let _ = parse(&format!("name: x\n{text}"));
    }

    #[test]
    fn a_mutilated_template_is_read_or_refused_with_places_inside(cut in 0_usize..4000, with in "[\t\n:\\[{}'\"é]{0,3}") {
        let text = include_str!("../src/kamiwaza.yaml");
        let at = (0..=cut.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
        let text = format!("{}{with}{}", &text[..at], &text[at..]);
        if let Err(error) = parse(&text) {
            for problem in error.problems() {
                let lines = text.split('\n').count() + 1;
                prop_assert!(problem.line.is_none_or(|line| line >= 1 && line as usize <= lines), "{}", problem);
            }
        }
    }
}

#[test]
fn images_are_made_by_deployments_or_builds_or_not_at_all() {
    let with = |create: &str| {
        let text = format!(
            "name: web\nbase_image: {{ track: ubuntu-24.04 }}\ninstance_types: [t3.micro]\ninstall_finished: none\n\
             user_data: |\n  #!/bin/sh\n  true\nprobe: {{ scheme: http, port: 80, path: / }}\nimages: {{ create: {create} }}\n"
        );
        parse(&text).map(|template| template.images.create)
    };
    let words = [
        ("true", Create::Deployment),
        ("deployment", Create::Deployment),
        ("build", Create::Build),
        ("false", Create::Never),
    ];
    for (create, made) in words {
        assert_eq!(with(create).expect(create), made, "{create}");
    }
}
