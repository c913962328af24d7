//! Templates, tasks, findings, the system and the order form, with hostile words in every text, and what they must say.

use ingot_client::template::LaunchTimes;
use ingot_client::{
    Attempt, Finding, FindingFilter, Part, Queue, SystemStatus, Task, TaskFilter, Template,
    TemplateRevision, Wait, Waiting, WorkerSeen,
};
use ingot_domain::field::FieldError;

use super::samples::{ATTACK, at, image, page};
use crate::console::*;

fn text() -> String {
    ATTACK.to_owned()
}

pub(super) fn template(name: &str) -> Template {
    Template {
        name: name.to_owned(),
        inherits: None,
        parts: vec![],
        description: text(),
        builtin: true,
        revision: 3,
        kind: text(),
        base_image: text(),
        architecture: text(),
        modes: vec!["full".to_owned(), text()],
        instance_types: vec!["t3.micro".to_owned(), text()],
        volume_size_gb: 10,
        probe: text(),
        fingerprint: text(),
        images: text(),
        rebuild: Some(text()),
        next_rebuild: Some(at(1)),
        grant: Some(text()),
        parameters: vec![],
        launch_times: LaunchTimes {
            fresh_seconds: Some(1010),
            cached_seconds: Some(277),
            samples: 4,
        },
    }
}

fn revisions() -> Vec<TemplateRevision> {
    let one = |revision| TemplateRevision {
        revision,
        fingerprint: text(),
        created_at: at(1),
    };
    [3, 2, 1].map(one).to_vec()
}

fn task(state: &str) -> Task {
    Task {
        id: text(),
        queue: text(),
        kind: text(),
        state: state.to_owned(),
        deployment_id: Some(text()),
        attempt: 2,
        max_attempts: 20,
        crashes: 1,
        visits: 4,
        run_at: at(9),
        waiting_for: Some(text()),
        waiting: Some(Wait {
            on: text(),
            code: Some(text()),
            refused: true,
            sentence: text(),
            since: Some(at(1)),
            until: Some(at(2)),
            ends: text(),
            next_look_at: at(3),
            way_out: text(),
        }),
        worker: Some(text()),
        lease_until: Some(at(4)),
        last_error: Some(text()),
        created_at: at(0),
        finished_at: Some(at(5)),
        attempts: vec![Attempt {
            attempt: 1,
            outcome: text(),
            worker: text(),
            error: Some(text()),
            started_at: at(1),
            finished_at: at(2),
        }],
    }
}

fn finding(verdicts: &[&str], settled: Option<&str>) -> Finding {
    Finding {
        id: "fnd_1".to_owned(),
        invariant: text(),
        scope: text(),
        subject: text(),
        deployment_id: Some(text()),
        what: text(),
        meaning: text(),
        advice: text(),
        sightings: 2,
        violated: true,
        first_seen_at: at(1),
        last_seen_at: at(2),
        outcome: Some(text()),
        cleared_at: None,
        settled: settled.map(str::to_owned),
        settled_by: Some(text()),
        settled_reason: Some(text()),
        verdicts: verdicts.iter().map(|&word| word.to_owned()).collect(),
    }
}

fn status(ok: bool) -> SystemStatus {
    SystemStatus {
        calendar: None,
        running_on: Vec::new(),
        ok,
        at: at(30),
        parts: vec![Part {
            name: text(),
            state: text(),
            since: Some(at(1)),
            detail: text(),
        }],
        waiting: Waiting {
            deployments: 1,
            images: 2,
            tasks: 3,
            oldest_due: Some(at(1)),
        },
        workers: vec![WorkerSeen {
            name: text(),
            version: text(),
            state: text(),
            started_at: at(1),
            heartbeat_at: at(2),
            holds: 3,
        }],
        queues: vec![Queue {
            name: text(),
            available: 1,
            scheduled: 2,
            running: 3,
            retryable: 4,
            discarded: 5,
            oldest_due: Some(at(1)),
            paused: None,
            concurrency: None,
        }],
        install: Some(text()),
        checks: vec![],
        doubts: vec![],
    }
}

type Rendered = (String, Result<String, askama::Error>);

