//! E-mail: SMTP by lettre, to an address that was looked up and checked, with the server's name as what its certificate must
//! be for.

mod wire;

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use ingot_domain::notice::{Answer, Security, Smtp};
use ingot_outbound::Post;
use ingot_seal::Secret;
use lettre::Message;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox as Address, MultiPart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, Tls, TlsParameters};

use crate::{Mailbox, Parcel, text, troubled};

use wire::Lost;

/// How long connecting may take.
const COMMAND: Duration = Duration::from_secs(10);
/// Servers whose connections are kept.
const KEPT: usize = 64;
/// Connections to one server that are kept, and for how long.
const OPEN: usize = 8;
const IDLE: Duration = Duration::from_secs(20);
/// Answers of a server that refuses who we are, not what we bring.
const IDENTITY: [u16; 5] = [530, 534, 535, 538, 454];

/// Connections to mail servers.
#[derive(Default)]
pub(crate) struct Mail {
    kept: Mutex<HashMap<String, Vec<(AsyncSmtpConnection, Instant)>>>,
}

impl std::fmt::Debug for Mail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Mail")
    }
}

impl Mail {
    pub(crate) async fn send(
        &self,
        post: &Post,
        mailbox: &Mailbox,
        password: Option<&Secret>,
        parcel: &Parcel,
    ) -> Answer {
        let server = &mailbox.server;
        let addresses = match post.addresses(&server.host, server.port).await {
            Ok(addresses) => addresses,
            Err(trouble) => return troubled(&trouble),
        };
        let here = addresses.iter().all(|address| address.ip().is_loopback());
        if server.security == Security::None && !here {
            let why = format!("`{}` is not this computer and TLS is off", server.host);
            return Answer::Unfit(why);
        }
        let Some(address) = addresses.first() else {
            return Answer::Down(format!("`{}` has no address", server.host));
        };
        let message = match message(mailbox, parcel) {
            Ok(message) => message,
            Err(why) => return Answer::Unfit(why),
        };
        let user = mailbox.user.as_deref().zip(password);
        let login = user.map(|(user, password)| {
            Credentials::new(user.to_owned(), password.reveal().to_owned())
        });
        // With the password in it, so that a new one opens new connections; it is in memory with the connection anyway.
        let key = format!(
            "{address}\0{}\0{}\0{}\0{}",
            server.host,
            server.security,
            user.map_or("", |(user, _)| user),
            user.map_or("", |(_, password)| password.reveal()),
        );
        let open = match self.open(&key).await {
            Some(connection) => Ok(connection),
            None => match tls(post, server) {
                Ok(tls) => wire::open(*address, tls, login.as_ref()).await,
                Err(why) => return Answer::Unfit(why),
            },
        };
        let sent = match open {
            Ok(mut connection) => {
                let text = message.formatted();
                let sent = connection.send(message.envelope(), &text).await;
                let sent = sent.map_err(Lost::Smtp);
                sent.map(|_| self.keep(key, connection))
            }
            Err(lost) => Err(lost),
        };
        match sent {
            Ok(()) => Answer::Taken,
            Err(lost) => refused(&lost),
        }
    }

    /// A connection that was kept and still answers.
    async fn open(&self, key: &str) -> Option<AsyncSmtpConnection> {
        loop {
            let (mut connection, since) = {
                let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.get_mut(key)?.pop()?
            };
            if since.elapsed() < IDLE && connection.test_connected().await {
                return Some(connection);
            }
        }
    }

    fn keep(&self, key: String, connection: AsyncSmtpConnection) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|_, open| {
            open.retain(|(_, since)| since.elapsed() < IDLE);
            !open.is_empty()
        });
        if kept.len() >= KEPT {
            kept.clear();
        }
        let open = kept.entry(key).or_default();
        if open.len() < OPEN {
            open.push((connection, Instant::now()));
        }
    }
}

fn tls(post: &Post, server: &Smtp) -> Result<Tls, String> {
    let mut tls = TlsParameters::builder(server.host.clone());
    for root in post.roots() {
        let root = Certificate::from_der(root.clone());
        tls = tls.add_root_certificate(root.map_err(|error| error.to_string())?);
    }
    Ok(match server.security {
        Security::None => Tls::None,
        Security::Tls => Tls::Wrapper(tls.build().map_err(|error| error.to_string())?),
        Security::StartTls => Tls::Required(tls.build().map_err(|error| error.to_string())?),
    })
}

/// What trouble means (FAULTS F38).
fn refused(lost: &Lost) -> Answer {
    let slow = || {
        let seconds = COMMAND.as_secs();
        Answer::Down(format!("the mail server did not answer within {seconds} s"))
    };
    let error = match lost {
        Lost::Smtp(error) => error,
        Lost::Network(error) => return Answer::Down(text::line(&told(error), 300)),
        Lost::Slow => return slow(),
    };
    let why = text::line(&told(error), 300);
    let status = error.status().map(u16::from);
    let ours = status.is_some_and(|status| IDENTITY.contains(&status));
    match () {
        () if error.is_permanent() && !ours => Answer::Refused(why),
        () if error.is_timeout() => slow(),
        () => Answer::Down(why),
    }
}

fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(next) = source {
        text.push_str(": ");
        text.push_str(&next.to_string());
        source = next.source();
    }
    text
}

fn message(mailbox: &Mailbox, parcel: &Parcel) -> Result<Message, String> {
    let address = |text: &str| {
        text.parse::<Address>()
            .map_err(|error| format!("`{}` is no address: {error}", text::line(text, 80)))
    };
    let domain = mailbox.from.rsplit('@').next().unwrap_or("localhost");
    let to = text::line(&mailbox.to, 254);
    let mark: String = to.chars().filter(char::is_ascii_alphanumeric).collect();
    let mut builder = Message::builder()
        .from(address(&mailbox.from)?)
        .to(address(&mailbox.to)?)
        .subject(text::subject(parcel))
        .message_id(Some(format!("<{}.{mark}@{domain}>", parcel.id)));
    for (name, value) in extra(parcel) {
        let name = HeaderName::new_from_ascii_str(name);
        builder = builder.raw_header(HeaderValue::new(name, value));
    }
    let body = MultiPart::alternative_plain_html(text::plain(parcel), text::html(parcel));
    builder.multipart(body).map_err(|error| error.to_string())
}

fn extra(parcel: &Parcel) -> Vec<(&'static str, String)> {
    let mut headers = vec![
        ("Auto-Submitted", "auto-generated".to_owned()),
        ("X-Ingot-Notification", parcel.id.clone()),
    ];
    if let Some(link) = &parcel.unsubscribe {
        headers.push(("List-Unsubscribe", format!("<{link}>")));
        let one = "List-Unsubscribe=One-Click".to_owned();
        headers.push(("List-Unsubscribe-Post", one));
    }
    headers
}
