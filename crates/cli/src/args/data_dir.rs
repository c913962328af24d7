//! Where `ingot up` keeps its ledger, and leaves the first token and its address for the client commands.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use crate::failure::Usage;

/// The data directory.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct DataDir {
    /// Where `ingot up` keeps its ledger, token and address [default: ~/.local/share/ingot]
    #[arg(long, value_name = "DIR", env = "INGOT_DATA_DIR", global = true)]
    data_dir: Option<OsString>,
    // The two below are here for their environment variables only: nothing else reads the environment.
    #[arg(long, env = "XDG_DATA_HOME", hide = true, global = true)]
    xdg_data_home: Option<OsString>,
    #[arg(long, env = "HOME", hide = true, global = true)]
    home: Option<OsString>,
}

impl DataDir {
    /// The directory; it need not exist.
    pub(crate) fn path(&self) -> anyhow::Result<PathBuf> {
        let given = |text: &Option<OsString>| {
            text.clone()
                .filter(|text| !text.is_empty())
                .map(PathBuf::from)
        };
        // The XDG specification ignores relative paths.
        let xdg = given(&self.xdg_data_home).filter(|path| path.is_absolute());
        given(&self.data_dir)
            .or_else(|| xdg.map(|path| path.join("ingot")))
            .or_else(|| given(&self.home).map(|home| home.join(".local/share/ingot")))
            .ok_or_else(|| {
                Usage("no HOME to keep data in; give --data-dir or set INGOT_DATA_DIR".to_owned())
                    .into()
            })
    }

    /// Where `ingot up` leaves the first token, with mode 0600.
    pub(crate) fn token_file(&self) -> anyhow::Result<PathBuf> {
        Ok(self.path()?.join("token"))
    }

    /// Where `ingot up` leaves its address.
    pub(crate) fn url_file(&self) -> anyhow::Result<PathBuf> {
        Ok(self.path()?.join("url"))
    }

    /// This directory.
    pub(crate) fn of(path: PathBuf) -> Self {
        Self {
            data_dir: Some(path.into_os_string()),
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_specific_place_wins_and_empty_is_unset() {
        let text = |text: &str| Some(OsString::from(text));
        let mut dir = DataDir {
            data_dir: text("d"),
            xdg_data_home: text("/x"),
            home: text("/h"),
        };
        let path = |dir: &DataDir| dir.path().ok();
        assert_eq!(path(&dir), Some(PathBuf::from("d")));
        dir.data_dir = text("");
        assert_eq!(path(&dir), Some(PathBuf::from("/x/ingot")));
        dir.xdg_data_home = text("relative");
        assert_eq!(path(&dir), Some(PathBuf::from("/h/.local/share/ingot")));
        dir.home = None;
        assert_eq!(path(&dir), None);
    }
}
