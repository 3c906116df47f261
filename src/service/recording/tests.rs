//! What is recorded, what is dropped, and that calls do not notice.

use std::fs;
use std::path::Path;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use super::*;
use crate::capture::EXTENSION;
use crate::service::ServiceMetrics;

fn settings(folder: &Path) -> RecordSettings {
    RecordSettings {
        record_ticks_dir: Some(folder.to_owned()),
        ..RecordSettings::default()
    }
}

fn recorder(settings: RecordSettings) -> (Recorder, Writer) {
    let started = Recorder::start(settings, &Limits::default(), &Registrar::detached());
    started.expect("the names are free").expect("a folder")
}

/// A recorder whose captures nobody writes.
fn unwritten(may_hold: u64, room: usize) -> (Recorder, Receiver<Finished>) {
    let (writer, finished) = sync_channel(room);
    let recorder = Recorder(Arc::new(Inner {
        settings: RecordSettings::default(),
        bounds: Limits::default().recorded(),
        writer,
        metrics: RecordMetrics::register(&Registrar::detached()).expect("the names are free"),
        spare: Spare::default(),
        held: Arc::default(),
        may_hold,
    }));
    (recorder, finished)
}

fn record(pool: &'static str, tick_id: u64) -> TickRecord {
    let mut record = ServiceMetrics::default().tick_begins(TickKind::Match);
    record.match_pool = pool.into();
    record.tick_id = tick_id;
    record.now_ms = 1_767_225_600_000;
    record.finished = true;
    record
}

/// Records a tick with a request of so many bytes.
fn play(recorder: &Recorder, record: &TickRecord, bytes: usize) {
    let mut recording = recorder.begin(TickKind::Match);
    // Noise, which does not become smaller.
    let mut rng = fastrand::Rng::with_seed(record.tick_id);
    let noise: Vec<u8> = std::iter::repeat_with(|| rng.u8(..)).take(bytes).collect();
    // In a field that nobody knows.
    let mut request = Vec::new();
    prost::encoding::bytes::encode(15, &noise, &mut request);
    recording.request(&request);
    recording.decide(record);
    recording.answer(b"\x12\x01t", 0, &[]);
    recording.finish(record);
}

fn count(recorder: &Recorder, outcome: Outcome) -> u64 {
    let captures = &recorder.0.metrics.captures;
    captures.with_label_values(&[outcome.as_str()]).get()
}

