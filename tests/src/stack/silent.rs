//! Processes that cannot say anything, not even where they listen: they are told the address and asked until they answer.

use std::time::Duration;

use anyhow::Result;

use super::Stack;
use crate::process::{Process, Sink};
use crate::wait::until;

/// A debug build on two busy cores.
const UP: Duration = Duration::from_secs(60);

impl Stack {
    /// Adds a worker whose stdout and stderr are such a sink; answers its place in `workers`.
    pub(crate) async fn add_worker_into(&mut self, sink: Sink) -> Result<usize> {
        let address = free_address().await?;
        let arguments = ["worker", "--metrics-listen", &address];
        let mut worker = Process::start_into(&self.binary, &arguments, &self.environment, sink)?;
        let listening = format!("http://{address}");
        ready(&mut worker, &listening).await?;
        self.workers.push(worker);
        self.metrics.push(listening);
        Ok(self.workers.len() - 1)
    }

    /// Starts another API of this installation whose stdout and stderr are such a sink; answers where it is.
    pub(crate) async fn spare_api_into(&self, sink: Sink) -> Result<Option<(Process, String)>> {
        let address = free_address().await?;
        let arguments = ["api", "--listen", &address];
        let mut api = Process::start_into(&self.binary, &arguments, &self.environment, sink)?;
        let listening = format!("http://{address}");
        ready(&mut api, &listening).await?;
        Ok(api.runs().then_some((api, listening)))
    }
}

async fn ready(process: &mut Process, listening: &str) -> Result<()> {
    until("a silent process that is ready", UP, || {
        let ended = !process.runs();
        async move {
            anyhow::ensure!(!ended, "it ended");
            let url = format!("{listening}/readyz");
            reqwest::get(url).await?.error_for_status()?;
            Ok(Some(()))
        }
    })
    .await
}

/// An address that was free a moment ago.
async fn free_address() -> Result<String> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    Ok(listener.local_addr()?.to_string())
}
