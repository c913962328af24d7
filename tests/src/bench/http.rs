//! A load generator's HTTP: one kept connection, a request written in one piece, the answer read and thrown away. It costs
//! a few microseconds, so that on a small machine the API is measured and not its client.

use anyhow::{Context, Result, ensure};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// One connection to an API.
#[derive(Debug)]
pub(super) struct Connection {
    stream: BufReader<TcpStream>,
    head: String,
    body: Vec<u8>,
}

impl Connection {
    /// Connects to `http://host:port` with a token.
    pub(super) async fn open(base: &str, token: &str) -> Result<Self> {
        let address = base
            .strip_prefix("http://")
            .with_context(|| base.to_owned())?;
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream: BufReader::new(stream),
            head: format!(
                "Host: {address}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n"
            ),
            body: Vec::new(),
        })
    }

    /// Gets a path and answers the status and the body.
    pub(super) async fn get(&mut self, path: &str) -> Result<(u16, &[u8])> {
        let request = format!("GET {path} HTTP/1.1\r\n{}\r\n", self.head);
        self.exchange(&request).await
    }

    /// Posts JSON under an Idempotency-Key and answers the status and the body.
    pub(super) async fn post(&mut self, path: &str, key: &str, body: &str) -> Result<(u16, &[u8])> {
        let request = format!(
            "POST {path} HTTP/1.1\r\n{}Idempotency-Key: {key}\r\nContent-Length: {}\r\n\r\n{body}",
            self.head,
            body.len()
        );
        self.exchange(&request).await
    }

    async fn exchange(&mut self, request: &str) -> Result<(u16, &[u8])> {
        self.stream.write_all(request.as_bytes()).await?;
        let mut line = String::new();
        self.stream.read_line(&mut line).await?;
        let status = line.split_whitespace().nth(1).and_then(|s| s.parse().ok());
        let status = status.with_context(|| format!("the API answered {line:?}"))?;
        let mut length = None;
        loop {
            line.clear();
            ensure!(
                self.stream.read_line(&mut line).await? > 0,
                "the API hung up"
            );
            match line.trim_end().split_once(':') {
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                    length = Some(value.trim().parse::<usize>()?);
                }
                Some(_) => {}
                None => break,
            }
        }
        self.body
            .resize(length.context("an answer without a length")?, 0);
        self.stream.read_exact(&mut self.body).await?;
        Ok((status, &self.body))
    }
}
