use proptest::prelude::*;

use super::*;
use crate::matching::rules::Lint;

fn fault(path: &str, found: &str) -> RuleFault {
    RuleFault::new(
        Lint::WRONG_VALUE,
        path,
        &found.into(),
        "allowed are texts of 1 to 64 characters",
    )
}

/// Whether the text and details stay within the bound, and the text can be read again.
fn check(status: &Status) {
    let sent = sent_len(status);
    assert!(sent <= MAX_SENT, "{sent} bytes");
    let mut trailers = HeaderMap::new();
    status.add_header(&mut trailers).expect("it can be sent");
    let read = Status::from_header_map(&trailers).expect("a status");
    assert_eq!(read.message(), status.message());
}

#[test]
fn what_is_small_keeps_its_details() {
    let status = rules(&RulesError::Invalid(vec![fault("a", "x"), fault("b", "y")]));
    check(&status);
    let details = status.get_details_bad_request().expect("details");
    let fields = details.field_violations.iter().map(|it| &*it.field);
    assert_eq!(fields.collect::<Vec<_>>(), ["a", "b"]);
    let one = invalid_field("ticket.match_pool", "wrong");
    assert!(one.get_details_bad_request().is_some());
}

#[test]
fn details_are_left_out_before_faults() {
    let faults: Vec<_> = (0..10).map(|_| fault("a", &"x".repeat(80))).collect();
    let status = rules(&RulesError::Invalid(faults));
    check(&status);
    assert!(status.details().is_empty());
    assert_eq!(status.message().matches("`a` is").count(), 10, "{status:?}");
}

#[test]
fn faults_that_do_not_fit_are_counted() {
    let faults: Vec<_> = (0..20).map(|_| fault("a", &"距".repeat(80))).collect();
    for error in [
        RulesError::Invalid(faults.clone()),
        RulesError::Unsupported(faults),
    ] {
        let status = rules(&error);
        check(&status);
        let listed = status.message().matches("`a` is").count();
        assert!((2..20).contains(&listed), "{listed}");
        let more = format!("; and {} more", 20 - listed);
        assert!(status.message().ends_with(&more), "{status:?}");
    }
}

#[test]
fn one_text_that_is_too_long_is_cut() {
    for text in [
        "x".repeat(1 << 20),
        " \"".repeat(1 << 20),
        "距".repeat(1 << 20),
    ] {
        let status = invalid_field("a", text);
        check(&status);
        assert!(status.message().ends_with('…'));
        assert_eq!(status.code(), Code::InvalidArgument);
    }
}

proptest! {
    #[test]
    fn every_status_fits(
        faults in prop::collection::vec((".{0,90}", ".{0,2000}"), 1..40),
        unsupported: bool,
    ) {
        let faults: Vec<_> = faults
            .iter()
            .map(|(path, found)| fault(path, found))
            .collect();
        let one = invalid_field(&faults[0].path, list(&faults, 40));
        check(&one);
        let error = if unsupported {
            RulesError::Unsupported(faults)
        } else {
            RulesError::Invalid(faults)
        };
        check(&rules(&error));
    }
}

#[test]
fn a_large_call_without_memory_is_not_sent_again_and_a_small_one_may_be() {
    let mut why = NoRoom {
        is_large: true,
        taken: 70,
        used: 98,
        limit: 100,
    };
    // Envoy's `retry_on` has names for these codes only.
    let retriable = [
        Code::Cancelled,
        Code::DeadlineExceeded,
        Code::Internal,
        Code::ResourceExhausted,
        Code::Unavailable,
    ];
    for status in [no_room(why), held_back(why, 30)] {
        assert!(!retriable.contains(&status.code()), "{status:?}");
        for part in ["98 of 100 bytes (MAX_MEMORY_BYTES)", "70", "add replicas"] {
            assert!(status.message().contains(part), "{part}: {status:?}");
        }
    }
    why.is_large = false;
    let status = no_room(why);
    assert_eq!(status.code(), Code::Unavailable);
    assert!(status.message().contains("MAX_MEMORY_BYTES"), "{status:?}");
}
