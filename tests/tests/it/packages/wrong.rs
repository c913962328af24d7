//! Lists that are long, that cannot be read, or that cannot be right: the image is made all the same, and the story says why its
//! packages are not known.

use ingot_tests::{Options, Stack};
use serde_json::{Value, json};

use super::{LONG, apply, deploy, options, start, told};

/// A list of so many packages, as an instance has it.
fn list(count: usize) -> String {
    let lines: String = (0..count)
        .map(|at| {
            format!("lib{at}-perl+g++\t1:{at}.2~rc1+b{at}\tamd64\tsource-{at}\t1:{at}.2~rc1\t\n")
        })
        .collect();
    format!("# uname -r: 6.5.0-1022-aws\n# release: Ubuntu 22.04.4 LTS\n{lines}# whole\n")
}

/// Orders what is in the lists of a deployment's instance.
async fn lists(stack: &Stack, id: &str, begin: &str, end: &str) {
    let seen = stack
        .wait_deployment(id, |seen| seen.instance_id.is_some(), LONG)
        .await
        .unwrap();
    let path = |part: &str| format!("/var/lib/ingot/install-{id}-1.{part}");
    let files = json!({ path("begin"): begin, path("end"): end });
    let instance = seen.instance_id.unwrap();
    let order = json!({ "files": files });
    let place = format!("guests/{instance}");
    stack.region.post(&place, &order).await.unwrap();
}

#[tokio::test]
async fn a_worker_killed_amid_a_long_list_loses_none_of_it() {
    let mut stack = Stack::scaled_with(Options {
        workers: 1,
        ..options()
    })
    .await
    .unwrap();
    apply(&stack).await;
    let slow = json!({ "action": "GetCommandInvocation", "kind": "delay", "ms": 400, "times": 0 });
    stack.region.post("faults", &slow).await.unwrap();
    let asked = start(&stack, "1.0.0").await;
    // Seven pieces: each of 17,400 bytes is as much as SSM keeps of what is printed.
    lists(&stack, &asked.id, &list(900), &list(1000)).await;
    let reads =
        |seen: &ingot_client::Deployment| seen.ami_creation_status.as_deref() == Some("pending");
    stack.wait_deployment(&asked.id, reads, LONG).await.unwrap();
    for _ in 0..3 {
        tokio::time::sleep(std::time::Duration::from_millis(900)).await;
        stack.replace_worker(0).await.unwrap();
    }
    let done = stack.wait_finished(&asked.id, LONG).await.unwrap();
    assert_eq!(
        done.ami_creation_status.as_deref(),
        Some("completed"),
        "{done:#?}"
    );
    let said = told(&stack, &asked.id).await;
    let wanted = "The install carries 1000 packages by its own list; its base has 900";
    assert_eq!(said, [(String::new(), wanted.to_owned())]);
}

#[tokio::test]
async fn a_list_that_cannot_be_right_is_refused_and_the_image_is_made() {
    let stack = Stack::embedded_with(options()).await.unwrap();
    apply(&stack).await;
    let table = [
        (
            "1.0.0",
            list(100),
            list(5),
            "install",
            "5 packages, and the one before it 100",
        ),
        (
            "1.0.1",
            list(100),
            String::new(),
            "install",
            "names no package",
        ),
        (
            "1.0.2",
            list(100).replace("# whole\n", ""),
            list(90),
            "base",
            "cut off",
        ),
        (
            "1.0.3",
            list(100),
            list(90).replace("amd64", "arm64"),
            "install",
            "is of arm64",
        ),
        (
            "1.0.4",
            list(100),
            list(90).replace("Ubuntu", "Debian GNU/Linux"),
            "install",
            "is of debian, and its base is ubuntu",
        ),
    ];
    for (version, begin, end, what, why) in table {
        let asked = start(&stack, version).await;
        lists(&stack, &asked.id, &begin, &end).await;
        let done = stack.wait_finished(&asked.id, LONG).await.unwrap();
        assert_eq!(
            done.ami_creation_status.as_deref(),
            Some("completed"),
            "{done:#?}"
        );
        let said = told(&stack, &asked.id).await;
        let (kind, line) = &said[0];
        assert_eq!(kind, "_unknown", "{said:#?}");
        assert!(
            line.contains(&format!("of the {what} ")) && line.contains(why),
            "{line}"
        );
    }
}

#[tokio::test]
async fn without_an_answer_of_ssm_the_image_is_made_and_the_story_says_why() {
    let stack = Stack::embedded_with(options()).await.unwrap();
    apply(&stack).await;
    let usual: Value = json!({ "agent": false });
    stack.region.post("next_guest", &usual).await.unwrap();
    let absent = deploy(&stack, "1.0.0").await;
    let fault = json!({
        "action": "SendCommand", "kind": "error", "code": "AccessDeniedException", "times": 0,
    });
    stack.region.post("faults", &fault).await.unwrap();
    let denied = deploy(&stack, "1.0.1").await;
    for (id, why) in [
        (&absent.id, "SSM does not reach the instance"),
        (&denied.id, "AccessDeniedException"),
    ] {
        let said = told(&stack, id).await;
        let [(kind, line)] = said.as_slice() else {
            panic!("{said:#?}");
        };
        assert!(kind == "_unknown" && line.contains(why), "{said:#?}");
    }
}
