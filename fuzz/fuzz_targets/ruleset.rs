//! Any text as a ruleset: no panic, and what is accepted prints as the same rules.
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
            let printed = read.to_json().to_string();
            assert_eq!(parse(&printed).as_ref(), Ok(&read), "{printed}");
            assert!(1 <= read.largest_team());
            assert_eq!(read.needs().latencies, read.backfill_needs().latencies);
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
