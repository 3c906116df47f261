//! Recorded ticks as files (docs/captures.md): one protobuf message each, compressed by zstd.

mod file;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use prost::Message;
use prost::encoding::{
    WireType, decode_varint, encode_key, encode_varint, encoded_len_varint, uint32,
};

use crate::proto::wire::{Content, Fields};
use crate::proto::{Opaque, Slot, Slots};

pub use file::{Compressor, EXTENSION, Unreadable, name, read, write};

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

    /// The number of the field of its requests.
    fn requests(self) -> u32 {
        match self {
            Self::Match => MATCH_REQUESTS,
            Self::Backfill => BACKFILL_REQUESTS,
        }
    }

    /// Which messages its stream has.
    pub fn slots(self) -> Slots {
        match self {
            Self::Match => Slots::MAKE_MATCHES,
            Self::Backfill => Slots::BACKFILL,
        }
    }
}

/// Numbers of the fields of a capture.
const HEADER: u32 = 1;
const MATCH_REQUESTS: u32 = 2;
const BACKFILL_REQUESTS: u32 = 3;
const ANSWERS: u32 = 4;
const PROPOSALS: u32 = 5;

/// The number of `Match.tickets`.
const TICKETS: u32 = 1;

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
        self.add(kind.requests(), request.len(), |piece| {
            piece.extend_from_slice(request)
        });
    }

    /// Adds a proposal.
    pub fn proposal(&mut self, proposal: &impl Message) {
        self.add(PROPOSALS, proposal.encoded_len(), |piece| {
            proposal.encode_raw(piece);
        });
    }

    /// Adds the answer with a match: `made` is the match in its encoded form, which begins with
    /// `of_tickets` bytes of its tickets, whose places among the tickets of the requests are `places`.
    pub fn answer(&mut self, made: &[u8], of_tickets: usize, places: &[u32]) {
        let rest = made.get(of_tickets..).unwrap_or_default();
        let packed = uint32::encoded_len_packed(1, places);
        let response = field_len(rest.len());
        let bytes = packed + field_len(response);
        self.add(ANSWERS, bytes, |piece| {
            uint32::encode_packed(1, places, piece);
            encode_key(2, WireType::LengthDelimited, piece);
            encode_varint(response as u64, piece);
            // MatchResponse.match.
            encode_key(1, WireType::LengthDelimited, piece);
            encode_varint(rest.len() as u64, piece);
            piece.extend_from_slice(rest);
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
    /// What was answered, in order, as it went.
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
        let (mut requests, mut answers, mut short) = (Vec::new(), Vec::new(), Vec::new());
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
                MATCH_REQUESTS | ANSWERS => Kind::Match,
                BACKFILL_REQUESTS | PROPOSALS => Kind::Backfill,
                _ => continue,
            };
            if kind.is_some_and(|kind| kind != found) {
                return Err("it has messages of both streams".to_owned());
            }
            kind = Some(found);
            match number {
                MATCH_REQUESTS | BACKFILL_REQUESTS => requests.push(bytes.slice_ref(inner)),
                PROPOSALS => answers.push(bytes.slice_ref(inner)),
                _ => short.push(inner),
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
        if !short.is_empty() {
            let tickets = tickets(kind, &requests)?;
            for answer in short {
                let whole = whole_answer(answer, &tickets);
                answers.push(whole.ok_or_else(|| "an answer in it is not one".to_owned())?);
            }
        }
        Ok(Self {
            header,
            kind,
            requests,
            answers,
        })
    }
}

/// The tickets of requests, by their places.
fn tickets(kind: Kind, requests: &[Bytes]) -> Result<Vec<Bytes>, String> {
    let slots = kind.slots();
    let mut tickets = Vec::new();
    for request in requests {
        let read = slots.read(Opaque::from(request.clone()));
        let read = read.map_err(|why| format!("a request in it: {why}"))?;
        if let Some((Slot::Ticket, body)) = read {
            tickets.push(body);
        }
    }
    Ok(tickets)
}

/// An answer as it was, with its tickets; `None` if it is not one.
fn whole_answer(answer: &[u8], tickets: &[Bytes]) -> Option<Bytes> {
    let (mut places, mut rest) = (Vec::new(), &[][..]);
    for field in Fields::of(answer) {
        match field.ok()? {
            (1, Content::Bytes(mut packed)) => {
                while !packed.is_empty() {
                    places.push(decode_varint(&mut packed).ok()?);
                }
            }
            (2, Content::Bytes(response)) => {
                let mut fields = Fields::of(response);
                if let Some((1, Content::Bytes(made))) = fields.next().transpose().ok()? {
                    rest = made;
                }
            }
            _ => {}
        }
    }
    let mut made = Vec::new();
    for place in places {
        let ticket = tickets.get(usize::try_from(place).ok()?)?;
        encode_key(TICKETS, WireType::LengthDelimited, &mut made);
        encode_varint(ticket.len() as u64, &mut made);
        made.extend_from_slice(ticket);
    }
    made.extend_from_slice(rest);
    let mut whole = Vec::with_capacity(field_len(made.len()));
    encode_key(1, WireType::LengthDelimited, &mut whole);
    encode_varint(made.len() as u64, &mut whole);
    whole.extend_from_slice(&made);
    Some(whole.into())
}

/// Bytes of a length-delimited field whose number is below 16.
fn field_len(len: usize) -> usize {
    1 + encoded_len_varint(len as u64) + len
}

/// The header as the first field of a capture.
fn encoded_header(header: &Header) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode_key(HEADER, WireType::LengthDelimited, &mut bytes);
    encode_varint(header.encoded_len() as u64, &mut bytes);
    header.encode_raw(&mut bytes);
    bytes
}
