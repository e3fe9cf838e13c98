//! How long holds last.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

/// What some lengths have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// How many there are, at least one.
    pub count: usize,
    /// Half of them were no longer than this.
    #[serde(with = "seconds")]
    pub median: TimeDelta,
    /// 95 % of them were no longer than this.
    #[serde(with = "seconds")]
    pub p95: TimeDelta,
}

impl Summary {
    /// Sums up some lengths; `None` where there are none.
    #[must_use]
    pub fn of(lengths: impl IntoIterator<Item = TimeDelta>) -> Option<Self> {
        let mut sorted: Vec<TimeDelta> = lengths.into_iter().collect();
        sorted.sort_unstable();
        // The nearest rank: the smallest length that this share of them does not exceed.
        let rank = |percent: usize| {
            let rank = (sorted.len() * percent).div_ceil(100);
            sorted.get(rank.max(1) - 1).copied()
        };
        Some(Self { count: sorted.len(), median: rank(50)?, p95: rank(95)? })
    }
}

/// A length as whole seconds, for writing it down.
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
