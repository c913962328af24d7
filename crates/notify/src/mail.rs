//! E-mail: SMTP by lettre, to an address that was looked up and checked, with the server's name as what its certificate must
//! be for.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use ingot_domain::notice::{Answer, Security};
use ingot_outbound::Post;
use ingot_seal::Secret;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox as Address, MultiPart};
use lettre::transport::smtp::PoolConfig;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};

use crate::{Mailbox, Parcel, text, troubled};

type Transport = AsyncSmtpTransport<Tokio1Executor>;

/// How long one command of the protocol may take.
const COMMAND: Duration = Duration::from_secs(10);
/// Servers whose connections are kept.
const KEPT: usize = 64;
/// Answers of a server that refuses who we are, not what we bring.
const IDENTITY: [u16; 5] = [530, 534, 535, 538, 454];

/// Connections to mail servers.
#[derive(Default)]
pub(crate) struct Mail {
    kept: Mutex<HashMap<String, Transport>>,
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
        let ip = address.ip().to_string();
        let transport = match self.transport(post, mailbox, password, &ip) {
            Ok(transport) => transport,
            Err(why) => return Answer::Unfit(why),
        };
        match transport.send(message).await {
            Ok(_) => Answer::Taken,
            Err(error) => {
                let why = text::line(&told(&error), 300);
                let status = error.status().map(u16::from);
                let ours = status.is_some_and(|status| IDENTITY.contains(&status));
                match () {
                    () if error.is_permanent() && !ours => Answer::Refused(why),
                    () if error.is_timeout() => Answer::Down(format!(
                        "the mail server did not answer within {} s",
                        COMMAND.as_secs()
                    )),
                    () => Answer::Down(why),
                }
            }
        }
    }

    fn transport(
        &self,
        post: &Post,
        mailbox: &Mailbox,
        password: Option<&Secret>,
        ip: &str,
    ) -> Result<Transport, String> {
        let server = &mailbox.server;
        let user = mailbox.user.as_deref().zip(password);
        // With the password in it, so that a new one opens new connections; it is in memory with the connection anyway.
        let key = format!(
            "{ip}\0{}\0{}\0{}\0{}\0{}",
            server.host,
            server.port,
            server.security,
            user.map_or("", |(user, _)| user),
            user.map_or("", |(_, password)| password.reveal()),
        );
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(transport) = kept.get(&key) {
            return Ok(transport.clone());
        }
        let mut tls = TlsParameters::builder(server.host.clone());
        for root in post.roots() {
            let root = Certificate::from_der(root.clone());
            tls = tls.add_root_certificate(root.map_err(|error| error.to_string())?);
        }
        let tls = match server.security {
            Security::None => Tls::None,
            Security::Tls => Tls::Wrapper(tls.build().map_err(|error| error.to_string())?),
            Security::StartTls => Tls::Required(tls.build().map_err(|error| error.to_string())?),
        };
        let mut builder = Transport::builder_dangerous(ip)
            .port(server.port)
            .tls(tls)
            .hello_name(ClientId::Domain("ingot.localdomain".to_owned()))
            .timeout(Some(COMMAND))
            .pool_config(
                PoolConfig::new()
                    .max_size(8)
                    .idle_timeout(Duration::from_secs(20)),
            );
        if let Some((user, password)) = user {
            builder = builder.credentials(Credentials::new(
                user.to_owned(),
                password.reveal().to_owned(),
            ));
        }
        let transport: Transport = builder.build();
        if kept.len() >= KEPT {
            kept.clear();
        }
        kept.insert(key, transport.clone());
        Ok(transport)
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
