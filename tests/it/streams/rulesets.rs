//! Rulesets that nearly are those of another strategy, and what the log says of refused ones.

use match_function::proto::{GetStatCodesRequest, Rules, ValidateTicketRequest};
use prost::Message;
use tonic::Code;

use crate::support::{Ticket, all, ids, parameters, raw, start, ticket};
use crate::telemetry;

#[tokio::test]
async fn near_misses_are_refused_and_not_paired() {
    let server = start(&[]);
    let invalid = Code::InvalidArgument;
    let cases: [(&str, &[&str]); 8] = [
        (
            include_str!("../../cases/reports/05/rules-camel.json"),
            &["`allianceRule` is {", "`alliance` was probably meant"],
        ),
        (
            include_str!("../../cases/reports/05/rules-vendor-ai-doc.json"),
            &["`AllianceRule` is {", "`alliance` was probably meant"],
        ),
        (
            r#"{"aliance": {"min_number": 2}, "matchingRules": [], "shipCountMin": -1}"#,
            &[
                "`alliance` was",
                "`matching_rule` was",
                "`shipCountMin` is -1",
            ],
        ),
        (
            r#"{"matching_rule": []}"#,
            &["belongs to a ruleset with `alliance`, which is missing"],
        ),
        (
            r#"{"name": "duel", "data": {"alliance": {}}}"#,
            &["the ruleset is what `data` holds"],
        ),
        (r#"{"teams": [{}], "rules": [{}]}"#, &["FlexMatch"]),
        (
            r#"{"sub_game_modes": {"duel": {}}}"#,
            &["a mode has to have it"],
        ),
        (r#"{"autoBackfill": true}"#, &["`auto_backfill` was"]),
    ];
    let lines = include_str!("../../cases/reports/05/tickets.ndjson").lines();
    let count = lines.count();
    assert_eq!(count, 4);
    for (rules, parts) in cases {
        let mut requests = vec![parameters(rules)];
        requests.extend((0..count).map(|n| ticket(&n.to_string())));
        server.refused(requests, invalid, parts).await;
    }
}

#[tokio::test]
async fn a_studios_own_keys_are_paired() {
    let server = start(&[]);
    for rules in [
        "{}",
        r#"{"mode": "duel", "teams": 2, "allowance": 3}"#,
        r#"{"shipCountMin": 2, "shipCountMax": 2, "maps": {"any": 1}, "auto_backfill": true}"#,
    ] {
        let requests = vec![parameters(rules), ticket("a"), ticket("b")];
        let matches = server.make(requests).await.expect(rules);
        assert_eq!(ids(&matches), [["a", "b"]]);
    }
}

#[tokio::test]
async fn a_refused_ruleset_is_a_warning_with_its_pool_once_in_a_minute() {
    let mut server = telemetry::start(&[]).await;
    let wrong = r#"{"aliance": {}}"#;
    for _ in 0..3 {
        let requests = vec![parameters(wrong), ticket("a")];
        let answers = server
            .client
            .make_matches(tokio_stream::iter(requests))
            .await;
        let refused = all(answers.unwrap().into_inner()).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
    }
    let rules = |json: &str| Some(Rules { json: json.into() });
    let validate = ValidateTicketRequest {
        ticket: Some(raw(&Ticket::new("t", "duel").encode_to_vec())),
        rules: rules(r#"{"matching_rule": 1}"#),
    };
    for _ in 0..2 {
        let refused = server.client.validate_ticket(validate.clone()).await;
        assert_eq!(refused.unwrap_err().code(), Code::InvalidArgument);
    }
    // A ruleset that comes alone has no pool.
    let codes = GetStatCodesRequest { rules: rules("[") };
    let refused = server.client.get_stat_codes(codes).await;
    assert_eq!(refused.unwrap_err().code(), Code::InvalidArgument);
    let lines = server.end().await;
    let told: Vec<_> = lines
        .iter()
        .filter_map(|line| {
            let text = line["message"]
                .as_str()?
                .strip_prefix("ruleset refused: ")?;
            Some((line["level"].as_str()?, line["match_pool"].as_str()?, text))
        })
        .collect();
    let [aliance, alone, no_json] = told[..] else {
        panic!("{told:#?}")
    };
    assert_eq!((aliance.0, aliance.1), ("WARN", "pool"));
    assert!(
        aliance.2.contains("`alliance` was probably meant"),
        "{aliance:?}"
    );
    assert_eq!((alone.0, alone.1), ("WARN", "duel"));
    assert!(alone.2.contains("`matching_rule` is 1"), "{alone:?}");
    assert_eq!(no_json.1, "");
}
