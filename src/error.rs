//! Errors as text for people.

/// An error with its causes in one line: "error sending request" alone does not say that the
/// connection was refused.
pub(crate) fn chain(error: impl std::error::Error + Send + Sync + 'static) -> String {
    format!("{:#}", anyhow::Error::new(error))
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_cause_is_told() {
        #[derive(Debug, thiserror::Error)]
        #[error("cannot send")]
        struct Outer(#[source] std::io::Error);

        let error = Outer(std::io::Error::other("refused"));
        assert_eq!(super::chain(error), "cannot send: refused");
    }
}