/// The pages, for the tests that hold for every page.
pub(super) fn pages() -> Vec<Rendered> {
    let known = template("web");
    let all = page(revisions(), Some("1"));
    let seen = |against| {
        let known = Known {
            shown: &known,
            yaml: ATTACK,
            newest: 3,
            revisions: &all,
            further: true,
            against,
        };
        template_page(&known, at(30))
    };
    let images = [image("available", Some(ATTACK)), image("available", None)];
    let regions = ["us-east-1".to_owned()];
    let (templates, none) = ([template(ATTACK)], []);
    let choices = |templates| Choices {
        templates,
        regions: &regions,
        images: &images,
    };
    let chosen = Chosen {
        template: text(),
        version: text(),
        image: format!("ami-{ATTACK}"),
        job_name: text(),
        ..Chosen::default()
    };
    let desk = Desk {
        yaml: ATTACK,
        of: ATTACK,
        revision: 3,
    };
    let beyond = |from| {
        Verdict::Beyond(Beyond {
            newest: ATTACK,
            from,
        })
    };
    let wrong = ["version", ATTACK].map(|field| FieldError::new(field, ATTACK, ATTACK));
    let filter = TaskFilter {
        deployment_id: Some(text()),
        cursor: Some(text()),
        ..TaskFilter::default()
    };
    let found = FindingFilter {
        deployment_id: Some(text()),
        ..FindingFilter::default()
    };
    let pages = vec![
        (
            "templates",
            templates_page(&page(vec![known.clone()], None)),
        ),
        ("no templates", templates_page(&page(vec![], None))),
        ("template", seen(None)),
        ("template changed", seen(Some((2, "name: web\n")))),
        ("template same", seen(Some((2, ATTACK)))),
        ("desk", desk_page(&desk, &Verdict::Unasked)),
        ("desk fine", desk_page(&desk, &Verdict::Fine(ATTACK))),
        ("desk wrong", desk_page(&desk, &Verdict::Wrong(&wrong))),
        ("desk beyond", desk_page(&desk, &beyond(0))),
        ("desk far beyond", desk_page(&desk, &beyond(2))),
        (
            "order",
            order_page(&choices(&templates), &chosen, &[], ATTACK, at(30)),
        ),
        (
            "order wrong",
            order_page(&choices(&templates), &chosen, &wrong, ATTACK, at(30)),
        ),
        (
            "order of nothing",
            order_page(&choices(&none), &Chosen::default(), &[], "", at(30)),
        ),
        ("no tasks", tasks_page(&page(vec![], None), &filter, at(30))),
        (
            "tasks",
            tasks_page(&page(vec![task(ATTACK)], Some(ATTACK)), &filter, at(30)),
        ),
        ("task", task_page(&task("discarded"))),
        ("system", system_page(&status(true))),
        ("system troubled", system_page(&status(false))),
        (
            "findings",
            findings_page(
                &page(vec![finding(&["keep", "remove"], None)], Some(ATTACK)),
                &found,
                at(30),
            ),
        ),
        (
            "finding settled",
            findings_page(
                &page(vec![finding(&[], Some("keep"))], None),
                &found,
                at(30),
            ),
        ),
        (
            "no findings",
            findings_page(&page(vec![], None), &FindingFilter::default(), at(30)),
        ),
    ];
    let named = |(name, html): (&str, _)| (name.to_owned(), html);
    pages.into_iter().map(named).collect()
}

#[test]
fn the_order_form_says_what_a_launch_takes_and_names_each_mistake_beside_its_field() {
    let templates = [template("kamiwaza")];
    let images = [image("available", Some("ami-1"))];
    let regions = ["us-east-1".to_owned()];
    let choices = Choices {
        templates: &templates,
        regions: &regions,
        images: &images,
    };
    let chosen = Chosen {
        version: "0.9.9".to_owned(),
        ..Chosen::default()
    };
    let wrong = [FieldError::new("version", "0.9.9", "write it otherwise")];
    let html = order_page(&choices, &chosen, &wrong, "k", at(30)).expect("page");
    for words in [
        "Installed fresh, it took 16 min 50 s",
        "From its image, it took 4 min 37 s",
        "While it runs it costs about 0.25 USD per day (t3.micro",
        "This version has no image here yet",
        "<p class=\"problem\" id=\"wrong-version\">write it otherwise</p>",
        "<option value=\"ami-1\">",
    ] {
        assert!(html.contains(words), "{words}: {html}");
    }
}

#[test]
fn a_finding_offers_exactly_the_verdicts_it_can_take() {
    for verdicts in [vec![], vec!["keep"], vec!["keep", "remove"]] {
        let list = page(vec![finding(&verdicts, None)], None);
        let html = findings_page(&list, &FindingFilter::default(), at(30)).expect("page");
        for word in ["keep", "remove"] {
            let offered = html.contains(&format!("name=\"verdict\" value=\"{word}\""));
            assert_eq!(offered, verdicts.contains(&word), "{verdicts:?} {word}");
        }
    }
}

#[test]
fn the_page_of_a_template_shows_what_changed() {
    let known = template("web");
    let all = page(revisions(), Some("1"));
    let known = Known {
        shown: &known,
        yaml: "a: 1\nb: 3\n",
        newest: 3,
        revisions: &all,
        further: false,
        against: Some((2, "a: 1\nb: 2\n")),
    };
    let html = template_page(&known, at(30)).expect("page");
    for words in [
        "From revision 2 to 3",
        "<li class=\"removed\"><code><span class=\"mark\">-</span>b: 2</code>",
        "<li class=\"added\"><code><span class=\"mark\">+</span>b: 3</code>",
        "href=\"/templates/web?revision=3&#38;against=2\"",
    ] {
        assert!(html.contains(words), "{words}: {html}");
    }
}
