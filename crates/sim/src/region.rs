//! Starting and stopping a region server.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::config::SimConfig;
use crate::sim::Sim;
use crate::{host, wire};

/// Why a region could not start.
#[derive(Debug, thiserror::Error)]
pub enum SimError {
    /// The API's address cannot be listened on.
    #[error("cannot listen on `{addr}`")]
    Listen {
        /// The address asked for.
        addr: SocketAddr,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// No range of loopback addresses is free at the probe port.
    #[error("no loopback range is free for instances at port {port}")]
    NoRange {
        /// The port asked for.
        port: u16,
    },
    /// The self-signed certificate of the instances could not be made.
    #[error("cannot make the certificate of the instances")]
    Certificate(#[source] rcgen::Error),
    /// The TLS library refused the certificate.
    #[error("cannot use the certificate of the instances")]
    Tls(#[source] rustls::Error),
}

/// A running region server; it stops when stopped or dropped.
#[derive(Debug)]
pub struct Region {
    addr: SocketAddr,
    probe_port: u16,
    stop: watch::Sender<bool>,
    accepting: JoinHandle<()>,
    /// Keeps other region servers on this machine off our loopback range.
    _guard: TcpListener,
}

impl Region {
    /// Listens and answers until stopped.
    ///
    /// # Errors
    /// If an address cannot be bound or the certificate cannot be made.
    pub async fn start(config: SimConfig) -> Result<Region, SimError> {
        let addr = config.listen;
        let failed = |source| SimError::Listen { addr, source };
        let listener = TcpListener::bind(addr).await.map_err(failed)?;
        let addr = listener.local_addr().map_err(failed)?;
        let (guard, range) = claim_range(config.probe_port, config.seed)?;
        let (stop, stopped) = watch::channel(false);
        let tls = host::tls_config()?;
        let sim = Arc::new(Sim::new(config, range, tls, stopped));
        let accepting = tokio::spawn(wire::accept(sim, listener));
        Ok(Region {
            addr,
            probe_port: range.port(),
            stop,
            accepting,
            _guard: guard,
        })
    }

    /// Where the API listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The API as an endpoint URL, such as `http://127.0.0.1:4566`.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Where every instance that serves on port 443 listens, each on its own loopback address; `GET /_sim/way` says it of
    /// every port.
    #[must_use]
    pub fn probe_port(&self) -> u16 {
        self.probe_port
    }

    /// Closes all connections and listeners and waits for the accept loop to end.
    pub async fn stop(self) {
        // An accept loop that has ended already needs no word.
        let _ = self.stop.send(true);
        let _ = self.accepting.await;
    }
}

/// The port that browsers ask.
pub(crate) const HTTPS: u16 = 443;

/// Takes one second octet of 127.0.0.0/8 for this region's instances. Several regions run
/// on one machine at once, so a guard listener in a corner of the range marks it as taken.
fn claim_range(port: u16, seed: u64) -> Result<(TcpListener, SocketAddrV4), SimError> {
    let ports: &[u16] = if port == 0 { &[HTTPS, 0] } else { &[port] };
    let start = first_octet(seed);
    for port in ports {
        for step in 0..=(LAST_OCTET - FIRST_OCTET) {
            let octet = FIRST_OCTET + wrap(start, step);
            if let Ok(claimed) = guard(Ipv4Addr::new(127, octet, 255, 254), *port) {
                return Ok(claimed);
            }
        }
    }
    Err(SimError::NoRange { port })
}

const FIRST_OCTET: u8 = 16;
const LAST_OCTET: u8 = 250;

/// Where to start looking: differs between processes, moments and seeds.
fn first_octet(seed: u64) -> u8 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or(Duration::ZERO);
    let mixed = seed ^ u64::from(std::process::id()) ^ u64::from(since.subsec_nanos());
    let span = u64::from(LAST_OCTET - FIRST_OCTET + 1);
    u8::try_from(crate::seeds::hash(&mixed.to_string()) % span).unwrap_or_default()
}

fn guard(ip: Ipv4Addr, port: u16) -> std::io::Result<(TcpListener, SocketAddrV4)> {
    // Without SO_REUSEADDR, so that a taken range is refused.
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from((ip, port)))?;
    let listener = socket.listen(1)?;
    let port = listener.local_addr()?.port();
    Ok((listener, SocketAddrV4::new(ip, port)))
}

fn wrap(start: u8, step: u8) -> u8 {
    let span = u16::from(LAST_OCTET - FIRST_OCTET) + 1;
    u8::try_from((u16::from(start) + u16::from(step)) % span).unwrap_or_default()
}
