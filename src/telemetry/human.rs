//! Fields of a log line for people: as JSON has them, cut at the same length, and without control
//! characters. A client's text can neither forge a line nor reach the terminal.

use std::fmt::{self, Write};

use tracing::field::Field;
use tracing_subscriber::field::MakeExt;
use tracing_subscriber::fmt::format::{FormatFields, Writer, debug_fn};

use super::json::MAX_FIELD;

/// The formatter of fields.
pub(super) fn fields() -> impl for<'a> FormatFields<'a> + Send + Sync + 'static {
    debug_fn(field).delimited(" ")
}

fn field(writer: &mut Writer<'_>, field: &Field, value: &dyn fmt::Debug) -> fmt::Result {
    let name = field.name();
    if name != "message" {
        write!(writer, "{name}=")?;
    }
    let mut plain = Plain {
        writer,
        left: MAX_FIELD,
    };
    // An error means that the field is full: the rest is not wanted.
    let _ = write!(plain, "{value:?}");
    Ok(())
}

/// Takes the first [`MAX_FIELD`] bytes and escapes control characters.
struct Plain<'a, 'w> {
    writer: &'a mut Writer<'w>,
    left: usize,
}

impl Write for Plain<'_, '_> {
    fn write_str(&mut self, more: &str) -> fmt::Result {
        for char in more.chars() {
            self.left = self.left.checked_sub(char.len_utf8()).ok_or(fmt::Error)?;
            if char.is_control() {
                write!(self.writer, "{}", char.escape_default())?;
            } else {
                self.writer.write_char(char)?;
            }
        }
        Ok(())
    }
}
