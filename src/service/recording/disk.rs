//! The thread that writes captures, and removes the oldest ones.

use std::collections::VecDeque;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::Receiver;

use super::{Finished, Outcome, RecordMetrics};
use crate::capture::{self, Compressor, EXTENSION};

/// The captures of a folder.
pub(super) struct Disk {
    folder: PathBuf,
    max_bytes: u64,
    metrics: RecordMetrics,
    /// Each capture with its size, the oldest first.
    captures: VecDeque<(PathBuf, u64)>,
    bytes: u64,
    /// Made with the first capture, and kept.
    compressor: Option<Compressor>,
    /// Whether the last capture could not be written: that is told once.
    fails: bool,
}

impl Disk {
    pub(super) fn new(folder: PathBuf, max_bytes: u64, metrics: RecordMetrics) -> Self {
        Self {
            folder,
            max_bytes,
            metrics,
            captures: VecDeque::new(),
            bytes: 0,
            compressor: None,
            fails: false,
        }
    }

    /// Writes until there is nobody any more who records.
    pub(super) fn write_all(mut self, finished: &Receiver<Finished>) {
        if let Err(error) = self.look() {
            self.warn(&error);
        }
        while let Ok(finished) = finished.recv() {
            let outcome = self.write(&finished);
            self.metrics.count(outcome);
            self.metrics
                .bytes
                .set(i64::try_from(self.bytes).unwrap_or(i64::MAX));
        }
    }

    /// Finds what is there from before; half a capture that a crash has left is removed.
    fn look(&mut self) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.ends_with(EXTENSION) {
                found.push((entry.path(), entry.metadata()?.len()));
            } else if name.ends_with(&format!("{EXTENSION}.part")) {
                fs::remove_file(entry.path())?;
            }
        }
        // Their names sort by time.
        found.sort_unstable();
        self.bytes = found.iter().map(|(_, bytes)| bytes).sum();
        self.captures = found.into();
        self.metrics
            .bytes
            .set(i64::try_from(self.bytes).unwrap_or(i64::MAX));
        Ok(())
    }

    fn write(&mut self, finished: &Finished) -> Outcome {
        let Finished {
            header,
            kind,
            messages,
            ..
        } = finished;
        // Room for as much as it can have: what it really has is known when it is written.
        self.remove_down_to(self.max_bytes.saturating_sub(expected(messages.bytes())));
        let compressor = match self.compressor.take() {
            Some(compressor) => Ok(compressor),
            None => Compressor::new(),
        };
        let written = compressor.and_then(|compressor| {
            let compressor = self.compressor.insert(compressor);
            capture::write(&self.folder, header, *kind, messages, compressor)
        });
        match written {
            Ok((path, bytes)) if bytes > self.max_bytes => {
                remove(&path);
                Outcome::TooLarge
            }
            Ok((path, bytes)) => {
                self.fails = false;
                self.bytes += bytes;
                self.captures.push_back((path, bytes));
                self.remove_down_to(self.max_bytes);
                Outcome::Written
            }
            Err(error) => {
                self.warn(&error);
                Outcome::DiskError
            }
        }
    }

    /// Removes the oldest captures until no more than that is left.
    fn remove_down_to(&mut self, bytes: u64) {
        while self.bytes > bytes
            && let Some((path, size)) = self.captures.pop_front()
        {
            remove(&path);
            self.bytes -= size;
        }
    }

    /// Says that captures are lost, once until one is written again.
    fn warn(&mut self, error: &io::Error) {
        if !std::mem::replace(&mut self.fails, true) {
            let folder = self.folder.display();
            tracing::warn!(%folder, %error, "captures of ticks cannot be written and are dropped");
        }
    }
}

/// Bytes that a capture will have at most, mostly: tickets of one pool repeat each other.
fn expected(bytes: usize) -> u64 {
    bytes as u64 / 2
}

/// Removes a capture; one that somebody else has removed is gone all the same.
fn remove(path: &Path) {
    if let Err(error) = fs::remove_file(path)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(path = %path.display(), %error, "a capture cannot be removed");
    }
}
