//! The door against a real TLS server on loopback that answers well, late, cut, endless, or sends elsewhere. Loopback is
//! opened for these tests alone.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use ingot_domain::network::Cidr;
use ingot_outbound::{Answer, Door, Range, Trouble, Want};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// A server that answers every connection with the same bytes, then waits before it closes.
struct Server {
    port: u16,
    root: Vec<u8>,
    heard: Arc<Mutex<Vec<String>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn server(answer: impl Into<Vec<u8>>, linger: Duration) -> Server {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).expect("a key");
    let root = made.cert.der().to_vec();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .expect("a configuration");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let (answer, log) = (Arc::new(answer.into()), Arc::clone(&heard));
    let task = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, log) = (acceptor.clone(), Arc::clone(&log));
            let answer: Arc<Vec<u8>> = Arc::clone(&answer);
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    return;
                };
                let mut request = Vec::new();
                while !request.ends_with(b"\r\n\r\n") {
                    match stream.read_u8().await {
                        Ok(byte) => request.push(byte),
                        Err(_) => return,
                    }
                }
                let text = String::from_utf8_lossy(&request).to_lowercase();
                log.lock().expect("a log").push(text);
                let _ = stream.write_all(&answer).await;
                let _ = stream.flush().await;
                tokio::time::sleep(linger).await;
                let _ = stream.shutdown().await;
            });
        }
    });
    Server {
        port,
        root,
        heard,
        task,
    }
}

async fn says(answer: &str) -> Server {
    server(answer.as_bytes(), Duration::ZERO).await
}

impl Server {
    fn url(&self) -> String {
        format!("https://localhost:{}/feed.json", self.port)
    }

    fn door(&self) -> Door {
        let loopback: [Cidr; 2] =
            ["127.0.0.0/8", "::1/128"].map(|cidr| cidr.parse().expect("a block"));
        Door::to([self.url()])
            .inward(loopback.to_vec())
            .trusting(vec![self.root.clone()])
    }

    async fn fetch(&self, etag: Option<&str>, range: Option<Range>) -> Result<Answer, Trouble> {
        let url = self.url();
        let want = Want {
            etag,
            range,
            ..plain(&url)
        };
        self.door().fetch(want).await
    }
}

fn plain(url: &str) -> Want<'_> {
    Want {
        url,
        etag: None,
        since: None,
        range: None,
        most: 1_000,
        within: Duration::from_secs(3),
    }
}

#[tokio::test]
async fn an_answer_comes_with_its_etag_and_an_unchanged_one_is_said() {
    let server = says("HTTP/1.1 200 OK\r\nETag: \"a\"\r\nContent-Length: 4\r\n\r\nfeed").await;
    let wanted = Answer::Body {
        bytes: b"feed".to_vec(),
        etag: Some("\"a\"".to_owned()),
        modified: None,
        whole: None,
    };
    assert_eq!(server.fetch(None, None).await.expect("an answer"), wanted);

    let server = says("HTTP/1.1 304 Not Modified\r\n\r\n").await;
    let answer = server.fetch(Some("\"a\""), None).await;
    assert_eq!(answer.expect("an answer"), Answer::Unchanged);
    assert!(server.heard.lock().expect("a log")[0].contains("if-none-match: \"a\""));
    let unasked = server.fetch(None, None).await;
    assert!(matches!(unasked, Err(Trouble::Status(304))), "{unasked:?}");
}

#[tokio::test]
async fn a_part_is_the_part_that_was_asked_for() {
    let part =
        "HTTP/1.1 206 Partial\r\nContent-Range: bytes 4-7/20\r\nContent-Length: 4\r\n\r\nmore";
    let server = says(part).await;
    let range = |from| Some(Range { from, most: 4 });
    match server.fetch(Some("\"a\""), range(4)).await.expect("a part") {
        Answer::Body { bytes, whole, .. } => {
            assert_eq!((bytes.as_slice(), whole), (b"more".as_slice(), Some(20)));
        }
        other => panic!("{other:?}"),
    }
    let heard = server.heard.lock().expect("a log")[0].clone();
    assert!(
        heard.contains("range: bytes=4-7") && heard.contains("if-range: \"a\""),
        "{heard}"
    );
    assert!(matches!(
        server.fetch(None, range(8)).await,
        Err(Trouble::OtherRange)
    ));
    let server = says("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfeed").await;
    assert!(matches!(
        server.fetch(None, range(4)).await,
        Err(Trouble::OtherRange)
    ));
}

