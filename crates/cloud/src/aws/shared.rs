//! AWS's shared configuration files, as far as the SDK leaves them to its caller: which profile is looked into, and the
//! certificates it trusts.

use aws_config::profile::{self, ProfileSet};
use aws_runtime::env_config::file::EnvConfigFiles;
use aws_types::os_shim_internal::{Env, Fs};

use super::classify::Call;
use crate::error::{CloudError, ErrorKind};

/// The profile that counts, with its settings.
#[derive(Debug)]
pub(super) struct Shared(Option<ProfileSet>);

/// Reads the files for the profile named here, in `AWS_PROFILE`, or `default`. Files that cannot be read count as
/// empty here: the SDK tells what is wrong with them when it looks for credentials.
pub(super) async fn read(named: Option<&str>) -> Shared {
    let files = EnvConfigFiles::default();
    let named = named.map(|name| name.to_owned().into());
    Shared(
        profile::load(&Fs::real(), &Env::real(), &files, named)
            .await
            .ok(),
    )
}

impl Shared {
    /// The profile's name.
    pub(super) fn name(&self) -> &str {
        self.0
            .as_ref()
            .map_or("default", ProfileSet::selected_profile)
    }

    /// Whether there is such a profile; a file that cannot be read is not known to lack it.
    pub(super) fn exists(&self) -> bool {
        let known = |set: &ProfileSet| set.get_profile(set.selected_profile()).is_some();
        self.0.as_ref().is_none_or(known)
    }

    /// The profile's region.
    pub(super) fn region(&self) -> Option<String> {
        self.get("region")
    }

    /// The certificates of the profile's `ca_bundle`.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(super) async fn ca_bundle(&self) -> Result<Option<Vec<u8>>, CloudError> {
        let Some(path) = self.get("ca_bundle") else {
            return Ok(None);
        };
        let call = Call {
            service: "tls",
            operation: "Connect",
            region: "",
        };
        tokio::fs::read(&path).await.map(Some).map_err(|error| {
            let profile = self.name();
            let text = format!("ca_bundle of profile {profile} cannot be read: {path}: {error}");
            call.error(ErrorKind::Invalid, "ca_bundle", text)
        })
    }

    fn get(&self, key: &str) -> Option<String> {
        let found = self.0.as_ref()?.get(key)?.trim();
        (!found.is_empty()).then(|| found.to_owned())
    }
}
