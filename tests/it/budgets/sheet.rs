//! The storage of locks, and the costs measured with it.

use std::collections::BTreeMap;

use locktender::lock::Stores;

use super::page::CASES;
use crate::support::meter::Cost;

/// Where the locks are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Storage {
    Row,
    Lockfile,
    Both,
}

/// The measured costs by case.
pub type Costs = BTreeMap<&'static str, Cost>;

/// The costs in one storage.
pub struct Sheet {
    pub storage: Storage,
    pub costs: Costs,
}

impl Storage {
    pub const ALL: [Self; 3] = [Self::Row, Self::Lockfile, Self::Both];

    pub fn name(self) -> &'static str {
        match self {
            Self::Row => "row",
            Self::Lockfile => "lockfile",
            Self::Both => "both",
        }
    }

    pub fn stores(self) -> Stores {
        Stores { row: self != Self::Lockfile, lockfile: self != Self::Row }
    }
}

impl Sheet {
    /// Merges the parts. Asserts that the page has every case.
    pub fn of(storage: Storage, parts: impl IntoIterator<Item = Costs>) -> Self {
        let costs: Costs = parts.into_iter().flatten().collect();
        let on_page: Vec<&str> =
            CASES.iter().flat_map(|(_, cases)| cases.iter().map(|(case, _)| *case)).collect();
        let missing: Vec<_> = costs.keys().filter(|case| !on_page.contains(case)).collect();
        assert!(missing.is_empty(), "the page has no place for {missing:?}");
        Self { storage, costs }
    }
}
