//! Verification of the whole trail in segments finds the same as one scan.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use locktender::audit::{Checkpoint, Entry, Heads, Tail, Unsound};
use locktender::error::{Fault, WriteFault};
use locktender::lock::StatePath;
use locktender::ports::{Extent, Notice, Trail};
use locktender::workers::verify;

use super::checkpoint;
use crate::support::dynamodb::text;
use crate::support::office::Office;
use crate::support::trail::{TrailTable, chain};

/// The number of chains, enough for every segment to have some.
const CHAINS: usize = 40;

/// Entries per chain, enough for more than one page in each of two segments.
const LENGTH: usize = 30;

/// A trail that is verified in `of` segments.
pub(super) struct Segmented<'t> {
    trail: &'t dyn Trail,
    of: u8,
    /// Whether the table ignores the segment and returns all items for each.
    ignored: bool,
}

impl<'t> Segmented<'t> {
    pub(super) fn of(trail: &'t dyn Trail, of: u8) -> Self {
        Self { trail, of, ignored: false }
    }
}

#[async_trait]
impl Trail for Segmented<'_> {
    async fn newest(
        &self,
        path: &StatePath,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<Entry>, Fault> {
        self.trail.newest(path, before, limit).await
    }

    async fn each(
        &self,
        extent: Extent<'_>,
        each: &mut (dyn FnMut(Entry) -> ControlFlow<()> + Send),
    ) -> Result<(), Fault> {
        let extent = if self.ignored { Extent::All } else { extent };
        self.trail.each(extent, each).await
    }

    fn segments(&self) -> u8 {
        self.of
    }

    async fn checkpoint(&self) -> Result<Option<Checkpoint>, Fault> {
        self.trail.checkpoint().await
    }

    async fn set_checkpoint(
        &self,
        at: DateTime<Utc>,
        heads: Option<&Heads>,
        announcement: &Notice,
    ) -> Result<bool, WriteFault> {
        self.trail.set_checkpoint(at, heads, announcement).await
    }
}

/// A path that sorts by its number.
fn path(at: usize) -> String {
    format!("states/env/{at:02}/terraform.tfstate")
}

/// An office with many chains, and their heads.
async fn many_chains() -> (Office, Heads) {
    let office = Office::new().await;
    let table = TrailTable::of(&office.db);
    let mut heads = Heads::new();
    for at in 0..CHAINS {
        let entries = chain(&path(at), LENGTH);
        table.put_all(&entries).await;
        heads.insert(path(at), Tail::at(&entries[LENGTH - 1]));
    }
    (office, heads)
}

fn trail(office: &Office) -> &dyn Trail {
    &*office.context.trail
}

/// The chains of each segment.
async fn chains_of_segments(office: &Office, of: u8) -> Vec<BTreeSet<String>> {
    let mut segments = Vec::new();
    for number in 0..of {
        let mut next: BTreeMap<String, u64> = BTreeMap::new();
        let mut each = |entry: Entry| {
            let next = next.entry(entry.path().to_owned()).or_insert(1);
            assert_eq!(entry.seq(), *next, "each chain in its order");
            *next += 1;
            ControlFlow::Continue(())
        };
        trail(office).each(Extent::Segment { number, of }, &mut each).await.unwrap();
        assert!(next.values().all(|&next| next == LENGTH as u64 + 1), "whole chains: {next:?}");
        segments.push(next.into_keys().collect());
    }
    segments
}

async fn broken(office: &Office, of: u8) -> String {
    let segmented = Segmented::of(trail(office), of);
    match verify(&segmented, None).await.unwrap() {
        Err(Unsound::Entry(broken)) => broken.to_string(),
        other => panic!("{of} segments: {other:?}"),
    }
}

#[tokio::test]
async fn every_chain_is_in_one_segment_and_in_its_order() {
    let (office, heads) = many_chains().await;
    for of in [1, 2, 4, 7] {
        let segments = chains_of_segments(&office, of).await;
        assert!(segments.iter().all(|chains| !chains.is_empty()), "{of}: {segments:?}");
        let all: Vec<&String> = segments.iter().flatten().collect();
        assert_eq!(all.len(), CHAINS, "{of}: none twice");
        assert_eq!(all.into_iter().collect::<BTreeSet<_>>(), heads.keys().collect(), "{of}");
    }
}

#[tokio::test]
async fn segments_together_are_the_whole_trail() {
    let (office, heads) = many_chains().await;
    for of in [1, 2, 4, 7] {
        for ignored in [false, true] {
            let segmented = Segmented { ignored, ..Segmented::of(trail(&office), of) };
            let verified = verify(&segmented, None).await.unwrap().unwrap();
            assert_eq!(verified.entries, (CHAINS * LENGTH) as u64, "{of}, ignored: {ignored}");
            assert_eq!(verified.heads, heads, "{of}, ignored: {ignored}");
        }
    }
}

#[tokio::test]
async fn of_bad_entries_in_several_segments_the_one_of_the_first_path_is_named() {
    let (office, _) = many_chains().await;
    let table = TrailTable::of(&office.db);
    // From the last path to the first, so that the newest damage is always the first one found.
    for at in [39, 31, 22, 14, 9, 3, 0] {
        // Later in its chain than the damage in the chains after it.
        let seq = (LENGTH - at / 2) as u64;
        table.set(&path(at), seq, "reason", text("because")).await;
        for of in [1, 4] {
            let said = broken(&office, of).await;
            assert!(said.starts_with(&format!("entry {seq} of {} was edited", path(at))), "{said}");
        }
    }
}

#[tokio::test]
async fn a_chain_that_was_cut_off_is_named_whatever_segment_it_was_in() {
    let (office, _) = many_chains().await;
    let table = TrailTable::of(&office.db);
    checkpoint(&office).await;
    for chains in chains_of_segments(&office, 4).await.into_iter().rev() {
        let cut_off = chains.last().unwrap();
        table.delete(cut_off, LENGTH as u64).await;
        let said = broken(&office, 4).await;
        assert_eq!(said, broken(&office, 1).await);
        assert!(said.starts_with(&format!("entry {LENGTH} of")), "{said}");
        let entries = chain(cut_off, LENGTH);
        table.put(&entries[LENGTH - 1]).await;
    }
}
