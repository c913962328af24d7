//! A publisher of feeds on loopback: files with etags and ranges, and everything a host may do wrong.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// How a file is answered.
#[derive(Debug, Clone)]
pub(super) enum Manner {
    /// With etag and ranges.
    Well,
    /// As a whole, whatever is asked for.
    WithoutRanges,
    /// With its true length, and cut.
    Cut,
    /// Not at all.
    Silent,
    /// Somewhere else.
    Redirect(String),
    /// Another file of the same length takes its place after the first part.
    Changing,
    /// With this status.
    Status(u16),
}

#[derive(Debug, Clone)]
struct Kept {
    bytes: Vec<u8>,
    manner: Manner,
    version: u32,
}

#[derive(Debug, Default)]
struct Shared {
    files: BTreeMap<String, Kept>,
    /// Requests: path, range, status.
    heard: Vec<(String, Option<String>, u16)>,
}

/// The host.
#[derive(Debug)]
pub(super) struct Host {
    port: u16,
    shared: Arc<Mutex<Shared>>,
    task: JoinHandle<()>,
}

impl Drop for Host {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Host {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared: Arc<Mutex<Shared>> = Arc::default();
        let ours = Arc::clone(&shared);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, Arc::clone(&ours)));
            }
        });
        Self { port, shared, task }
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Puts a file in the place of what is there, under another etag.
    pub(super) fn put(&self, path: &str, bytes: impl Into<Vec<u8>>, manner: Manner) {
        let mut shared = self.shared.lock().unwrap();
        let version = shared.files.get(path).map_or(1, |kept| kept.version + 1);
        let kept = Kept {
            bytes: bytes.into(),
            manner,
            version,
        };
        shared.files.insert(path.to_owned(), kept);
    }

    /// What was asked for since the last time: path, range, status.
    pub(super) fn heard(&self) -> Vec<(String, Option<String>, u16)> {
        std::mem::take(&mut self.shared.lock().unwrap().heard)
    }
}

async fn answer(mut stream: TcpStream, shared: Arc<Mutex<Shared>>) {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => request.push(byte),
            Err(_) => return,
        }
    }
    let text = String::from_utf8_lossy(&request).into_owned();
    let path = text.split(' ').nth(1).unwrap_or_default().to_owned();
    let header = |name: &str| {
        let mut lines = text.lines().filter_map(|line| line.split_once(": "));
        let found = lines.find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.to_owned())
    };
    let kept = shared.lock().unwrap().files.get(&path).cloned();
    let Some(kept) = kept else {
        note(&shared, &path, None, 404);
        let _ = stream
            .write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            .await;
        return;
    };
    let range = header("range");
    let etag = format!("\"{path}-{}\"", kept.version);
    if matches!(kept.manner, Manner::Silent) {
        note(&shared, &path, range, 0);
        tokio::time::sleep(Duration::from_secs(120)).await;
        return;
    }
    let (status, head, body) = respond(&kept, &etag, range.as_deref(), &header);
    note(&shared, &path, range.clone(), status);
    if matches!(kept.manner, Manner::Changing) && status == 206 {
        let mut shared = shared.lock().unwrap();
        let kept = shared.files.get_mut(&path).unwrap();
        kept.version += 1;
    }
    let head = format!("HTTP/1.1 {status} X\r\nConnection: close\r\n{head}\r\n");
    let _ = stream.write_all(head.as_bytes()).await;
    let _ = stream.write_all(&body).await;
    let _ = stream.shutdown().await;
}

fn respond(
    kept: &Kept,
    etag: &str,
    range: Option<&str>,
    header: &dyn Fn(&str) -> Option<String>,
) -> (u16, String, Vec<u8>) {
    let length = kept.bytes.len();
    match &kept.manner {
        Manner::Redirect(place) => {
            let head = format!("Location: {place}\r\nContent-Length: 0\r\n");
            return (302, head, Vec::new());
        }
        Manner::Status(status) => {
            return (*status, "Content-Length: 0\r\n".to_owned(), Vec::new());
        }
        _ => {}
    }
    if header("if-none-match").as_deref() == Some(etag) {
        return (304, format!("ETag: {etag}\r\n"), Vec::new());
    }
    let same = header("if-range").is_none_or(|known| known == etag);
    let ranged = !matches!(kept.manner, Manner::WithoutRanges | Manner::Cut) && same;
    if let Some(range) = range.filter(|_| ranged) {
        let (from, to) = range["bytes=".len()..].split_once('-').unwrap();
        let from: usize = from.parse().unwrap();
        let end = length.min(to.parse::<usize>().unwrap() + 1);
        if from >= length {
            return (416, "Content-Length: 0\r\n".to_owned(), Vec::new());
        }
        let head = format!(
            "ETag: {etag}\r\nContent-Range: bytes {from}-{}/{length}\r\nContent-Length: {}\r\n",
            end - 1,
            end - from
        );
        return (206, head, kept.bytes[from..end].to_vec());
    }
    let head = format!("ETag: {etag}\r\nContent-Length: {length}\r\n");
    let sent = match kept.manner {
        Manner::Cut => length / 2,
        _ => length,
    };
    (200, head, kept.bytes[..sent].to_vec())
}

fn note(shared: &Mutex<Shared>, path: &str, range: Option<String>, status: u16) {
    let mut shared = shared.lock().unwrap();
    shared.heard.push((path.to_owned(), range, status));
}
