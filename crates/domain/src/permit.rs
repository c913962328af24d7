//! What a request needs to be permitted: declared beside each route (DESIGN-2 R6, FEATURES F110). Every token holds all of
//! them today.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::deployment::words;

words! {
    /// A permit. They do not contain each other; who may operate is given the permit to view, too.
    Permit {
        /// Looking, and marking what one has read oneself.
        View = "view",
        /// Launching, imaging, deciding about one object: what the day brings.
        Operate = "operate",
        /// What holds for the installation: money, policy, prices, receivers, where advisories come from, how long things
        /// are kept.
        Administer = "administer",
    }
}
