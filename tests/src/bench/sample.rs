//! Samples and their quantiles, by nearest rank: every quantile is a value that was measured.

/// Sorted values.
#[derive(Debug, Clone)]
pub(super) struct Sample(Vec<i64>);

impl Sample {
    /// Of these values, in microseconds throughout the benchmark.
    pub(super) fn of(mut values: Vec<i64>) -> Self {
        values.sort_unstable();
        Self(values)
    }

    /// How many.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The value that `per_mille` thousandths of all do not exceed; 0 of nothing.
    pub(super) fn quantile(&self, per_mille: usize) -> i64 {
        let rank = (self.0.len() * per_mille).div_ceil(1000).max(1);
        self.0.get(rank - 1).copied().unwrap_or(0)
    }

    /// The least.
    pub(super) fn min(&self) -> i64 {
        self.quantile(0)
    }

    /// The middle.
    pub(super) fn p50(&self) -> i64 {
        self.quantile(500)
    }

    /// All but one in a hundred.
    pub(super) fn p99(&self) -> i64 {
        self.quantile(990)
    }

    /// The most.
    pub(super) fn max(&self) -> i64 {
        self.quantile(1000)
    }

    /// How many are above.
    pub(super) fn above(&self, limit: i64) -> usize {
        self.0.len() - self.0.partition_point(|value| *value <= limit)
    }

    /// In words.
    pub(super) fn words(&self) -> String {
        format!(
            "p50 {}, p99 {}, max {}; N = {}",
            ms(self.p50()),
            ms(self.p99()),
            ms(self.max()),
            self.len()
        )
    }
}

/// Microseconds, which may be negative, in milliseconds.
#[expect(clippy::cast_precision_loss, reason = "a time for people")]
pub(super) fn ms(micros: i64) -> String {
    let ms = micros as f64 / 1000.0;
    if ms.abs() < 10.0 {
        format!("{ms:.1} ms")
    } else {
        format!("{ms:.0} ms")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_measured_values() {
        let sample = Sample::of((1..=200).rev().collect());
        assert_eq!(
            [sample.min(), sample.p50(), sample.p99(), sample.max()],
            [1, 100, 198, 200]
        );
        assert_eq!((sample.above(198), sample.above(200)), (2, 0));
        assert_eq!(Sample::of(Vec::new()).p99(), 0);
    }
}
