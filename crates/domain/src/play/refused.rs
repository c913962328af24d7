//! What a person refused while it waited: the play lets it go at the same instant, unless its build has begun by then.

use super::Refused;
use crate::Instant;
use crate::build::wants::{Aim, Want};
use crate::want::Cause;

impl Refused {
    /// Whether it is this request of the play, which was made at `now`.
    pub(super) fn is(&self, want: &Want, now: Instant) -> bool {
        if self.at < now || !self.aim.is_beside(&want.aim) {
            return false;
        }
        match (want.cause, &self.about, &want.about) {
            (Cause::Manual { .. }, ..) => self.requested == now && self.said == want.said,
            // What the play asks for itself it asks when its own looks see it.
            (_, Some(about), Some(of)) => about == of,
            _ => self.said == want.said,
        }
    }
}

impl Aim {
    /// Whether the two are of one template, mode, architecture and region, in whatever versions.
    pub fn is_beside(&self, other: &Aim) -> bool {
        (&self.template, &self.mode, self.arch, &self.region)
            == (&other.template, &other.mode, other.arch, &other.region)
    }
}