/// Waits until so many captures have had that outcome.
fn wait_for(recorder: &Recorder, outcome: Outcome, times: u64) {
    for _ in 0..1000 {
        if count(recorder, outcome) == times {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("{outcome:?}: {}", count(recorder, outcome));
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn what_was_recorded_is_written_before_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let deep = folder.path().join("new/folder");
    let (recorder, writer) = recorder(settings(&deep));
    for tick in 0..20 {
        play(&recorder, &record("duel", tick), 1000);
    }
    drop(recorder);
    writer.finished(Duration::from_secs(10)).await;
    assert_eq!(names(&deep).len(), 20);
    let capture = crate::capture::read(&deep.join(&names(&deep)[0])).unwrap();
    assert_eq!(
        (&*capture.header.match_pool, capture.header.finished),
        ("duel", true)
    );
    assert_eq!(capture.header.bounds["MAX_TICKETS_PER_STREAM"], 200_000);
    assert_eq!((capture.requests.len(), capture.answers.len()), (1, 1));
}

#[test]
fn pools_share_and_duration_choose() {
    let mut settings = RecordSettings {
        record_ticks_pools: " duel, raid ".to_owned(),
        ..RecordSettings::default()
    };
    assert!(settings.chooses("duel", 1) && settings.chooses("raid", 1));
    assert!(!settings.chooses("other", 1));
    settings.record_ticks_pools.clear();
    settings.record_ticks_share = 0.0;
    assert!((0..1000).all(|tick| !settings.chooses("duel", tick)));
    settings.record_ticks_share = 0.25;
    let chosen = (0..10_000)
        .filter(|tick| settings.chooses("duel", *tick))
        .count();
    assert!((2300..2700).contains(&chosen), "{chosen}");
    let again = (0..10_000)
        .filter(|tick| settings.chooses("duel", *tick))
        .count();
    assert_eq!(chosen, again, "the same ticks each time");

    let (mut slow, finished) = unwritten(1 << 20, 8);
    Arc::get_mut(&mut slow.0)
        .unwrap()
        .settings
        .record_ticks_slower_than_ms = 100;
    let mut tick = record("duel", 1);
    tick.duration = Duration::from_millis(99);
    play(&slow, &tick, 10);
    assert!(finished.try_recv().is_err());
    tick.duration = Duration::from_millis(100);
    play(&slow, &tick, 10);
    assert!(finished.try_recv().is_ok());
}

#[test]
fn a_tick_without_a_pool_is_not_recorded() {
    let (recorder, finished) = unwritten(1 << 20, 8);
    play(&recorder, &record("", 1), 10);
    assert!(finished.try_recv().is_err());
    assert_eq!(recorder.0.held.load(Relaxed), 0);
}

#[test]
fn a_full_queue_drops_what_comes_and_counts_it() {
    let (recorder, finished) = unwritten(1 << 30, 2);
    for tick in 0..5 {
        play(&recorder, &record("duel", tick), 10);
    }
    assert_eq!(count(&recorder, Outcome::QueueFull), 3);
    assert_eq!(recorder.0.held.load(Relaxed), 2 * GRAIN);
    drop(finished);
    play(&recorder, &record("duel", 9), 10);
    assert_eq!(count(&recorder, Outcome::DiskError), 1);
    assert_eq!(recorder.0.held.load(Relaxed), 0, "all is given back");
}

#[test]
fn recordings_hold_no_more_than_they_may() {
    let (recorder, _finished) = unwritten(3 * GRAIN, 8);
    let mut first = recorder.begin(TickKind::Match);
    let request = vec![0; GRAIN as usize];
    first.request(&request);
    let mut second = recorder.begin(TickKind::Match);
    second.request(&request);
    assert_eq!((first.is_over(), second.is_over()), (false, true));
    assert_eq!(count(&recorder, Outcome::NoMemory), 1);
    // What the second one held is free again.
    assert_eq!(recorder.0.held.load(Relaxed), 2 * GRAIN);
    second.request(&request);
    assert_eq!(recorder.0.held.load(Relaxed), 2 * GRAIN);
    drop(first);
    assert_eq!(recorder.0.held.load(Relaxed), 0);
}

#[test]
fn the_oldest_captures_are_removed_first() {
    let folder = tempfile::tempdir().unwrap();
    let before = folder
        .path()
        .join("20200101T000000.000Z_old_match_1.tick.zst");
    fs::write(&before, vec![0; 50_000]).unwrap();
    let half = folder
        .path()
        .join("20200101T000000.000Z_old_match_2.tick.zst.part");
    fs::write(&half, b"half").unwrap();
    let other = folder.path().join("notes.txt");
    fs::write(&other, b"not a capture").unwrap();
    let (recorder, _writer) = recorder(RecordSettings {
        record_ticks_max_bytes: 100_000,
        ..settings(folder.path())
    });
    let mut tick = record("duel", 1);
    for second in 0..4 {
        tick.now_ms += 1000;
        play(&recorder, &tick, 30_000);
        wait_for(&recorder, Outcome::Written, second + 1);
    }
    let left = names(folder.path());
    let captures: Vec<&String> = left
        .iter()
        .filter(|name| name.ends_with(EXTENSION))
        .collect();
    assert!((2..=3).contains(&captures.len()), "{left:?}");
    assert!(
        captures.iter().all(|name| name.contains("duel")),
        "{left:?}"
    );
    assert!(captures.last().unwrap().contains("T000004"), "{left:?}");
    assert!(other.exists() && !half.exists(), "{left:?}");
    let bytes = captures
        .iter()
        .map(|name| fs::metadata(folder.path().join(name)).unwrap().len());
    let bytes: u64 = bytes.sum();
    assert!(bytes <= 100_000, "{bytes}");
    assert_eq!(recorder.0.metrics.bytes.get().unsigned_abs(), bytes);
    play(&recorder, &tick, 200_000);
    wait_for(&recorder, Outcome::TooLarge, 1);
    assert!(
        names(folder.path())
            .iter()
            .all(|name| !name.ends_with(".part"))
    );
}

#[test]
fn a_folder_that_cannot_be_written_drops_and_counts() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, b"").unwrap();
    // A folder below a file: nobody can write there, root neither.
    let (recorder, _writer) = recorder(settings(&file.join("captures")));
    for tick in 0..3 {
        play(&recorder, &record("duel", tick), 100);
    }
    wait_for(&recorder, Outcome::DiskError, 3);
    // As soon as it can be written, it is.
    fs::remove_file(&file).unwrap();
    fs::create_dir_all(file.join("captures")).unwrap();
    play(&recorder, &record("duel", 4), 100);
    wait_for(&recorder, Outcome::Written, 1);
}

#[test]
fn without_a_folder_nothing_is_recorded() {
    let none = |settings| {
        let started = Recorder::start(settings, &Limits::default(), &Registrar::detached());
        started.expect("the names are free").is_none()
    };
    assert!(none(RecordSettings::default()));
    assert!(none(settings(Path::new(""))));
}
