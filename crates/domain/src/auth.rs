//! The shape of API tokens (OPERATIONS section 2): `ingot_<id>_<secret>`. Only the SHA-256 of the secret is
//! stored; it has 256 random bits, so a slow hash would protect nothing.

use crate::fingerprint::hex_sha256;
use crate::ids::TokenId;

/// A token as its owner holds it.
#[derive(Clone, PartialEq, Eq)]
pub struct BearerToken {
    /// Which token.
    pub id: TokenId,
    secret: String,
}

impl std::fmt::Debug for BearerToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "BearerToken({}, …)", self.id)
    }
}

impl BearerToken {
    /// A token from an id and 32 random bytes of an outer room.
    pub fn new(id: TokenId, random: [u8; 32]) -> Self {
        Self {
            id,
            secret: random.iter().map(|byte| format!("{byte:02x}")).collect(),
        }
    }

    /// Reads `ingot_<32 hex>_<64 hex>`.
    pub fn parse(text: &str) -> Option<Self> {
        let (id, secret) = text.strip_prefix("ingot_")?.split_once('_')?;
        let id = format!("{}_{id}", TokenId::PREFIX).parse().ok()?;
        let legal = secret.len() == 64 && secret.bytes().all(|b| b.is_ascii_hexdigit());
        legal.then(|| Self {
            id,
            secret: secret.to_owned(),
        })
    }

    /// The text shown once.
    pub fn reveal(&self) -> String {
        let id = self
            .id
            .as_str()
            .trim_start_matches(TokenId::PREFIX)
            .trim_start_matches('_');
        format!("ingot_{id}_{}", self.secret)
    }

    /// What is stored.
    pub fn hash(&self) -> String {
        hex_sha256(self.secret.bytes())
    }

    /// Compares with a stored hash in constant time.
    pub fn matches(&self, stored: &str) -> bool {
        let mine = self.hash();
        mine.len() == stored.len()
            && mine
                .bytes()
                .zip(stored.bytes())
                .fold(0, |acc, (a, b)| acc | (a ^ b))
                == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_survives_text_and_matches_only_itself() {
        let token = BearerToken::new(TokenId::new(uuid::Uuid::from_u128(1)), [7; 32]);
        let read = BearerToken::parse(&token.reveal()).expect("token");
        assert_eq!(read, token);
        assert!(read.matches(&token.hash()));
        let other = BearerToken::new(token.id.clone(), [8; 32]);
        assert!(!other.matches(&token.hash()) && !token.matches(""));
        assert!(!format!("{token:?}").contains("0707"));
        for bad in ["", "ingot_", "ingot_1_2", "Bearer x", &token.reveal()[..90]] {
            assert!(BearerToken::parse(bad).is_none(), "{bad}");
        }
    }
}
