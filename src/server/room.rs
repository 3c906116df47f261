//! The room for connections: at the maximum, a new one takes the place of the one that has been
//! without a call for the longest time. So connections that only stand open do not keep clients
//! with calls out.

use std::sync::Arc;

use tokio::task::AbortHandle;

use super::activity::Activity;

/// Files that are left for other than connections, if there are so many.
const OTHER_FILES: u64 = 256;

/// The connections that are open.
#[derive(Debug)]
pub(super) struct Room {
    max: usize,
    taken: Vec<Place>,
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
            taken: Vec::new(),
        }
    }

    /// Makes a place for a connection. O(1) below the maximum, O(connections) at it.
    pub(super) fn find(&mut self) -> Found {
        if self.taken.len() < self.max {
            return Found::Free;
        }
        self.taken.retain(|place| !place.task.is_finished());
        if self.taken.len() < self.max {
            return Found::Free;
        }
        let quiet = self.taken.iter().enumerate();
        let quiet = quiet.filter_map(|(at, place)| Some((place.activity.quiet_since()?, at)));
        let Some((_, longest)) = quiet.min() else {
            return Found::Full;
        };
        self.taken.swap_remove(longest).task.abort();
        Found::Replaced
    }

    /// A connection takes its place.
    pub(super) fn take(&mut self, activity: Arc<Activity>, task: AbortHandle) {
        self.taken.push(Place { activity, task });
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
        let busy = open[0].0.call();
        assert_eq!(room.find(), Found::Replaced);
        let gone = open
            .remove(1)
            .1
            .await
            .expect_err("the second one is closed");
        assert!(gone.is_cancelled());
        let calls: Vec<_> = open.iter().map(|(activity, _)| activity.call()).collect();
        room.take(
            Activity::new(),
            tokio::spawn(pending::<()>()).abort_handle(),
        );
        let newest = room.taken.last().expect("taken").activity.call();
        assert_eq!(room.find(), Found::Full);
        drop((busy, calls));
        open[0].1.abort();
        let _ = (&mut open[0].1).await;
        assert_eq!(room.find(), Found::Free, "one has ended by itself");
        drop(newest);
    }
}
