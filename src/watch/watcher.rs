//! Who waits for a lock to clear, and in which order.

use serde::{Deserialize, Serialize};

use crate::people::{ChannelId, Person, UserId};

/// Somebody who wants to be told when a lock clears.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watcher {
    /// Who.
    pub person: Person,
    /// Where they asked, which is where they are told.
    pub channel: ChannelId,
    /// Whether they want to be told every time, and not only once.
    pub keep: bool,
}

/// Those who wait for one state's lock, first come first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line(Vec<Watcher>);

/// Most people in one line: a message names them all.
const LONGEST: usize = 50;

/// Most lines that one person is in: a line is read each time that anybody joins one or asks for theirs,
/// and one with `keep` never ends by itself.
pub const MOST_WATCHED: usize = 50;

impl Line {
    /// Those in it, in their order.
    #[must_use]
    pub fn watchers(&self) -> &[Watcher] {
        &self.0
    }

    /// How many wait before somebody; `None` for who does not wait.
    #[must_use]
    pub fn before(&self, user: UserId) -> Option<usize> {
        self.0.iter().position(|watcher| watcher.person.id == user)
    }

    /// The line with one more in it; who is in it already keeps their place, and goes on being told
    /// every time if they wanted to be. `None` where it is full.
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

    /// The line without somebody.
    #[must_use]
    pub fn without(&self, user: UserId) -> Self {
        let stay = self.0.iter().filter(|watcher| watcher.person.id != user);
        Self(stay.cloned().collect())
    }

    /// Who stays when the lock has cleared: those who want to be told every time.
    #[must_use]
    pub fn after_clearing(&self) -> Self {
        Self(self.0.iter().filter(|watcher| watcher.keep).cloned().collect())
    }

    /// Whether nobody is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
