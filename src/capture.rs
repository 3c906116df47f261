//! Recorded ticks as files (docs/captures.md): one protobuf message each, compressed by zstd.

mod file;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use prost::Message;
use prost::encoding::{WireType, encode_key, encode_varint};

use crate::proto::wire::{Content, Fields};

pub use file::{EXTENSION, Unreadable, name, read, write};

/// The version of the format.
pub const FORMAT: u32 = 1;

/// What is needed to play a tick again, and what it took: `Header` of `proto/capture.proto`.
#[derive(Clone, PartialEq, Message)]
pub struct Header {
    /// [`FORMAT`].
    #[prost(uint32, tag = "1")]
    pub format: u32,
    /// Version of the program that recorded it.
    #[prost(string, tag = "2")]
    pub version: String,
    /// The clock when the parameters came, in Unix ms.
    #[prost(int64, tag = "3")]
    pub now_ms: i64,
    /// AGS's number of the tick.
    #[prost(uint64, tag = "4")]
    pub tick_id: u64,
    /// The match pool.
    #[prost(string, tag = "5")]
    pub match_pool: String,
    /// How many tickets came.
    #[prost(uint64, tag = "6")]
    pub tickets: u64,
    /// From the parameters to the end, in microseconds.
    #[prost(uint64, tag = "7")]
    pub duration_us: u64,
    /// What of it was after the half-close, in microseconds.
    #[prost(uint64, tag = "8")]
    pub finish_us: u64,
    /// Whether the tick reached its end: false if the client left, or the stream was refused.
    #[prost(bool, tag = "9")]
    pub finished: bool,
    /// Whether the time limit or the bound of steps was reached.
    #[prost(bool, tag = "10")]
    pub out_of_budget: bool,
    /// The bounds in force, by the names of their settings.
    #[prost(map = "string, uint64", tag = "11")]
    pub bounds: HashMap<String, u64>,
}

/// Which of the two streams a tick was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `MakeMatches`.
    Match,
    /// `BackfillMatches`.
    Backfill,
}

impl Kind {
    /// Its name in the name of a file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Match => "match",
            Self::Backfill => "backfill",
        }
    }

    /// Numbers of the fields of its requests and answers.
    fn fields(self) -> (u32, u32) {
        match self {
            Self::Match => (2, 4),
            Self::Backfill => (3, 5),
        }
    }
}

/// The number of the header's field.
const HEADER: u32 = 1;

/// Bytes of a piece of [`Messages`], and how many unused ones are kept.
const PIECE: usize = 256 << 10;
const MAX_SPARE: usize = 64;

/// Pieces of memory that are used again: memory that is new each time would cost as much as what is done
/// with it. Cheap to clone.
#[derive(Debug, Default, Clone)]
pub struct Spare(Arc<Mutex<Vec<Vec<u8>>>>);

impl Spare {
    /// A piece for so many bytes at least.
    fn take(&self, bytes: usize) -> Vec<u8> {
        let spare = match bytes <= PIECE {
            true => self.0.lock().ok().and_then(|mut spare| spare.pop()),
            false => None,
        };
        spare.unwrap_or_else(|| Vec::with_capacity(bytes.max(PIECE)))
    }

    fn give(&self, pieces: Vec<Vec<u8>>) {
        if let Ok(mut spare) = self.0.lock() {
            let room = MAX_SPARE.saturating_sub(spare.len());
            let usual = pieces.into_iter().filter(|piece| piece.capacity() == PIECE);
            spare.extend(usual.take(room).map(|mut piece| {
                piece.clear();
                piece
            }));
        }
    }
}

/// Messages one after another, as fields of a capture. They are copied: what they were slices of is not
/// held any longer.
#[derive(Debug, Default)]
pub struct Messages {
    pieces: Vec<Vec<u8>>,
    bytes: usize,
    spare: Spare,
}

impl Drop for Messages {
    fn drop(&mut self) {
        self.spare.give(std::mem::take(&mut self.pieces));
    }
}

impl Messages {
    /// No messages yet, whose memory comes from there.
    pub fn new(spare: Spare) -> Self {
        Self {
            pieces: Vec::new(),
            bytes: 0,
            spare,
        }
    }

    /// Adds a message. O(its bytes).
    fn add(&mut self, number: u32, bytes: usize, write: impl FnOnce(&mut Vec<u8>)) {
        // The key and the length have at most ten bytes together.
        let needed = bytes + 10;
        let last = self.pieces.last();
        if last.is_none_or(|last| last.capacity() - last.len() < needed) {
            self.pieces.push(self.spare.take(needed));
        }
        if let Some(last) = self.pieces.last_mut() {
            let before = last.len();
            encode_key(number, WireType::LengthDelimited, last);
            encode_varint(bytes as u64, last);
            write(last);
            self.bytes += last.len() - before;
        }
    }

    /// Adds a request.
    pub fn request(&mut self, kind: Kind, request: &[u8]) {
        let (number, _) = kind.fields();
        self.add(number, request.len(), |piece| {
            piece.extend_from_slice(request)
        });
    }

    /// Adds an answer.
    pub fn answer(&mut self, kind: Kind, answer: &impl Message) {
        let (_, number) = kind.fields();
        self.add(number, answer.encoded_len(), |piece| {
            answer.encode_raw(piece)
        });
    }

    /// How many bytes they have.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Their bytes, in pieces.
    pub fn pieces(&self) -> impl Iterator<Item = &[u8]> {
        self.pieces.iter().map(Vec::as_slice)
    }
}

/// A recorded tick.
#[derive(Debug, Clone, PartialEq)]
pub struct Capture {
    /// What is needed to play it again.
    pub header: Header,
    /// Which stream it was.
    pub kind: Kind,
    /// What came, in order.
    pub requests: Vec<Bytes>,
    /// What was answered, in order.
    pub answers: Vec<Bytes>,
}

impl Capture {
    /// Reads a capture that has been decompressed. O(its bytes).
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn decode(bytes: Bytes) -> Result<Self, String> {
        let mut header = None;
        let mut kind = None;
        let (mut requests, mut answers) = (Vec::new(), Vec::new());
        for field in Fields::of(&bytes) {
            let field = field.map_err(|_| "it is not a capture, or was cut".to_owned())?;
            let (number, Content::Bytes(inner)) = field else {
                continue;
            };
            let found = match number {
                HEADER => {
                    let read = Header::decode(inner);
                    header = Some(read.map_err(|error| format!("its header: {error}"))?);
                    continue;
                }
                2 | 4 => Kind::Match,
                3 | 5 => Kind::Backfill,
                _ => continue,
            };
            if kind.is_some_and(|kind| kind != found) {
                return Err("it has messages of both streams".to_owned());
            }
            kind = Some(found);
            match number {
                2 | 3 => requests.push(bytes.slice_ref(inner)),
                _ => answers.push(bytes.slice_ref(inner)),
            }
        }
        let header = header.ok_or_else(|| "it has no header: it is not a capture".to_owned())?;
        if header.format != FORMAT {
            let format = header.format;
            return Err(format!(
                "its format is {format}; this program reads {FORMAT}"
            ));
        }
        let kind = kind.ok_or_else(|| "it has no request".to_owned())?;
        Ok(Self {
            header,
            kind,
            requests,
            answers,
        })
    }
}

/// The header as the first field of a capture.
fn encoded_header(header: &Header) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode_key(HEADER, WireType::LengthDelimited, &mut bytes);
    encode_varint(header.encoded_len() as u64, &mut bytes);
    header.encode_raw(&mut bytes);
    bytes
}
