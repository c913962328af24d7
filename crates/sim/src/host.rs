//! The servers of every simulated instance: what its script says that it serves, on its own loopback address.
//!
//! One task per instance and port holds the listener while the instance runs and drops it while
//! connections must be refused, so that a visitor sees what the state says.

mod page;

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use crate::guest::{Scheme, Serves};
use crate::region::{HTTPS, SimError};
use crate::sim::Sim;
use crate::state::World;
use crate::state::instances::Phase;
use crate::state::serving::Serve;
use crate::wire::reply::{self, Hangup, Reply};

/// One self-signed certificate, made at start and shared by all instances.
pub(crate) fn tls_config() -> Result<Arc<rustls::ServerConfig>, SimError> {
    let names = vec![
        "instance.ingot-sim.internal".to_owned(),
        "localhost".to_owned(),
    ];
    let made = rcgen::generate_simple_self_signed(names).map_err(SimError::Certificate)?;
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(SimError::Tls)?
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .map_err(SimError::Tls)?;
    Ok(Arc::new(config))
}

/// Starts the servers of an instance just launched.
pub(crate) fn open(sim: &Arc<Sim>, world: &mut World, id: &str) {
    let Some((instance, _)) = world.instance(id) else {
        return;
    };
    let ports: BTreeSet<u16> = instance.serves.iter().map(|one| one.port).collect();
    for port in ports {
        let server = Server {
            sim: Arc::clone(sim),
            id: id.to_owned(),
            port,
        };
        sim.spawn(server.keep(instance.changed.listen()));
    }
}

/// One port of one instance.
#[derive(Clone)]
struct Server {
    sim: Arc<Sim>,
    id: String,
    port: u16,
}

/// What the task does until the next change.
struct Look {
    address: Ipv4Addr,
    /// Where it listened last.
    last: Option<u16>,
    refuse: bool,
    wait: Duration,
}

/// How long to wait before trying again to listen.
const AGAIN: Duration = Duration::from_millis(500);

impl Server {
    async fn keep(self, mut changed: watch::Receiver<()>) {
        let mut listener: Option<TcpListener> = None;
        while let Some(mut look) = self.look() {
            if look.refuse {
                listener = None;
            } else if listener.is_none() {
                listener = self.listen(&look);
                if listener.is_none() {
                    look.wait = look.wait.min(AGAIN);
                }
            }
            tokio::select! {
                Some(stream) = accept(listener.as_ref()) => {
                    self.sim.spawn(self.clone().visit(stream));
                }
                () = tokio::time::sleep(look.wait) => {}
                // An error says that the instance is gone, which the next look finds.
                _ = changed.changed() => {}
            }
        }
    }

    /// `None` once the instance is gone for good.
    fn look(&self) -> Option<Look> {
        let mut world = self.sim.world();
        let now = self.sim.clock.now();
        let (instance, _) = world.instance(&self.id)?;
        instance.settle(now);
        if instance.phase == Phase::Terminated {
            return None;
        }
        Some(Look {
            address: instance.address,
            last: instance.ways.get(&self.port).copied(),
            refuse: !instance.listens(self.port, now),
            // One millisecond more than nothing: the clock must have passed the moment.
            wait: self.sim.clock.until(instance.next_change(now)) + Duration::from_millis(1),
        })
    }

    /// Listens where it did before, on the port itself, or on any free one, and notes which.
    fn listen(&self, look: &Look) -> Option<TcpListener> {
        let own = if self.port == HTTPS {
            self.sim.probe_port
        } else {
            self.port
        };
        let mut ports = look.last.into_iter().chain([own, 0]);
        let Some(listener) = ports.find_map(|port| bind(look.address, port).ok()) else {
            tracing::warn!(instance.id = self.id, port = self.port, "cannot listen");
            return None;
        };
        let at = listener.local_addr().ok()?.port();
        let mut world = self.sim.world();
        let (instance, _) = world.instance(&self.id)?;
        instance.ways.insert(self.port, at);
        Some(listener)
    }

    async fn visit(self, stream: TcpStream) {
        let scheme = self.answers().first().map(|one| one.scheme);
        match scheme {
            None => {}
            Some(Scheme::Http) => self.converse(stream).await,
            Some(Scheme::Tcp) => {
                // Until the visitor goes away; what it says is passed over.
                let (mut stream, mut sink) = (stream, tokio::io::sink());
                let _ = tokio::io::copy(&mut stream, &mut sink).await;
            }
            Some(Scheme::Https) => {
                let acceptor = TlsAcceptor::from(Arc::clone(&self.sim.tls));
                if let Ok(stream) = acceptor.accept(stream).await {
                    self.converse(stream).await;
                }
            }
        }
    }

    /// What it says on this port, in the order of its script.
    fn answers(&self) -> Vec<Serves> {
        let mut world = self.sim.world();
        let instance = world.instance(&self.id).map(|(instance, _)| instance);
        let all = instance.map(|instance| instance.serves.clone());
        let mut own = all.unwrap_or_default();
        own.retain(|one| one.port == self.port);
        own
    }

    async fn converse(self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
        let service = service_fn(move |request: Request<hyper::body::Incoming>| {
            let server = self.clone();
            async move { server.answer(request.uri().path()).await }
        });
        // A visitor that goes away is no event.
        let _ = hyper::server::conn::http1::Builder::new()
            .serve_connection(TokioIo::new(stream), service)
            .await;
    }

    async fn answer(&self, path: &str) -> Result<Response<Reply>, Hangup> {
        let (serve, title) = {
            let mut world = self.sim.world();
            let now = self.sim.clock.now();
            let (instance, tags) = world.instance(&self.id).ok_or(Hangup)?;
            instance.settle(now);
            (
                instance.serving(now),
                tags.of(&self.id).get("Name").cloned(),
            )
        };
        let title = title.unwrap_or_else(|| self.id.clone());
        let html = "text/html; charset=utf-8";
        let answers = self.answers();
        match serve {
            Serve::Ok => Ok(match answers.iter().find(|one| one.is_at(path)) {
                Some(one) => reply::text(one.status, html, page::own(&title, &one.body)),
                None => reply::text(404, html, page::not_found()),
            }),
            Serve::BadGateway => Ok(reply::text(502, html, page::bad_gateway())),
            Serve::WrongContent => {
                let status = answers.first().map_or(200, |one| one.status);
                Ok(reply::text(status, html, page::welcome()))
            }
            Serve::Error => Ok(reply::text(500, html, page::internal_error())),
            Serve::Refuse => Err(Hangup),
            Serve::Hang => std::future::pending().await,
        }
    }
}

async fn accept(listener: Option<&TcpListener>) -> Option<TcpStream> {
    match listener {
        Some(listener) => listener.accept().await.ok().map(|(stream, _)| stream),
        None => std::future::pending().await,
    }
}

fn bind(address: Ipv4Addr, port: u16) -> std::io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    // A stopped instance leaves connections in TIME_WAIT behind; it may start again at once.
    socket.set_reuseaddr(true)?;
    socket.bind(SocketAddr::from((address, port)))?;
    socket.listen(64)
}
