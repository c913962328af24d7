//! Deployments, events and images to draw: bare ones, and ones in which every text is hostile.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeZone, Utc};
use ingot_client::event::Actor;
use ingot_client::feed::Feed;
use ingot_client::{AwsCheck, AwsFact, AwsPermission, AwsTrial, Deployment, Event, Image, Page};
use ingot_domain::arch::Arch;
use ingot_domain::deployment::{AmiStatus, Status, everything_finished};

pub(super) const ATTACK: &str = "<script>alert(1)</script>\" onload='x' &\u{1b}[31m\u{202e}";

pub(super) fn at(second: u32) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 1, 21, 17, 0, second)
        .single()
        .expect("time")
}

/// Only what a deployment always has.
pub(super) fn bare(status: Status, ami: Option<AmiStatus>) -> Deployment {
    Deployment {
        id: "dep_00000000000000000000000000000007".to_owned(),
        job_name: "kamiwaza v0.9.2".to_owned(),
        deployment_type: "kamiwaza".to_owned(),
        template: "kamiwaza".to_owned(),
        version: "v0.9.2".to_owned(),
        mode: "full".to_owned(),
        parameters: BTreeMap::new(),
        region: "us-east-1".to_owned(),
        instance_type: "t3.xlarge".to_owned(),
        architecture: Arch::X86_64,
        volume_size_gb: 100,
        tags: BTreeMap::new(),
        status: status.as_str().to_owned(),
        stage: "waiting".to_owned(),
        finished: everything_finished(status, ami),
        error_message: None,
        image_choice: "auto".to_owned(),
        launch_path: None,
        source_ami_id: None,
        launched_as: None,
        base: None,
        instance_id: None,
        public_ip: None,
        private_ip: None,
        access_url: None,
        readiness_checks: 0,
        readiness_class: None,
        readiness_detail: None,
        waiting: None,
        time_to_ready_seconds: None,
        first_boot: None,
        created_ami_id: None,
        ami_creation_status: ami.map(|ami| ami.as_str().to_owned()),
        ami_created_at: None,
        ami_creation_error: None,
        ami_skip_reason: None,
        build_only: false,
        build_id: None,
        ends_at: None,
        running_cost: None,
        template_revision: None,
        newer_revision: None,
        run: 1,
        created_at: at(0),
        started_at: None,
        launched_at: None,
        ready_at: None,
        finished_at: None,
    }
}

/// Every text is hostile, everything is present.
pub(super) fn hostile(status: Status, ami: Option<AmiStatus>) -> Deployment {
    let text = || ATTACK.to_owned();
    Deployment {
        job_name: text(),
        deployment_type: text(),
        template: text(),
        version: text(),
        mode: text(),
        parameters: BTreeMap::from([(text(), text())]),
        region: text(),
        instance_type: text(),
        tags: BTreeMap::from([(text(), text())]),
        stage: text(),
        error_message: Some(text()),
        image_choice: text(),
        launch_path: Some(text()),
        source_ami_id: Some(text()),
        launched_as: None,
        base: None,
        instance_id: Some(text()),
        public_ip: Some(text()),
        private_ip: Some(text()),
        access_url: Some(format!("https://127.3.0.1/{ATTACK}")),
        readiness_class: Some(text()),
        readiness_detail: Some(text()),
        waiting: None,
        time_to_ready_seconds: Some(1084.0),
        first_boot: Some("not observed: <b>no profile</b>".to_owned()),
        created_ami_id: Some(text()),
        ami_creation_error: Some(text()),
        ami_skip_reason: Some(text()),
        started_at: Some(at(1)),
        launched_at: Some(at(2)),
        ready_at: Some(at(3)),
        finished_at: Some(at(4)),
        ..bare(status, ami)
    }
}

