//! Kills the bot at a request of a given number.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::proxy::Fate;
use crate::support::stand::Executioner;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    /// When the request arrives. It is not carried out.
    Before,
    /// When the request has been carried out. It is not answered.
    After,
}

/// Kills the bot at a request of a given number. The count begins when the trap is armed.
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
    /// The request is being carried out. The bot dies after it.
    Sprung,
}

impl Trap {
    /// A trap that is not armed.
    pub(super) fn new(executioner: Executioner) -> Self {
        let state = Mutex::new(Armed::Off { asked: 0 });
        Self { executioner, state, met: AtomicUsize::new(0) }
    }

    /// Decides the fate of an arriving request.
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

    /// Is called when a request has been carried out.
    pub(super) fn after(&self) {
        let mut state = self.state.lock().unwrap();
        if matches!(*state, Armed::Sprung) {
            *state = Armed::Off { asked: 0 };
            self.executioner.kill();
        }
    }

    /// Arms the trap for the request after this many.
    pub(super) fn arm(&self, at: usize, when: When) {
        *self.state.lock().unwrap() = Armed::At { left: at, when };
    }

    /// Starts a new count of requests.
    pub(super) fn count(&self) {
        *self.state.lock().unwrap() = Armed::Off { asked: 0 };
    }

    /// The number of requests since `count`.
    pub(super) fn asked(&self) -> usize {
        match *self.state.lock().unwrap() {
            Armed::Off { asked } => asked,
            _ => 0,
        }
    }

    /// Whether it still has to kill.
    pub(super) fn is_armed(&self) -> bool {
        !matches!(*self.state.lock().unwrap(), Armed::Off { .. })
    }

    /// The total number of requests.
    pub(super) fn met(&self) -> usize {
        self.met.load(Ordering::Relaxed)
    }
}
