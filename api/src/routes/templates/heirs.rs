//! A template's new revision reaches those that go on from it (AUTO-AMI 2): each whose text names it without a revision is read
//! again over it and applied as a next revision of its own, which asks for builds (`domain::build::wants`). One that names a
//! revision stays with that.

use std::collections::VecDeque;

use ingot_domain::template::inherit::Pin;
use ingot_entity::store::Applied;
use ingot_entity::template;

use super::inherit::pinned;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::state::Api;

/// Lets all that go on from a revision follow it, and all that go on from them. One that does not fit over it stays as it is,
/// and its story says why.
pub(super) async fn follow(
    api: &Api,
    caller: &Caller,
    parent: &template::Model,
) -> Result<(), ApiError> {
    let mut moved = VecDeque::from([parent.clone()]);
    // There is no circle: what would go on from itself is refused.
    while let Some(parent) = moved.pop_front() {
        let recipe = parent.parsed()?;
        let pin = pinned(&parent);
        for heir in api.ledger.templates().await? {
            if !follows(&heir, &pin) {
                continue;
            }
            let read = ingot_yaml::inherit(&heir.yaml, &recipe, &pin);
            let why = match read {
                Ok(spec) => {
                    let expected = u32::try_from(heir.revision).ok();
                    let applied = caller
                        .ledger
                        .apply_template(&spec, &heir.yaml, false, expected, None)
                        .await?;
                    // A request that applied it meanwhile read its parent's newest revision.
                    if let Applied::Stored(row) = applied {
                        api.template_changed(&row.name);
                        tracing::info!(by = %caller.name, template = %row.name, revision = row.revision, from = %pin, "a template follows what it goes on from");
                        moved.push_back(row);
                    }
                    continue;
                }
                Err(error) => error.to_string(),
            };
            let said = format!("It stays as it is: over {pin} it would be refused ({why})");
            caller.ledger.tell_of_template(&heir.name, said).await?;
        }
    }
    Ok(())
}

/// Whether a template goes on from an older revision of this one, and from whichever is the newest.
fn follows(heir: &template::Model, parent: &Pin) -> bool {
    // Few go on from any: the others' recipes need not be read.
    let is = heir
        .spec
        .get("inherits")
        .and_then(serde_json::Value::as_str);
    let Some(is) = is.and_then(|pin| pin.parse::<Pin>().ok()) else {
        return false;
    };
    let asked = ingot_yaml::parent(&heir.yaml).ok().flatten();
    let newest = asked.is_some_and(|pin| pin.revision.is_none());
    newest && is.name == parent.name && is.revision < parent.revision
}
