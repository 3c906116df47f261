//! Captures on disk.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use time::OffsetDateTime;
use time::macros::format_description;
use zstd::zstd_safe::{self, CCtx, CParameter, ResetDirective};

use super::{Capture, Header, Kind, Messages, encoded_header};

/// How the name of a capture ends.
pub const EXTENSION: &str = ".tick.zst";

/// How the name of one ends that is being written.
const UNFINISHED: &str = ".part";

/// The level of compression, of which negative ones are faster: recording is to cost little.
const LEVEL: i32 = -1;

/// Bytes that a capture may have, decompressed.
const MAX_BYTES: u64 = 1 << 30;

/// Letters of a pool in the name of a file.
const MAX_POOL: usize = 64;

/// Files of one name that are told apart by a number.
const MAX_SAME: u32 = 1000;

/// A capture that cannot be read: which, and why.
#[derive(Debug, thiserror::Error)]
#[error("{}: {why}", path.display())]
pub struct Unreadable {
    path: PathBuf,
    why: String,
}

/// The name of a capture: names sort by time. `number` tells those of one name apart.
pub fn name(header: &Header, kind: Kind, number: u32) -> String {
    let pool: String = header
        .match_pool
        .chars()
        .take(MAX_POOL)
        .map(|letter| match letter {
            letter if letter.is_ascii_alphanumeric() || letter == '_' => letter,
            _ => '-',
        })
        .collect();
    let nanos = i128::from(header.now_ms) * 1_000_000;
    let time = OffsetDateTime::from_unix_timestamp_nanos(nanos);
    let time = time.unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let form =
        format_description!("[year][month][day]T[hour][minute][second].[subsecond digits:3]Z");
    let time = time.format(&form).unwrap_or_default();
    let (kind, tick_id) = (kind.as_str(), header.tick_id);
    match number {
        0 => format!("{time}_{pool}_{kind}_{tick_id}{EXTENSION}"),
        number => format!("{time}_{pool}_{kind}_{tick_id}_{number}{EXTENSION}"),
    }
}

/// What compresses captures, one after another: its memory is used again.
pub struct Compressor(CCtx<'static>);

impl Compressor {
    /// One that is fast, and whose output tells when it was cut or changed.
    ///
    /// # Errors
    ///
    /// If zstd does not take its parameters.
    pub fn new() -> io::Result<Self> {
        let mut context = CCtx::create();
        for parameter in [
            CParameter::CompressionLevel(LEVEL),
            CParameter::ChecksumFlag(true),
        ] {
            context.set_parameter(parameter).map_err(failed)?;
        }
        Ok(Self(context))
    }
}

impl fmt::Debug for Compressor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Compressor")
    }
}

fn failed(code: usize) -> io::Error {
    io::Error::other(zstd_safe::get_error_name(code))
}

