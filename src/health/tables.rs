//! Reads the bot's own tables for `/readyz`, at most every few seconds, however many ask.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use crate::ports::OwnTables;
use crate::words::health as words;

/// How long an answer is used again.
const KEPT: Duration = Duration::from_secs(3);

/// How long a read may take. Probes usually wait for 1 to 10 s.
const PATIENCE: Duration = Duration::from_millis(1_500);

/// How long anybody waits for the answer: for a read under way, and for the next.
const LONGEST: Duration = Duration::from_millis(1_900);

type Answer = Result<(), String>;

/// A read that all who ask at the same time share.
#[derive(Default)]
pub(super) struct SharedRead {
    tables: OnceLock<Arc<dyn OwnTables>>,
    last: Arc<Mutex<Option<(Instant, Answer)>>>,
}

impl SharedRead {
    /// Reads these from now on. The first tables stay.
    pub(super) fn of(&self, tables: Arc<dyn OwnTables>) {
        let _ = self.tables.set(tables);
    }

    /// Whether the tables can be read. `None` if it is not known yet which. The reason is a sentence.
    pub(super) async fn read(&self) -> Option<Answer> {
        let tables = self.tables.get()?.clone();
        let last = self.last.clone();
        // A task: if the one who asks goes away, the others still get this answer.
        let read = tokio::spawn(async move {
            let mut last = last.lock().await;
            if let Some((at, answer)) = &*last
                && at.elapsed() < KEPT
            {
                return answer.clone();
            }
            let read = timeout(PATIENCE, tables.reach()).await;
            let answer = match read {
                Ok(read) => read.map_err(|fault| fault.to_string()),
                Err(_) => Err(words::tables_hang()),
            };
            *last = Some((Instant::now(), answer.clone()));
            answer
        });
        Some(match timeout(LONGEST, read).await {
            Ok(Ok(answer)) => answer,
            // It panicked, or took too long.
            Ok(Err(_)) | Err(_) => Err(words::tables_hang()),
        })
    }
}
