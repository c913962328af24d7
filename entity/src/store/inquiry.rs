//! What a deployment's instance was asked and what came of it, as its row keeps it.

use ingot_domain::guest::Inquiry;

use crate::deployment;

impl deployment::Model {
    /// What is known; what cannot be read counts as nothing asked yet, so that it is asked again.
    pub fn inquiry(&self) -> Inquiry {
        self.inquiry
            .as_deref()
            .and_then(|text| serde_json::from_str(text).ok())
            .unwrap_or_default()
    }

    /// Writes it down.
    pub fn set_inquiry(&mut self, inquiry: &Inquiry) {
        self.inquiry = (*inquiry != Inquiry::default())
            .then(|| serde_json::to_string(inquiry).ok())
            .flatten();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ingot_domain::guest::FirstBoot;

    #[test]
    fn an_inquiry_reads_back_with_what_is_missing() {
        let inquiry = Inquiry {
            asks: 3,
            first_boot: Some(FirstBoot::NotObserved {
                why: "no profile".to_owned(),
            }),
            ..Inquiry::default()
        };
        let text = serde_json::to_string(&inquiry).expect("JSON");
        assert_eq!(
            serde_json::from_str::<Inquiry>(&text).expect("read"),
            inquiry
        );
        for earlier in ["{}", r#"{"asks":0,"of_a_later_release":1}"#] {
            let read: Inquiry = serde_json::from_str(earlier).expect("read");
            assert_eq!(read, Inquiry::default(), "{earlier}");
        }
    }
}