/// Writes a capture into a folder, readable for its owner only. It has its name when it is complete.
/// Returns its path and size.
///
/// # Errors
///
/// If it cannot be written; nothing is left of it.
pub fn write(
    folder: &Path,
    header: &Header,
    kind: Kind,
    messages: &Messages,
    compressor: &mut Compressor,
) -> io::Result<(PathBuf, u64)> {
    let (mut unfinished, mut file, mut at) = (PathBuf::new(), None, PathBuf::new());
    for number in 0..MAX_SAME {
        at = folder.join(name(header, kind, number));
        unfinished = at.with_added_extension(&UNFINISHED[1..]);
        if at.exists() {
            continue;
        }
        let mut options = OpenOptions::new();
        let opened = options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&unfinished);
        match opened {
            Ok(opened) => {
                file = Some(opened);
                break;
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    let file = file.ok_or_else(|| io::Error::other("too many captures of one name"))?;
    let written =
        compressed(file, header, messages, compressor).and_then(|()| fs::rename(&unfinished, &at));
    if let Err(error) = written {
        let _ = fs::remove_file(&unfinished);
        return Err(error);
    }
    let bytes = fs::metadata(&at)?.len();
    Ok((at, bytes))
}

fn compressed(
    file: File,
    header: &Header,
    messages: &Messages,
    compressor: &mut Compressor,
) -> io::Result<()> {
    // What an earlier failure left unfinished.
    let reset = compressor.0.reset(ResetDirective::SessionOnly);
    reset.map_err(failed)?;
    let mut encoder = zstd::Encoder::with_context(file, &mut compressor.0);
    encoder.write_all(&encoded_header(header))?;
    for piece in messages.pieces() {
        encoder.write_all(piece)?;
    }
    encoder.finish()?.flush()
}

/// Reads a capture. O(its bytes), of which there are at most 1 GiB, decompressed.
///
/// # Errors
///
/// Which file, and what is wrong with it.
pub fn read(path: &Path) -> Result<Capture, Unreadable> {
    let unreadable = |why: String| Unreadable {
        path: path.to_owned(),
        why,
    };
    let file = File::open(path).map_err(|error| unreadable(error.to_string()))?;
    let decompressed = || {
        let mut bytes = Vec::new();
        let decoder = zstd::Decoder::new(file)?;
        decoder.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
        io::Result::Ok(bytes)
    };
    let bytes = decompressed()
        .map_err(|error| unreadable(format!("it is not a capture, or was cut: {error}")))?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(unreadable(format!(
            "it has more than {MAX_BYTES} bytes, decompressed"
        )));
    }
    Capture::decode(bytes.into()).map_err(unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::FORMAT;
    use crate::proto::{Opaque, Slot, Slots};

    fn header() -> Header {
        Header {
            format: FORMAT,
            version: "1.2.3".to_owned(),
            now_ms: 1_767_323_045_678,
            tick_id: 7,
            match_pool: "ranked/5v5 é".to_owned(),
            bounds: [("MAX_TICKETS_PER_STREAM".to_owned(), 5)].into(),
            ..Header::default()
        }
    }

    fn messages(count: u32) -> Messages {
        let mut messages = Messages::default();
        messages.request(Kind::Match, &ticket(b"d"));
        messages.request(Kind::Match, &ticket(b"abc"));
        for number in 0..count {
            // Field 15 of a request, which nobody knows.
            let unknown = number.to_be_bytes().repeat(2000);
            let request = [&b"\x7a\xc0\x3e"[..], &unknown].concat();
            messages.request(Kind::Match, &request);
        }
        messages.answer(b"\x0a\x03abc\x0a\x01d\x12\x01e", 8, &[1, 0]);
        messages
    }

    /// A request with a ticket of these bytes.
    fn ticket(bytes: &'static [u8]) -> Vec<u8> {
        let ticket = Opaque::from(bytes::Bytes::from_static(bytes));
        let request = Slots::MAKE_MATCHES.write(Slot::Ticket, &ticket);
        request.unwrap().fields().to_vec()
    }

    fn written(folder: &Path, messages: &Messages) -> io::Result<(PathBuf, u64)> {
        let mut compressor = Compressor::new().unwrap();
        write(folder, &header(), Kind::Match, messages, &mut compressor)
    }

    #[test]
    fn what_is_written_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let (path, bytes) = written(folder.path(), &messages(100)).unwrap();
        let name = path.file_name().unwrap().to_str().unwrap();
        assert_eq!(name, "20260102T030405.678Z_ranked-5v5--_match_7.tick.zst");
        assert_eq!(fs::metadata(&path).unwrap().len(), bytes);
        assert!(bytes < 100_000, "{bytes}");
        let capture = read(&path).unwrap();
        assert_eq!((&capture.header, capture.kind), (&header(), Kind::Match));
        assert_eq!(capture.requests.len(), 102);
        assert_eq!(
            capture.requests[101][3..],
            99_u32.to_be_bytes().repeat(2000)
        );
        // The match with its tickets: "abc" is the second one that came.
        assert_eq!(
            capture.answers,
            [&b"\x0a\x0b\x0a\x03abc\x0a\x01d\x12\x01e"[..]]
        );
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        // A retried tick has another name, and no half file is left.
        let (again, _) = written(folder.path(), &messages(1)).unwrap();
        assert!(
            again.to_str().unwrap().ends_with("_7_1.tick.zst"),
            "{again:?}"
        );
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_file_that_was_cut_or_changed_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let (path, _) = written(folder.path(), &messages(50)).unwrap();
        let whole = fs::read(&path).unwrap();
        let file = folder.path().join("changed");
        let error = |bytes: &[u8]| {
            fs::write(&file, bytes).unwrap();
            read(&file).unwrap_err().to_string()
        };
        for length in [0, 1, 10, whole.len() / 2, whole.len() - 1] {
            let error = error(&whole[..length]);
            assert!(error.contains("changed: it"), "{length}: {error}");
        }
        let mut changed = whole.clone();
        let middle = changed.len() / 2;
        changed[middle] ^= 1;
        assert!(error(&changed).contains("it is not a capture, or was cut"));
        assert!(error(b"{}").contains("it is not a capture"));
        let other = zstd::encode_all(&b"\x0a\x02\x08\x09"[..], 1).unwrap();
        assert!(error(&other).contains("its format is 9; this program reads 1"));
        let none = read(&folder.path().join("none")).unwrap_err().to_string();
        assert!(none.contains("none: No such file"), "{none}");
    }

    #[test]
    fn a_folder_that_is_not_there_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let none = folder.path().join("none");
        assert!(written(&none, &messages(1)).is_err());
    }
}
