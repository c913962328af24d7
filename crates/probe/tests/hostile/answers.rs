//! What comes back: pages, errors, garbage, silence, and more than anybody wants to read.

use std::time::{Duration, Instant};

use ingot_domain::probe::{PROBE_LOOK_BYTES, ProbeClass, ProbeSpec, Scheme};

use crate::openssl::OpenSsl;
use crate::servers::{Behaviour, Server, http};
use crate::{led_to, probe, prober, spec};

#[tokio::test]
async fn answers_are_classed() {
    let page = |status: &str, body: &str| Behaviour::Answer(http(status, "", body));
    let table = [
        (page("200 OK", "<title>Kamiwaza</title>"), ProbeClass::Ready),
        (page("200 OK", "It works!"), ProbeClass::WrongContent),
        (page("502 Bad Gateway", "login"), ProbeClass::Starting),
        (page("503 Service Unavailable", ""), ProbeClass::Starting),
        (page("404 Not Found", "login"), ProbeClass::HttpStatus),
        (page("302 Found", ""), ProbeClass::HttpStatus),
        (
            Behaviour::Answer(b"HTTP/1.1 200 OK\r\n\r\nlogin".to_vec()),
            ProbeClass::Ready,
        ),
        // The word came; what was to follow is not waited for.
        (
            Behaviour::Answer(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\nlogin".to_vec()),
            ProbeClass::Ready,
        ),
        (
            Behaviour::Answer(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\nlog".to_vec()),
            ProbeClass::Broken,
        ),
        (
            Behaviour::Answer(
                b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\nlogin".to_vec(),
            ),
            ProbeClass::Ready,
        ),
    ];
    for (index, (behaviour, class)) in table.into_iter().enumerate() {
        let plain = Server::plain(behaviour.clone()).await;
        let outcome = probe(&prober(), &spec(Scheme::Http, plain.port)).await;
        assert_eq!(outcome.class, class, "row {index}: {outcome:?}");
        let tls = Server::tls(behaviour).await;
        let outcome = probe(&prober(), &spec(Scheme::Https, tls.port)).await;
        assert_eq!(outcome.class, class, "row {index} over TLS: {outcome:?}");
    }
}

#[tokio::test]
async fn the_request_says_who_asks_for_what() {
    let server = Server::http("200 OK", "", "login").await;
    let named = ProbeSpec {
        path: "/health?deep=1".into(),
        host: Some("app.test".into()),
        ..spec(Scheme::Http, server.port)
    };
    assert_eq!(probe(&prober(), &named).await.class, ProbeClass::Ready);
    let (led, region) = led_to(server.port).await;
    assert_eq!(
        probe(&led, &spec(Scheme::Http, 80)).await.class,
        ProbeClass::Ready
    );
    assert!(
        region.requests()[0].starts_with("GET /_sim/way?address=127.0.0.1&port=80 HTTP/1.1\r\n"),
        "{:?}",
        region.requests()
    );
    let requests = server.requests();
    assert!(
        requests[0].starts_with("GET /health?deep=1 HTTP/1.1\r\n"),
        "{requests:?}"
    );
    let lines = [
        format!("host: app.test:{}", server.port),
        "user-agent: Ingot-Readiness/1.0".into(),
        "accept-encoding: identity".into(),
    ];
    for line in lines {
        assert!(
            requests[0].contains(&format!("\r\n{line}\r\n")),
            "{line}: {requests:?}"
        );
    }
    assert!(
        requests[1].contains("\r\nhost: 127.0.0.1\r\n"),
        "{requests:?}"
    );
}

#[tokio::test]
async fn certificates_are_verified_only_when_asked() {
    let server = Server::tls(Behaviour::Answer(http("200 OK", "", "login"))).await;
    let named = ProbeSpec {
        host: Some("app.test".into()),
        ..spec(Scheme::Https, server.port)
    };
    assert_eq!(probe(&prober(), &named).await.class, ProbeClass::Ready);
    let verified = ProbeSpec {
        verify_tls: true,
        ..named.clone()
    };
    let outcome = probe(&prober(), &verified).await;
    assert_eq!(outcome.class, ProbeClass::Tls, "{outcome:?}");
    let nonsense = ProbeSpec {
        host: Some("-.-".into()),
        ..named
    };
    assert_eq!(probe(&prober(), &nonsense).await.class, ProbeClass::Tls);
}

#[tokio::test]
async fn the_wrong_protocol_is_told_apart() {
    let plain = Server::http("400 Bad Request", "", "").await;
    let outcome = probe(&prober(), &spec(Scheme::Https, plain.port)).await;
    assert_eq!(outcome.class, ProbeClass::Tls, "{outcome:?}");
    let table: [&[u8]; 4] = [
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"\x00\x01\x02\xff\xfe",
        b"<html>login</html>\r\n",
        b"",
    ];
    for garbage in table {
        let server = Server::plain(Behaviour::Answer(garbage.to_vec())).await;
        let outcome = probe(&prober(), &spec(Scheme::Http, server.port)).await;
        assert_eq!(
            outcome.class,
            ProbeClass::Broken,
            "{garbage:?}: {outcome:?}"
        );
    }
    let tls = Server::tls(Behaviour::Silent).await;
    let outcome = probe(&prober(), &spec(Scheme::Http, tls.port)).await;
    assert_eq!(outcome.class, ProbeClass::Broken, "{outcome:?}");
}

#[tokio::test]
async fn a_closed_port_is_refused() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    drop(listener);
    let outcome = probe(&prober(), &spec(Scheme::Https, port)).await;
    assert_eq!(outcome.class, ProbeClass::Refused, "{outcome:?}");
}

#[tokio::test]
async fn a_port_without_a_page_is_connected_to_and_told_nothing() {
    let tcp = |port| ProbeSpec {
        tcp: Some(port),
        ..ProbeSpec::default()
    };
    // What never answers, and what answers nonsense, takes connections all the same.
    for behaviour in [Behaviour::Silent, Behaviour::Answer(b"?".to_vec())] {
        let server = Server::plain(behaviour).await;
        let outcome = probe(&prober(), &tcp(server.port)).await;
        assert_eq!(outcome.class, ProbeClass::Ready, "{outcome:?}");
        assert!(outcome.detail.ends_with("takes connections"), "{outcome:?}");
        assert!(server.requests().concat().is_empty(), "nothing is sent");
        let (led, _region) = led_to(server.port).await;
        assert_eq!(probe(&led, &tcp(5432)).await.class, ProbeClass::Ready);
    }
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    drop(listener);
    let outcome = probe(&prober(), &tcp(port)).await;
    assert_eq!(outcome.class, ProbeClass::Refused, "{outcome:?}");
}

#[tokio::test]
async fn hanging_targets_cost_no_more_than_the_deadline() {
    let head = b"HTTP/1.1 200 OK\r\n".to_vec();
    let chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    let table = [
        (Behaviour::Silent, "waiting for the answer"),
        (
            Behaviour::Endless(head, b"x-slow: 1\r\n"[..1].to_vec()),
            "waiting for the answer",
        ),
        (
            Behaviour::Endless(chunked, b"1\r\nx\r\n".to_vec()),
            "reading the body",
        ),
    ];
    let short = prober().with_deadline(Duration::from_millis(300));
    for (behaviour, stage) in table {
        let server = Server::plain(behaviour).await;
        let start = Instant::now();
        let outcome = probe(&short, &spec(Scheme::Http, server.port)).await;
        assert_eq!(outcome.class, ProbeClass::Timeout, "{outcome:?}");
        assert!(outcome.detail.ends_with(stage), "{outcome:?}");
        assert!(start.elapsed() < Duration::from_secs(5));
    }
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let outcome = probe(
        &short,
        &spec(
            Scheme::Https,
            silent.local_addr().expect("an address").port(),
        ),
    )
    .await;
    assert_eq!(
        (
            outcome.class,
            outcome.detail.ends_with("in the TLS handshake")
        ),
        (ProbeClass::Timeout, true)
    );
}

#[tokio::test]
async fn bodies_and_headers_are_bounded() {
    let filler = "x".repeat(PROBE_LOOK_BYTES);
    let late = Server::http("200 OK", "", &format!("{filler}login")).await;
    let outcome = probe(&prober(), &spec(Scheme::Http, late.port)).await;
    assert_eq!(outcome.class, ProbeClass::WrongContent);
    assert!(
        outcome.detail.contains("only its first 4 MiB"),
        "{outcome:?}"
    );
    // More than is kept at a time is looked through.
    let last = Server::http("200 OK", "", &format!("{}login", &filler[5..])).await;
    assert_eq!(
        probe(&prober(), &spec(Scheme::Http, last.port)).await.class,
        ProbeClass::Ready
    );
    // The word came, and then nothing more, without an end.
    let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nlogin\r\n".to_vec();
    let stuck = Server::plain(Behaviour::Endless(head, Vec::new())).await;
    assert_eq!(
        probe(&prober(), &spec(Scheme::Http, stuck.port))
            .await
            .class,
        ProbeClass::Ready
    );
    // It never ends, but the word came first.
    let chunk = format!("{:x}\r\n{}\r\n", 8192, "y".repeat(8192)).into_bytes();
    let first = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nlogin\r\n".to_vec();
    let endless = Server::plain(Behaviour::Endless(first, chunk)).await;
    assert_eq!(
        probe(&prober(), &spec(Scheme::Http, endless.port))
            .await
            .class,
        ProbeClass::Ready
    );
    let many = Server::http("200 OK", &"a: b\r\n".repeat(500), "login").await;
    assert_eq!(
        probe(&prober(), &spec(Scheme::Http, many.port)).await.class,
        ProbeClass::Broken
    );
    let large = Server::http(
        "200 OK",
        &format!("a: {}\r\n", "b".repeat(100_000)),
        "login",
    )
    .await;
    assert_eq!(
        probe(&prober(), &spec(Scheme::Http, large.port))
            .await
            .class,
        ProbeClass::Broken
    );
}

/// Certificates that ring and webpki do not read; the server is OpenSSL's, for rustls could not serve them either (W8).
#[tokio::test]
async fn any_certificate_means_any() {
    let p521 = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-521"];
    let kinds: [(&str, &[&str]); 4] = [
        ("RSA of 1024 bits", &["-newkey", "rsa:1024", "-x509"]),
        ("P-521", &[p521[0], p521[1], p521[2], p521[3], "-x509"]),
        // Signed as a request, without extensions: version 1.
        ("X.509 v1", &["-newkey", "rsa:2048"]),
        (
            "signed with SHA-1",
            &["-newkey", "rsa:2048", "-sha1", "-x509"],
        ),
    ];
    for (kind, options) in kinds {
        let folder = tempfile::tempdir().expect("a directory");
        let server = OpenSsl::start(folder.path(), options).await;
        let wanted = ProbeSpec {
            body_contains: vec!["s_server".into()],
            ..spec(Scheme::Https, server.port)
        };
        let outcome = probe(&prober(), &wanted).await;
        assert_eq!(outcome.class, ProbeClass::Ready, "{kind}: {outcome:?}");
    }
}

#[tokio::test]
async fn compressed_pages_are_not_unpacked() {
    let server = Server::http("200 OK", "content-encoding: gzip\r\n", "\u{1f}\u{8b}").await;
    let outcome = probe(&prober(), &spec(Scheme::Http, server.port)).await;
    assert_eq!(outcome.class, ProbeClass::WrongContent);
    assert!(outcome.detail.contains("compressed"), "{outcome:?}");
}
