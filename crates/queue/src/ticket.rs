//! What lies in Redis: a few task ids in clear text, and a codec that cannot fail, because a payload that does not decode
//! kills an apalis worker and every one after it (APALIS.md defect 6).

use std::convert::Infallible;

use apalis::prelude::Codec;

/// Ids of due tasks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ticket(pub Vec<String>);

/// Comma-separated ids; whatever else another program writes there decodes to ids that no task has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TicketCodec;

impl Codec<Ticket> for TicketCodec {
    type Error = Infallible;
    type Compact = Vec<u8>;

    fn encode(&self, ticket: &Ticket) -> Result<Vec<u8>, Infallible> {
        Ok(ticket.0.join(",").into_bytes())
    }

    fn decode(&self, bytes: &Vec<u8>) -> Result<Ticket, Infallible> {
        // A foreign value of megabytes must not become megabytes of ids.
        let text = String::from_utf8_lossy(&bytes[..bytes.len().min(4096)]);
        let ids = text
            .split(',')
            .filter(|id| !id.is_empty() && id.len() <= 64)
            .take(crate::BATCH);
        Ok(Ticket(ids.map(str::to_owned).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tickets_survive_and_rubbish_decodes_to_little() {
        let ticket = Ticket(vec!["tsk_1".into(), "tsk_2".into()]);
        let Ok(bytes) = TicketCodec.encode(&ticket);
        assert_eq!(TicketCodec.decode(&bytes), Ok(ticket));
        for rubbish in [
            vec![],
            vec![0xff; 10],
            vec![b','; 10_000_000],
            vec![b'x'; 10_000_000],
        ] {
            let Ok(decoded) = TicketCodec.decode(&rubbish);
            assert!(decoded.0.len() <= crate::BATCH);
        }
    }
}
