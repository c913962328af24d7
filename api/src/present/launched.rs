//! What a launch took and the base it is on, as the API shows them.

use ingot_client::{Base, LaunchedAs};
use ingot_domain::base::ResolvedBase;
use ingot_domain::launched::Taken;

/// What RunInstances was asked for.
pub(crate) fn taken(taken: Taken) -> LaunchedAs {
    LaunchedAs {
        summary: taken.to_string(),
        instance_type: taken.instance_type,
        volume_size_gb: taken.volume_size_gb,
        zone: taken.zone,
        subnet_id: taken.subnet_id,
    }
}

/// A resolved base.
pub(crate) fn base(base: ResolvedBase) -> Base {
    Base {
        ami_id: base.ami_id,
        owner: base.owner,
        name: base.name,
        created_at: base.created_at,
        asked_at: base.asked_at,
        line: Some(base.line).filter(|line| !line.is_empty()),
    }
}
