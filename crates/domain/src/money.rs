//! Money: whole micro-dollars, read from text and written as text, never through a float (AUTO-AMI 3 and 6).

use std::fmt;

use serde::{Serialize, Serializer};

/// Micro-dollars in a dollar.
const DOLLAR: u64 = 1_000_000;
/// The largest amount that is read, in dollars: its multiples and sums over a plan fit the integers they are kept in.
const LARGEST: u64 = 100_000_000_000;

/// Decimals of an amount: those of a micro-dollar.
const DECIMALS: usize = 6;
/// Digits of a whole amount that is read; more of them are too many.
const DIGITS: i64 = 12;

const NEGATIVE: &str = "an amount is never negative; write 0 or more";

/// How to write an amount, for messages.
pub const HOW: &str =
    "write US dollars such as 25, 8.50 or \"0.123456\": digits, and at most six decimals";

/// An amount of US dollars, at least 0, in whole micro-dollars.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash)]
pub struct Money(u64);

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// An amount of whole dollars.
    pub const fn dollars(dollars: u64) -> Self {
        Self(dollars.saturating_mul(DOLLAR))
    }

    /// An amount in micro-dollars.
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// The amount in micro-dollars.
    pub const fn micros(self) -> u64 {
        self.0
    }

    /// Reads an amount from its text, such as `25`, `8.50` or `0.123456`. A sign, an exponent, a seventh decimal (even a zero), a
    /// leading zero and everything else that is no plain decimal number is an error that says what is wrong and [`HOW`] to write it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        let (whole, decimals) = match text.split_once('.') {
            Some((whole, decimals)) => (whole, Some(decimals)),
            None => (text, None),
        };
        if let Some(positive) = text.strip_prefix('-') {
            let number = positive.chars().all(|c| c.is_ascii_digit() || c == '.');
            return Err(match number && !positive.is_empty() {
                true => NEGATIVE.to_owned(),
                false => HOW.to_owned(),
            });
        }
        if !digits(whole) || decimals.is_some_and(|decimals| !digits(decimals)) {
            return Err(HOW.to_owned());
        }
        if whole.len() > 1 && whole.starts_with('0') {
            return Err(format!("a leading zero is octal to some readers; {HOW}"));
        }
        let decimals = decimals.unwrap_or_default();
        if decimals.len() > DECIMALS {
            let more = decimals.len();
            return Err(format!(
                "{more} decimals are more than the six of a micro-dollar; {HOW}"
            ));
        }
        Self::of_digits(whole, decimals)
    }

    /// Reads an amount from a file, which may be JSON: as [`Money::parse`], and whatever else a number of JSON may be, such as `1e2`,
    /// `2.5E-1` or `-0.0`, where it is exactly so many micro-dollars.
    pub fn of_number(text: &str) -> Result<Self, String> {
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(unsigned) => (true, unsigned),
            None => (false, text),
        };
        let Some((mantissa, exponent)) = unsigned.split_once(['e', 'E']) else {
            // What equals nothing is not negative.
            let zero = negative && Self::parse(unsigned) == Ok(Self::ZERO);
            return Self::parse(if zero { unsigned } else { text });
        };
        let (sign, power) = match exponent.strip_prefix(['+', '-']) {
            Some(power) => (if exponent.starts_with('-') { -1 } else { 1 }, power),
            None => (1, exponent),
        };
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        let (whole, decimals) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
        let octal = whole.len() > 1 && whole.starts_with('0');
        if !digits(power) || !digits(whole) || !digits(decimals) || octal {
            return Err(HOW.to_owned());
        }
        // The value is `significant` × 10^`shift`.
        let all = format!("{whole}{decimals}");
        let significant = all.trim_start_matches('0').trim_end_matches('0');
        if significant.is_empty() {
            return Ok(Self::ZERO);
        }
        if negative {
            return Err(NEGATIVE.to_owned());
        }
        let length = |text: &str| i64::try_from(text.len()).unwrap_or(i64::MAX);
        let zeros = length(&all) - length(all.trim_end_matches('0'));
        // A power that no integer holds is larger or finer than any amount.
        let power: i64 = power.parse().unwrap_or(i64::from(u32::MAX));
        let shift = sign * power.min(i64::from(u32::MAX)) + zeros - length(decimals);
        let point = length(significant) + shift;
        match usize::try_from(-shift) {
            Ok(count) if count > DECIMALS => Err(format!(
                "{count} decimals are more than the six of a micro-dollar; {HOW}"
            )),
            // It has decimals: some of its digits, after zeros if it has fewer.
            Ok(count) if count > 0 => {
                let padded = format!("{significant:0>width$}", width = count + 1);
                let (whole, decimals) = padded.split_at(padded.len() - count);
                Self::of_digits(whole, decimals)
            }
            _ if point > DIGITS => Err(too_large()),
            _ => {
                let width = usize::try_from(point).unwrap_or_default();
                Self::of_digits(&format!("{significant:0<width$}"), "")
            }
        }
    }

    /// An amount of so many dollars and at most six decimals, both digits only.
    fn of_digits(whole: &str, decimals: &str) -> Result<Self, String> {
        let whole: u64 = whole.parse().map_err(|_| too_large())?;
        if whole > LARGEST {
            return Err(too_large());
        }
        // Six digits fit.
        let rest: u64 = format!("{decimals:0<DECIMALS$}")
            .parse()
            .unwrap_or_default();
        Ok(Self(whole * DOLLAR + rest))
    }

    /// Both together.
    pub fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// What is left without the other, at least nothing.
    pub fn less(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// So many times this.
    pub fn times(self, count: u64) -> Self {
        Self(self.0.saturating_mul(count))
    }
}

