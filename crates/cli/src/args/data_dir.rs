//! Where `ingot up` keeps its ledger, and leaves the first token and its address for the client commands.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::failure::Usage;

/// The data directory.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct DataDir {
    /// Where `ingot up` keeps its ledger, token and address [default: ~/.local/share/ingot]
    #[arg(long, value_name = "DIR", env = "INGOT_DATA_DIR", global = true)]
    data_dir: Option<OsString>,
    // The three below are here for their environment variables only: nothing else reads the environment.
    #[arg(long, env = "XDG_DATA_HOME", hide = true, global = true)]
    xdg_data_home: Option<OsString>,
    #[arg(long, env = "XDG_CONFIG_HOME", hide = true, global = true)]
    xdg_config_home: Option<OsString>,
    #[arg(long, env = "HOME", hide = true, global = true)]
    home: Option<OsString>,
}

impl DataDir {
    /// The configuration file, which is not in the directory; it need not exist.
    pub(crate) fn config_file(&self) -> anyhow::Result<PathBuf> {
        let xdg = given(&self.xdg_config_home).filter(|path| path.is_absolute());
        xdg.or_else(|| given(&self.home).map(|home| home.join(".config")))
            .map(|folder| folder.join("ingot/config.toml"))
            .ok_or_else(|| Usage("no HOME to read a configuration from".to_owned()).into())
    }

    /// A path of the configuration file, which may begin with `~/`.
    pub(crate) fn expanded(&self, path: &Path) -> PathBuf {
        let home = given(&self.home);
        let below = path.strip_prefix("~").ok().zip(home);
        below.map_or_else(|| path.to_owned(), |(rest, home)| home.join(rest))
    }

    /// The directory; it need not exist.
    pub(crate) fn path(&self) -> anyhow::Result<PathBuf> {
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

    /// Where `ingot up --cloud sim` leaves the address of its region.
    pub(crate) fn sim_file(&self) -> anyhow::Result<PathBuf> {
        Ok(self.path()?.join("sim"))
    }

    /// This directory.
    pub(crate) fn of(path: PathBuf) -> Self {
        Self {
            data_dir: Some(path.into_os_string()),
            ..Self::default()
        }
    }
}

fn given(text: &Option<OsString>) -> Option<PathBuf> {
    text.clone()
        .filter(|text| !text.is_empty())
        .map(PathBuf::from)
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
            ..DataDir::default()
        };
        let path = |dir: &DataDir| dir.path().ok();
        assert_eq!(path(&dir), Some(PathBuf::from("d")));
        dir.data_dir = text("");
        assert_eq!(path(&dir), Some(PathBuf::from("/x/ingot")));
        dir.xdg_data_home = text("relative");
        assert_eq!(path(&dir), Some(PathBuf::from("/h/.local/share/ingot")));
        let config = |dir: &DataDir| dir.config_file().ok();
        assert_eq!(config(&dir), Some("/h/.config/ingot/config.toml".into()));
        assert_eq!(dir.expanded(Path::new("~/t")), PathBuf::from("/h/t"));
        dir.xdg_config_home = text("/c");
        assert_eq!(config(&dir), Some("/c/ingot/config.toml".into()));
        dir.home = None;
        assert_eq!(path(&dir), None);
    }
}