#[tokio::test]
async fn a_beginning_may_be_unchanged_or_the_whole() {
    let beginning = Some(Range { from: 0, most: 4 });
    let server = says("HTTP/1.1 304 Not Modified\r\n\r\n").await;
    let answer = server.fetch(Some("\"a\""), beginning).await;
    assert_eq!(answer.expect("an answer"), Answer::Unchanged);
    let heard = server.heard.lock().expect("a log")[0].clone();
    assert!(
        heard.contains("if-none-match: \"a\"") && heard.contains("range: bytes=0-3"),
        "{heard}"
    );
    let whole = "HTTP/1.1 200 OK\r\nLast-Modified: today\r\nContent-Length: 8\r\n\r\nall of it";
    let server = says(&whole.replace(": 8", ": 9")).await;
    match server.fetch(None, beginning).await.expect("the whole") {
        Answer::Body {
            bytes,
            whole,
            modified,
            ..
        } => {
            assert_eq!((bytes.as_slice(), whole), (b"all of it".as_slice(), None));
            assert_eq!(modified.as_deref(), Some("today"));
        }
        other => panic!("{other:?}"),
    }
    let weak = server.fetch(Some("W/\"a\""), Some(Range { from: 4, most: 4 }));
    assert!(matches!(weak.await, Err(Trouble::OtherRange)));
    let heard = server.heard.lock().expect("a log")[1].clone();
    assert!(!heard.contains("if-range"), "{heard}");
}

#[tokio::test]
async fn plain_http_is_spoken_on_loopback_alone_and_when_asked() {
    let door = Door::to(["http://127.0.0.1:1/", "http://10.1.2.3/"]).clear_on_loopback();
    let answer = door.fetch(plain("http://127.0.0.1:1/feed")).await;
    assert!(matches!(answer, Err(Trouble::Inward { .. })), "{answer:?}");
    let door = door.inward(vec![
        "127.0.0.0/8".parse().expect("a block"),
        "10.0.0.0/8".parse().expect("a block"),
    ]);
    let answer = door.fetch(plain("http://127.0.0.1:1/feed")).await;
    assert!(matches!(answer, Err(Trouble::Unreachable(_))), "{answer:?}");
    let answer = door.fetch(plain("http://10.1.2.3/feed")).await;
    assert!(matches!(answer, Err(Trouble::NotHttps(_))), "{answer:?}");
}

#[tokio::test]
async fn what_is_too_long_cut_or_slow_is_refused() {
    let long = says("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\nx").await;
    assert!(matches!(
        long.fetch(None, None).await,
        Err(Trouble::TooLong(1_000))
    ));
    let hidden = format!(
        "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{}",
        "x".repeat(5_000)
    );
    let hidden = says(&hidden).await;
    assert!(matches!(
        hidden.fetch(None, None).await,
        Err(Trouble::TooLong(1_000))
    ));
    let cut = says("HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\nhalf").await;
    let answer = cut.fetch(None, None).await;
    assert!(matches!(answer, Err(Trouble::Broken(_))), "{answer:?}");
    let slow = "HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\nhalf";
    let slow = server(slow.as_bytes(), Duration::from_secs(60)).await;
    let begun = Instant::now();
    let answer = slow.fetch(None, None).await;
    assert!(matches!(answer, Err(Trouble::Slow(3))), "{answer:?}");
    assert!(begun.elapsed() < Duration::from_secs(5));
    let gone = says("HTTP/1.1 503 Later\r\nContent-Length: 0\r\n\r\n").await;
    assert!(matches!(
        gone.fetch(None, None).await,
        Err(Trouble::Status(503))
    ));
}

