//! Sealing of secrets at rest (F111): XChaCha20-Poly1305 under a key that the ledger does not hold. A sealed text names its
//! key, and what it is sealed for (a row and column) is authenticated with it: copied into another row it does not open.

mod key;
mod ring;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use rand::Rng;

pub use key::{Key, new_secret, secret_bytes};
pub use ring::{Ring, new_file, rotated};

/// The form of sealed texts: this, the key's id and the sealed bytes, with dots between.
const FORM: &str = "v1";
/// The length of a nonce.
const NONCE: usize = 24;

/// Why a secret cannot be sealed or opened. Each is one sentence that says the way out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// No key is there.
    #[error(
        "there is no key for secrets: set INGOT_KEY_FILE to a file with one (`ingot keys new` makes it), the same for every process"
    )]
    NoKey,
    /// The key it was sealed under is not among ours.
    #[error(
        "its secret is sealed under key {0}, which is not in INGOT_KEY_FILE or INGOT_KEY: put that key back as a further line, or give the secret again"
    )]
    Lost(String),
    /// It was changed, or sealed for another row.
    #[error(
        "its secret does not open: it was changed, or sealed for something else; give it again"
    )]
    Broken,
    /// A file that cannot be used.
    #[error("the key file `{path}` {why}")]
    File {
        /// The file.
        path: String,
        /// What is wrong, and the way out.
        why: String,
    },
    /// A text that is no key.
    #[error(
        "{0} is not a key: one is 32 random bytes in Base64, as `ingot keys new` prints; one per line, the one to seal with first"
    )]
    Key(String),
}

/// A secret that prints as nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Hides a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one place that needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The id of the key that a text was sealed under; none for a text that is not sealed.
pub fn key_of(sealed: &str) -> Option<&str> {
    let rest = sealed.strip_prefix(FORM)?.strip_prefix('.')?;
    Some(rest.split_once('.')?.0)
}

/// Seals a secret for a place, such as `receiver/rcv_…/secret`.
pub fn seal(key: &Key, place: &str, secret: &Secret) -> Result<String, SealError> {
    let mut nonce = [0u8; NONCE];
    rand::rng().fill(&mut nonce);
    let payload = Payload {
        msg: secret.0.as_bytes(),
        aad: place.as_bytes(),
    };
    let cipher = XChaCha20Poly1305::new(key.bytes().into());
    let sealed = cipher.encrypt(&XNonce::from(nonce), payload);
    let sealed = sealed.map_err(|_| SealError::Broken)?;
    let bytes = [nonce.as_slice(), &sealed].concat();
    Ok(format!("{FORM}.{}.{}", key.id(), STANDARD.encode(bytes)))
}

/// Opens what was sealed for a place with this key.
pub fn open(key: &Key, place: &str, sealed: &str) -> Result<Secret, SealError> {
    let (_, body) = sealed.rsplit_once('.').ok_or(SealError::Broken)?;
    let bytes = STANDARD.decode(body).map_err(|_| SealError::Broken)?;
    if bytes.len() < NONCE {
        return Err(SealError::Broken);
    }
    let (nonce, sealed) = bytes.split_at(NONCE);
    let nonce: [u8; NONCE] = nonce.try_into().map_err(|_| SealError::Broken)?;
    let payload = Payload {
        msg: sealed,
        aad: place.as_bytes(),
    };
    let cipher = XChaCha20Poly1305::new(key.bytes().into());
    let plain = cipher.decrypt(&XNonce::from(nonce), payload);
    let text = plain.ok().and_then(|plain| String::from_utf8(plain).ok());
    text.map(Secret).ok_or(SealError::Broken)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_secret_opens_in_its_own_row_only_and_prints_as_nothing() {
        let key = Key::new([7; 32]);
        let secret = Secret::new("whsec_canary");
        let sealed = seal(&key, "receiver/rcv_1", &secret).expect("sealed");
        assert!(!sealed.contains("canary"));
        assert_eq!(key_of(&sealed), Some(key.id()));
        assert_eq!(open(&key, "receiver/rcv_1", &sealed), Ok(secret.clone()));
        let elsewhere = open(&key, "receiver/rcv_2", &sealed);
        assert_eq!(elsewhere, Err(SealError::Broken));
        assert!(!format!("{secret:?} {key:?}").contains("canary"));
    }

    #[test]
    fn two_sealings_of_one_secret_differ() {
        let key = Key::new([7; 32]);
        let one = || seal(&key, "p", &Secret::new("x")).expect("sealed");
        assert_ne!(one(), one());
    }

    proptest! {
        #[test]
        fn any_text_comes_back_and_any_changed_byte_is_noticed(text in ".{0,200}", at in 0usize..400, flip in 1u8..) {
            let key = Key::new([3; 32]);
            let sealed = seal(&key, "p", &Secret::new(text.clone())).expect("sealed");
            prop_assert_eq!(open(&key, "p", &sealed), Ok(Secret::new(text)));
            let (head, body) = sealed.rsplit_once('.').expect("a body");
            let mut bytes = STANDARD.decode(body).expect("base64");
            let at = at % bytes.len();
            bytes[at] ^= flip;
            let changed = format!("{head}.{}", STANDARD.encode(bytes));
            prop_assert_eq!(open(&key, "p", &changed), Err(SealError::Broken));
        }

        #[test]
        fn no_text_opens_or_panics(text in ".{0,120}") {
            prop_assert!(open(&Key::new([3; 32]), "p", &text).is_err());
            key_of(&text);
        }
    }
}
