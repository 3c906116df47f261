//! How far a client's side of an HTTP/2 connection has come, told by its frames: whether the
//! preface and the first SETTINGS are complete, and whether a block of headers is.
//!
//! hyper and h2 do the protocol; they do not tell how long they have been waiting for the rest of
//! something, and keep a connection that never sends it.

/// What every client sends first.
const PREFACE: usize = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".len();

/// Length (24 bits), type, flags and stream of a frame.
const HEAD: usize = 9;

const HEADERS: u8 = 1;
const CONTINUATION: u8 = 9;
const END_HEADERS: u8 = 4;

/// Follows the frames of one connection; only their heads are looked at. A violation of the
/// protocol goes unnoticed: h2 ends the connection for it.
#[derive(Debug)]
pub(super) struct Frames {
    expects: Expects,
    /// The preface or the first frame is not complete.
    greeting: bool,
    /// Headers have begun and their last frame is not complete.
    in_headers: bool,
}

#[derive(Debug)]
enum Expects {
    Preface { left: usize },
    Head { bytes: [u8; HEAD], have: usize },
    Payload { left: usize, ends_headers: bool },
}

const NEXT_HEAD: Expects = Expects::Head {
    bytes: [0; HEAD],
    have: 0,
};

impl Frames {
    /// A connection that has sent nothing.
    pub(super) fn new() -> Self {
        Self {
            expects: Expects::Preface { left: PREFACE },
            greeting: true,
            in_headers: false,
        }
    }

    /// Whether the client owes the rest of its greeting or of a block of headers.
    pub(super) fn owes(&self) -> bool {
        self.greeting || self.in_headers
    }

    /// The client has sent these bytes. O(frames), not O(bytes).
    pub(super) fn take(&mut self, mut sent: &[u8]) {
        while !sent.is_empty() {
            match &mut self.expects {
                Expects::Preface { left } => {
                    if skip(&mut sent, left) {
                        self.expects = NEXT_HEAD;
                    }
                }
                Expects::Head { bytes, have } => {
                    let taken = (HEAD - *have).min(sent.len());
                    bytes[*have..*have + taken].copy_from_slice(&sent[..taken]);
                    sent = &sent[taken..];
                    *have += taken;
                    if *have == HEAD {
                        let head = *bytes;
                        self.begins(head);
                    }
                }
                Expects::Payload { left, ends_headers } => {
                    if skip(&mut sent, left) {
                        let ends_headers = *ends_headers;
                        self.ended(ends_headers);
                    }
                }
            }
        }
    }

    fn begins(&mut self, [a, b, c, kind, flags, ..]: [u8; HEAD]) {
        let left = u32::from_be_bytes([0, a, b, c]) as usize;
        let of_headers = matches!(kind, HEADERS | CONTINUATION);
        self.in_headers |= of_headers;
        let ends_headers = of_headers && flags & END_HEADERS != 0;
        if left == 0 {
            self.ended(ends_headers);
        } else {
            self.expects = Expects::Payload { left, ends_headers };
        }
    }

    fn ended(&mut self, ends_headers: bool) {
        self.greeting = false;
        self.in_headers &= !ends_headers;
        self.expects = NEXT_HEAD;
    }
}

/// Leaves out up to `left` bytes; whether those were all.
fn skip(sent: &mut &[u8], left: &mut usize) -> bool {
    let skipped = sent.len().min(*left);
    *sent = &sent[skipped..];
    *left -= skipped;
    *left == 0
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A frame of one byte of payload for each of `length`.
    pub(in crate::server) fn frame(kind: u8, flags: u8, length: u8) -> Vec<u8> {
        let mut frame = vec![0, 0, length, kind, flags, 0, 0, 0, 1];
        frame.resize(HEAD + usize::from(length), 0);
        frame
    }

    const SETTINGS: u8 = 4;
    const DATA: u8 = 0;

    pub(in crate::server) fn greeting() -> Vec<u8> {
        let mut greeting = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
        let mut settings = frame(SETTINGS, 0, 6);
        // Of the connection: stream 0.
        settings[HEAD - 1] = 0;
        greeting.extend(settings);
        greeting
    }

    /// What is owed after each byte, as the positions where that changes.
    fn changes(sent: &[u8]) -> Vec<usize> {
        let mut frames = Frames::new();
        let mut changes = Vec::new();
        let mut owed = frames.owes();
        for (at, byte) in sent.iter().enumerate() {
            frames.take(&[*byte]);
            if frames.owes() != owed {
                owed = frames.owes();
                changes.push(at + 1);
            }
        }
        changes
    }

    #[test]
    fn a_greeting_is_the_preface_and_a_whole_frame() {
        let sent = greeting();
        assert_eq!(changes(&sent), [sent.len()]);
        let mut frames = Frames::new();
        frames.take(&sent[..sent.len() - 1]);
        assert!(frames.owes());
        frames.take(&sent[sent.len() - 1..]);
        assert!(!frames.owes());
    }

    #[test]
    fn headers_are_owed_from_their_first_frame_to_the_end_of_their_last() {
        let begin = greeting().len();
        let mut sent = greeting();
        sent.extend(frame(HEADERS, 0, 5));
        sent.extend(frame(CONTINUATION, 0, 0));
        sent.extend(frame(CONTINUATION, END_HEADERS, 3));
        let end = sent.len();
        sent.extend(frame(DATA, END_HEADERS, 9));
        assert_eq!(changes(&sent), [begin, begin + HEAD, end]);
        // Trailers and an empty last frame.
        let mut sent = greeting();
        sent.extend(frame(HEADERS, END_HEADERS, 0));
        assert_eq!(changes(&sent), [begin]);
    }

    #[test]
    fn it_does_not_matter_where_the_bytes_are_cut() {
        let mut sent = greeting();
        sent.extend(frame(DATA, 1, 200));
        sent.extend(frame(HEADERS, 0, 50));
        for cut in 0..sent.len() {
            let mut frames = Frames::new();
            frames.take(&sent[..cut]);
            frames.take(&sent[cut..]);
            assert!(frames.owes() && !frames.greeting, "{cut}");
        }
    }
}
