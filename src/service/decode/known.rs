//! What reading keeps from one ticket of a stream to the next.

use bytes::Bytes;

use super::fault::Decoded;
use super::field::{bytes, text};
use crate::matching::{Attributes, Text, Value};
use crate::proto::wire::Content;

/// Texts that every ticket of a stream repeats, and room for values while they are read.
#[derive(Debug, Default)]
pub(in crate::service) struct Known {
    /// Texts that were read before; a text that is found here is not checked again. They are copies,
    /// so that they do not keep the message alive that they came in.
    texts: Vec<Text>,
    /// Attributes that are being read, those of the innermost object last. They leave together, so
    /// that each list of attributes is sorted once and takes the memory that it needs.
    pub(super) pairs: Vec<(Text, Value)>,
    /// The same for the values of lists.
    pub(super) values: Vec<Value>,
}

/// Maximum number of texts that are remembered: enough for what a game repeats, and few enough to
/// search one by one.
const MAX_KNOWN: usize = 32;

/// Maximum length of a text that is remembered, in bytes.
const MAX_LEN: usize = 64;

/// Values that room is kept for.
const MAX_ROOM: usize = 256;

/// Empties a list. One that a large message has made long gives its memory back.
fn empty<T>(list: &mut Vec<T>) {
    list.clear();
    if list.capacity() > MAX_ROOM {
        *list = Vec::new();
    }
}

impl Known {
    /// Drops what a message left behind that could not be read.
    pub(super) fn begin(&mut self) {
        empty(&mut self.pairs);
        empty(&mut self.values);
    }

    /// The text of a field: the remembered one if it was read before.
    pub(super) fn text(
        &mut self,
        body: &Bytes,
        content: Content<'_>,
        path: &'static str,
    ) -> Decoded<Text> {
        let wanted = bytes(content, path)?;
        if let Some(text) = self.texts.iter().find(|text| text.as_bytes() == wanted) {
            return Ok(text.clone());
        }
        let text = text(body, content, path)?;
        if text.len() > MAX_LEN || self.texts.len() >= MAX_KNOWN {
            return Ok(text);
        }
        let text = Text::from(&*text);
        self.texts.push(text.clone());
        Ok(text)
    }

    /// Whether a text that was given out here has its own memory. As long as there is room for more
    /// texts, every short one is remembered.
    #[inline]
    pub(super) fn is_copy(&self, text: &Text) -> bool {
        text.len() <= MAX_LEN && (self.texts.len() < MAX_KNOWN || self.remembers(text))
    }

    fn remembers(&self, text: &Text) -> bool {
        let mut texts = self.texts.iter();
        text.is_empty() || texts.any(|known| known.as_ptr() == text.as_ptr())
    }

    /// The attributes that were read since there were this many pairs.
    #[inline]
    pub(super) fn attributes(&mut self, from: usize) -> Attributes {
        if self.pairs.len() == from {
            return Attributes::new();
        }
        Attributes::take_from(&mut self.pairs, from)
    }
}
