//! Texts that every ticket of a stream repeats.

use bytes::Bytes;

use super::fault::Decoded;
use super::field::{bytes, text};
use crate::matching::Text;
use crate::proto::wire::Content;

/// Texts to look a repeated one up in. Found ones are not checked again. None of up to [`MAX_LEN`]
/// bytes keeps the message alive that it came in.
#[derive(Debug, Default)]
pub(in crate::service) struct Known(Vec<Text>);

/// Texts remembered: what a game repeats fits in, and a search stays short.
const MAX_KNOWN: usize = 32;

/// Longest text remembered, in bytes.
pub(super) const MAX_LEN: usize = 64;

impl Known {
    /// The text of a field, as one that came before if it did.
    pub(super) fn text(
        &mut self,
        body: &Bytes,
        content: Content<'_>,
        path: &'static str,
    ) -> Decoded<Text> {
        let wanted = bytes(content, path)?;
        if let Some(text) = self.0.iter().find(|text| text.as_bytes() == wanted) {
            return Ok(text.clone());
        }
        let text = text(body, content, path)?;
        if text.len() > MAX_LEN {
            return Ok(text);
        }
        let text = Text::from(&*text);
        if self.0.len() < MAX_KNOWN {
            self.0.push(text.clone());
        }
        Ok(text)
    }
}
