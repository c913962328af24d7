//! Receivers of notifications for tests and figures: an HTTP sink and a mail server that take everything and count it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What was taken, by the id that a repetition has, too: how often.
type Taken = Arc<Mutex<HashMap<String, usize>>>;

/// A receiver; it ends with its value.
#[derive(Debug)]
pub struct Sink {
    /// Its port on 127.0.0.1.
    pub port: u16,
    taken: Taken,
    serving: JoinHandle<()>,
}

impl Sink {
    /// Takes webhooks.
    pub async fn http() -> Result<Self> {
        Self::serve(|stream, taken| async move {
            let _ = posts(stream, taken).await;
        })
        .await
    }

    /// Takes mail.
    pub async fn smtp() -> Result<Self> {
        Self::serve(|stream, taken| async move {
            let _ = letters(stream, taken).await;
        })
        .await
    }

    async fn serve<F>(each: impl Fn(TcpStream, Taken) -> F + Send + 'static) -> Result<Self>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let (port, taken) = (listener.local_addr()?.port(), Taken::default());
        let kept = Arc::clone(&taken);
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let _ = stream.set_nodelay(true);
                tokio::spawn(each(stream, Arc::clone(&kept)));
            }
        });
        Ok(Self {
            port,
            taken,
            serving,
        })
    }

    /// How many different ones were taken, and how many in all.
    pub fn counts(&self) -> (usize, usize) {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        (taken.len(), taken.values().sum())
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn took(taken: &Taken, id: String) {
    let mut taken = taken.lock().unwrap_or_else(PoisonError::into_inner);
    *taken.entry(id).or_default() += 1;
}

async fn line(stream: &mut (impl AsyncBufRead + Unpin)) -> Result<Option<String>> {
    let mut text = String::new();
    let read = stream.read_line(&mut text).await?;
    Ok((read > 0).then(|| text.trim_end().to_owned()))
}

async fn posts(stream: TcpStream, taken: Taken) -> Result<()> {
    let mut stream = BufReader::new(stream);
    let mut number = 0;
    while line(&mut stream).await?.is_some() {
        let (mut length, mut id) = (0, None);
        while let Some(header) = line(&mut stream).await?.filter(|line| !line.is_empty()) {
            let (name, value) = header.split_once(':').unwrap_or_default();
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.trim().parse()?,
                "webhook-id" => id = Some(value.trim().to_owned()),
                _ => {}
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await?;
        number += 1;
        // A Slack message has no id: each counts.
        let unnamed = || {
            format!(
                "{:p} {number} {}",
                Arc::as_ptr(&taken),
                uuid::Uuid::new_v4()
            )
        };
        took(&taken, id.unwrap_or_else(unnamed));
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
        stream.write_all(answer).await?;
    }
    Ok(())
}

async fn letters(stream: TcpStream, taken: Taken) -> Result<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 sink ESMTP\r\n").await?;
    while let Some(command) = line(&mut stream).await? {
        let verb = command.get(..4).unwrap_or_default().to_ascii_uppercase();
        match verb.as_str() {
            "DATA" => {
                stream.write_all(b"354 go on\r\n").await?;
                let mut id = String::new();
                while let Some(text) = line(&mut stream).await?.filter(|line| line != ".") {
                    if let Some(value) = text.strip_prefix("Message-ID:") {
                        id = value.trim().to_owned();
                    }
                }
                took(&taken, id);
                stream.write_all(b"250 taken\r\n").await?;
            }
            "QUIT" => {
                stream.write_all(b"221 bye\r\n").await?;
                return Ok(());
            }
            _ => stream.write_all(b"250 fine\r\n").await?,
        }
    }
    Ok(())
}
