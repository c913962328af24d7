//! The prober against targets that are fine, starting, wrong, broken and hostile (FAULTS F26). Everything happens on
//! loopback, which `probe_cidrs` opens for these tests alone.

#[path = "hostile/answers.rs"]
mod answers;
#[path = "hostile/openssl.rs"]
mod openssl;
#[path = "hostile/pinned.rs"]
mod pinned;
#[path = "hostile/servers.rs"]
mod servers;

use std::time::{Duration, Instant};

use ingot_domain::network::Cidr;
use ingot_domain::probe::{ProbeOutcome, ProbeSpec, Scheme};
use ingot_probe::Prober;
use servers::{LOCALHOST, Server};

fn prober() -> Prober {
    let loopback: Cidr = "127.0.0.0/8".parse().expect("a block");
    Prober::new(vec![loopback]).expect("a prober")
}

/// One to whom a region says that everything answers on this port of loopback, and that region.
async fn led_to(port: u16) -> (Prober, Server) {
    let way = format!("{{\"connect\": \"127.0.0.1:{port}\"}}");
    let region = Server::http("200 OK", "", &way).await;
    (inside(&region, prober()), region)
}

/// A prober that asks a region.
fn inside(region: &Server, prober: Prober) -> Prober {
    let url = format!("http://127.0.0.1:{}", region.port);
    prober
        .with_simulated_region(Some(&url))
        .expect("an address")
}

fn spec(scheme: Scheme, port: u16) -> ProbeSpec {
    ProbeSpec {
        scheme,
        port,
        body_contains: vec!["kamiwaza".into(), "login".into()],
        ..ProbeSpec::default()
    }
}

/// Probes, and checks that it did not take longer than any probe may.
async fn probe(prober: &Prober, spec: &ProbeSpec) -> ProbeOutcome {
    let start = Instant::now();
    let outcome = prober.probe(LOCALHOST, spec).await;
    assert!(start.elapsed() < Duration::from_secs(11), "{outcome:?}");
    assert!(
        !outcome.detail.ends_with('.') && !outcome.detail.contains(char::is_control),
        "{outcome:?}"
    );
    outcome
}
