//! The one place that reads the clock of the machine.

use std::time::{SystemTime, UNIX_EPOCH};

/// Unix milliseconds now; 0 on a machine whose clock stands before 1970.
pub fn unix_ms() -> i64 {
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
}
