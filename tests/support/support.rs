//! What the black-box tests share: an AGS in memory behind real HTTP, and tokens that it signs.

pub(crate) mod ags;
pub(crate) mod logs;
pub(crate) mod tokens;
