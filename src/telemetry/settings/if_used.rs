//! Settings that only matter where they are used.

use std::convert::Infallible;
use std::str::FromStr;

/// A value that has to be right only where it is used: a wrong address of a collector that is
/// switched off does not stop the server from starting.
#[derive(Clone, Debug)]
pub struct IfUsed<T>(Result<T, String>);

impl<T> IfUsed<T> {
    /// The value.
    ///
    /// # Errors
    ///
    /// If it is wrong: why, behind the name of its variable.
    pub fn get(&self, variable: &str) -> Result<&T, String> {
        self.0.as_ref().map_err(|why| format!("{variable} {why}"))
    }
}

impl<T: FromStr<Err = String>> FromStr for IfUsed<T> {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.parse()))
    }
}
