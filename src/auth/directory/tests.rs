use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::{Instant, advance, sleep, timeout};

use super::{ABSENT_FOR, Answer, CAPACITY, Directory, FAILURE_COOLDOWN};
use crate::auth::iam::{BoxFuture, IamError};

type Told = Result<Option<u32>, ()>;

/// A directory over answers that a test can change, and how often it was asked.
struct Desk {
    directory: Arc<Directory<&'static str, u32>>,
    told: Arc<Mutex<HashMap<&'static str, Told>>>,
    asked: Arc<AtomicUsize>,
    changes: Arc<AtomicUsize>,
}

impl Desk {
    fn new(told: &[(&'static str, Told)]) -> Self {
        let told = Arc::new(Mutex::new(told.iter().copied().collect::<HashMap<_, _>>()));
        let asked = Arc::new(AtomicUsize::new(0));
        let changes = Arc::new(AtomicUsize::new(0));
        let (answers, count) = (Arc::clone(&told), Arc::clone(&asked));
        let fetch = move |key| -> BoxFuture<'static, Result<Option<u32>, IamError>> {
            count.fetch_add(1, Ordering::SeqCst);
            let told = answers
                .lock()
                .unwrap()
                .get(key)
                .copied()
                .unwrap_or(Ok(None));
            Box::pin(async move {
                sleep(Duration::from_secs(1)).await;
                told.map_err(|()| IamError::Cancelled)
            })
        };
        let counted = Arc::clone(&changes);
        let on_change = move || {
            counted.fetch_add(1, Ordering::SeqCst);
        };
        let directory = Arc::new(Directory::new(fetch, on_change));
        Self {
            directory,
            told,
            asked,
            changes,
        }
    }

    fn tell(&self, key: &'static str, told: Told) {
        self.told.lock().unwrap().insert(key, told);
    }

    fn changes(&self) -> usize {
        self.changes.load(Ordering::SeqCst)
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

fn found(value: u32) -> Answer<u32> {
    Answer::Found(Arc::new(value))
}

#[tokio::test(start_paused = true)]
async fn asks_once_for_all_that_need_the_same() {
    let desk = Desk::new(&[("a", Ok(Some(1)))]);
    let get = || desk.directory.get(&"a");
    assert_eq!(
        tokio::join!(get(), get(), get()),
        (found(1), found(1), found(1))
    );
    assert_eq!(get().await, found(1));
    assert_eq!(desk.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_caller_leaves_the_answer_behind() {
    let desk = Desk::new(&[("a", Ok(Some(1)))]);
    assert!(
        timeout(Duration::from_millis(10), desk.directory.get(&"a"))
            .await
            .is_err()
    );
    sleep(Duration::from_secs(2)).await;
    assert_eq!(desk.directory.known(&"a"), Some(found(1)));
    assert_eq!(desk.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn absence_is_believed_for_a_while_only() {
    let desk = Desk::new(&[]);
    assert_eq!(desk.directory.get(&"a").await, Answer::Absent);
    desk.tell("a", Ok(Some(1)));
    assert_eq!(desk.directory.get(&"a").await, Answer::Absent);
    advance(ABSENT_FOR).await;
    assert_eq!(desk.directory.get(&"a").await, found(1));
    assert_eq!(desk.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_not_absence_and_has_a_cooldown() {
    let desk = Desk::new(&[("a", Err(()))]);
    for _ in 0..100 {
        assert_eq!(desk.directory.get(&"a").await, Answer::Unknown);
    }
    assert_eq!(desk.asked(), 1);
    desk.tell("a", Ok(Some(1)));
    advance(FAILURE_COOLDOWN).await;
    assert_eq!(desk.directory.get(&"a").await, found(1));
}

#[tokio::test(start_paused = true)]
async fn refresh_follows_changes_and_keeps_the_old_through_a_failure() {
    let desk = Desk::new(&[("a", Ok(Some(1))), ("b", Ok(Some(2)))]);
    for key in ["a", "b"] {
        desk.directory.get(&key).await;
    }
    advance(Duration::from_secs(60)).await;
    let since = Instant::now();
    desk.tell("a", Err(()));
    assert_eq!(desk.directory.refresh(since).await, Err(()));
    assert_eq!(
        desk.directory.known(&"a"),
        Some(found(1)),
        "the last good answer"
    );
    desk.tell("a", Ok(Some(9)));
    assert_eq!(desk.changes(), 0);
    assert_eq!(desk.directory.refresh(since).await, Ok(()));
    assert_eq!(desk.directory.known(&"a"), Some(found(9)));
    assert_eq!(desk.directory.known(&"b"), Some(found(2)));
    assert_eq!(desk.changes(), 1, "only one of them changed");
    let asked = desk.asked();
    assert_eq!(desk.directory.refresh(since).await, Ok(()));
    assert_eq!(desk.asked(), asked, "nothing is older");
}

#[tokio::test(start_paused = true)]
async fn refresh_takes_a_withdrawn_value_away() {
    let desk = Desk::new(&[("a", Ok(Some(1)))]);
    desk.directory.get(&"a").await;
    advance(Duration::from_secs(60)).await;
    desk.tell("a", Ok(None));
    assert_eq!(desk.directory.refresh(Instant::now()).await, Ok(()));
    assert_eq!(desk.directory.known(&"a"), Some(Answer::Absent));
    assert_eq!(desk.changes(), 1);
}

#[tokio::test(start_paused = true)]
async fn refresh_drops_what_was_not_used() {
    let desk = Desk::new(&[("a", Ok(Some(1)))]);
    desk.directory.get(&"a").await;
    for (asked, known) in [(2, true), (2, false)] {
        advance(Duration::from_secs(60)).await;
        assert_eq!(desk.directory.refresh(Instant::now()).await, Ok(()));
        assert_eq!(desk.asked(), asked);
        let entries = desk.directory.entries.lock().unwrap();
        assert_eq!(entries.contains_key("a"), known);
    }
}

#[tokio::test(start_paused = true)]
async fn is_bounded() {
    let directory: Arc<Directory<usize, usize>> = Arc::new(Directory::new(
        |key| Box::pin(async move { Ok(Some(key)) }),
        || {},
    ));
    for key in 0..CAPACITY + 10 {
        directory.get(&key).await;
        advance(Duration::from_millis(1)).await;
    }
    assert_eq!(directory.entries.lock().unwrap().len(), CAPACITY);
    assert_eq!(directory.known(&0), None);
    assert_eq!(
        directory.known(&(CAPACITY + 9)),
        Some(Answer::Found(Arc::new(CAPACITY + 9)))
    );
    assert!(directory.flights.lock().unwrap().is_empty());
}
