//! A copy of an image in another region: whether one is begun beside what the region has of the key already. A copy is an
//! image of its own key, with that key's lock and generations, so what launches take follows from the same rule as ever.

use serde::{Deserialize, Serialize};

use crate::Instant;
use crate::image::ImageStatus;

/// How a copy is wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wish {
    /// Encrypted, also where the source is not; what is encrypted stays so.
    #[serde(default)]
    pub encrypted: bool,
    /// Under this key of the copy's region; the account's default key there when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kms_key_id: Option<String>,
}

/// An image of the key in the region the copy would be in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct There {
    /// Its state.
    pub status: ImageStatus,
    /// EC2 launches nothing from it.
    pub disabled: bool,
    /// It is a copy of the same image.
    pub of_this: bool,
    /// When its key was claimed.
    pub begun: Instant,
}

impl There {
    fn serves(self) -> bool {
        self.status == ImageStatus::Available && !self.disabled
    }
}

/// What follows for a region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begin {
    /// A copy is begun.
    Make,
    /// The one at this place does: a copy of the same image, or an image of the same key that was begun after the source.
    There(usize),
    /// The one at this place is another image of the key, in the making: of a key one image at a time is made.
    Busy(usize),
}

/// Decides from the images of the key in the region, the newest generation first, and when the source was begun.
pub fn begin(images: &[There], source_begun: Instant) -> Begin {
    let making = images.iter().position(|one| one.status.is_in_the_making());
    if let Some(at) = making {
        return match images[at].of_this {
            true => Begin::There(at),
            false => Begin::Busy(at),
        };
    }
    match images.iter().position(|one| one.serves()) {
        Some(at) if images[at].of_this || images[at].begun > source_begun => Begin::There(at),
        _ => Begin::Make,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn there(status: ImageStatus, of_this: bool, begun: i64) -> There {
        There {
            status,
            disabled: false,
            of_this,
            begun: at(begun),
        }
    }

    fn at(seconds: i64) -> Instant {
        chrono::DateTime::UNIX_EPOCH + chrono::TimeDelta::seconds(seconds)
    }

    #[test]
    fn a_copy_is_begun_unless_the_region_has_as_good_a_one_or_makes_one() {
        use ImageStatus::{Available, Claimed, Deleted, Failed, Missing, Pending};
        let table = [
            (vec![], Begin::Make),
            (vec![there(Available, true, 20)], Begin::There(0)),
            (vec![there(Pending, true, 20)], Begin::There(0)),
            (vec![there(Claimed, false, 20)], Begin::Busy(0)),
            (vec![there(Available, false, 5)], Begin::Make),
            (vec![there(Available, false, 15)], Begin::There(0)),
            (vec![there(Failed, true, 20)], Begin::Make),
            (
                vec![there(Missing, true, 20), there(Deleted, false, 30)],
                Begin::Make,
            ),
            (
                vec![there(Failed, true, 30), there(Available, true, 20)],
                Begin::There(1),
            ),
            // Launches take the newest that is there: an older copy of the source behind it is of no use.
            (
                vec![there(Available, false, 5), there(Available, true, 4)],
                Begin::Make,
            ),
            (
                vec![There {
                    disabled: true,
                    ..there(Available, true, 20)
                }],
                Begin::Make,
            ),
        ];
        for (images, expected) in table {
            assert_eq!(begin(&images, at(10)), expected, "{images:?}");
        }
    }

    proptest! {
        #[test]
        fn of_a_key_one_image_at_a_time_is_made(
            words in proptest::collection::vec((0..6usize, any::<bool>(), any::<bool>(), 0..20i64), 0..6),
        ) {
            let images: Vec<There> = words
                .iter()
                .map(|&(status, disabled, of_this, begun)| There {
                    disabled,
                    ..there(ImageStatus::ALL[status], of_this, begun)
                })
                .collect();
            let making = images.iter().any(|one| one.status.is_in_the_making());
            let found = begin(&images, at(10));
            prop_assert!(!making || found != Begin::Make, "{:?}", images);
            if let Begin::There(at) = found {
                prop_assert!(images[at].status.holds_key());
            }
        }
    }
}
