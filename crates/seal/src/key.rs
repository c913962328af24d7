//! A key: 32 bytes, and an id that is made of them and tells nothing about them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use rand::Rng;
use sha2::{Digest, Sha256};

use crate::SealError;

/// A key.
#[derive(Clone, PartialEq, Eq)]
pub struct Key {
    bytes: [u8; 32],
    id: String,
}

impl Key {
    /// A key of these bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        let digest = Sha256::new()
            .chain_update(b"ingot key id\0")
            .chain_update(bytes)
            .finalize();
        let id = digest[..4].iter().map(|b| format!("{b:02x}")).collect();
        Self { bytes, id }
    }

    /// A new random key.
    pub fn random() -> Self {
        let mut bytes = [0; 32];
        rand::rng().fill(&mut bytes);
        Self::new(bytes)
    }

    /// Reads a key's text. `shown` names it in the refusal, which must not repeat it.
    pub(crate) fn parse(text: &str, shown: &str) -> Result<Self, SealError> {
        let wrong = || SealError::Key(shown.to_owned());
        let bytes = STANDARD.decode(text.trim()).map_err(|_| wrong())?;
        Ok(Self::new(bytes.try_into().map_err(|_| wrong())?))
    }

    /// Its text, for the key file.
    pub fn text(&self) -> String {
        STANDARD.encode(self.bytes)
    }

    /// Its id: eight hexadecimal digits, stored beside what it sealed.
    pub fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.bytes
    }

    /// A mark over a text that this key's holders alone can make, for links: 32 hexadecimal digits.
    pub fn mark(&self, text: &str) -> String {
        let mut mac = match Hmac::<Sha256>::new_from_slice(&self.bytes) {
            Ok(mac) => mac,
            // HMAC takes keys of any length.
            Err(_) => return String::new(),
        };
        mac.update(b"ingot mark\0");
        mac.update(text.as_bytes());
        let mark = mac.finalize().into_bytes();
        mark[..16].iter().map(|b| format!("{b:02x}")).collect()
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Key({})", self.id)
    }
}

/// A new signing secret of Standard Webhooks: `whsec_` and 32 random bytes in Base64.
pub fn new_secret() -> String {
    format!("whsec_{}", Key::random().text())
}

/// How many bytes a signing secret has; none for a text that is no such secret.
pub fn secret_bytes(text: &str) -> Option<usize> {
    let bytes = STANDARD.decode(text.strip_prefix("whsec_")?).ok()?;
    Some(bytes.len())
}
