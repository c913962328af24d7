//! One edge of an installation: a TCP proxy in the test's own process between one of its processes and a server, which can
//! cut, black-hole, half-open, delay and drip, and cut at a chosen packet (FAULTS, section 2: `chaosproxy`).

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Which way bytes go on an edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// From our process to the server.
    Up,
    /// From the server to our process.
    Down,
}

/// What is wrong with an edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Nothing.
    None,
    /// Every connection is reset, and each new one too.
    Cut,
    /// Connections are accepted and stay open; nothing passes until the edge is healed.
    BlackHole,
    /// Nothing passes one way.
    HalfOpen(Way),
    /// Every piece waits this long, each way.
    Delay(Duration),
    /// Bytes pass one by one, with this between them.
    Drip(Duration),
}

/// When a connection is cut at a chosen packet of our process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// The server never gets the packet.
    Before,
    /// The server gets it and answers, and our process never hears the answer.
    After,
}

/// A packet at which connections are cut.
#[derive(Debug, Clone)]
struct Trap {
    bytes: &'static [u8],
    moment: Moment,
    /// Connections still to be cut.
    left: usize,
    sprung: usize,
}

/// Postgres's simple query for the end of a transaction, as sqlx sends it.
pub const COMMIT: &[u8] = b"COMMIT\0";

#[derive(Debug)]
struct Shared {
    trouble: watch::Sender<Trouble>,
    trap: Mutex<Option<Trap>>,
    server: Mutex<SocketAddr>,
    open: AtomicUsize,
}

impl Shared {
    fn server(&self) -> std::sync::MutexGuard<'_, SocketAddr> {
        self.server.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One edge. Its connections end when it is dropped.
#[derive(Debug)]
pub struct Edge {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

impl Edge {
    /// An edge to a server, which need not run yet.
    pub async fn to(server: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            trouble: watch::Sender::new(Trouble::None),
            trap: Mutex::new(None),
            server: Mutex::new(server),
            open: AtomicUsize::new(0),
        });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Ok(Self {
            address,
            shared,
            accepting,
        })
    }

    /// An edge to the server of a URL, and the URL that leads through it.
    pub async fn of_url(url: &str) -> Result<(Self, String)> {
        let (scheme, rest) = url.split_once("://").context("a URL has a scheme")?;
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (user, host) = authority
            .rsplit_once('@')
            .map_or(("", authority), |(_, host)| {
                (&authority[..authority.len() - host.len()], host)
            });
        let edge = Self::to(host.parse().with_context(|| url.to_owned())?).await?;
        let through = format!("{scheme}://{user}{}/{path}", edge.address);
        Ok((edge, through.trim_end_matches('/').to_owned()))
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Lets this happen to it from now on, to open connections and to new ones.
    pub fn set(&self, trouble: Trouble) {
        self.shared.trouble.send_replace(trouble);
    }

    /// Resets every connection and refuses new ones.
    pub fn cut(&self) {
        self.set(Trouble::Cut);
    }

    /// Ends whatever was wrong; what was held back passes.
    pub fn heal(&self) {
        *self.trap() = None;
        self.set(Trouble::None);
    }

    /// Leads to another server from now on, as a failover does; connections that are open stay where they are.
    pub fn repoint(&self, server: SocketAddr) {
        *self.shared.server() = server;
    }

    /// Cuts the next `times` connections on which our process sends a packet with these bytes.
    pub fn cut_at(&self, bytes: &'static [u8], moment: Moment, times: usize) {
        *self.trap() = Some(Trap {
            bytes,
            moment,
            left: times,
            sprung: 0,
        });
    }

    /// How many connections `cut_at` has cut since it was ordered.
    pub fn sprung(&self) -> usize {
        self.trap().as_ref().map_or(0, |trap| trap.sprung)
    }

    /// Connections open now.
    pub fn connections(&self) -> usize {
        self.shared.open.load(Ordering::Relaxed)
    }

    fn trap(&self) -> std::sync::MutexGuard<'_, Option<Trap>> {
        let trap = self.shared.trap.lock();
        trap.unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Edge {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((ours, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            shared.open.fetch_add(1, Ordering::Relaxed);
            connection(ours, &shared).await;
            shared.open.fetch_sub(1, Ordering::Relaxed);
        });
    }
}

/// One connection, from its beginning to its end. A reset of ours leaves no farewell: the peer's next read fails.
async fn connection(mut ours: TcpStream, shared: &Shared) {
    let mut trouble = shared.trouble.subscribe();
    if *trouble.borrow() == Trouble::Cut {
        let _ = ours.set_zero_linger();
        return;
    }
    let server = *shared.server();
    let Ok(mut theirs) = TcpStream::connect(server).await else {
        let _ = ours.set_zero_linger();
        return;
    };
    let _ = (ours.set_nodelay(true), theirs.set_nodelay(true));
    let whole = {
        let ((our_read, our_write), (their_read, their_write)) = (ours.split(), theirs.split());
        let deaf = AtomicBool::new(false);
        let mut up = Pump::new(Way::Up, our_read, their_write, shared, &deaf);
        let mut down = Pump::new(Way::Down, their_read, our_write, shared, &deaf);
        let both = async { tokio::try_join!(up.run(), down.run()) };
        tokio::select! {
            ended = both => ended.is_ok(),
            _ = trouble.wait_for(|trouble| *trouble == Trouble::Cut) => false,
        }
    };
    if !whole {
        let _ = (ours.set_zero_linger(), theirs.set_zero_linger());
    }
}

/// The connection shall be reset.
#[derive(Debug)]
struct Reset;

impl From<std::io::Error> for Reset {
    fn from(_: std::io::Error) -> Self {
        Self
    }
}

/// One direction of one connection.
struct Pump<'a> {
    way: Way,
    from: ReadHalf<'a>,
    to: WriteHalf<'a>,
    shared: &'a Shared,
    /// Our process shall not hear the server any more.
    deaf: &'a AtomicBool,
    trouble: watch::Receiver<Trouble>,
}

