//! A build and the AMI of its key: one that is there is the answer, one in the making is waited for, and else one is made.

use crate::Instant;

/// What is known of the images of the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Images {
    /// When the newest one that is available was begun.
    pub available: Option<Instant>,
    /// When the one in the making was begun.
    pub making: Option<Instant>,
}

/// What a build does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// The one that is available is its AMI.
    Answer,
    /// It waits for the one in the making.
    Wait,
    /// It goes on to make one.
    Make,
}

/// Decides. `again` is whether only images begun after the order (`asked_at`) count; `installed` whether its instance is ready
/// to be imaged: until then an older image in the making is no reason to wait, after that EC2 makes one of a key at a time.
pub fn next(images: Images, again: bool, asked_at: Instant, installed: bool) -> Next {
    let counts = |begun: Instant| !again || begun >= asked_at;
    match (images.available, images.making) {
        (Some(begun), _) if counts(begun) => Next::Answer,
        (_, Some(begun)) if installed || counts(begun) => Next::Wait,
        _ => Next::Make,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_the_answer_unless_it_is_older_than_an_order_for_another() {
        let at = |seconds: i64| chrono::DateTime::from_timestamp(1_795_000_000 + seconds, 0);
        let (old, new) = (at(-10), at(10));
        let asked = at(0).expect("a time");
        let table = [
            // (available, making, plain, plain installed, again, again installed)
            (None, None, Next::Make, Next::Make, Next::Make, Next::Make),
            (
                old,
                None,
                Next::Answer,
                Next::Answer,
                Next::Make,
                Next::Make,
            ),
            (
                new,
                None,
                Next::Answer,
                Next::Answer,
                Next::Answer,
                Next::Answer,
            ),
            (None, old, Next::Wait, Next::Wait, Next::Make, Next::Wait),
            (None, new, Next::Wait, Next::Wait, Next::Wait, Next::Wait),
            (old, new, Next::Answer, Next::Answer, Next::Wait, Next::Wait),
            (old, old, Next::Answer, Next::Answer, Next::Make, Next::Wait),
        ];
        for (available, making, plain, installed, again, again_installed) in table {
            let images = Images { available, making };
            let look = |again, installed| next(images, again, asked, installed);
            assert_eq!(look(false, false), plain, "{images:?}");
            assert_eq!(look(false, true), installed, "{images:?}");
            assert_eq!(look(true, false), again, "{images:?}");
            assert_eq!(look(true, true), again_installed, "{images:?}");
        }
    }
}
