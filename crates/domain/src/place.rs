//! Where in the cloud something is: a region of an account.

use std::fmt;

/// The word of a call that was not sent: what is on record is of one account, the credentials are of another.
pub const WRONG_ACCOUNT: &str = "wrong_account";

/// A region, and whose. What is on record is asked for in the account that it was made in: with the credentials of another
/// one, EC2 says that it does not exist, which reads like "gone".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Place<'a> {
    account: Option<&'a str>,
    region: &'a str,
}

impl<'a> Place<'a> {
    /// Where a row says it is. A row without an account was not begun, and is begun in the account of the credentials.
    pub const fn of(account: Option<&'a str>, region: &'a str) -> Self {
        Self { account, region }
    }

    /// A region of the account that the credentials belong to.
    pub const fn own(region: &'a str) -> Self {
        Self::of(None, region)
    }

    /// The account that it must be.
    pub const fn account(self) -> Option<&'a str> {
        self.account
    }

    /// The region.
    pub const fn region(self) -> &'a str {
        self.region
    }

    /// Whether credentials of this account lead there.
    pub fn is_of(self, account: &str) -> bool {
        self.account.is_none_or(|wanted| wanted == account)
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.account {
            Some(account) => write!(f, "{} of account {account}", self.region),
            None => f.write_str(self.region),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_on_record_is_of_its_own_account_only() {
        let here = Place::of(Some("111122223333"), "us-east-1");
        assert!(here.is_of("111122223333") && !here.is_of("444455556666"));
        assert!(Place::own("us-east-1").is_of("444455556666"));
        assert_eq!(here.to_string(), "us-east-1 of account 111122223333");
        assert_eq!(Place::own("us-east-1").to_string(), "us-east-1");
    }
}
