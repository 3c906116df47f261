//! Texts of the environment to values, with errors that say what is allowed.

/// Reads a switch: `1 true t yes y on` or `0 false f no n off`, in any letter case.
///
/// # Errors
///
/// If the text is not one of these spellings.
pub fn boolean(text: &str) -> Result<bool, String> {
    const ON: [&str; 6] = ["1", "true", "t", "yes", "y", "on"];
    const OFF: [&str; 6] = ["0", "false", "f", "no", "n", "off"];
    if ON.iter().any(|word| word.eq_ignore_ascii_case(text)) {
        Ok(true)
    } else if OFF.iter().any(|word| word.eq_ignore_ascii_case(text)) {
        Ok(false)
    } else {
        Err(format!(
            "not a switch: use one of {} or {}",
            ON.join(" "),
            OFF.join(" ")
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::boolean;

    #[test]
    fn reads_every_spelling_in_any_case() {
        for text in ["1", "true", "T", "Yes", "y", "ON"] {
            assert_eq!(boolean(text), Ok(true), "{text}");
        }
        for text in ["0", "FALSE", "f", "no", "N", "off"] {
            assert_eq!(boolean(text), Ok(false), "{text}");
        }
    }

    #[test]
    fn refuses_everything_else_and_says_what_is_allowed() {
        for text in ["", " ", "2", "ja", "true ", "enabled"] {
            let error = boolean(text).expect_err(text);
            assert!(error.contains("true") && error.contains("off"), "{error}");
        }
    }
}
