//! What a connection is busy with: what its limits of time are measured by.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Maximum time for the preface and SETTINGS of a client, and for a block of headers.
pub(super) const HANDSHAKE: Duration = Duration::from_secs(10);

/// Shared by the connection, its calls, and the loop that accepts connections.
#[derive(Debug)]
pub(super) struct Activity(Mutex<State>);

#[derive(Debug)]
struct State {
    /// Since when the client owes the rest of its greeting or of a block of headers.
    owing: Option<Instant>,
    calls: usize,
    /// When a call was cut, since the client left no room for its answers or its status.
    stalled: Option<Instant>,
    /// When the connection began, or its last call ended.
    quiet_since: Instant,
}

/// Which limit of time is reached next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Limit {
    /// For what the client has begun to send.
    Handshake,
    /// Without a call.
    Idle,
    /// For taking what is sent.
    Stalled,
}

impl Activity {
    /// Of a connection that has sent nothing.
    pub(super) fn new() -> Arc<Self> {
        let now = Instant::now();
        Arc::new(Self(Mutex::new(State {
            owing: Some(now),
            calls: 0,
            stalled: None,
            quiet_since: now,
        })))
    }

    fn state<T>(&self, read: impl FnOnce(&mut State) -> T) -> T {
        // A poisoned state is a whole one: nothing in between can panic.
        read(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether the client owes the rest of its greeting or of a block of headers.
    pub(super) fn set_owing(&self, owing: bool) {
        self.state(|state| {
            state.owing = match state.owing {
                since @ Some(_) if owing => since,
                _ => owing.then(Instant::now),
            };
        });
    }

    /// A call begins, and lasts as long as what is returned.
    pub(super) fn call(self: &Arc<Self>) -> OpenCall {
        self.state(|state| state.calls += 1);
        OpenCall(Arc::clone(self))
    }

    /// A call had to be cut.
    pub(super) fn set_stalled(&self) {
        let now = Instant::now();
        self.state(|state| state.stalled = state.stalled.or(Some(now)));
    }

    /// Since when there has been no call; `None` while there is one.
    pub(super) fn quiet_since(&self) -> Option<Instant> {
        self.state(|state| (state.calls == 0).then_some(state.quiet_since))
    }

    /// The limit that is reached first as things stand, and when; `None` while there are calls and
    /// the client owes nothing.
    pub(super) fn next_limit(&self, idle: Duration) -> Option<(Instant, Limit)> {
        self.state(|state| match (state.owing, state.stalled) {
            (Some(since), _) => Some((since + HANDSHAKE, Limit::Handshake)),
            (None, Some(since)) => Some((since, Limit::Stalled)),
            (None, None) if state.calls > 0 => None,
            (None, None) => Some((state.quiet_since + idle, Limit::Idle)),
        })
    }
}

/// A call that has begun and not ended.
#[derive(Debug)]
pub(super) struct OpenCall(Arc<Activity>);

impl Drop for OpenCall {
    fn drop(&mut self) {
        self.0.state(|state| {
            state.calls -= 1;
            if state.calls == 0 {
                state.quiet_since = Instant::now();
            }
        });
    }
}
