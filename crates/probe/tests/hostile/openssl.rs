//! OpenSSL's test server with a certificate of any kind.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};

/// A running `openssl s_server`, ended when it is dropped.
pub(crate) struct OpenSsl {
    pub(crate) port: u16,
    _server: Child,
}

async fn run(folder: &Path, arguments: &[&str]) {
    let ran = Command::new("openssl")
        .args(arguments)
        .current_dir(folder)
        .output()
        .await;
    let ran = ran.expect("openssl is installed");
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "openssl {arguments:?}: {said}");
}

impl OpenSsl {
    /// A server whose key and certificate `openssl req` makes with these options; without `-x509` the request is signed
    /// as it is, which makes a certificate of version 1.
    pub(crate) async fn start(folder: &Path, options: &[&str]) -> Self {
        let usual = [
            "req",
            "-nodes",
            "-subj",
            "/CN=app.test",
            "-keyout",
            "key.pem",
        ];
        let signs = options.contains(&"-x509");
        let out = ["-out", if signs { "cert.pem" } else { "request.pem" }];
        run(folder, &[&usual[..], options, &out[..]].concat()).await;
        if !signs {
            let sign = ["x509", "-req", "-in", "request.pem", "-signkey", "key.pem"];
            run(folder, &[&sign[..], &["-out", "cert.pem"][..]].concat()).await;
        }
        let free = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = free.local_addr().expect("an address").port();
        drop(free);
        let at = format!("127.0.0.1:{port}");
        let server = Command::new("openssl")
            .args([
                "s_server", "-www", "-key", "key.pem", "-cert", "cert.pem", "-accept", &at,
            ])
            .args(["-cipher", "DEFAULT@SECLEVEL=0"])
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("openssl is installed");
        for _ in 0..500 {
            if TcpStream::connect(&at).await.is_ok() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Self {
            port,
            _server: server,
        }
    }
}
