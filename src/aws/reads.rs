//! Reads single items. Reads at the same moment share one call.
//!
//! A command reads a lock's row and the guard of its request at the same time, and many people may
//! send commands at once. `BatchGetItem` reads up to 100 items of several tables, each strongly
//! consistently, in the time and at the price of single reads (API reference, "`BatchGetItem`").

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{BuildError, ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::batch_get_item::BatchGetItemError;
use aws_sdk_dynamodb::operation::get_item::GetItemError;
use aws_sdk_dynamodb::types::KeysAndAttributes;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use futures::future::join_all;
use tokio::sync::oneshot::error::RecvError;
use tokio::sync::{Semaphore, oneshot};
use tokio::task::yield_now;

use crate::aws::error::{Subject, is_refused};
use crate::aws::pauses::{PAUSES, wait};
use crate::aws::values::{Item, text, text_of};
use crate::error::Fault;

/// Limit on the items of one call. A small answer is parsed quickly.
const ITEMS: usize = 25;

/// Limit on concurrent calls. Reads that arrive while all are busy wait and share the next call.
const CALLS: usize = 8;

/// How long items are read one by one after `BatchGetItem` was refused.
const APART: Duration = Duration::from_mins(5);

/// The key of an item: attributes that are all strings.
pub(super) type Key = Vec<(&'static str, String)>;

/// A table and a key in it.
type Place = (String, Key);

/// The readers that wait for each item.
type Waiting = BTreeMap<Place, Vec<oneshot::Sender<Read>>>;

type Read = Result<Option<Item>, Unread>;

/// Why an item was not read.
#[derive(Clone, Debug)]
enum Unread {
    Alone(Arc<SdkError<GetItemError, HttpResponse>>),
    Together(Arc<SdkError<BatchGetItemError, HttpResponse>>),
}

/// The result of reading items in one call.
struct Together {
    read: BTreeMap<Place, Read>,
    /// Items that no answer contained because the table lacked capacity.
    left: Vec<Place>,
}

/// Reads from all tables of one client.
#[derive(Clone, Debug)]
pub(super) struct Reads {
    client: Client,
    queue: Arc<Queue>,
}

#[derive(Debug)]
struct Queue {
    waiting: Mutex<Waiting>,
    calls: Semaphore,
    /// When `BatchGetItem` was last refused.
    refused: Mutex<Option<Instant>>,
}

impl Reads {
    pub(super) fn new(client: Client) -> Self {
        let calls = Semaphore::new(CALLS);
        let queue = Queue { waiting: Mutex::default(), calls, refused: Mutex::default() };
        Self { client, queue: Arc::new(queue) }
    }

    /// The client, for all other calls.
    pub(super) fn client(&self) -> Client {
        self.client.clone()
    }

    /// Reads one item, strongly consistently.
    pub(super) async fn get(&self, table: &Subject, key: Key) -> Result<Option<Item>, Fault> {
        let place = (table.name().to_owned(), key);
        loop {
            let answer = self.queue.put(place.clone());
            // Lets the other reads of the same command join the queue first.
            yield_now().await;
            let allow = "allow dynamodb:GetItem on it";
            return match self.answered(&place, answer).await {
                Ok(Ok(item)) => Ok(item),
                Ok(Err(Unread::Alone(error))) => Err(table.shared_fault(allow, &error)),
                Ok(Err(Unread::Together(error))) => Err(table.shared_fault(allow, &error)),
                // The reader that had taken this item was cancelled, so read it again.
                Err(_) => continue,
            };
        }
    }

    /// Waits for an answer. If the item is still in the queue and a call is free, this task makes the call,
    /// also for other readers. So a read rarely needs to wake another task.
    async fn answered(
        &self,
        place: &Place,
        mut answer: oneshot::Receiver<Read>,
    ) -> Result<Read, RecvError> {
        tokio::select! {
            biased;
            read = &mut answer => return read,
            _call = self.queue.calls.acquire() => {
                if let Some(batch) = self.queue.take(place) {
                    self.read_all(batch).await;
                }
            }
        }
        answer.await
    }

    async fn read_all(&self, batch: Waiting) {
        let places: Vec<Place> = batch.keys().cloned().collect();
        let mut read = self.read(places).await;
        for (place, answers) in batch {
            // A reader is told that an item is missing only if an answer said so.
            let Some(read) = read.remove(&place) else {
                continue;
            };
            for answer in answers {
                // The reader may have been cancelled.
                let _ = answer.send(read.clone());
            }
        }
    }

    async fn read(&self, places: Vec<Place>) -> BTreeMap<Place, Read> {
        if places.len() == 1 || self.queue.is_refused() {
            return self.read_apart(places).await;
        }
        match self.read_together(&places).await {
            Ok(Together { mut read, left }) => {
                read.extend(self.read_apart(left).await);
                read
            }
            Err(error) if is_refused(&error) => {
                if error.code() == Some("AccessDeniedException") {
                    self.queue.refuse();
                }
                self.read_apart(places).await
            }
            Err(error) => {
                let error = Arc::new(error);
                let unread = |place| (place, Err(Unread::Together(error.clone())));
                places.into_iter().map(unread).collect()
            }
        }
    }

    async fn read_apart(&self, places: Vec<Place>) -> BTreeMap<Place, Read> {
        let read = places.into_iter().map(async |(table, key)| {
            let get = self.client.get_item().table_name(&table).set_key(Some(attributes(&key)));
            let answer = get.consistent_read(true).send().await;
            let read = answer.map(|answer| answer.item);
            ((table, key), read.map_err(|error| Unread::Alone(Arc::new(error))))
        });
        join_all(read).await.into_iter().collect()
    }

    async fn read_together(
        &self,
        places: &[Place],
    ) -> Result<Together, SdkError<BatchGetItemError, HttpResponse>> {
        let mut together = Together { read: BTreeMap::new(), left: places.to_vec() };
        for pause in PAUSES {
            wait(pause).await;
            let request = request(&together.left).map_err(SdkError::construction_failure)?;
            let call = self.client.batch_get_item().set_request_items(Some(request));
            let answer = call.send().await?;
            // Without this part, the answer does not prove that an item is missing.
            let Some(items) = answer.responses else {
                break;
            };
            together.take(items, &answer.unprocessed_keys.unwrap_or_default());
            if together.left.is_empty() {
                break;
            }
        }
        Ok(together)
    }
}

impl Together {
    fn take(
        &mut self,
        mut items: HashMap<String, Vec<Item>>,
        unprocessed: &HashMap<String, KeysAndAttributes>,
    ) {
        self.left.retain(|place| {
            let (table, key) = place;
            let item = items.get_mut(table).and_then(|items| {
                let at = items.iter().position(|item| is_at(item, key))?;
                Some(items.swap_remove(at))
            });
            let keys = unprocessed.get(table).map_or(&[][..], KeysAndAttributes::keys);
            let is_left = item.is_none() && keys.iter().any(|item| is_at(item, key));
            if !is_left {
                self.read.insert(place.clone(), Ok(item));
            }
            is_left
        });
    }
}

impl Queue {
    // Every statement leaves the map consistent, so a lock that was poisoned by a panic is still
    // usable.
    fn waiting(&self) -> std::sync::MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, place: Place) -> oneshot::Receiver<Read> {
        let (answer, read) = oneshot::channel();
        self.waiting().entry(place).or_default().push(answer);
        read
    }

    /// Takes this item and others to read with it, with their readers. `None` if another reader has
    /// taken this item.
    fn take(&self, place: &Place) -> Option<Waiting> {
        let mut waiting = self.waiting();
        let (place, answers) = waiting.remove_entry(place)?;
        let mut batch = Waiting::from([(place, answers)]);
        while batch.len() < ITEMS
            && let Some((place, answers)) = waiting.pop_first()
        {
            batch.insert(place, answers);
        }
        Some(batch)
    }

    fn is_refused(&self) -> bool {
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        refused.is_some_and(|refused| refused.elapsed() < APART)
    }

    fn refuse(&self) {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        if refused.replace(Instant::now()).is_none() {
            tracing::warn!(
                "items are read one by one, which takes more calls: allow dynamodb:BatchGetItem on \
                 the lock table and on the bot's own table"
            );
        }
    }
}

fn request(places: &[Place]) -> Result<HashMap<String, KeysAndAttributes>, BuildError> {
    let mut keys: BTreeMap<&str, Vec<Item>> = BTreeMap::new();
    for (table, key) in places {
        keys.entry(table).or_default().push(attributes(key));
    }
    let of_table = |(table, keys): (&str, Vec<Item>)| {
        let keys = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true);
        Ok((table.to_owned(), keys.build()?))
    };
    keys.into_iter().map(of_table).collect()
}

fn attributes(key: &Key) -> Item {
    key.iter().map(|(name, value)| ((*name).to_owned(), text(value))).collect()
}

fn is_at(item: &Item, key: &Key) -> bool {
    key.iter().all(|(name, value)| text_of(item, name) == Some(value))
}
