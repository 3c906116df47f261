//! What was done to the servers, and what went wrong.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use match_function::proto::match_function_client::MatchFunctionClient;
use tonic::transport::{Channel, Endpoint, Error};

/// Failures that are kept with their texts.
const KEPT: usize = 20;

/// Where calls go.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    endpoint: Endpoint,
}

impl Target {
    /// A server or a proxy; it need not answer yet.
    pub(crate) fn at(address: SocketAddr) -> Result<Self, Error> {
        let endpoint = Channel::from_shared(format!("http://{address}"));
        Ok(Self {
            address,
            endpoint: endpoint.expect("an address is a valid authority"),
        })
    }

    /// A client with a connection of its own.
    pub(crate) fn client(&self) -> MatchFunctionClient<Channel> {
        MatchFunctionClient::new(self.endpoint.connect_lazy())
    }
}

/// Counts of all clients.
#[derive(Debug, Default)]
pub(crate) struct Load(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    done: BTreeMap<&'static str, u64>,
    failed: u64,
    failures: Vec<String>,
}

impl Load {
    /// So much was done.
    pub(crate) fn count(&self, what: &'static str, times: u64) {
        *self.lock().done.entry(what).or_default() += times;
    }

    /// What has to hold does not.
    pub(crate) fn fail(&self, what: String) {
        let mut counts = self.lock();
        counts.failed += 1;
        if counts.failures.len() < KEPT {
            counts.failures.push(what);
        }
    }

    /// All counts so far.
    pub(crate) fn line(&self) -> String {
        let counts = self.lock();
        let mut line = String::new();
        for (what, times) in &counts.done {
            let _ = write!(line, "{what} {times}, ");
        }
        let _ = write!(line, "failed {}", counts.failed);
        line
    }

    /// The first failures, and how many more there were.
    pub(crate) fn failures(&self) -> Vec<String> {
        let counts = self.lock();
        let mut failures = counts.failures.clone();
        let more = counts.failed - failures.len() as u64;
        if more > 0 {
            failures.push(format!("and {more} more"));
        }
        failures
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
