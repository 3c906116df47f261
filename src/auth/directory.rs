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

/// How long the answer that IAM does not know a key is used.
const ABSENT_FOR: Duration = Duration::from_secs(180);
/// How long IAM is not asked again after a failure.
const FAILURE_COOLDOWN: Duration = Duration::from_secs(5);
/// Maximum number of keys kept; beyond it, the one that was fetched longest ago is dropped.
const CAPACITY: usize = 4096;

/// What is known of a key.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer<V> {
    /// Its value.
    Found(Arc<V>),
    /// IAM does not know it.
    Absent,
    /// Not known: the request failed, or one failed a moment ago.
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
    /// When `answer` was received, or the failure noticed.
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
    /// Answers that `fetch` gets; `on_change` is called after a known value has been replaced by
    /// another one or removed.
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

    /// The known answer; `None` if IAM has to be asked.
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

    /// The known answer, or else IAM's. There is one request per key at a time.
    pub(super) async fn get(self: &Arc<Self>, key: &K) -> Answer<V> {
        match self.known(key) {
            Some(answer) => answer,
            None => self.ask(key).await,
        }
    }

    /// Asks again for every key that was used since the last call and whose value is from before
    /// `since`. Keys that were not used are dropped.
    ///
    /// # Errors
    ///
    /// If a request fails. The old answers stay, and another call with the same `since` continues
    /// where this one stopped.
    pub(super) async fn refresh(self: &Arc<Self>, since: Instant) -> Result<(), ()> {
        let due: Vec<K> = {
            let mut entries = lock(&self.entries);
            // Absences and failures are asked for again once their time is over.
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

    /// Keeps what was fetched, and returns what is known now. After a failure the old answer stays.
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

/// A lock that a panic has poisoned can be used: every update is one insert or remove.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