#[tokio::test]
async fn redirects_lead_to_no_other_host_and_not_inward() {
    for place in [
        "http://169.254.169.254/latest/meta-data",
        "https://169.254.169.254/latest/meta-data",
        "https://127.0.0.1:1/x",
        "http://localhost/x",
        "file:///etc/passwd",
        "//example.org/x",
    ] {
        let answer =
            format!("HTTP/1.1 302 Found\r\nLocation: {place}\r\nContent-Length: 0\r\n\r\n");
        let server = says(&answer).await;
        let answer = server.fetch(None, None).await;
        assert!(
            matches!(answer, Err(Trouble::Redirect(_))),
            "{place}: {answer:?}"
        );
        assert_eq!(server.heard.lock().expect("a log").len(), 1, "{place}");
    }
    let circle =
        says("HTTP/1.1 302 Found\r\nLocation: /feed.json\r\nContent-Length: 0\r\n\r\n").await;
    let answer = circle.fetch(None, None).await;
    assert!(matches!(answer, Err(Trouble::Redirect(_))), "{answer:?}");
    assert_eq!(circle.heard.lock().expect("a log").len(), 4);
}

#[tokio::test]
async fn only_hosts_of_the_list_are_asked_and_none_that_lead_inward() {
    let server = says("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfeed").await;
    let url = server.url();
    let shut = Door::to([&url]).trusting(vec![server.root.clone()]);
    let answer = shut.fetch(plain(&url)).await;
    assert!(matches!(answer, Err(Trouble::Inward { .. })), "{answer:?}");
    let other = Door::to(["https://example.org/"]);
    assert!(matches!(
        other.fetch(plain(&url)).await,
        Err(Trouble::Host(_))
    ));
    let clear = url.replace("https:", "http:");
    let answer = server.door().fetch(plain(&clear)).await;
    assert!(matches!(answer, Err(Trouble::NotHttps(_))), "{answer:?}");
    for host in [
        "169.254.169.254",
        "[::ffff:169.254.169.254]",
        "[fd00:ec2::254]",
    ] {
        let open: Vec<Cidr> = ["0.0.0.0/0", "::/0"]
            .map(|cidr| cidr.parse().expect("a block"))
            .to_vec();
        let door = Door::to([format!("https://{host}/")]).inward(open);
        let url = format!("https://{host}/latest");
        let answer = door.fetch(plain(&url)).await;
        let refused = matches!(answer, Err(Trouble::Inward { .. } | Trouble::Host(_)));
        assert!(refused, "metadata is never asked: {host}: {answer:?}");
    }
    assert!(server.heard.lock().expect("a log").is_empty());
}

#[tokio::test]
async fn another_port_or_scheme_of_the_same_host_is_not_asked() {
    let server = says("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfeed").await;
    let port = server.port;
    for url in [
        format!("https://localhost:{}/feed.json", port ^ 1),
        "https://localhost/feed.json".to_owned(),
        format!("http://localhost:{port}/feed.json"),
    ] {
        let door = server.door().clear_on_loopback();
        let answer = door.fetch(plain(&url)).await;
        assert!(matches!(answer, Err(Trouble::Host(_))), "{url}: {answer:?}");
    }
    assert!(server.heard.lock().expect("a log").is_empty());
}

#[tokio::test]
async fn a_part_that_is_shorter_than_it_may_be_is_refused_but_the_last() {
    let part = "HTTP/1.1 206 Partial\r\nContent-Range: bytes 4-4/20\r\nContent-Length: 1\r\n\r\nm";
    let server = says(part).await;
    let range = Some(Range { from: 4, most: 4 });
    let answer = server.fetch(None, range).await;
    assert!(matches!(answer, Err(Trouble::Broken(_))), "{answer:?}");
    let server = says(&part.replace("/20", "/5")).await;
    let answer = server.fetch(None, range).await;
    assert!(matches!(answer, Ok(Answer::Body { .. })), "{answer:?}");
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_is_refused() {
    let server = says("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfeed").await;
    let door = server.door().trusting(Vec::new());
    let answer = door.fetch(plain(&server.url())).await;
    assert!(matches!(answer, Err(Trouble::Unreachable(_))), "{answer:?}");
}
