//! Any bytes as a decompressed capture: read, or refused with what is wrong; what is read is played.
#![no_main]

use libfuzzer_sys::fuzz_target;
use match_function::capture::Capture;
use match_function::matching::AgsLogic;
use match_function::service::replay;

fuzz_target!(|input: &[u8]| {
    if let Ok(capture) = Capture::decode(input.to_vec().into()) {
        replay(&AgsLogic, &capture);
    }
});
