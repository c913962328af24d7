//! The one integration test binary; each subject has a file in `it`.
#![expect(
    clippy::unwrap_used,
    reason = "a panic is how a test says what went wrong"
)]

mod it {
    mod accounts;
    mod again;
    mod ahead;
    mod bases;
    mod builds;
    mod calendar;
    mod commands;
    mod compose;
    mod copies;
    mod doorbell;
    mod doubts;
    mod ends;
    mod faults;
    mod feeds_sync;
    mod first_boot;
    mod given;
    mod held;
    mod install_sight;
    mod kept;
    mod killed;
    mod launch_limits;
    mod launch_parameters;
    mod launch_places;
    mod ledger;
    mod life;
    mod listeners;
    mod lost_after_reboot;
    mod migrations;
    mod nights;
    mod notify;
    mod orphans;
    mod packages;
    mod pages;
    mod pauses;
    mod plays;
    mod private;
    mod provenance;
    mod rates;
    mod rebuilt;
    mod refusals;
    mod replay;
    mod security;
    mod spot;
    mod storms;
    mod strangers;
    mod structure;
    mod throttle;
    mod told;
    mod tracks;
    mod trial;
    mod waits;
}
