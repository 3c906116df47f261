//! The room for connections: at the maximum, a new one takes the place of the one that has been
//! without a call for the longest time. So connections that only stand open do not keep clients
//! with calls out.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::task::{AbortHandle, Id};

use super::activity::Activity;

/// Files that are left for other than connections, if there are so many.
const OTHER_FILES: u64 = 256;

/// The connections that are open.
#[derive(Debug)]
pub(super) struct Room {
    max: usize,
    taken: HashMap<Id, Place>,
}

#[derive(Debug)]
struct Place {
    activity: Arc<Activity>,
    task: AbortHandle,
}

/// Whether there is a place for another connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// There was one.
    Free,
    /// A connection without calls was closed for it.
    Replaced,
    /// All connections have calls.
    Full,
}

impl Room {
    /// Room for `max` connections, and no more than the files of the process allow.
    pub(super) fn new(max: u32) -> Self {
        // Fails where the limit cannot be read; it is then unknown, and `accept` fails instead.
        let files = rlimit::increase_nofile_limit(u64::MAX).unwrap_or(u64::MAX);
        let allowed = within_files(max.into(), files);
        if allowed < u64::from(max) {
            tracing::warn!(
                files,
                connections = allowed,
                "MAX_CONNECTIONS is {max}, and the process may not open so many files: \
                 raise its limit (ulimit -Hn)"
            );
        }
        Self {
            max: usize::try_from(allowed).unwrap_or(usize::MAX),
            taken: HashMap::new(),
        }
    }

    /// Makes a place for a connection. O(1) below the maximum, O(connections) at it.
    pub(super) fn find(&mut self) -> Found {
        if self.taken.len() < self.max {
            return Found::Free;
        }
        let quiet = self.taken.iter();
        let quiet = quiet.filter_map(|(id, place)| Some((place.activity.quiet_since()?, *id)));
        let longest = quiet.min_by_key(|(since, _)| *since);
        match longest.and_then(|(_, id)| self.taken.remove(&id)) {
            Some(place) => {
                place.task.abort();
                Found::Replaced
            }
            None => Found::Full,
        }
    }

    /// A connection takes its place.
    pub(super) fn take(&mut self, activity: Arc<Activity>, task: AbortHandle) {
        self.taken.insert(task.id(), Place { activity, task });
    }

    /// The task of a connection has ended.
    pub(super) fn leave(&mut self, task: Id) {
        self.taken.remove(&task);
    }
}

/// How many of `max` connections this many files allow: half of few files, all but
/// [`OTHER_FILES`] of many.
fn within_files(max: u64, files: u64) -> u64 {
    let allowed = (files / 2).max(files.saturating_sub(OTHER_FILES));
    max.min(allowed).max(1)
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::time::Duration;

    use super::*;

    #[test]
    fn files_are_left_for_other_than_connections() {
        assert_eq!(within_files(1024, 1 << 20), 1024);
        assert_eq!(within_files(1024, 1024), 768);
        assert_eq!(within_files(1024, 64), 32);
        assert_eq!(within_files(1024, 1), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn at_the_maximum_the_longest_without_a_call_goes() {
        let mut room = Room::new(3);
        let mut open = Vec::new();
        for _ in 0..3 {
            assert_eq!(room.find(), Found::Free);
            let activity = Activity::new();
            let task = tokio::spawn(pending::<()>());
            room.take(Arc::clone(&activity), task.abort_handle());
            open.push((activity, task));
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        let _busy = open[0].0.call();
        assert_eq!(room.find(), Found::Replaced);
        let gone = open
            .remove(1)
            .1
            .await
            .expect_err("the second one is closed");
        assert!(gone.is_cancelled());
        let newest = Activity::new();
        let task = tokio::spawn(pending::<()>());
        room.take(Arc::clone(&newest), task.abort_handle());
        let _all_busy = (open[1].0.call(), newest.call());
        assert_eq!(room.find(), Found::Full);
        room.leave(task.id());
        assert_eq!(room.find(), Found::Free);
    }
}
