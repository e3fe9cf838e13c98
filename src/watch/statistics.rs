//! Statistics of how long holds last.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

/// A summary of lengths of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Number of lengths, at least one.
    pub count: usize,
    /// Half of the lengths were no longer than this.
    #[serde(with = "seconds")]
    pub median: TimeDelta,
    /// 95 % of the lengths were no longer than this.
    #[serde(with = "seconds")]
    pub p95: TimeDelta,
}

impl Summary {
    /// Summarises lengths. `None` without any.
    #[must_use]
    pub fn of(lengths: impl IntoIterator<Item = TimeDelta>) -> Option<Self> {
        let mut sorted: Vec<TimeDelta> = lengths.into_iter().collect();
        sorted.sort_unstable();
        // Nearest-rank method: the smallest length that this share of the lengths does not exceed.
        let rank = |percent: usize| {
            let rank = (sorted.len() * percent).div_ceil(100);
            sorted.get(rank.max(1) - 1).copied()
        };
        Some(Self { count: sorted.len(), median: rank(50)?, p95: rank(95)? })
    }
}

/// Stores a length as whole seconds.
pub(super) mod seconds {
    use chrono::TimeDelta;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(in crate::watch) fn serialize<S: Serializer>(
        length: &TimeDelta,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        length.num_seconds().serialize(serializer)
    }

    pub(in crate::watch) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<TimeDelta, D::Error> {
        let seconds = i64::deserialize(deserializer)?;
        TimeDelta::try_seconds(seconds).ok_or_else(|| serde::de::Error::custom("too long"))
    }
}
