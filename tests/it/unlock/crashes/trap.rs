//! What kills the bot at a request of a given number.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::proxy::Fate;
use crate::support::stand::Executioner;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    /// The request arrives, and is not carried out.
    Before,
    /// It has been carried out, and the bot has not been told.
    After,
}

/// Kills the bot at a request of a given number, counted from when it is armed.
pub(super) struct Trap {
    executioner: Executioner,
    state: Mutex<Armed>,
    met: AtomicUsize,
}

enum Armed {
    Off {
        asked: usize,
    },
    At {
        left: usize,
        when: When,
    },
    /// The request is being carried out, after which the bot dies.
    Sprung,
}

impl Trap {
    /// A trap that is not armed.
    pub(super) fn new(executioner: Executioner) -> Self {
        let state = Mutex::new(Armed::Off { asked: 0 });
        Self { executioner, state, met: AtomicUsize::new(0) }
    }

    /// What comes of a request that arrives.
    pub(super) fn meet(&self) -> Fate {
        self.met.fetch_add(1, Ordering::Relaxed);
        let mut state = self.state.lock().unwrap();
        match &mut *state {
            Armed::Off { asked } => *asked += 1,
            Armed::Sprung => {}
            Armed::At { left: 0, when: When::Before } => {
                *state = Armed::Off { asked: 0 };
                self.executioner.kill();
                return Fate::Cut;
            }
            Armed::At { left: 0, when: When::After } => *state = Armed::Sprung,
            Armed::At { left, .. } => *left -= 1,
        }
        Fate::Pass
    }

    /// A request has been carried out.
    pub(super) fn after(&self) {
        let mut state = self.state.lock().unwrap();
        if matches!(*state, Armed::Sprung) {
            *state = Armed::Off { asked: 0 };
            self.executioner.kill();
        }
    }

    /// Kills at the request after this many.
    pub(super) fn arm(&self, at: usize, when: When) {
        *self.state.lock().unwrap() = Armed::At { left: at, when };
    }

    /// Counts the requests from now on.
    pub(super) fn count(&self) {
        *self.state.lock().unwrap() = Armed::Off { asked: 0 };
    }

    /// How many requests there were since it was set to count them.
    pub(super) fn asked(&self) -> usize {
        match *self.state.lock().unwrap() {
            Armed::Off { asked } => asked,
            _ => 0,
        }
    }

    /// Whether it has yet to kill.
    pub(super) fn is_armed(&self) -> bool {
        !matches!(*self.state.lock().unwrap(), Armed::Off { .. })
    }

    /// How many requests there have been in all.
    pub(super) fn met(&self) -> usize {
        self.met.load(Ordering::Relaxed)
    }
}
