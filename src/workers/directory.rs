//! Keeps the names of known states in memory, so that completing a name never waits for AWS.
//!
//! The names in memory may be some minutes old. So a state that is not among them is looked up in
//! the stores before it is called unknown.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use tokio::sync::OnceCell;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use crate::error::Fault;
use crate::lock::{BackendName, HeldLock, KnownState, KnownStates, State, StatePath};
use crate::ports::{Directory, Holds, Locks, Seen, Trail};
use crate::telemetry::millis;
use crate::text::visible;

/// How often the names are read. A new state can be used by its full name at once, and only its
/// completion waits. A pass reads the lock table once and lists the bucket once.
const INTERVAL: Duration = Duration::from_mins(5);

/// The pause after a failed pass.
const RETRY: Duration = Duration::from_secs(30);

/// How long the command line waits for a hint.
const HINT_PATIENCE: Duration = Duration::from_secs(1);

/// What the bot's own tables know about states, in addition to the lock stores.
#[derive(Clone)]
pub struct Memory {
    /// Past holds.
    pub holds: Arc<dyn Holds>,
    /// Past requests.
    pub trail: Arc<dyn Trail>,
}

/// The places that show whether a state exists.
struct Evidence {
    locks: Arc<dyn Locks>,
    memory: Option<Memory>,
}

/// State names, read in the background and answered from memory.
pub struct LiveDirectory {
    evidence: Evidence,
    known: RwLock<Option<Arc<KnownStates>>>,
}

impl Memory {
    /// Whether a hold or a request of the path is stored. A missing or forbidden table counts as
    /// empty, since the command line works without the bot's own tables.
    async fn has(&self, path: &StatePath) -> Result<bool, Fault> {
        let (past, entries) =
            tokio::join!(self.holds.past(path, 1), self.trail.newest(path, None, 1));
        let past = past.map(|past| !past.holds.is_empty());
        let entries = entries.map(|entries| !entries.is_empty());
        match (past, entries) {
            (Ok(true), _) | (_, Ok(true)) => Ok(true),
            (Err(fault), _) | (_, Err(fault)) if !fault.kind.is_final() => Err(fault),
            _ => Ok(false),
        }
    }
}

impl Evidence {
    async fn of(&self, state: &State) -> Result<bool, Fault> {
        let memory = async {
            match &self.memory {
                Some(memory) => memory.has(&state.path).await,
                None => Ok(false),
            }
        };
        let (trace, memory) = futures::join!(self.locks.has_trace(state), memory);
        if matches!(trace, Ok(true)) || memory? { Ok(true) } else { trace }
    }
}

impl LiveDirectory {
    /// A directory that is empty until [`run`](Self::run) or [`refresh`](Self::refresh).
    #[must_use]
    pub fn new(locks: Arc<dyn Locks>) -> Self {
        Self { evidence: Evidence { locks, memory: None }, known: RwLock::new(None) }
    }

    /// The same directory, which also uses the bot's own tables.
    #[must_use]
    pub fn with_memory(mut self, memory: Memory) -> Self {
        self.evidence.memory = Some(memory);
        self
    }

    /// Reads the names periodically until `shutdown`. What cannot be read keeps the names of the last pass.
    pub async fn run(&self, shutdown: CancellationToken) {
        let passes = async {
            loop {
                let pause = match self.refresh().await {
                    Ok(Pass::Whole) => INTERVAL,
                    Ok(Pass::Partial) => RETRY,
                    Err(fault) => {
                        let cause = fault.cause().map(|cause| visible(&cause));
                        warn!(kind = fault.kind.as_str(), cause, "names not refreshed: {fault}");
                        RETRY
                    }
                };
                sleep(pause).await;
            }
        };
        shutdown.run_until_cancelled(passes).await;
    }

    /// Reads the names once.
    ///
    /// # Errors
    /// A fault if nothing could be read. The known names stay.
    pub async fn refresh(&self) -> Result<Pass, Fault> {
        let begun = Instant::now();
        let Seen { states, unread } = self.evidence.locks.seen().await?;
        for unread in &unread {
            let kind = unread.fault.kind.as_str();
            warn!(kind, "states are left out of the names that are offered: {}", unread.fault);
        }
        let is_passing = unread.iter().any(|unread| !unread.fault.kind.is_final());
        let backends: Vec<BackendName> = unread.into_iter().flat_map(|it| it.backends).collect();
        let before = self.remembered();
        let kept = before.iter().flat_map(|known| known.of(&backends)).cloned();
        let known = KnownStates::new(states.into_iter().chain(kept)).without(backends);
        debug!(states = known.len(), ms = millis(begun.elapsed()), "names refreshed");
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(known));
        Ok(if is_passing { Pass::Partial } else { Pass::Whole })
    }
}

/// What a pass over the names has read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    /// Everything that the bot is allowed to read.
    Whole,
    /// Not all, and the next pass may succeed.
    Partial,
}

#[async_trait]
impl Directory for LiveDirectory {
    async fn known(&self) -> Option<Arc<KnownStates>> {
        self.remembered()
    }

    fn remembered(&self) -> Option<Arc<KnownStates>> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A state with its first lock is known from the next look at the locks on.
    fn note(&self, held: &[HeldLock]) {
        let Some(known) = self.remembered() else {
            return;
        };
        let new = held.iter().filter(|held| !known.contains(&held.state.path));
        let mut new = new.map(|it| KnownState { state: it.state.clone(), held: true }).peekable();
        if new.peek().is_some() {
            let known = Arc::new(known.with(new));
            *self.known.write().unwrap_or_else(PoisonError::into_inner) = Some(known);
        }
    }

    /// Answers from memory. Reads the stores only for a state that is not in memory.
    async fn has_seen(&self, state: &State) -> Result<bool, Fault> {
        match self.known().await {
            Some(known) if known.contains(&state.path) => Ok(true),
            _ => self.evidence.of(state).await,
        }
    }
}

/// State names, read on first use. For the command line, which needs them only for a hint.
pub struct PatientDirectory {
    evidence: Evidence,
    known: OnceCell<Option<Arc<KnownStates>>>,
}

impl PatientDirectory {
    /// A directory that reads nothing before its first use.
    #[must_use]
    pub fn new(locks: Arc<dyn Locks>) -> Self {
        Self { evidence: Evidence { locks, memory: None }, known: OnceCell::new() }
    }

    /// The same directory, which also uses the bot's own tables.
    #[must_use]
    pub fn with_memory(mut self, memory: Memory) -> Self {
        self.evidence.memory = Some(memory);
        self
    }
}

#[async_trait]
impl Directory for PatientDirectory {
    /// Waits at most 1 s. If the read fails, there is no hint.
    async fn known(&self) -> Option<Arc<KnownStates>> {
        let read = || async {
            let seen = timeout(HINT_PATIENCE, self.evidence.locks.seen()).await.ok()?.ok()?;
            let unread = seen.unread.into_iter().flat_map(|it| it.backends).collect();
            Some(Arc::new(KnownStates::new(seen.states).without(unread)))
        };
        self.known.get_or_init(read).await.clone()
    }

    fn remembered(&self) -> Option<Arc<KnownStates>> {
        self.known.get().cloned().flatten()
    }

    /// Reads only this one state.
    async fn has_seen(&self, state: &State) -> Result<bool, Fault> {
        self.evidence.of(state).await
    }
}
