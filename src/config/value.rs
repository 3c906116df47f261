//! The text of one setting as it was meant: without what files and shells leave at its ends.

use std::ffi::OsStr;
use std::fmt;

/// Why a text cannot be the value of a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// It is not UTF-8.
    Encoding,
    /// It has a control character.
    Control {
        /// The value, which may be a secret.
        value: String,
        /// The place of the character in the value, from 1 on.
        position: usize,
    },
}

/// Reads a text: blanks, line ends and byte-order marks at both ends are left out, and one pair of
/// quotes around the whole. Some readers of `.env` files remove such quotes and others keep them; so
/// one file means the same to all of them.
///
/// # Errors
///
/// If the rest has a control character, or the text is not UTF-8.
pub(super) fn read(text: &OsStr) -> Result<&str, Unreadable> {
    let text = text.to_str().ok_or(Unreadable::Encoding)?;
    let value = unquoted(text.trim_matches(is_blank)).trim_matches(is_blank);
    match value.chars().position(is_control) {
        None => Ok(value),
        Some(before) => Err(Unreadable::Control {
            value: value.to_owned(),
            position: before + 1,
        }),
    }
}

/// A text without the pair of equal quotes around it.
fn unquoted(text: &str) -> &str {
    let without = |quote| text.strip_prefix(quote)?.strip_suffix(quote);
    ['"', '\''].into_iter().find_map(without).unwrap_or(text)
}

/// What is not seen at the end of a text: white space, byte-order mark, zero-width space.
fn is_blank(letter: char) -> bool {
    letter.is_whitespace() || matches!(letter, '\u{feff}' | '\u{200b}')
}

/// What breaks a line, moves the cursor of a terminal, or marks the beginning of a file.
fn is_control(letter: char) -> bool {
    letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}' | '\u{feff}')
}

/// A text for one line of a terminal: its control characters are escaped, as in `\r`.
pub fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for letter in text.chars() {
        if is_control(letter) {
            line.extend(letter.escape_default());
        } else {
            line.push(letter);
        }
    }
    line
}

impl fmt::Display for Unreadable {
    /// Without the value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Encoding => f.write_str("it is not UTF-8"),
            Self::Control { position, .. } => {
                write!(
                    f,
                    "its character {position} is a control character: remove it"
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Result<&str, Unreadable> {
        read(OsStr::new(text))
    }

    #[test]
    fn what_files_and_shells_leave_at_the_ends_is_left_out() {
        for text in [
            "6565",
            "6565\n",
            "6565\r",
            "6565\r\n\r\n",
            " \t6565 ",
            "\u{feff}6565",
            "\u{feff} 6565\u{feff}\n",
            "6565\u{a0}\u{200b}\u{2028}",
            "\"6565\"",
            "'6565'\n",
            "\u{feff}\" 6565 \"\r\n",
        ] {
            assert_eq!(value(text), Ok("6565"), "{text:?}");
        }
        for blank in ["", " ", "\r\n", "\u{feff}", "\"\"", "' '"] {
            assert_eq!(value(blank), Ok(""), "{blank:?}");
        }
    }

    #[test]
    fn what_is_inside_stays() {
        for text in ["a b", "s3\"cr'et", "\"a", "a'", "\"a'", "\"", "é\u{200b}x"] {
            assert_eq!(value(text), Ok(text));
        }
        assert_eq!(value("\"\"a\"\""), Ok("\"a\""), "one pair");
    }

    #[test]
    fn a_control_character_inside_is_named_by_its_place() {
        for letter in [
            '\0', '\t', '\n', '\r', '\u{1b}', '\u{7f}', '\u{85}', '\u{2028}', '\u{feff}',
        ] {
            let text = format!(" é{letter}x\n");
            let fault = value(&text).expect_err("a control character");
            let Unreadable::Control { value, position } = &fault else {
                panic!("{fault:?}")
            };
            assert_eq!((value, *position), (&format!("é{letter}x"), 2));
            assert_eq!(
                fault.to_string(),
                "its character 2 is a control character: remove it"
            );
        }
    }

    #[cfg(unix)]
    #[test]
    fn other_encodings_are_a_fault() {
        use std::os::unix::ffi::OsStrExt;
        let text = OsStr::from_bytes(b"caf\xe9");
        assert_eq!(read(text), Err(Unreadable::Encoding));
    }

    #[test]
    fn a_line_stays_one() {
        assert_eq!(
            one_line("a\r\n\u{1b}é\u{2028}\\\"b"),
            "a\\r\\n\\u{1b}é\\u{2028}\\\"b"
        );
    }
}
