//! What answers bring, told once and in order.

use super::*;
use crate::guest::record::{Script, followed};
use proptest::prelude::*;

fn steps() -> Vec<String> {
    vec!["update".to_owned(), "install nginx".to_owned()]
}

/// What the question from an offset would answer.
fn answer(output: &[u8], offset: u64, code: Option<i32>) -> Answer {
    let at = usize::try_from(offset).expect("small").min(output.len());
    let chunk = usize::try_from(CHUNK).expect("small");
    let tail = usize::try_from(TAIL).expect("small");
    let text = String::from_utf8_lossy(output).into_owned();
    Answer {
        code,
        size: Some(u64::try_from(output.len()).expect("small")),
        step: text
            .lines()
            .rfind(|line| line.contains("[ingot] step "))
            .unwrap_or_default()
            .to_owned(),
        chunk: output[at..output.len().min(at + chunk)].to_vec(),
        tail: output[output.len().saturating_sub(tail)..].to_vec(),
    }
}

const FAILING: &str = "[ingot] step 1/2: update\nGet:1 noble\nDone\n[ingot] step 2/2: install nginx\n\
    Reading package lists...\nE: Unable to locate package nginxx\n";

fn said(text: &str) -> News {
    News::Line(text.to_owned())
}

#[test]
fn steps_output_and_the_failure_are_told_in_order() {
    let mut progress = Progress::default();
    let (news, end) = hear(
        &mut progress,
        &answer(FAILING.as_bytes(), 0, Some(100)),
        &steps(),
    );
    let want = [
        News::Step(1),
        said("Get:1 noble"),
        said("Done"),
        News::Step(2),
        said("Reading package lists..."),
        said("E: Unable to locate package nginxx"),
    ];
    assert_eq!(news, want);
    let last = [
        "Reading package lists...",
        "E: Unable to locate package nginxx",
    ];
    let last = last.map(str::to_owned).to_vec();
    let failed = End::Failed {
        code: 100,
        step: 2,
        last,
    };
    assert_eq!(end, Some(failed));
    assert!(progress.over);
}

#[test]
fn a_failure_behind_much_output_is_told_at_once_with_its_last_lines() {
    let mut output = b"[ingot] step 1/2: update\n".to_vec();
    for number in 0..20_000 {
        output.extend(format!("line {number}\n").bytes());
    }
    let mut progress = Progress::default();
    let (news, end) = hear(&mut progress, &answer(&output, 0, Some(3)), &steps());
    let lines = news
        .iter()
        .filter(|news| matches!(news, News::Line(_)))
        .count();
    assert!(
        lines <= LAST + usize::try_from(MOST_LINES).expect("small"),
        "{lines}"
    );
    assert_eq!(news.last(), Some(&said("line 19999")));
    assert!(news.contains(&News::Full));
    let Some(End::Failed {
        code: 3,
        step: 1,
        last,
    }) = end
    else {
        panic!("{end:?}");
    };
    assert_eq!(last.len(), LAST);
}

#[test]
fn a_chatty_installation_is_followed_to_its_next_step() {
    let mut output = b"[ingot] step 1/2: update\n".to_vec();
    output.extend(b"a line of output\n".repeat(5000));
    let mut progress = Progress::default();
    let (news, _) = hear(&mut progress, &answer(&output, 0, None), &steps());
    assert!(news.contains(&News::Full), "{news:?}");
    output.extend(b"[ingot] step 2/2: install nginx\nmore\n");
    let heard = answer(&output, progress.offset, None);
    let (news, end) = hear(&mut progress, &heard, &steps());
    assert_eq!((news, end), (vec![News::Step(2)], None));
}

#[test]
fn a_script_that_is_no_steps_is_one() {
    let mut progress = Progress::default();
    let one = ["user_data".to_owned()];
    let missing = Answer::default();
    assert_eq!(hear(&mut progress, &missing, &one), (vec![], None));
    let (news, end) = hear(&mut progress, &answer(b"hello", 0, Some(0)), &one);
    assert_eq!(news, [News::Step(1), said("hello")]);
    assert_eq!(end, Some(End::Done));
}

