//! Redis for tests: the run's server for those who only use it, one of their own for those who kill or flush it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::sync::OnceCell;

use crate::environment::variable;
use crate::watched::Watched;

/// How long a test waits for an answer of Redis on a busy machine.
const PATIENCE: Duration = Duration::from_secs(15);

/// A Redis server of one test; it stops when this is dropped.
#[derive(Debug)]
pub struct Redis {
    port: u16,
    options: Vec<String>,
    folder: Option<PathBuf>,
    server: Watched,
}

impl Redis {
    /// Starts one on a free port, without persistence and without eviction.
    pub async fn start() -> Result<Self> {
        Self::start_with(&[]).await
    }

    /// The same with further options of redis-server, such as `--maxmemory-policy allkeys-lru`.
    pub async fn start_with(options: &[&str]) -> Result<Self> {
        Self::start_in(None, options).await
    }

    /// The same with its files in a folder, which may be a small disk.
    pub async fn start_in(folder: Option<&Path>, options: &[&str]) -> Result<Self> {
        let options: Vec<String> = options.iter().map(|&option| option.to_owned()).collect();
        let server = serve("", &options, folder).await?;
        Ok(Self {
            port: server.fact("port")?,
            options,
            folder: folder.map(Path::to_owned),
            server,
        })
    }

    /// The URL of the run's server, which no test may stop or flush; queues on it must have names of their own.
    pub async fn shared() -> Result<String> {
        // Never dropped: its pipe closes when this process ends.
        static OWN: OnceCell<Redis> = OnceCell::const_new();
        match variable("INGOT_TEST_REDIS_URL") {
            Some(url) => Ok(url),
            None => Ok(OWN.get_or_try_init(Redis::start).await?.url()),
        }
    }

    /// `redis://…`
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    /// A number or a word of `INFO`, such as `master_repl_offset`.
    pub async fn info<T: std::str::FromStr>(&self, section: &str, field: &str) -> Result<T> {
        let mut connection = self.connection().await?;
        let told: String = redis::cmd("INFO")
            .arg(section)
            .query_async(&mut connection)
            .await?;
        told.lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(name, _)| *name == field)
            .and_then(|(_, value)| value.trim().parse().ok())
            .with_context(|| format!("Redis does not tell its {field}"))
    }

    /// A connection of its own.
    pub async fn connection(&self) -> Result<redis::aio::MultiplexedConnection> {
        connection(&self.url()).await
    }

    /// Forgets everything, as an operator's slip or a failover to an empty replica would.
    pub async fn flushall(&self) -> Result<()> {
        let mut connection = self.connection().await?;
        redis::cmd("FLUSHALL")
            .query_async::<()>(&mut connection)
            .await?;
        Ok(())
    }

    /// Kills the server where it stands; `restart_empty` brings it back.
    pub async fn kill(&self) -> Result<()> {
        self.signal("KILL").await
    }

    /// Stalls it: connections stay open and the server does not answer.
    pub async fn stall(&self) -> Result<()> {
        self.signal("STOP").await
    }

    /// Ends a stall.
    pub async fn resume(&self) -> Result<()> {
        self.signal("CONT").await
    }

    /// Brings it back on the same port with nothing in it, whether it runs or was killed.
    pub async fn restart_empty(&mut self) -> Result<()> {
        // Ignored: it may be dead already.
        let _ = self.kill().await;
        let port = self.port.to_string();
        self.server = serve(&port, &self.options, self.folder.as_deref()).await?;
        Ok(())
    }

    async fn signal(&self, signal: &str) -> Result<()> {
        send_signal(self.server.fact("pid")?, signal).await
    }
}

async fn serve(port: &str, options: &[String], folder: Option<&Path>) -> Result<Watched> {
    let arguments: Vec<&str> = std::iter::once(port)
        .chain(options.iter().map(String::as_str))
        .collect();
    Watched::start_in("redis.sh", &arguments, folder).await
}

/// A connection to any Redis.
pub(crate) async fn connection(url: &str) -> Result<redis::aio::MultiplexedConnection> {
    let client = redis::Client::open(url)?;
    // Longer than a stall: the library's own half second is what FAULTS X1 is about.
    let config = redis::AsyncConnectionConfig::new().set_response_timeout(Some(PATIENCE));
    client
        .get_multiplexed_async_connection_with_config(&config)
        .await
        .with_context(|| format!("the tests' Redis at {url}"))
}

/// Sends a signal by the shell's own `kill`: the house forbids unsafe code, and the program of that name may not be there.
pub(crate) async fn send_signal(pid: u32, signal: &str) -> Result<()> {
    let sent = tokio::process::Command::new("sh")
        .args(["-c", "kill -s \"$0\" \"$1\"", signal, &pid.to_string()])
        .stderr(Stdio::null())
        .status()
        .await?;
    ensure!(sent.success(), "process {pid} did not take SIG{signal}");
    Ok(())
}
