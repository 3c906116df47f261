//! Work that is shared by threads, with results that do not depend on how many there are.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Works on each job, on so many threads; the results are in the order of the jobs.
///
/// # Errors
///
/// One of the errors of the work. Threads that meet none go on to their end.
///
/// # Panics
///
/// If the work does.
pub fn in_parallel<J: Sync, T: Send, E: Send>(
    threads: usize,
    jobs: &[J],
    work: impl Fn(&J) -> Result<T, E> + Sync,
) -> Result<Vec<T>, E> {
    let next = AtomicUsize::new(0);
    let share = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(job) = jobs.get(at) else {
                return Ok(done);
            };
            done.push((at, work(job)?));
        }
    };
    let threads = threads.clamp(1, jobs.len().max(1));
    let finished: Vec<Result<Vec<_>, E>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(share)).collect();
        let joined = threads.into_iter().map(|thread| match thread.join() {
            Ok(done) => done,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        joined.collect()
    });
    let mut all = Vec::with_capacity(jobs.len());
    for done in finished {
        all.extend(done?);
    }
    all.sort_by_key(|(at, _)| *at);
    Ok(all.into_iter().map(|(_, result)| result).collect())
}
