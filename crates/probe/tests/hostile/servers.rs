//! Small servers for the tests of the prober, each on its own loopback port, serving until the test ends.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// What a server does with a connection.
#[derive(Clone)]
pub(crate) enum Behaviour {
    /// Reads the request, answers with these bytes, closes.
    Answer(Vec<u8>),
    /// Reads the request, answers with the first bytes, then sends the second ones for ever, every 5 ms.
    Endless(Vec<u8>, Vec<u8>),
    /// Reads the request, answers with what belongs to the path, closes.
    Routes(Vec<(&'static str, Vec<u8>)>),
    /// Reads the request and never answers.
    Silent,
}

/// A running server.
pub(crate) struct Server {
    pub(crate) port: u16,
    connections: Arc<AtomicUsize>,
    requests: Arc<Mutex<Vec<String>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    pub(crate) async fn plain(behaviour: Behaviour) -> Self {
        Self::start(behaviour, None, false).await
    }

    /// With a self-signed certificate for `app.test`.
    pub(crate) async fn tls(behaviour: Behaviour) -> Self {
        Self::start(behaviour, Some(acceptor()), false).await
    }

    /// TLS for who greets in TLS, clear text for others, on the same port.
    pub(crate) async fn both(behaviour: Behaviour) -> Self {
        Self::start(behaviour, Some(acceptor()), true).await
    }

    /// Plain HTTP: `status`, further header lines (each with its line end), and a body of known length.
    pub(crate) async fn http(status: &str, headers: &str, body: &str) -> Self {
        Self::plain(Behaviour::Answer(http(status, headers, body))).await
    }

    async fn start(behaviour: Behaviour, acceptor: Option<TlsAcceptor>, plain_too: bool) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let connections = Arc::new(AtomicUsize::new(0));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (count, log) = (Arc::clone(&connections), Arc::clone(&requests));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                let (behaviour, log, acceptor) =
                    (behaviour.clone(), Arc::clone(&log), acceptor.clone());
                tokio::spawn(async move {
                    let mut first = [0];
                    let plain =
                        plain_too && stream.peek(&mut first).await.is_ok() && first != [0x16];
                    match acceptor.filter(|_| !plain) {
                        None => serve(stream, behaviour, &log).await,
                        Some(acceptor) => {
                            if let Ok(stream) = acceptor.accept(stream).await {
                                serve(stream, behaviour, &log).await;
                            }
                        }
                    }
                });
            }
        });
        Self {
            port,
            connections,
            requests,
            task,
        }
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("the log").clone()
    }
}

fn acceptor() -> TlsAcceptor {
    let made =
        rcgen::generate_simple_self_signed(vec!["app.test".to_owned()]).expect("a certificate");
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).expect("a key");
    let config =
        ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .expect("a configuration");
    TlsAcceptor::from(Arc::new(config))
}

/// An answer with a body of known length.
pub(crate) fn http(status: &str, headers: &str, body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    behaviour: Behaviour,
    log: &Mutex<Vec<String>>,
) {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read(&mut buffer).await {
            Ok(read @ 1..) => request.extend_from_slice(&buffer[..read]),
            // What is no HTTP, such as a TLS greeting, ends here.
            _ => break,
        }
        if request.starts_with(&[0x16]) {
            break;
        }
    }
    let request = String::from_utf8_lossy(&request).into_owned();
    let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
    log.lock().expect("the log").push(request);
    let behaviour = match behaviour {
        Behaviour::Routes(routes) => {
            let route = routes.into_iter().find(|(of, _)| *of == path);
            Behaviour::Answer(
                route.map_or_else(|| http("404 Not Found", "", ""), |(_, answer)| answer),
            )
        }
        other => other,
    };
    match behaviour {
        Behaviour::Answer(bytes) => {
            let _ = stream.write_all(&bytes).await;
            let _ = stream.shutdown().await;
        }
        Behaviour::Endless(first, again) => {
            let mut written = stream.write_all(&first).await;
            while written.is_ok() {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
                written = stream.write_all(&again).await;
            }
        }
        Behaviour::Silent | Behaviour::Routes(_) => std::future::pending().await,
    }
}

pub(crate) const LOCALHOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
