//! The `match-function` program. A studio passes its own logic in place of `AgsLogic`.

use std::process::ExitCode;

use match_function::cli;
use match_function::matching::AgsLogic;
use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    cli::main(AgsLogic)
}
