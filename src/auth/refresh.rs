//! Fetches something again and again in the background: at intervals while that succeeds, sooner
//! after a failure.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use tokio::time::sleep;

/// The wait after a first failure; each further one doubles it.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// Maximum wait after a failure, unless AGS asks for more.
const MAX_WAIT: Duration = Duration::from_secs(30);

/// Why an attempt failed, and how long AGS asks to wait.
pub(super) struct Failure<E> {
    pub(super) error: E,
    pub(super) retry_after: Option<Duration>,
}

/// Attempts without end. A success returns how long to wait for the next attempt.
pub(super) async fn keep_fresh<E, F>(what: &'static str, mut attempt: impl FnMut() -> F)
where
    E: fmt::Display,
    F: Future<Output = Result<Duration, Failure<E>>>,
{
    let mut failures = 0;
    loop {
        let wait = match attempt().await {
            Ok(wait) => {
                if failures > 0 {
                    tracing::info!(what, failures, "AGS answers again");
                }
                failures = 0;
                wait
            }
            Err(Failure { error, retry_after }) => {
                failures += 1;
                let wait = back_off(failures, fastrand::f64()).max(retry_after.unwrap_or_default());
                let wait_s = wait.as_secs_f64();
                // One warning per outage: what was fetched before stays in use.
                if failures == 1 {
                    tracing::warn!(what, %error, wait_s, "refresh from AGS failed; it is repeated until it succeeds");
                } else {
                    tracing::debug!(what, %error, failures, wait_s, "refresh from AGS failed again");
                }
                wait
            }
        };
        sleep(wait).await;
    }
}

/// The wait after the n-th failure in a row, spread by `jitter` (0 to 1) over its upper half, so
/// that replicas that failed at the same time do not try again at the same time.
fn back_off(failures: u32, jitter: f64) -> Duration {
    let doubled = FIRST_WAIT.saturating_mul(1_u32.checked_shl(failures - 1).unwrap_or(u32::MAX));
    doubled.min(MAX_WAIT).mul_f64(0.5 + jitter / 2.0)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::{Instant, timeout};

    use super::{Failure, back_off, keep_fresh};

    #[test]
    fn waits_double_up_to_a_bound() {
        for (failures, maximum) in [
            (1, 1.0),
            (2, 2.0),
            (5, 16.0),
            (6, 30.0),
            (33, 30.0),
            (u32::MAX, 30.0),
        ] {
            assert_eq!(
                back_off(failures, 1.0),
                Duration::from_secs_f64(maximum),
                "{failures}"
            );
            assert_eq!(
                back_off(failures, 0.0),
                Duration::from_secs_f64(maximum / 2.0),
                "{failures}"
            );
        }
    }

    /// The times of the attempts within `span`, given their outcomes by turn.
    async fn attempts(
        span: Duration,
        mut outcome: impl FnMut(usize) -> Result<Duration, Failure<&'static str>>,
    ) -> Vec<Duration> {
        let (start, mut times) = (Instant::now(), Vec::new());
        let run = keep_fresh("test", || {
            times.push(start.elapsed());
            let outcome = outcome(times.len());
            async { outcome }
        });
        assert!(timeout(span, run).await.is_err(), "it never ends");
        times
    }

    #[tokio::test(start_paused = true)]
    async fn keeps_the_interval_while_it_works() {
        let times = attempts(Duration::from_secs(7201), |_| Ok(Duration::from_secs(3600))).await;
        assert_eq!(
            times.iter().map(Duration::as_secs).collect::<Vec<_>>(),
            [0, 3600, 7200]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn comes_back_soon_after_a_failure_and_then_keeps_the_interval() {
        let failure = || Failure {
            error: "down",
            retry_after: None,
        };
        let times = attempts(Duration::from_secs(3500), |turn| {
            if turn <= 10 {
                Err(failure())
            } else {
                Ok(Duration::from_secs(3600))
            }
        })
        .await;
        assert_eq!(times.len(), 11);
        for pair in times.windows(2) {
            let wait = pair[1] - pair[0];
            assert!(
                wait >= Duration::from_millis(500) && wait <= Duration::from_millis(30_001),
                "{wait:?}"
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn waits_as_long_as_ags_asks() {
        let times = attempts(Duration::from_secs(130), |_| {
            Err(Failure {
                error: "busy",
                retry_after: Some(Duration::from_secs(120)),
            })
        })
        .await;
        assert_eq!(
            times.iter().map(Duration::as_secs).collect::<Vec<_>>(),
            [0, 120]
        );
    }
}
