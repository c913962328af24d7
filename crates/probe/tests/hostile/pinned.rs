//! Where the connections go: to the pinned address and nowhere else, whatever redirects say.

use std::net::{IpAddr, SocketAddr};

use ingot_domain::probe::{ProbeClass, ProbeSpec, Scheme};
use ingot_probe::Prober;

use crate::servers::{Behaviour, LOCALHOST, Server, http};
use crate::{inside, led_to, probe, prober, spec};

#[tokio::test]
async fn redirects_stay_on_the_host_and_end() {
    let looping = Server::http("302 Found", "location: /again\r\n", "").await;
    let outcome = probe(&prober(), &spec(Scheme::Http, looping.port)).await;
    assert_eq!(
        (outcome.class, looping.connections()),
        (ProbeClass::HttpStatus, 4),
        "{outcome:?}"
    );

    let bystander = Server::http("200 OK", "", "login").await;
    let elsewhere = [
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        format!("http://localhost:{}/", bystander.port),
        format!("http://127.0.0.2:{}/", bystander.port),
        format!("http://127.0.0.1:{}/", bystander.port),
        "file:///etc/passwd".to_owned(),
        "//evil.test/".to_owned(),
    ];
    for location in elsewhere {
        let server = Server::http("301 Moved", &format!("location: {location}\r\n"), "").await;
        let outcome = probe(&prober(), &spec(Scheme::Http, server.port)).await;
        assert_eq!(
            outcome.class,
            ProbeClass::HttpStatus,
            "{location}: {outcome:?}"
        );
        assert!(
            outcome.detail.contains("redirect to another"),
            "{location}: {outcome:?}"
        );
        assert_eq!(server.connections(), 1, "{location}");
    }
    assert_eq!(bystander.connections(), 0);
}

#[tokio::test]
async fn a_redirect_to_the_same_host_is_followed() {
    let routes = |location: &str| {
        let moved = http("302 Found", &format!("location: {location}\r\n"), "");
        Behaviour::Routes(vec![("/", moved), ("/login", http("200 OK", "", "login"))])
    };
    let relative = Server::plain(routes("login")).await;
    let outcome = probe(&prober(), &spec(Scheme::Http, relative.port)).await;
    assert_eq!(
        (outcome.class, relative.connections()),
        (ProbeClass::Ready, 2),
        "{outcome:?}"
    );
    // From http to https; the region says where each of the two ports answers.
    let upgrade = Server::both(routes("https://127.0.0.1/login")).await;
    let (led, region) = led_to(upgrade.port).await;
    let outcome = probe(&led, &spec(Scheme::Http, 80)).await;
    assert!(region.requests()[1].contains("port=443"), "asked of both");
    assert_eq!(
        (outcome.class, upgrade.requests().len()),
        (ProbeClass::Ready, 2),
        "{outcome:?}"
    );
    let downgrade = Server::both(routes("http://127.0.0.1/login")).await;
    let (led, _region) = led_to(downgrade.port).await;
    let outcome = probe(&led, &spec(Scheme::Https, 443)).await;
    assert!(
        outcome.detail.contains("from https to http refused"),
        "{outcome:?}"
    );
    // A status that is expected is an answer, not a way elsewhere.
    let accepted = ProbeSpec {
        expected_status: vec![302],
        body_contains: vec![],
        ..spec(Scheme::Http, relative.port)
    };
    assert_eq!(probe(&prober(), &accepted).await.class, ProbeClass::Ready);
}

#[tokio::test]
async fn denied_addresses_are_never_connected() {
    let server = Server::http("200 OK", "", "login").await;
    let (_, region) = led_to(server.port).await;
    let closed = inside(&region, Prober::new(vec![]).expect("a prober"));
    for text in [
        "127.0.0.1",
        "0.0.0.0",
        "169.254.169.254",
        "::1",
        "::ffff:127.0.0.1",
        "::7f00:1",
        "10.0.0.1",
        "fd00:ec2::254",
    ] {
        let address: IpAddr = text.parse().expect(text);
        let outcome = closed.probe(address, &spec(Scheme::Http, 80)).await;
        assert_eq!(outcome.class, ProbeClass::Denied, "{text}");
        assert!(outcome.detail.contains("probe_cidrs"), "{outcome:?}");
    }
    // The listener still works, so had anything arrived it would have been counted by now.
    let known = tokio::net::TcpStream::connect(SocketAddr::new(LOCALHOST, server.port))
        .await
        .expect("a connection");
    drop(known);
    assert_eq!(
        probe(&prober(), &spec(Scheme::Http, server.port))
            .await
            .class,
        ProbeClass::Ready
    );
    assert_eq!((server.connections(), region.connections()), (2, 0));
}

/// No program may add IPv6 addresses to the loopback interface by itself: those of the simulated region lead elsewhere.
#[tokio::test]
async fn an_address_leads_where_the_region_says_if_probes_may_go_there() {
    let server = Server::http("200 OK", "", "kamiwaza login").await;
    let simulated: IpAddr = "2001:db8:5eed::7f00:1".parse().expect("an address");
    let spec = spec(Scheme::Http, 80);
    let (there, region) = led_to(server.port).await;
    let outcome = there.probe(simulated, &spec).await;
    assert_eq!(outcome.class, ProbeClass::Ready, "{outcome:?}");
    assert_eq!(server.connections(), 1);
    // Without leave for loopback, and outside a simulated region, it leads nowhere.
    let closed = Prober::new(vec![]).expect("a prober");
    let outcome = inside(&region, closed.clone())
        .probe(simulated, &spec)
        .await;
    assert_eq!(outcome.class, ProbeClass::Denied, "{outcome:?}");
    let near = std::time::Duration::from_millis(200);
    let outcome = closed.with_deadline(near).probe(simulated, &spec).await;
    assert_ne!(outcome.class, ProbeClass::Ready, "{outcome:?}");
    assert_eq!(server.connections(), 1, "nothing else arrived");
}

#[tokio::test]
async fn a_region_leads_to_loopback_alone_and_says_why_nothing_answers() {
    let spec = spec(Scheme::Http, 80);
    let table = [
        (
            "200 OK",
            "{\"connect\": \"203.0.113.7:80\"}",
            ProbeClass::Denied,
            "no loopback address",
        ),
        (
            "200 OK",
            "{\"connect\": \"169.254.169.254:80\"}",
            ProbeClass::Denied,
            "no loopback address",
        ),
        (
            "200 OK",
            "{\"connect\": null, \"why\": \"it runs nothing\"}",
            ProbeClass::Refused,
            "no server listens at 127.0.0.1:80: it runs nothing",
        ),
        (
            "200 OK",
            "{\"connect\": null}",
            ProbeClass::Refused,
            "no server listens at 127.0.0.1:80",
        ),
        (
            "404 Not Found",
            "{}",
            ProbeClass::Broken,
            "HTTP 404; is `INGOT_SIMULATED_REGION` right?",
        ),
        (
            "200 OK",
            "no JSON",
            ProbeClass::Broken,
            "does not say where its instances answer",
        ),
    ];
    for (status, answer, class, said) in table {
        let region = Server::http(status, "", answer).await;
        let outcome = probe(&inside(&region, prober()), &spec).await;
        assert_eq!(outcome.class, class, "{answer}: {outcome:?}");
        assert!(outcome.detail.contains(said), "{answer}: {outcome:?}");
    }
    let nowhere = prober().with_simulated_region(Some("443"));
    assert!(
        nowhere
            .expect_err("no address")
            .to_string()
            .contains("http://")
    );
}
