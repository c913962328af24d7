//! What probes may say, and what their answers mean.

use super::*;

#[test]
fn the_documents_probe_judges_as_it_says() {
    let spec = ProbeSpec {
        body_contains: vec!["kamiwaza".into(), "login".into()],
        ..ProbeSpec::default()
    };
    let table = [
        (200, "<title>KAMIWAZA</title>", ProbeClass::Ready),
        (200, "please Login", ProbeClass::Ready),
        (200, "It works!", ProbeClass::WrongContent),
        (502, "Bad Gateway", ProbeClass::Starting),
        (503, "login", ProbeClass::Starting),
        (500, "kamiwaza", ProbeClass::HttpStatus),
        (301, "", ProbeClass::HttpStatus),
    ];
    for (status, body, class) in table {
        assert_eq!(spec.judge(status, body).class, class, "{status} {body}");
    }
}

#[test]
fn a_port_that_is_connected_to_has_no_page() {
    let tcp = ProbeSpec {
        tcp: Some(5432),
        ..ProbeSpec::default()
    };
    assert_eq!((tcp.problems("probe"), tcp.first_port()), (vec![], 5432));
    assert_eq!(tcp.shown(), "tcp://<instance>:5432");
    let fields = |spec: ProbeSpec| -> Vec<String> {
        let found = spec.problems("probe").into_iter();
        found.map(|error| error.field).collect()
    };
    let page = ProbeSpec {
        port: 80,
        path: "/up".into(),
        ..tcp.clone()
    };
    assert_eq!(fields(page), ["probe.port", "probe.path"]);
    let none = ProbeSpec {
        tcp: Some(0),
        ..tcp
    };
    assert_eq!(fields(none), ["probe.tcp"]);
    let read: ProbeSpec = serde_json::from_str("{\"tcp\": 22}").expect("it reads");
    assert_eq!(read.tcp, Some(22));
    let old = serde_json::to_string(&ProbeSpec::default()).expect("it writes");
    assert!(!old.contains("tcp"), "{old}");
}

#[test]
fn defaults_are_the_documents_and_bad_values_are_named() {
    let spec = ProbeSpec::default();
    assert_eq!(
        (
            spec.first_check_seconds,
            spec.interval_seconds,
            spec.max_attempts
        ),
        (180, 30, 180)
    );
    assert_eq!(spec.problems("probe"), []);
    let bad = ProbeSpec {
        port: 0,
        path: "x y".into(),
        expected_status: vec![700],
        verify_tls: true,
        ..spec
    };
    let fields: Vec<_> = bad.problems("probe").into_iter().map(|e| e.field).collect();
    assert_eq!(
        fields,
        [
            "probe.port",
            "probe.path",
            "probe.expected_status",
            "probe.host"
        ]
    );
}