pub(super) fn event(seq: i64, level: &str, message: &str) -> Event {
    Event {
        seq,
        at: at(5),
        kind: "ami.starting".to_owned(),
        source: "ami-creation".to_owned(),
        level: level.to_owned(),
        message: message.to_owned(),
        actor: Some(Actor {
            kind: "token".to_owned(),
            token: Some(message.to_owned()),
            name: Some(message.to_owned()),
            way: Some(message.to_owned()),
            request_id: Some(message.to_owned()),
        }),
    }
}

pub(super) fn image(status: &str, text: Option<&str>) -> Image {
    let own = |or: &str| text.unwrap_or(or).to_owned();
    Image {
        id: "img_00000000000000000000000000000001".to_owned(),
        ami_id: text.map(str::to_owned),
        name: own("kamiwaza-golden-v0.9.2-20260121-180000"),
        template: own("kamiwaza"),
        version: own("v0.9.2"),
        mode: own("full"),
        architecture: Arch::Arm64,
        account: own("123456789012"),
        region: own("us-east-1"),
        base_image: own("ami-1"),
        base_owner: Some(own("099720109477")),
        base_name: Some(own("noble-1")),
        base_created_at: None,
        base_line: None,
        fingerprint: own("f"),
        generation: 1,
        status: status.to_owned(),
        origin: own("auto"),
        class: None,
        class_reason: None,
        mode_known: true,
        decided_by: None,
        decided_reason: None,
        decided_at: None,
        dropped_at: None,
        disabled_at: None,
        deprecated_at: None,
        size_gb: text.map(|_| 10),
        snapshot_ids: text.map(str::to_owned).into_iter().collect(),
        source_deployment_id: text.map(str::to_owned),
        copy_of: text.map(str::to_owned),
        source_instance_id: text.map(str::to_owned),
        error: text.map(str::to_owned),
        tags: text
            .map(|text| (text.to_owned(), text.to_owned()))
            .into_iter()
            .collect(),
        created_at: at(6),
        available_at: text.map(|_| at(7)),
        scrub: text.map(|_| "failed".to_owned()),
        scrub_reason: text.map(str::to_owned),
    }
}

pub(super) fn page<T>(items: Vec<T>, next: Option<&str>) -> Page<T> {
    Page {
        items,
        next_cursor: next.map(str::to_owned),
    }
}

/// A check in which every text is hostile.
pub(super) fn check(state: &str) -> AwsCheck {
    let text = || ATTACK.to_owned();
    let permissions = ["denied", "allowed", ATTACK].map(|verdict| AwsPermission {
        action: text(),
        verdict: verdict.to_owned(),
        reason: text(),
    });
    AwsCheck {
        id: text(),
        region: text(),
        state: state.to_owned(),
        asked_by: text(),
        asked_at: at(1),
        done_at: (state != "asked").then(|| at(2)),
        account: Some(text()),
        arn: Some(text()),
        denied: 1,
        permissions: permissions.to_vec(),
        facts: vec![AwsFact {
            name: text(),
            bearing: text(),
            text: text(),
        }],
        trial: Some(AwsTrial {
            passed: state == "done",
            instance_type: text(),
            instance_profile: Some(text()),
            kms_key_id: Some(text()),
            subnet_id: Some(text()),
            instance_id: Some(text()),
            launched_at: Some(at(1)),
            ended_at: Some(at(2)),
            calls: permissions.to_vec(),
            error: Some(text()),
        }),
        error: Some(text()),
    }
}

/// A feed in which every text is hostile.
pub(super) fn feed(state: &str) -> Feed {
    let text = || ATTACK.to_owned();
    Feed {
        name: text(),
        holds: text(),
        state: state.to_owned(),
        why: vec![text()],
        source: Some(text()),
        records: 3,
        newest: Some(at(1)),
        fetched_at: Some(at(2)),
        next_sync_at: Some(at(3)),
        loading_since: None,
        urls: vec![text()],
        enabled: true,
        last_checked: Some(at(2)),
        last_error: Some(text()),
        syncing: None,
        unread: vec![text()],
    }
}
