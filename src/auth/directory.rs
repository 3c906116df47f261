//! Answers of IAM by key (roles, studios of namespaces): fetched when first needed, refreshed while
//! in use, kept through an outage.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::flight::Flight;
use super::iam::{BoxFuture, IamError};

/// How long "IAM knows none" is believed.
const ABSENT_FOR: Duration = Duration::from_secs(180);
/// How long after a failure nobody asks again.
const FAILURE_COOLDOWN: Duration = Duration::from_secs(5);
/// Most keys kept; beyond it the one fetched longest ago goes.
const CAPACITY: usize = 4096;

/// What IAM says of a key.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer<V> {
    /// This.
    Found(Arc<V>),
    /// There is none.
    Absent,
    /// Nothing: the request failed, or one failed moments ago.
    Unknown,
}

impl<V> Clone for Answer<V> {
    fn clone(&self) -> Self {
        match self {
            Self::Found(value) => Self::Found(Arc::clone(value)),
            Self::Absent => Self::Absent,
            Self::Unknown => Self::Unknown,
        }
    }
}

/// Asks IAM for one key.
pub(super) type Fetch<K, V> =
    dyn Fn(K) -> BoxFuture<'static, Result<Option<V>, IamError>> + Send + Sync;

struct Entry<V> {
    answer: Answer<V>,
    /// When `answer` came; of a failure, when it was noticed.
    at: Instant,
    used: bool,
}

/// Answers by key.
pub(super) struct Directory<K, V> {
    fetch: Box<Fetch<K, V>>,
    on_change: Box<dyn Fn() + Send + Sync>,
    entries: Mutex<HashMap<K, Entry<V>>>,
    flights: Mutex<HashMap<K, Arc<Flight<Answer<V>>>>>,
}

impl<K: Clone + Eq + Hash + Send + Sync + 'static, V: PartialEq + Send + Sync + 'static>
    Directory<K, V>
{
    /// Answers that `fetch` gets; `on_change` is called after a value at hand has been replaced by
    /// another or taken away.
    pub(super) fn new(
        fetch: impl Fn(K) -> BoxFuture<'static, Result<Option<V>, IamError>> + Send + Sync + 'static,
        on_change: impl Fn() + Send + Sync + 'static,
    ) -> Self {
        Self {
            fetch: Box::new(fetch),
            on_change: Box::new(on_change),
            entries: Mutex::default(),
            flights: Mutex::default(),
        }
    }

    /// The answer at hand; `None` if IAM has to be asked.
    pub(super) fn known(&self, key: &K) -> Option<Answer<V>> {
        let mut entries = lock(&self.entries);
        let entry = entries.get_mut(key)?;
        entry.used = true;
        let stands = match entry.answer {
            Answer::Found(_) => true,
            Answer::Absent => entry.at.elapsed() < ABSENT_FOR,
            Answer::Unknown => entry.at.elapsed() < FAILURE_COOLDOWN,
        };
        stands.then(|| entry.answer.clone())
    }

    /// The answer at hand, or IAM's; one request per key at a time.
    pub(super) async fn get(self: &Arc<Self>, key: &K) -> Answer<V> {
        match self.known(key) {
            Some(answer) => answer,
            None => self.ask(key).await,
        }
    }

    /// Asks again for every key that was used since the last call and whose value came before
    /// `since`; forgets the others.
    ///
    /// # Errors
    ///
    /// At the first request that fails: the old answers stay, and calling again with the same
    /// `since` goes on where this one stopped.
    pub(super) async fn refresh(self: &Arc<Self>, since: Instant) -> Result<(), ()> {
        let due: Vec<K> = {
            let mut entries = lock(&self.entries);
            // Absences and failures end by themselves.
            entries.retain(|_, entry| {
                entry.at >= since || (entry.used && matches!(entry.answer, Answer::Found(_)))
            });
            entries
                .iter()
                .filter(|(_, entry)| entry.at < since)
                .map(|(key, _)| key.clone())
                .collect()
        };
        for key in due {
            if matches!(self.ask(&key).await, Answer::Unknown) {
                return Err(());
            }
        }
        lock(&self.entries)
            .values_mut()
            .for_each(|entry| entry.used = false);
        Ok(())
    }

    async fn ask(self: &Arc<Self>, key: &K) -> Answer<V> {
        let flight = Arc::clone(lock(&self.flights).entry(key.clone()).or_default());
        let answer = flight
            .join(|| {
                let (directory, key) = (Arc::clone(self), key.clone());
                async move {
                    let fetched = (directory.fetch)(key.clone()).await;
                    let answer = directory.take_over(&key, fetched);
                    lock(&directory.flights).remove(&key);
                    answer
                }
            })
            .await;
        answer.unwrap_or(Answer::Unknown)
    }

    /// Keeps what was fetched, and tells what is known now. A failure keeps the old answer.
    fn take_over(&self, key: &K, fetched: Result<Option<V>, IamError>) -> Answer<V> {
        let answer = match fetched {
            Ok(Some(value)) => Answer::Found(Arc::new(value)),
            Ok(None) => Answer::Absent,
            Err(error) => {
                tracing::debug!(%error, "a lookup at AGS failed");
                Answer::Unknown
            }
        };
        let mut entries = lock(&self.entries);
        let old = entries.get(key).map(|entry| &entry.answer);
        let had_value = matches!(old, Some(Answer::Found(_)));
        if had_value && matches!(answer, Answer::Unknown) {
            return Answer::Unknown;
        }
        let changed = had_value && old != Some(&answer);
        if entries.len() >= CAPACITY && !entries.contains_key(key) {
            let oldest = entries
                .iter()
                .min_by_key(|(_, entry)| entry.at)
                .map(|(key, _)| key.clone());
            oldest.and_then(|key| entries.remove(&key));
        }
        entries.insert(
            key.clone(),
            Entry {
                answer: answer.clone(),
                at: Instant::now(),
                used: true,
            },
        );
        drop(entries);
        if changed {
            (self.on_change)();
        }
        answer
    }
}

impl<K, V> fmt::Debug for Directory<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Directory({} keys)", lock(&self.entries).len())
    }
}

/// Every update is one insert or remove: what a panicking thread left behind is whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
