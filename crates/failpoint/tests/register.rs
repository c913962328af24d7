//! The register is filled by the linker, and a plan names only what is in it.
#![cfg(feature = "enabled")]

use ingot_failpoint::{Malformed, Marks, points, set};

ingot_failpoint::act!(
    /// An act of this test.
    BREW = "brew"
);

async fn pour() {
    ingot_failpoint::hit!("tea.pour").await;
}

#[test]
fn points_are_listed_and_acted_upon() {
    let five = [
        "after_effect",
        "after_intent",
        "after_outcome",
        "after_ring",
        "before_intent",
    ];
    let mut expected: Vec<String> = five.map(|point| format!("brew.{point}")).to_vec();
    expected.push("tea.pour".to_owned());
    assert_eq!(points(), expected);

    assert_eq!(
        set("tea.spill=panic"),
        Err(Malformed::Point("tea.spill".to_owned()))
    );
    set("tea.pour=panic*1;brew.after_outcome=panic*1").expect("a plan");
    assert_eq!(set("tea.pour=panic"), Err(Malformed::Again));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    let poured = std::panic::catch_unwind(|| runtime.block_on(pour()));
    assert!(poured.is_err(), "the first time");
    runtime.block_on(pour());

    let mut marks = Marks::default();
    marks.intend(&BREW);
    runtime.block_on(marks.after_commit());
    marks.settle(&BREW);
    assert_eq!(runtime.block_on(BREW.effect(async { 7 })), 7);
    let after = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        runtime.block_on(marks.after_commit())
    }));
    assert!(after.is_err(), "only what is settled has an outcome");
}
