//! Why a deployment waits when a part of the installation is down: told on stderr while nothing else happens.

use ingot_client::{Client, Part};

use crate::output::clean;

/// Says what is down, and says it again only when it has changed. An API that does not tell is no failure here.
pub(crate) async fn mention(client: &Client, told: &mut Vec<String>) {
    let Ok(status) = client.status().await else {
        return;
    };
    let names = |part: &&Part| part.state != "up";
    let down: Vec<String> = status
        .parts
        .iter()
        .filter(names)
        .map(|part| format!("{} {} {:?}", part.name, part.state, part.since))
        .collect();
    if down == *told {
        return;
    }
    for line in status.parts.iter().filter_map(Part::trouble) {
        eprintln!("it may wait because of {}", clean(&line));
    }
    if down.is_empty() {
        eprintln!("everything is up again");
    }
    *told = down;
}
