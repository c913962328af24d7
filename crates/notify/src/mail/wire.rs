//! A connection to a mail server over a stream of our own: lettre reads a whole line before it asks how long it is, so the
//! stream bounds what a server may say to one command.

// The type that lettre makes TLS with is public for this use alone.
#![expect(deprecated, reason = "lettre has no other way to TLS over a stream")]

use std::fmt::Debug;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{
    AsyncNetworkStream, AsyncSmtpConnection, AsyncTokioStream, Tls,
};
use lettre::transport::smtp::extension::ClientId;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::COMMAND;

/// The most bytes that a server may say to one command.
const SAID: usize = 64 * 1024;

/// Why there is no connection, or no letter went over it.
#[derive(Debug)]
pub(super) enum Lost {
    /// The protocol's or TLS' trouble.
    Smtp(Error),
    /// The network's.
    Network(io::Error),
    /// It did not answer in time.
    Slow,
}

impl From<Error> for Lost {
    fn from(error: Error) -> Self {
        Self::Smtp(error)
    }
}

/// Connects and logs in.
pub(super) async fn open(
    address: SocketAddr,
    tls: Tls,
    login: Option<&Credentials>,
) -> Result<AsyncSmtpConnection, Lost> {
    let hello = ClientId::Domain("ingot.localdomain".to_owned());
    let stream = tokio::time::timeout(COMMAND, TcpStream::connect(address));
    let stream = stream.await.map_err(|_| Lost::Slow)?;
    let stream = Bounded::over(stream.map_err(Lost::Network)?, address);
    let mut connection = match tls {
        Tls::Wrapper(parameters) => {
            let mut stream = AsyncNetworkStream::use_existing_tokio1(Box::new(stream));
            stream.upgrade_tls(parameters).await?;
            let stream = Bounded::over(Encrypted(stream), address);
            AsyncSmtpConnection::connect_with_transport(Box::new(stream), &hello).await?
        }
        Tls::Required(parameters) | Tls::Opportunistic(parameters) => {
            let stream = Box::new(stream);
            let mut plain = AsyncSmtpConnection::connect_with_transport(stream, &hello).await?;
            plain.starttls(parameters, &hello).await?;
            plain
        }
        Tls::None => AsyncSmtpConnection::connect_with_transport(Box::new(stream), &hello).await?,
    };
    if let Some(login) = login {
        connection.auth(DEFAULT_MECHANISMS, login).await?;
    }
    Ok(connection)
}

/// A stream from which so much is read between two writes, and no more.
#[derive(Debug)]
struct Bounded<S> {
    stream: S,
    peer: SocketAddr,
    left: usize,
}

impl<S> Bounded<S> {
    fn over(stream: S, peer: SocketAddr) -> Self {
        Self {
            stream,
            peer,
            left: SAID,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Bounded<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.left == 0 {
            let why = format!("it said more than {SAID} bytes to one command");
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, why)));
        }
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        self.left = self.left.saturating_sub(buf.filled().len() - before);
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Bounded<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.left = SAID;
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl<S: AsyncRead + AsyncWrite + Send + Sync + Unpin + Debug> AsyncTokioStream for Bounded<S> {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.peer)
    }
}

/// lettre's TLS as a stream that lettre takes.
#[derive(Debug)]
struct Encrypted(AsyncNetworkStream);

impl AsyncRead for Encrypted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let free = buf.initialize_unfilled();
        let read = futures::io::AsyncRead::poll_read(Pin::new(&mut self.0), cx, free);
        buf.advance(ready!(read)?);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Encrypted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        futures::io::AsyncWrite::poll_write(Pin::new(&mut self.0), cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        futures::io::AsyncWrite::poll_flush(Pin::new(&mut self.0), cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        futures::io::AsyncWrite::poll_close(Pin::new(&mut self.0), cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn a_server_that_never_ends_its_line_is_left() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("a client");
            let mut said = 0;
            while said < 64 * 1024 * 1024 && stream.write_all(&[b'2'; 4096]).await.is_ok() {
                said += 4096;
            }
            said
        });
        let opened = open(address, Tls::None, None).await;
        let Err(Lost::Smtp(error)) = opened else {
            panic!("it is left");
        };
        let why = format!("{error:?}");
        assert!(why.contains("65536 bytes"), "{why}");
        let said = server.await.expect("the server");
        assert!(said < 64 * 1024 * 1024, "{said}");
    }
}
