//! The web server of every simulated instance: TLS on its own loopback address.
//!
//! One task per instance holds the listener while the instance runs and drops it while
//! connections must be refused, so that a visitor sees what the state says.

mod page;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;

use crate::region::SimError;
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

/// Starts the server of an instance just launched.
pub(crate) fn open(sim: &Arc<Sim>, world: &mut World, id: String) {
    let Some((instance, _)) = world.instance(&id) else {
        return;
    };
    let changed = Arc::clone(&instance.changed);
    sim.spawn(keep(Arc::clone(sim), id, changed));
}

/// What the task does until the next change.
struct Look {
    address: Ipv4Addr,
    refuse: bool,
    wait: Duration,
}

/// How long to wait before trying again to listen.
const AGAIN: Duration = Duration::from_millis(500);

async fn keep(sim: Arc<Sim>, id: String, changed: Arc<Notify>) {
    let mut listener: Option<TcpListener> = None;
    while let Some(mut look) = look(&sim, &id) {
        if look.refuse {
            listener = None;
        } else if listener.is_none() {
            listener = listen(look.address, sim.probe_port)
                .inspect_err(|error| tracing::warn!(%error, instance.id = id, "cannot listen"))
                .ok();
            if listener.is_none() {
                look.wait = look.wait.min(AGAIN);
            }
        }
        tokio::select! {
            Some(stream) = accept(listener.as_ref()) => {
                sim.spawn(visit(Arc::clone(&sim), id.clone(), stream));
            }
            () = tokio::time::sleep(look.wait) => {}
            () = changed.notified() => {}
        }
    }
}

/// `None` once the instance is gone for good.
fn look(sim: &Sim, id: &str) -> Option<Look> {
    let mut world = sim.world();
    let now = sim.clock.now();
    let (instance, _) = world.instance(id)?;
    instance.settle(now);
    if instance.phase == Phase::Terminated {
        return None;
    }
    Some(Look {
        address: instance.address,
        refuse: instance.serving(now) == Serve::Refuse,
        // One millisecond more than nothing: the clock must have passed the moment.
        wait: sim.clock.until(instance.next_change(now)) + Duration::from_millis(1),
    })
}

async fn accept(listener: Option<&TcpListener>) -> Option<TcpStream> {
    match listener {
        Some(listener) => listener.accept().await.ok().map(|(stream, _)| stream),
        None => std::future::pending().await,
    }
}

fn listen(address: Ipv4Addr, port: u16) -> std::io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    // A stopped instance leaves connections in TIME_WAIT behind; it may start again at once.
    socket.set_reuseaddr(true)?;
    socket.bind(SocketAddr::from((address, port)))?;
    socket.listen(64)
}

async fn visit(sim: Arc<Sim>, id: String, stream: TcpStream) {
    let acceptor = TlsAcceptor::from(Arc::clone(&sim.tls));
    let Ok(stream) = acceptor.accept(stream).await else {
        return;
    };
    let service = service_fn(move |_: Request<hyper::body::Incoming>| {
        let (sim, id) = (Arc::clone(&sim), id.clone());
        async move { serve(&sim, &id).await }
    });
    // A visitor that goes away is no event.
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn serve(sim: &Sim, id: &str) -> Result<Response<Reply>, Hangup> {
    let (serve, title) = {
        let mut world = sim.world();
        let now = sim.clock.now();
        let (instance, tags) = world.instance(id).ok_or(Hangup)?;
        instance.settle(now);
        (instance.serving(now), tags.of(id).get("Name").cloned())
    };
    let title = title.unwrap_or_else(|| id.to_owned());
    let html = "text/html; charset=utf-8";
    match serve {
        Serve::Ok => Ok(reply::text(200, html, page::login(&title))),
        Serve::BadGateway => Ok(reply::text(502, html, page::bad_gateway())),
        Serve::WrongContent => Ok(reply::text(200, html, page::welcome())),
        Serve::Error => Ok(reply::text(500, html, page::internal_error())),
        Serve::Refuse => Err(Hangup),
        Serve::Hang => std::future::pending().await,
    }
}
