//! A match-function server for AccelByte Gaming Services (AGS) matchmaking.

pub mod matching;
pub mod proto;