fn too_large() -> String {
    format!("at most {LARGEST} dollars can be written")
}

/// Dollars with two to six decimals: `25.00`, `0.123456`.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rest = format!("{:06}", self.0 % DOLLAR);
        let (cents, more) = rest.split_at(2);
        f.pad(&format!(
            "{}.{cents}{}",
            self.0 / DOLLAR,
            more.trim_end_matches('0')
        ))
    }
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_amount_is_its_text_and_not_a_float() {
        for (text, micros, back) in [
            ("25", 25_000_000, "25.00"),
            ("10.10", 10_100_000, "10.10"),
            ("0", 0, "0.00"),
            ("0.1", 100_000, "0.10"),
            ("0.123456", 123_456, "0.123456"),
            ("8.505", 8_505_000, "8.505"),
            ("1.000000", 1_000_000, "1.00"),
            ("100000000000", 100_000_000_000_000_000, "100000000000.00"),
        ] {
            let read = Money::parse(text).expect(text);
            assert_eq!((read.micros(), read.to_string()), (micros, back.to_owned()));
            assert_eq!(Money::parse(back), Ok(read));
        }
        for (text, said) in [
            ("-1", "never negative"),
            ("-0.5", "never negative"),
            ("1.0000001", "7 decimals"),
            ("1.0000000", "7 decimals"),
            ("010", "leading zero"),
            ("00.5", "leading zero"),
            ("100000000001", "at most"),
            ("99999999999999999999999", "at most"),
            ("NaN", "US dollars"),
            (".nan", "US dollars"),
            (".inf", "US dollars"),
            ("-.inf", "US dollars"),
            ("1e3", "US dollars"),
            ("+1", "US dollars"),
            (".5", "US dollars"),
            ("5.", "US dollars"),
            ("1_000", "US dollars"),
            ("1,5", "US dollars"),
            ("$5", "US dollars"),
            ("0x10", "US dollars"),
            ("", "US dollars"),
            ("1 ", "US dollars"),
            ("١", "US dollars"),
        ] {
            let wrong = Money::parse(text).expect_err(text);
            assert!(wrong.contains(said), "{text}: {wrong}");
        }
    }

    #[test]
    fn a_number_of_json_is_an_amount_where_it_is_exact() {
        for (text, micros) in [
            ("1e2", 100_000_000),
            ("1E+2", 100_000_000),
            ("8.5e0", 8_500_000),
            ("2.5e-1", 250_000),
            ("1e-6", 1),
            ("10e-7", 1),
            ("1.23456789e2", 123_456_789),
            ("12.3456780e0", 12_345_678),
            ("0e999999999999999999999", 0),
            ("0.00e-9", 0),
            ("0.000001e11", 100_000_000_000),
            ("1e11", 100_000_000_000_000_000),
            ("-0", 0),
            ("-0.0", 0),
            ("-0e5", 0),
        ] {
            assert_eq!(
                Money::of_number(text).map(Money::micros),
                Ok(micros),
                "{text}"
            );
        }
        for (text, said) in [
            ("-1e2", "never negative"),
            ("-1", "never negative"),
            ("1e-7", "7 decimals"),
            ("1.5e-6", "7 decimals"),
            ("1e-99999999999999999999", "decimals"),
            ("1e12", "at most"),
            ("1e99999999999999999999", "at most"),
            ("01e2", "US dollars"),
            ("1e", "US dollars"),
            ("e2", "US dollars"),
            ("1.e2", "US dollars"),
            (".1e2", "US dollars"),
            ("+1e2", "US dollars"),
            ("1e2.0", "US dollars"),
            ("1e2e2", "US dollars"),
            ("1e 2", "US dollars"),
            ("1.0000000", "7 decimals"),
            ("-", "US dollars"),
            ("--0", "US dollars"),
        ] {
            let wrong = Money::of_number(text).expect_err(text);
            assert!(wrong.contains(said), "{text}: {wrong}");
        }
    }

    #[test]
    fn sums_end_at_their_bounds() {
        let (one, two) = (Money::dollars(1), Money::dollars(2));
        assert_eq!((one.less(two), two.less(one)), (Money::ZERO, one));
        assert_eq!((one.plus(one), one.times(2)), (two, two));
        let most = Money::parse("100000000000").expect("the largest");
        assert_eq!(most.times(20).micros(), 2_000_000_000_000_000_000);
    }

    proptest! {
        #![proptest_config(crate::cases::cases(256))]
        #[test]
        fn every_amount_is_read_back(micros in 0..=LARGEST * DOLLAR) {
            let money = Money::from_micros(micros);
            prop_assert_eq!(Money::parse(&money.to_string()), Ok(money));
            prop_assert_eq!(Money::of_number(&format!("{micros}e-6")), Ok(money));
        }
    }
}
