use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::channel;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use bytes::Bytes;

use super::*;
use crate::matching::{Player, Ticket};
use crate::service::ServiceMetrics;
use crate::telemetry::metrics::Metrics;
use crate::telemetry::testing::{metrics, value};

const MIB: u64 = 1 << 20;

/// 100 MiB: large calls wait from 80 MiB on, and are refused from 95 MiB on.
fn budget() -> (MemoryBudget, Metrics) {
    let metrics = metrics();
    let series = ServiceMetrics::register(metrics.registrar()).expect("registered once");
    (MemoryBudget::new(100 * MIB, series.memory()), metrics)
}

/// A call that holds so many MiB.
fn call(budget: &MemoryBudget, mib: u64) -> CallMemory {
    let call = budget.open(1, 0);
    call.is_of_a_stream();
    call.hold(mib * MIB);
    call
}

/// A task, and how often it was woken.
#[derive(Default)]
struct Task(AtomicUsize);

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

impl Task {
    fn polls(self: &Arc<Self>, call: &CallMemory) -> Poll<Result<(), NoRoom>> {
        let waker = Waker::from(Arc::clone(self));
        call.poll_room(&Context::from_waker(&waker))
    }

    fn woken(&self) -> usize {
        self.0.swap(0, SeqCst)
    }
}

const GO: Poll<Result<(), NoRoom>> = Poll::Ready(Ok(()));

fn is_refused(polled: Poll<Result<(), NoRoom>>) -> bool {
    matches!(polled, Poll::Ready(Err(_)))
}

#[test]
fn what_a_call_holds_is_taken_in_grains_and_given_back_with_it() {
    let (budget, metrics) = budget();
    let used = || value(&metrics, "t_memory_used_bytes") as u64;
    assert_eq!(
        value(&metrics, "t_memory_limit_bytes") as u64,
        100 * MIB,
        "the limit is told"
    );
    let call = call(&budget, 0);
    let grain = used();
    assert!(grain > 0, "an open call costs something");
    call.hold(1);
    assert_eq!(used(), 2 * grain);
    call.hold(3 * grain);
    assert_eq!(used(), 4 * grain);
    call.hold(2 * grain);
    assert_eq!(used(), 4 * grain, "one grain stays for the next ticket");
    call.hold(grain);
    assert_eq!(used(), 2 * grain);
    let thread = call.clone();
    drop(call);
    assert_eq!(used(), 2 * grain, "a thread still works");
    drop(thread);
    assert_eq!(used(), 0);
}

#[test]
fn bytes_of_a_message_that_is_not_complete_count() {
    let (budget, metrics) = budget();
    let used = || value(&metrics, "t_memory_used_bytes") as u64 / MIB;
    let stream = call(&budget, 0);
    stream.receive(MIB as usize);
    stream.receive(MIB as usize);
    assert_eq!(used(), 2);
    stream.message();
    stream.hold(0);
    assert_eq!(used(), 0);
    // A call that is not a stream is charged until it ends; gzip with what it may become.
    let unary = budget.open(1000, 4 * MIB);
    unary.receive(2 << 10);
    assert_eq!(used(), 1);
    unary.receive(1 << 20);
    assert_eq!(used(), 4, "the maximum of a message");
}

#[test]
fn the_newest_large_calls_wait_first_and_the_oldest_never() {
    let (budget, metrics) = budget();
    let (oldest, middle, newest) = (call(&budget, 60), call(&budget, 10), call(&budget, 10));
    let tasks = [(); 3].map(|()| Arc::new(Task::default()));
    // 80 of 100: the three may go on up to 95, 90 and 85.
    for (task, call) in tasks.iter().zip([&oldest, &middle, &newest]) {
        assert_eq!(task.polls(call), GO);
    }
    oldest.hold(66 * MIB);
    assert_eq!(tasks[0].polls(&oldest), GO);
    assert_eq!(tasks[1].polls(&middle), GO);
    assert_eq!(tasks[2].polls(&newest), Poll::Pending);
    assert!(newest.held_back().is_some() && middle.held_back().is_none());
    oldest.hold(71 * MIB);
    assert_eq!(tasks[0].polls(&oldest), GO);
    assert_eq!(tasks[1].polls(&middle), Poll::Pending);
    assert_eq!(tasks[2].polls(&newest), Poll::Pending);
    assert_eq!(value(&metrics, "t_memory_held_back_total"), 2.0);

    // The oldest one has been read: the others move up, and the next one may go on.
    oldest.is_read();
    assert_eq!(tasks.each_ref().map(|task| task.woken()), [0, 1, 0]);
    assert_eq!(tasks[1].polls(&middle), GO);
    assert_eq!(tasks[2].polls(&newest), Poll::Pending);
    drop(oldest);
    assert_eq!(tasks.each_ref().map(|task| task.woken()), [0, 0, 1]);
    assert_eq!(tasks[2].polls(&newest), GO);
    assert!(newest.held_back().is_none());
    assert_eq!(value(&metrics, "t_memory_refused_total"), 0.0);
}

#[test]
fn a_used_budget_refuses_the_newest_large_call() {
    let (budget, metrics) = budget();
    let (oldest, newest) = (call(&budget, 85), call(&budget, 5));
    let tasks = [(); 2].map(|()| Arc::new(Task::default()));
    assert_eq!(tasks[1].polls(&newest), Poll::Pending);
    oldest.hold(91 * MIB);
    assert_eq!(
        tasks[0].polls(&oldest),
        Poll::Pending,
        "until that one is gone"
    );
    assert_eq!(tasks[1].woken(), 1);
    let Poll::Ready(Err(why)) = tasks[1].polls(&newest) else {
        panic!("the newest one is refused");
    };
    assert!(why.is_large && why.limit == 100 * MIB && why.taken >= 5 * MIB);
    assert_eq!(value(&metrics, "t_memory_refused_total"), 1.0);
    drop(newest);
    assert_eq!(tasks[0].woken(), 1);
    assert_eq!(tasks[0].polls(&oldest), GO);
}

