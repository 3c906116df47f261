//! Texts that every ticket of a stream repeats.

use bytes::Bytes;

use super::fault::Decoded;
use super::field::{bytes, text};
use crate::matching::Text;
use crate::proto::wire::Content;

/// Texts that were read before; a text that is found here is not checked again. A text of up to
/// [`MAX_LEN`] bytes is a copy, so that it does not keep the message alive that it came in.
#[derive(Debug, Default)]
pub(in crate::service) struct Known(Vec<Text>);

/// Maximum number of texts that are remembered: enough for what a game repeats, and few enough to
/// search one by one.
const MAX_KNOWN: usize = 32;

/// Maximum length of a text that is remembered, in bytes.
pub(super) const MAX_LEN: usize = 64;

impl Known {
    /// The text of a field: the remembered one if it was read before.
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
