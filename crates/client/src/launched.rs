//! What a deployment's launch took, and the base it is on, as the API shows them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What RunInstances was asked for last: another type or place than the order's first where EC2 had no room there, and a
/// larger volume where the image needs one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LaunchedAs {
    /// Instance type.
    pub instance_type: String,
    /// Root volume in GB.
    pub volume_size_gb: u32,
    /// Zone that was asked for; null where EC2 or the subnet decides.
    pub zone: Option<String>,
    /// Subnet that was asked for; null where EC2 decides.
    pub subnet_id: Option<String>,
    /// The same in words.
    pub summary: String,
}

/// The base image of a deployment, as the cloud resolved it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Base {
    /// `ami-…` in the deployment's region.
    pub ami_id: String,
    /// The owner's account id. With the name it says which build it is, in every region.
    pub owner: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// When its owner made it.
    pub created_at: Option<DateTime<Utc>>,
    /// When the cloud was asked what the template's line leads to.
    pub asked_at: DateTime<Utc>,
    /// What the template asked for, such as `ssm:/aws/service/…`.
    pub line: Option<String>,
}

impl Base {
    /// In one line: name, id, owner and its two dates.
    pub fn summary(&self) -> String {
        let clock = |at: &DateTime<Utc>| at.format("%Y-%m-%d %H:%M UTC").to_string();
        let name = self.name.as_deref().unwrap_or("a base without a name");
        let owner = self.owner.as_deref().unwrap_or("an unknown owner");
        let made = self.created_at.as_ref().map(clock);
        let made = made.map_or_else(String::new, |at| format!(", made {at}"));
        let asked = clock(&self.asked_at);
        format!("{name} ({}) of {owner}{made}, asked {asked}", self.ami_id)
    }
}
