//! Any text as a ruleset: no panic, and what is accepted is read again as the same rules.
#![no_main]

use libfuzzer_sys::fuzz_target;
use match_function::matching::alliance::AllianceRules;
use match_function::matching::{RulesError, rules};

fn parse(text: &str) -> Result<AllianceRules, RulesError> {
    AllianceRules::parse(rules::object(text)?).map(|parsed| parsed.rules)
}

fuzz_target!(|text: &str| {
    match parse(text) {
        Ok(read) => {
            assert_eq!(parse(text).as_ref(), Ok(&read));
            assert!(1 <= read.largest_team());
            assert_eq!(read.needs().latencies, read.backfill_needs().latencies);
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
