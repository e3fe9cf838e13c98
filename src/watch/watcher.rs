//! Who waits for a lock to clear, in order.

use serde::{Deserialize, Serialize};

use crate::people::{ChannelId, Person, UserId};

/// A person who wants a message when a lock clears.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watcher {
    /// The person.
    pub person: Person,
    /// The channel where they asked. They are notified there.
    pub channel: ChannelId,
    /// Whether they are notified each time, not only once.
    pub keep: bool,
}

/// The watchers of one state's lock, in the order they joined.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line(Vec<Watcher>);

/// Longest line. A message names everyone in it.
const LONGEST: usize = 50;

/// Most lines a person can be in. A line is read each time anyone joins one or asks for theirs, and
/// a watch with `keep` never ends by itself.
pub const MOST_WATCHED: usize = 50;

impl Line {
    /// The watchers in order.
    #[must_use]
    pub fn watchers(&self) -> &[Watcher] {
        &self.0
    }

    /// How many watchers are before this person. `None` if the person does not wait.
    #[must_use]
    pub fn before(&self, user: UserId) -> Option<usize> {
        self.0.iter().position(|watcher| watcher.person.id == user)
    }

    /// The line with this watcher added. A person already in it keeps their place, and keeps being
    /// notified each time if they wanted that. `None` if the line is full.
    #[must_use]
    pub fn with(&self, watcher: Watcher) -> Option<Self> {
        let mut line = self.clone();
        match line.before(watcher.person.id) {
            Some(place) => {
                let keep = watcher.keep || line.0[place].keep;
                line.0[place] = Watcher { keep, ..watcher };
            }
            None if line.0.len() < LONGEST => line.0.push(watcher),
            None => return None,
        }
        Some(line)
    }

    /// The line without this person.
    #[must_use]
    pub fn without(&self, user: UserId) -> Self {
        let stay = self.0.iter().filter(|watcher| watcher.person.id != user);
        Self(stay.cloned().collect())
    }

    /// The watchers who stay after the lock cleared: those notified each time.
    #[must_use]
    pub fn after_clearing(&self) -> Self {
        Self(self.0.iter().filter(|watcher| watcher.keep).cloned().collect())
    }

    /// Whether the line is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
