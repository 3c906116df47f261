//! Compiles `proto/` into Rust. No `protoc` is needed: protox is a compiler in Rust.

use std::path::PathBuf;
use std::{env, fs};

use prost::Message;

/// Messages that are kept encoded: tickets, the requests they come in and the matches they go out
/// in.
const OPAQUE: &[&str] = &[
    "Ticket",
    "MakeMatchesRequest",
    "BackfillMakeMatchesRequest",
    "Match",
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo:rerun-if-changed=proto");
    let files = protox::compile(["matchFunction.proto"], ["proto"])?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("descriptor.bin"), files.encode_to_vec())?;

    let mut build = tonic_prost_build::configure().codec_path("crate::proto::Codec");
    for name in OPAQUE {
        let path = format!(".accelbyte.matchmaking.matchfunction.{name}");
        build = build.extern_path(path, "crate::proto::Opaque");
    }
    build.compile_fds(files)?;
    Ok(())
}
