//! A worker that dies between reading output and committing it: no line is doubled, none is lost.

use std::time::Duration;

use ingot_tests::{Options, Stack};
use serde_json::json;

use super::{LONG, PACE, STEPS, installation, next_guest, start, template};

#[tokio::test]
async fn a_worker_killed_while_it_reads_doubles_and_loses_no_line() {
    let options = Options {
        pace: PACE,
        workers: 1,
        ..Options::default()
    };
    let mut stack = Stack::scaled_with(options).await.unwrap();
    template(&stack, "steps", STEPS, &[]).await;
    let output: Vec<String> = (1..=90).map(|number| format!("line {number}")).collect();
    let step = json!({ "number": 1, "exit_code": 9, "output": output });
    next_guest(&stack, json!({ "install": 900, "step": step })).await;
    // Most of a visit is the call that reads.
    let slow = json!({ "action": "GetCommandInvocation", "kind": "delay", "ms": 600, "times": 0 });
    stack.region.post("faults", &slow).await.unwrap();
    let deployment = start(&stack, "steps").await;
    let mut before = 0;
    for _ in 0..3 {
        before = more_than(&stack, &deployment.id, before).await;
        tokio::time::sleep(Duration::from_millis(400)).await;
        stack.replace_worker(0).await.unwrap();
    }
    let failed = stack.wait_finished(&deployment.id, LONG).await.unwrap();
    assert_eq!(failed.status, "failed", "{failed:#?}");
    let story = stack.story(&deployment.id).await.unwrap();
    let told: Vec<&str> = installation(&story)
        .into_iter()
        .filter_map(|(kind, said)| (kind == "output").then_some(said))
        .collect();
    assert_eq!(told, output);
}

/// Waits until the story has more lines of output than so many, and answers how many.
async fn more_than(stack: &Stack, id: &str, before: usize) -> usize {
    for _ in 0..600 {
        let story = stack.story(id).await.unwrap();
        let told = installation(&story);
        let lines = told.iter().filter(|(kind, _)| *kind == "output").count();
        if lines > before {
            return lines;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("no more than {before} lines");
}
