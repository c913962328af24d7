//! What commands answer on a machine before and after its boot.

use super::*;
use crate::guest::Answer;
use crate::state::{PlaceKey, World};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// Its script ends at 100 and leaves `/var/lib/x/done`.
fn machine() -> Instance {
    let mut instance = Instance::sample();
    instance.ready_at = seconds(100);
    let script = "#!/bin/bash\nrm -f /var/lib/x/done\ntouch /var/lib/x/done\n";
    instance.user_data = Some(STANDARD.encode(script));
    instance
}

fn ask(instance: &Instance, now: u64, script: &str) -> Option<Outcome> {
    let key = PlaceKey {
        account: "123456789012".to_owned(),
        region: "us-east-1".to_owned(),
    };
    let mut world = World::new(1, 16);
    let machine = Machine {
        place: world.place(&key),
        instance,
        now: seconds(now),
        since: seconds(SENT),
    };
    run(&machine, script)
}

/// When commands were sent, where that matters.
const SENT: u64 = 90;

fn code(instance: &Instance, now: u64, script: &str) -> Option<i32> {
    ask(instance, now, script).map(|outcome| outcome.code)
}

#[test]
fn questions_about_the_boot_hear_the_truth() {
    // Before the end, after it, after an end in an error.
    let table = [
        ("cloud-init status", 0, 0, 1),
        (
            "cloud-init status | grep -Eq 'status: (done|disabled)'",
            1,
            0,
            1,
        ),
        ("cloud-init status | grep -q 'status: error'", 1, 1, 0),
        ("cloud-init status 2>&1 | grep -q running", 0, 1, 1),
        ("test -e /var/lib/x/done", 1, 0, 1),
        ("test -f '/var/lib/x/done'", 1, 0, 1),
        ("[ -e /var/lib/x/done ]", 1, 0, 1),
        ("[[ ! -e /var/lib/x/done ]]", 0, 1, 0),
        ("! test -e /var/lib/x/done", 0, 1, 0),
        ("cat /var/lib/x/done", 1, 0, 1),
        ("ls /var/lib/x/done >/dev/null 2>&1", 2, 0, 2),
        ("sudo test -e /var/lib/x/done", 1, 0, 1),
        ("test -e /var/lib/x/never", 1, 1, 1),
        ("test -e /etc/passwd", 0, 0, 0),
        ("test -e /var/lib/cloud/instance/boot-finished", 1, 0, 0),
        (
            "test -e /var/lib/cloud/instances/i-00000000000000001/boot-finished",
            1,
            0,
            0,
        ),
        ("cloud-init status || true", 0, 0, 0),
        ("test -e /var/lib/x/done && echo yes", 1, 0, 1),
        (
            "#!/bin/sh\nset -e\ntest -e /var/lib/x/done\necho yes",
            1,
            0,
            1,
        ),
        ("test -e /var/lib/x/done\necho yes", 0, 0, 0),
        ("exit 7", 7, 7, 7),
        // Not understood: the install as a whole.
        ("/opt/app/bin/ready --now", 1, 0, 1),
        ("for i in 1 2; do true; done", 1, 0, 1),
        ("test -e \"$HOME/x\"", 1, 0, 1),
    ];
    let mut failed = machine();
    failed.guest.fails = true;
    for (script, before, after, after_error) in table {
        assert_eq!(
            code(&machine(), 99, script),
            Some(before),
            "before: {script}"
        );
        assert_eq!(
            code(&machine(), 100, script),
            Some(after),
            "after: {script}"
        );
        assert_eq!(
            code(&failed, 100, script),
            Some(after_error),
            "in error: {script}"
        );
    }
}

#[test]
fn what_is_printed_is_what_the_tools_print() {
    let status = |now| {
        ask(&machine(), now, "cloud-init status")
            .expect("an answer")
            .stdout
    };
    assert_eq!(status(99), "status: running\n");
    assert_eq!(status(100), "status: done\n");
    let mut failed = machine();
    failed.guest.fails = true;
    let long = ask(&failed, 100, "cloud-init status --long").expect("an answer");
    assert!(long.stdout.starts_with("status: error\n"), "{long:?}");
    assert!(long.stdout.contains("part-001"), "{long:?}");
    let missing = ask(&machine(), 99, "cat /var/lib/x/done").expect("an answer");
    assert_eq!(
        missing.stderr,
        "cat: /var/lib/x/done: No such file or directory\n"
    );
}

#[test]
fn wait_waits_for_the_end() {
    let script = "cloud-init status --wait";
    assert_eq!(code(&machine(), 99, script), None);
    assert_eq!(code(&machine(), 100, script), Some(0));
    let mut failed = machine();
    failed.guest.fails = true;
    assert_eq!(code(&failed, 100, script), Some(1));
}

#[test]
fn a_loop_waits_for_a_file_and_what_follows_is_of_its_end() {
    let script = |seconds: u64| {
        format!(
            "n=0; until [ -s /var/lib/ingot/install-dep_1-1 ] || [ $n -ge {seconds} ]; do sleep 1; n=$((n+1)); done\ncloud-init status\n"
        )
    };
    let mut instance = machine();
    let recorded = "#!/bin/sh\ningot_code=$?\necho $ingot_code > /var/lib/ingot/install-dep_1-1\n";
    instance.user_data = Some(STANDARD.encode(recorded));
    instance.guest.files.clear();
    let said = |now, seconds| ask(&instance, now, &script(seconds)).map(|outcome| outcome.stdout);
    assert_eq!(said(94, 5), None, "it waits");
    let over = Some("status: running\n".to_owned());
    assert_eq!(said(95, 5), over, "the time is over");
    assert_eq!(said(500, 5), over, "and what it printed stays");
    assert_eq!(said(99, 30), None);
    assert_eq!(
        said(100, 30).as_deref(),
        Some("status: done\n"),
        "the end has come"
    );
    assert_eq!(said(90, 0).as_deref(), Some("status: running\n"));
}

#[test]
fn orders_come_first() {
    let mut instance = machine();
    let order =
        |json: serde_json::Value| -> Answer { serde_json::from_value(json).expect("an order") };
    instance.guest.answers = vec![
        order(serde_json::json!({"command": "true", "exit_code": 3, "stdout": "no"})),
        order(serde_json::json!({"contains": "ready", "stdout": "yes"})),
    ];
    instance
        .guest
        .files
        .insert("/a".to_owned(), Some("text".to_owned()));
    instance
        .guest
        .files
        .insert("/var/lib/x/done".to_owned(), None);
    let table = [
        ("true", 3, "no"),
        (" true\n", 3, "no"),
        ("/opt/ready now", 0, "yes"),
        ("cat /a", 0, "text"),
        ("test -s /a", 0, ""),
        ("test -e /var/lib/x/done", 1, ""),
    ];
    for (script, code, stdout) in table {
        let outcome = ask(&instance, 100, script).expect("an answer");
        assert_eq!(
            (outcome.code, outcome.stdout.as_str()),
            (code, stdout),
            "{script}"
        );
    }
}