#[test]
fn other_lines_begin_no_step() {
    let table = [
        "[ingot] step 1/3: update",
        "[ingot] step 2/2: update",
        "[ingot] step 0/2: update",
        "echo '[ingot] step 1/2: update'",
    ];
    for line in table {
        assert_eq!(begins(line, &steps(), 0), None, "{line}");
    }
    assert_eq!(
        begins("[ingot] step 1/2: update", &steps(), 1),
        None,
        "told"
    );
}

#[test]
fn a_real_shell_answers_the_question() {
    let root = tempfile::tempdir().expect("a directory");
    let at = |path: String| path.replace(crate::guest::ROOT, &root.path().display().to_string());
    let path = at(record::path(Script::Install, "dep_1", 1));
    let ask = |offset| {
        let ran = std::process::Command::new("sh")
            .args(["-c", &question(&path, offset, 0)])
            .output()
            .expect("a shell");
        assert!(ran.stderr.is_empty(), "{ran:?}");
        read(&String::from_utf8_lossy(&ran.stdout)).expect("an answer")
    };
    assert_eq!(ask(0), Answer::default(), "nothing has begun");
    let script = "#!/bin/bash\nset -euo pipefail\nprintf '%s\\n' '[ingot] step 1/2: update'\n\
        (\nprintf 'a \\xff b\\n'\n)\nprintf '%s\\n' '[ingot] step 2/2: install nginx'\n\
        (\necho oops >&2\nexit 100\n)\n";
    let text = followed(script, &path).expect("followed");
    let text = at(text);
    let ran = std::process::Command::new("sh")
        .args(["-c", &text])
        .output();
    assert_eq!(ran.expect("a shell").status.code(), Some(100));
    let mut progress = Progress::default();
    let heard = ask(0);
    assert_eq!(heard.step, "[ingot] step 2/2: install nginx");
    let (news, end) = hear(&mut progress, &heard, &steps());
    let want = [
        News::Step(1),
        said("a \u{fffd} b"),
        News::Step(2),
        said("oops"),
    ];
    assert_eq!(news, want);
    assert!(matches!(
        end,
        Some(End::Failed {
            code: 100,
            step: 2,
            ..
        })
    ));
    assert!(ask(progress.offset).chunk.is_empty());
}

#[test]
fn a_real_shell_waits_for_the_end_and_no_longer() {
    let root = tempfile::tempdir().expect("a directory");
    let path = root.path().join("end").display().to_string();
    let asked = std::time::Instant::now();
    let mut asking = std::process::Command::new("sh")
        .args(["-c", &question(&path, 0, 600)])
        .stdout(std::process::Stdio::null())
        .spawn()
        .expect("a shell");
    assert!(asking.try_wait().expect("a state").is_none(), "it waits");
    std::fs::write(&path, "0\n").expect("written");
    assert!(asking.wait().expect("an end").success());
    assert!(asked.elapsed().as_secs() < 300, "the end, not the time");
    std::fs::remove_file(&path).expect("removed");
    let ran = std::process::Command::new("sh")
        .args(["-c", &question(&path, 0, 1)])
        .output();
    assert!(ran.expect("a shell").status.success(), "the time is over");
}

proptest! {
    #[test]
    fn however_often_it_is_asked_each_line_is_told_once(
        texts in proptest::collection::vec("[a-z ]{0,30}", 0..60),
        cuts in proptest::collection::vec(1_usize..200, 0..30),
        code in prop_oneof![Just(0), Just(1)],
    ) {
        let mut output = String::from("[ingot] step 1/2: update\n");
        for (at, text) in texts.iter().enumerate() {
            if at == texts.len() / 2 {
                output.push_str("[ingot] step 2/2: install nginx\n");
            }
            output.push_str(text);
            output.push('\n');
        }
        let bytes = output.as_bytes();
        let (want, _) = hear(&mut Progress::default(), &answer(bytes, 0, Some(code)), &steps());
        let mut progress = Progress::default();
        let (mut got, mut until) = (Vec::new(), 0);
        for cut in cuts {
            until = bytes.len().min(until + cut);
            let heard = answer(&bytes[..until], progress.offset, None);
            let (news, end) = hear(&mut progress, &heard, &steps());
            prop_assert_eq!(end, None);
            got.extend(news);
        }
        let heard = answer(bytes, progress.offset, Some(code));
        let (news, end) = hear(&mut progress, &heard, &steps());
        got.extend(news);
        prop_assert!(end.is_some() && progress.over);
        prop_assert_eq!(got, want);
    }
}
