//! A region server from outside: several at once, control and API over plain TCP, the end.

use std::net::SocketAddr;
use std::time::Duration;

use ingot_sim::{Region, SimConfig};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

async fn send(addr: SocketAddr, head: &str, body: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(addr).await?;
    let length = body.len();
    let request = format!(
        "{head} HTTP/1.1\r\nhost: sim\r\nconnection: close\r\ncontent-length: {length}\r\n\
         authorization: AWS4-HMAC-SHA256 Credential=AKIA/20261122/eu-west-1/ec2/aws4_request\r\n\
         \r\n{body}"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

fn fast() -> SimConfig {
    SimConfig {
        pace: 6000.0,
        consistency: Duration::ZERO,
        buckets: false,
        ..SimConfig::default()
    }
}

fn between<'a>(text: &'a str, open: &str, close: &str) -> Option<&'a str> {
    let start = text.find(open)? + open.len();
    Some(&text[start..start + text[start..].find(close)?])
}

#[tokio::test]
async fn regions_live_side_by_side_and_end() {
    let one = Region::start(fast()).await.expect("the first region");
    let two = Region::start(fast()).await.expect("the second region");
    assert_ne!(one.addr(), two.addr());
    for region in [&one, &two] {
        assert_eq!(region.endpoint(), format!("http://{}", region.addr()));
        assert_ne!(region.probe_port(), 0);
        let health = send(region.addr(), "GET /healthz", "")
            .await
            .expect("an answer");
        assert!(health.starts_with("HTTP/1.1 200"), "{health}");
    }
    let addr = one.addr();
    one.stop().await;
    assert!(
        TcpStream::connect(addr).await.is_err(),
        "no listener is left"
    );
    assert!(send(two.addr(), "GET /healthz", "").await.is_ok());
    two.stop().await;
}

#[tokio::test]
async fn machines_of_two_regions_have_different_addresses() {
    let mut addresses = Vec::new();
    let one = Region::start(fast()).await.expect("the first region");
    let two = Region::start(fast()).await.expect("the second region");
    for region in [&one, &two] {
        let describe = "Action=DescribeImages&Version=2016-11-15&Owner.1=amazon\
                        &Filter.1.Name=architecture&Filter.1.Value.1=x86_64";
        let images = send(region.addr(), "POST /", describe)
            .await
            .expect("images");
        let image = between(&images, "<imageId>", "<").expect("a base image");
        let run =
            format!("Action=RunInstances&Version=2016-11-15&ImageId={image}&MinCount=1&MaxCount=1");
        let launched = send(region.addr(), "POST /", &run).await.expect("a launch");
        let address = between(&launched, "<privateIpAddress>", "<").expect("an address");
        assert!(
            address.starts_with("127.") && address != "127.0.0.1",
            "{address}"
        );
        addresses.push(address.to_owned());
        let id = between(&launched, "<instanceId>", "<")
            .expect("an id")
            .to_owned();
        let state = send(region.addr(), "GET /_sim/state", "")
            .await
            .expect("the state");
        assert!(state.contains(&id) && state.contains(address), "{state}");
        let journal = send(region.addr(), "GET /_sim/journal?action=Run*", "").await;
        assert!(journal.expect("the journal").contains(&id));
    }
    assert_ne!(addresses[0], addresses[1]);
    one.stop().await;
    two.stop().await;
}

#[tokio::test]
async fn faults_close_connections_with_and_without_the_effect() {
    let region = Region::start(fast()).await.expect("a region");
    let addr = region.addr();
    let create = "Action=CreateSecurityGroup&Version=2016-11-15&GroupDescription=d&GroupName=";
    for (kind, name, made) in [("drop", "gone", false), ("lost_answer", "there", true)] {
        let fault = format!("{{\"action\": \"CreateSecurityGroup\", \"kind\": \"{kind}\"}}");
        let ordered = send(addr, "POST /_sim/faults", &fault)
            .await
            .expect("an order");
        assert!(ordered.starts_with("HTTP/1.1 200"), "{ordered}");
        let answer = send(addr, "POST /", &format!("{create}{name}"))
            .await
            .unwrap_or_default();
        assert_eq!(answer, "", "{kind} must not answer");
        let state = send(addr, "GET /_sim/state", "").await.expect("the state");
        assert_eq!(
            state.contains(&format!("\"name\":\"{name}\"")),
            made,
            "{kind}"
        );
    }
    let wrong = send(addr, "POST /_sim/faults", "{\"action\": \"*\"}")
        .await
        .expect("an answer");
    assert!(wrong.starts_with("HTTP/1.1 400"), "{wrong}");
    region.stop().await;
}