#[test]
fn a_large_call_that_waits_for_its_client_learns_that_it_is_refused() {
    let (budget, _) = budget();
    let (oldest, newest) = (call(&budget, 50), call(&budget, 20));
    let task = Arc::new(Task::default());
    let waker = Waker::from(Arc::clone(&task));
    let cx = Context::from_waker(&waker);
    assert_eq!(newest.poll_refused(&cx), Poll::Pending);
    oldest.hold(76 * MIB);
    assert_eq!(Arc::new(Task::default()).polls(&oldest), Poll::Pending);
    assert_eq!(task.woken(), 1);
    assert!(is_refused(newest.poll_refused(&cx)));
}

#[test]
fn the_only_large_call_waits_for_those_that_end_by_themselves() {
    let (budget, _) = budget();
    let (finishing, reading) = (call(&budget, 60), call(&budget, 35));
    finishing.is_read();
    let task = Arc::new(Task::default());
    assert_eq!(task.polls(&reading), Poll::Pending);
    drop(finishing);
    assert_eq!(task.woken(), 1);
    assert_eq!(task.polls(&reading), GO);
    reading.hold(95 * MIB);
    assert!(
        is_refused(task.polls(&reading)),
        "there is no other to wait for"
    );
}

#[test]
fn small_calls_have_the_rest_to_themselves() {
    let (budget, metrics) = budget();
    let large = call(&budget, 96);
    large.is_read();
    let task = Arc::new(Task::default());
    let small = call(&budget, 0);
    assert_eq!(task.polls(&small), GO);
    let waiting = call(&budget, 2);
    assert_eq!(task.polls(&waiting), Poll::Pending);
    assert_eq!(task.polls(&small), GO);
    // Used to the last byte: a large call that is being read has to go first.
    large.hold(99 * MIB);
    assert_eq!(task.polls(&small), Poll::Pending);
    assert!(is_refused(task.polls(&waiting)));
    drop(waiting);
    task.woken();
    assert_eq!(task.polls(&small), GO);
    large.hold(101 * MIB);
    let Poll::Ready(Err(why)) = task.polls(&small) else {
        panic!("there is no large one to refuse");
    };
    assert!(!why.is_large);
    assert_eq!(value(&metrics, "t_memory_refused_total"), 2.0);
}

/// Threads take, wait and give back as they like: every one comes to its end.
#[test]
fn no_wake_up_is_lost() {
    let (budget, metrics) = budget();
    let (ended, threads) = channel();
    for thread in 0..16_u64 {
        let (budget, ended) = (budget.clone(), ended.clone());
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().build();
            let runtime = runtime.expect("a runtime");
            let mut random = fastrand::Rng::with_seed(thread);
            for _ in 0..200 {
                let call = call(&budget, 0);
                let wanted = random.u64(1..30);
                for mib in 1..=wanted {
                    if runtime.block_on(poll_fn(|cx| call.poll_room(cx))).is_err() {
                        break;
                    }
                    call.hold(mib * MIB);
                    std::thread::yield_now();
                }
                call.is_read();
            }
            ended.send(()).expect("the test waits");
        });
    }
    for _ in 0..16 {
        threads.recv_timeout(Duration::from_secs(60)).expect("ends");
    }
    assert_eq!(value(&metrics, "t_memory_used_bytes"), 0.0);
    assert!(value(&metrics, "t_memory_held_back_total") > 0.0);
}

fn ticket(body: usize) -> Ticket {
    Ticket {
        players: vec![Player::default()],
        body: Bytes::from(vec![0; body]),
        ..Ticket::default()
    }
}

#[test]
fn a_stream_holds_its_tickets_until_their_answer_is_sent() {
    let (budget, metrics) = budget();
    let used = || value(&metrics, "t_memory_used_bytes") as u64 / MIB;
    let mut ledger = Ledger::new(budget.open(1, 0));
    let mut tickets = [(); 4].map(|()| ticket(MIB as usize));
    for ticket in &tickets {
        ledger.message(ticket.body.clone().into());
    }
    ledger.take(&mut tickets, None, 0);
    assert_eq!(used(), 4);
    for ticket in &tickets[..2] {
        ledger.send(ticket);
    }
    assert_eq!(used(), 4, "the answer is on its way");
    ledger.is_sent();
    // The buffers that hold the other two may hold these as well.
    assert_eq!(used(), 4);
    for ticket in &tickets[2..] {
        ledger.send(ticket);
    }
    ledger.is_sent();
    assert_eq!(used(), 0);
}

#[test]
fn a_compressed_message_gets_memory_of_its_own() {
    let (budget, _) = budget();
    let buffer = Bytes::from(vec![1; 1000]);
    let message = || buffer.slice(..10).into();
    let mut plain = Ledger::new(budget.open(1, 0));
    let kept = plain.message(message());
    assert_eq!(kept.fields().as_ptr(), buffer.as_ptr());
    let mut compressed = Ledger::new(budget.open(1032, 0));
    let copied = compressed.message(message());
    assert_eq!(copied, kept);
    assert_ne!(copied.fields().as_ptr(), buffer.as_ptr());
}
