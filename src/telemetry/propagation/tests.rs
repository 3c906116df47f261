use proptest::prelude::*;

use super::*;

const TRACE: &str = "463ac35c9f6413ad48485a3953bb6124";
const SHORT: &str = "48485a3953bb6124";
const SPAN: &str = "a2fb4a1d1a96d312";

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    pairs
        .iter()
        .map(|(name, value)| {
            let value = HeaderValue::from_str(value).expect("test headers are ASCII");
            (HeaderName::from_static(name), value)
        })
        .collect()
}

fn read(pairs: &[(&'static str, &str)]) -> Option<(String, String, Option<bool>)> {
    let remote = extract(&headers(pairs))?;
    let (trace, span) = remote.ids?;
    Some((trace.to_string(), span.to_string(), remote.sampled))
}

fn long(sampled: Option<bool>) -> Option<(String, String, Option<bool>)> {
    Some((TRACE.into(), SPAN.into(), sampled))
}

#[test]
fn b3_multi_with_each_decision() {
    let ids = [("x-b3-traceid", TRACE), ("x-b3-spanid", SPAN)];
    let with = |more: (&'static str, &'static str)| read(&[ids[0], ids[1], more]);
    assert_eq!(read(&ids), long(None), "no decision leaves it to us");
    assert_eq!(with(("x-b3-sampled", "1")), long(Some(true)));
    assert_eq!(with(("x-b3-sampled", "0")), long(Some(false)));
    assert_eq!(with(("x-b3-sampled", "false")), long(Some(false)));
    assert_eq!(with(("x-b3-flags", "1")), long(Some(true)), "debug");
    assert_eq!(with(("x-b3-sampled", "?")), long(None));
}

#[test]
fn b3_single_in_all_its_lengths() {
    let single = |value: String| read(&[("b3", &value)]);
    assert_eq!(single(format!("{TRACE}-{SPAN}")), long(None));
    assert_eq!(single(format!("{TRACE}-{SPAN}-1")), long(Some(true)));
    assert_eq!(single(format!("{TRACE}-{SPAN}-d-{SPAN}")), long(Some(true)));
    assert_eq!(single(format!("{TRACE}-{SPAN}-0")), long(Some(false)));
    let deny = extract(&headers(&[("b3", "0")])).expect("a decision alone is something");
    assert_eq!((deny.ids, deny.sampled), (None, Some(false)));
}

#[test]
fn w3c_with_state_and_future_versions() {
    let parent = format!("00-{TRACE}-{SPAN}-01");
    assert_eq!(read(&[("traceparent", &parent)]), long(Some(true)));
    let parent = format!("00-{TRACE}-{SPAN}-00");
    assert_eq!(read(&[("traceparent", &parent)]), long(Some(false)));
    let future = format!("cc-{TRACE}-{SPAN}-01-what-the-future-brings");
    assert_eq!(read(&[("traceparent", &future)]), long(Some(true)));
    let with_state = headers(&[("traceparent", &parent), ("tracestate", "a=1,b=2")]);
    let state = extract(&with_state).expect("valid").state;
    assert_eq!(state.header(), "a=1,b=2");
}

#[test]
fn a_short_trace_id_keeps_its_form() {
    let read = read(&[("x-b3-traceid", SHORT), ("x-b3-spanid", SPAN)]);
    assert_eq!(
        read.map(|ids| ids.0),
        Some(format!("0000000000000000{SHORT}"))
    );
    let id = b3_trace_id(SHORT).expect("valid");
    assert_eq!(trace_id_text(id).as_str(), SHORT);
    let id = b3_trace_id(TRACE).expect("valid");
    assert_eq!(trace_id_text(id).as_str(), TRACE);
}

#[test]
fn the_first_readable_format_wins() {
    let other = "11111111111111111111111111111111";
    let single = format!("{other}-{SPAN}-1");
    let parent = format!("00-{other}-{SPAN}-01");
    let b3 = [("x-b3-traceid", TRACE), ("x-b3-spanid", SPAN)];
    assert_eq!(
        read(&[b3[0], b3[1], ("b3", &single), ("traceparent", &parent)]),
        long(None)
    );
    let broken = [("x-b3-traceid", "nonsense"), ("x-b3-spanid", SPAN)];
    let read = read(&[broken[0], broken[1], ("b3", &single)]);
    assert_eq!(read.map(|ids| ids.0).as_deref(), Some(other));
}

#[test]
fn what_cannot_be_read_is_absent() {
    for value in [
        String::new(),
        "-".into(),
        TRACE.to_owned(),
        format!("{TRACE}-"),
        format!("{TRACE}-{SPAN}0-1"),
        format!("{}-{SPAN}-1", "0".repeat(32)),
        format!("{TRACE}-{}-1", "0".repeat(16)),
        format!("+{}-{SPAN}-1", &TRACE[1..]),
    ] {
        assert_eq!(read(&[("b3", &value)]), None, "{value}");
    }
    for value in [
        format!("00-{TRACE}-{SPAN}"),
        format!("ff-{TRACE}-{SPAN}-01"),
        format!("00-{TRACE}-{SPAN}-01-more"),
        format!("00-{SHORT}-{SPAN}-01"),
        format!("00-{TRACE}-{SPAN}-+1"),
    ] {
        assert_eq!(read(&[("traceparent", &value)]), None, "{value}");
    }
}

#[test]
fn what_is_written_is_read_back() {
    let ids = (b3_trace_id(SHORT), span_id(SPAN));
    let ids = (ids.0.expect("valid"), ids.1.expect("valid"));
    for sampled in [true, false] {
        let mut out = HeaderMap::new();
        inject(&remote_parent(ids, sampled, TraceState::NONE), &mut out);
        let b3 = b3_multi(&out).expect("written");
        assert_eq!((b3.ids, b3.sampled), (Some(ids), Some(sampled)));
        let w3c = w3c(&out).expect("written");
        assert_eq!((w3c.ids, w3c.sampled), (Some(ids), Some(sampled)));
    }
    let mut out = HeaderMap::new();
    inject(&SpanContext::NONE, &mut out);
    assert!(out.is_empty());
}

proptest! {
    #[test]
    fn no_header_is_too_strange(value in "\\PC{0,80}", bytes in proptest::collection::vec(0x20u8..=0xff, 0..80)) {
        for value in [HeaderValue::from_bytes(value.as_bytes()), HeaderValue::from_bytes(&bytes)].into_iter().flatten() {
            for name in [B3, B3_TRACE_ID, B3_SPAN_ID, B3_SAMPLED, B3_FLAGS, TRACEPARENT, TRACESTATE] {
                let mut headers = HeaderMap::new();
                headers.insert(name, value.clone());
                let _ = extract(&headers);
            }
        }
    }

    #[test]
    fn ids_survive_the_round_trip(trace in 1u128.., span in 1u64.., sampled: bool) {
        let ids = (TraceId::from(trace), SpanId::from(span));
        let mut out = HeaderMap::new();
        inject(&remote_parent(ids, sampled, TraceState::NONE), &mut out);
        let read = extract(&out).expect("written");
        prop_assert_eq!((read.ids, read.sampled), (Some(ids), Some(sampled)));
    }
}