impl<'a> Pump<'a> {
    fn new(
        way: Way,
        from: ReadHalf<'a>,
        to: WriteHalf<'a>,
        shared: &'a Shared,
        deaf: &'a AtomicBool,
    ) -> Self {
        let trouble = shared.trouble.subscribe();
        Self {
            way,
            from,
            to,
            shared,
            deaf,
            trouble,
        }
    }

    async fn run(&mut self) -> Result<(), Reset> {
        let mut piece = vec![0; 16 * 1024];
        loop {
            self.until_it_passes().await;
            let length = self.from.read(&mut piece).await?;
            // The server has acted once it answers; that is the instant to cut.
            if self.way == Way::Down && self.deaf.load(Ordering::Relaxed) {
                return Err(Reset);
            }
            if length == 0 {
                self.to.shutdown().await?;
                return Ok(());
            }
            self.until_it_passes().await;
            let piece = &piece[..length];
            match self.trapped(piece) {
                Some(Moment::Before) => return Err(Reset),
                Some(Moment::After) => {
                    self.deaf.store(true, Ordering::Relaxed);
                    self.to.write_all(piece).await?;
                }
                None => self.pass(piece).await?,
            }
        }
    }

    async fn pass(&mut self, piece: &[u8]) -> Result<(), Reset> {
        let trouble = *self.trouble.borrow();
        match trouble {
            Trouble::Delay(wait) => {
                tokio::time::sleep(wait).await;
                self.to.write_all(piece).await?;
            }
            Trouble::Drip(wait) => {
                for byte in piece {
                    self.to.write_all(&[*byte]).await?;
                    tokio::time::sleep(wait).await;
                }
            }
            _ => self.to.write_all(piece).await?,
        }
        Ok(())
    }

    async fn until_it_passes(&mut self) {
        let way = self.way;
        let stuck = |trouble: &Trouble| match trouble {
            Trouble::BlackHole => true,
            Trouble::HalfOpen(dead) => *dead == way,
            _ => false,
        };
        // It fails when the edge is gone; then so is this connection.
        let _ = self.trouble.wait_for(|trouble| !stuck(trouble)).await;
    }

    /// Whether this piece springs the trap.
    fn trapped(&self, piece: &[u8]) -> Option<Moment> {
        let mut trap = self.shared.trap.lock();
        let trap = trap.as_mut().ok()?.as_mut()?;
        let there = piece
            .windows(trap.bytes.len())
            .any(|window| window == trap.bytes);
        if self.way == Way::Down || trap.left == 0 || !there {
            return None;
        }
        trap.left -= 1;
        trap.sprung += 1;
        Some(trap.moment)
    }
}
