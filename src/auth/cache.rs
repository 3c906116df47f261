//! Verdicts on tokens that were verified before: found by hash, bounded in number, and valid until
//! the token ends or anything changes that the verdict depends on.

use std::hash::{BuildHasherDefault, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::digest::{SHA256, digest};
use quick_cache::UnitWeighter;
use quick_cache::sync::{Cache, DefaultLifecycle};

use super::claims::Validity;
use super::verdict::Permit;

/// Maximum number of tokens kept. AGS uses a handful; each takes well under 1 KiB here.
const CAPACITY: usize = 8192;

/// SHA-256 of a token: equal only for equal texts. A copy of the memory does not reveal the token.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct TokenHash([u8; 32]);

impl TokenHash {
    pub(super) fn of(token: &[u8]) -> Self {
        let hash = digest(&SHA256, token);
        Self(hash.as_ref().try_into().expect("SHA-256 has 32 bytes"))
    }
}

/// Takes 8 bytes of a SHA-256 as they are. Only tokens that IAM signed are put in, so a caller
/// cannot choose keys that collide.
#[derive(Default)]
pub(super) struct TakeBytes(u64);

impl Hasher for TakeBytes {
    fn write(&mut self, bytes: &[u8]) {
        if let Some(first) = bytes.first_chunk() {
            self.0 = u64::from_ne_bytes(*first);
        }
    }

    // The length of the array, which is the same for all.
    fn write_usize(&mut self, _: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

/// Counts the changes of keys, revocation list and roles. A verdict has the count from *before* it
/// read any of them, so a verdict that overlapped with a change is never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Generation(u64);

#[derive(Clone)]
struct Verdict {
    permit: Permit,
    validity: Validity,
    generation: Generation,
}

pub(super) struct VerifiedTokens {
    verdicts: Cache<TokenHash, Verdict, UnitWeighter, BuildHasherDefault<TakeBytes>>,
    generation: AtomicU64,
}

impl VerifiedTokens {
    pub(super) fn new() -> Self {
        let verdicts = Cache::with(
            CAPACITY,
            CAPACITY as u64,
            UnitWeighter,
            BuildHasherDefault::default(),
            DefaultLifecycle::default(),
        );
        Self {
            verdicts,
            generation: AtomicU64::new(0),
        }
    }

    /// The permit of a token that was verified before, if it is still valid at `now` (Unix
    /// seconds).
    pub(super) fn get(&self, token: &TokenHash, now: f64) -> Option<Permit> {
        let verdict = self.verdicts.get(token)?;
        let stands = verdict.generation == self.generation() && verdict.validity.check(now).is_ok();
        stands.then_some(verdict.permit)
    }

    pub(super) fn put(
        &self,
        token: TokenHash,
        permit: Permit,
        validity: Validity,
        generation: Generation,
    ) {
        self.verdicts.insert(
            token,
            Verdict {
                permit,
                validity,
                generation,
            },
        );
    }

    pub(super) fn generation(&self) -> Generation {
        Generation(self.generation.load(Ordering::Acquire))
    }

    /// Ends every verdict so far. To be called after the change has become visible.
    pub(super) fn end_all(&self) {
        self.generation.fetch_add(1, Ordering::Release);
    }
}
