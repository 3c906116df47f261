//! The three unary calls.

use match_function::matching::{
    AgsLogic, AgsRules, Attributes, BackfillTick, Enrichment, MatchLogic, Needs, ParsedRules,
    RulesError, Tick, TickContext, TicketFault, Value,
};
use match_function::proto::{
    EnrichTicketRequest, GetStatCodesRequest, Rules, ValidateTicketRequest,
};
use prost::Message;
use prost_types::value::Kind;
use tonic::Code;

use crate::support::{Player, Ticket, raw, start, start_with};

#[tokio::test]
async fn pair_rules_need_no_statistics() {
    let server = start(&[]);
    let mut client = server.client().await;
    let codes = client
        .get_stat_codes(GetStatCodesRequest::default())
        .await
        .unwrap()
        .into_inner();
    assert!(codes.codes.is_empty());
    let wrong = Some(Rules { json: "[".into() });
    let status = client
        .get_stat_codes(GetStatCodesRequest { rules: wrong })
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
}

#[tokio::test]
async fn a_ticket_is_valid_or_not_and_that_is_no_error() {
    let server = start(&[]);
    let mut client = server.client().await;
    let player = |id: &str, mmr: f64| {
        let kind = Some(Kind::NumberValue(mmr));
        let fields = [("mmr".to_owned(), prost_types::Value { kind })].into();
        Player {
            player_id: id.into(),
            attributes: Some(prost_types::Struct { fields }),
        }
    };
    let cases = [
        (vec![player("a", 1.0), player("b", 2.0)], true),
        (vec![], false),
        (vec![player("a", 1.0), player("a", 1.0)], false),
        (vec![player("", 1.0)], false),
        (vec![player("a", f64::NAN)], false),
    ];
    for (players, valid) in cases {
        let ticket = Ticket {
            players,
            ..Ticket::new("t", "pool")
        };
        let ticket = Some(raw(&ticket.encode_to_vec()));
        let request = ValidateTicketRequest {
            ticket,
            rules: None,
        };
        let answer = client.validate_ticket(request).await.unwrap().into_inner();
        assert_eq!(answer.valid_ticket, valid);
    }
    let none = client
        .validate_ticket(ValidateTicketRequest::default())
        .await
        .unwrap();
    assert!(!none.into_inner().valid_ticket);
}

#[tokio::test]
async fn a_ticket_comes_back_unchanged() {
    let server = start(&[]);
    let mut client = server.client().await;
    let ticket = Ticket {
        of_tomorrow: vec![1, 2],
        ..Ticket::new("t", "pool")
    };
    let ticket = Some(raw(&ticket.encode_to_vec()));
    let request = EnrichTicketRequest {
        ticket: ticket.clone(),
        rules: None,
    };
    let answer = client.enrich_ticket(request).await.unwrap().into_inner();
    assert_eq!(answer.ticket, ticket);
    let none = client
        .enrich_ticket(EnrichTicketRequest::default())
        .await
        .unwrap_err();
    assert_eq!(none.code(), Code::InvalidArgument);
}

/// Teams of at most two, four once the pivot is old; a cap of 200 ms.
const ALLIANCE: &str = r#"{
    "alliance": {"min_number": 2, "max_number": 2, "player_min_number": 1, "player_max_number": 2},
    "alliance_flexing_rule": [{"duration": 60, "min_number": 2, "max_number": 2,
        "player_min_number": 1, "player_max_number": 4}],
    "matching_rule": [
        {"attribute": "mmr", "criteria": "distance", "reference": 100},
        {"attribute": "level", "criteria": "distance", "reference": 5},
        {"attribute": "mmr", "criteria": "distance", "reference": 50}],
    "region_latency_max_ms": 200}"#;

fn alliance() -> Option<Rules> {
    Some(Rules {
        json: ALLIANCE.into(),
    })
}

#[tokio::test]
async fn alliance_rules_need_the_attributes_that_they_compare() {
    let server = start(&[]);
    let mut client = server.client().await;
    let request = GetStatCodesRequest { rules: alliance() };
    let codes = client.get_stat_codes(request).await.unwrap().into_inner();
    assert_eq!(codes.codes, ["mmr", "level"]);
    let wrong = r#"{"alliance": {"min_number": 0}, "matching_rule": 1}"#.into();
    let rules = Some(Rules { json: wrong });
    let refused = client
        .get_stat_codes(GetStatCodesRequest { rules })
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    for path in ["alliance.min_number", "matching_rule"] {
        assert!(refused.message().contains(path), "{}", refused.message());
    }
}

#[tokio::test]
async fn what_alliance_rules_refuse_is_logged_and_counted() {
    let mut server = crate::telemetry::start(&[]).await;
    let party = |size: usize, latencies: &[(&str, i64)]| {
        let player = |n| Player {
            player_id: format!("player-{n}"),
            ..Player::default()
        };
        let latencies = latencies.iter();
        Ticket {
            players: (0..size).map(player).collect(),
            latencies: latencies
                .map(|(region, ms)| ((*region).to_owned(), *ms))
                .collect(),
            ..Ticket::new(&format!("party-of-{size}"), "pool")
        }
    };
    let twice = Ticket {
        players: vec![party(1, &[]).players[0].clone(); 2],
        ..party(1, &[])
    };
    let cases = [
        (party(1, &[]), None),
        // As large as a team becomes once the pivot is old.
        (party(4, &[("eu", 900), ("us", 200)]), None),
        (party(5, &[]), Some("too_many_players")),
        (
            party(1, &[("eu", 900), ("us", 201)]),
            Some("no_region_under_cap"),
        ),
        (party(0, &[]), Some("no_player")),
        (twice, Some("player_twice")),
    ];
    for (ticket, reason) in &cases {
        let request = ValidateTicketRequest {
            ticket: Some(raw(&ticket.encode_to_vec())),
            rules: alliance(),
        };
        let answer = server.client.validate_ticket(request).await.unwrap();
        let valid = answer.into_inner().valid_ticket;
        assert_eq!(valid, reason.is_none(), "{reason:?}");
    }
    let metrics = server.metrics().await;
    let lines = server.end().await;
    for reason in cases.iter().filter_map(|(_, reason)| *reason) {
        let counted = format!("refusals_total{{reason=\"{reason}\"}} 1");
        assert!(metrics.contains(&counted), "{counted}\n{metrics}");
        let logged = lines.iter().filter(|line| line["reason"] == reason);
        assert_eq!(logged.count(), 1, "{reason}");
    }
}

#[tokio::test]
async fn alliance_rules_leave_a_ticket_as_it_is() {
    let server = start(&[]);
    let mut client = server.client().await;
    let ticket = Ticket {
        of_tomorrow: vec![3],
        ..Ticket::new("t", "pool")
    };
    let ticket = Some(raw(&ticket.encode_to_vec()));
    let request = EnrichTicketRequest {
        ticket: ticket.clone(),
        rules: alliance(),
    };
    let answer = client.enrich_ticket(request).await.unwrap().into_inner();
    assert_eq!(answer.ticket, ticket);
}

/// A logic that adds an attribute and is AGS's otherwise.
struct Adding;

impl MatchLogic for Adding {
    type Rules = AgsRules;

    fn rules(&self, json: &str) -> Result<ParsedRules<AgsRules>, RulesError> {
        AgsLogic.rules(json)
    }

    fn stat_codes(&self, rules: &AgsRules) -> Vec<String> {
        AgsLogic.stat_codes(rules)
    }

    fn needs(&self, rules: &AgsRules) -> Needs {
        AgsLogic.needs(rules)
    }

    fn validate_ticket(
        &self,
        rules: &AgsRules,
        ticket: &match_function::matching::Ticket,
    ) -> Result<(), TicketFault> {
        AgsLogic.validate_ticket(rules, ticket)
    }

    fn enrich_ticket(&self, _: &AgsRules, ticket: &match_function::matching::Ticket) -> Enrichment {
        let size = Value::Number(ticket.players.len() as f64);
        let attributes: Attributes = [("party_size".into(), size)].into_iter().collect();
        Enrichment { attributes }
    }

    fn open(&self, rules: AgsRules, context: TickContext) -> Box<dyn Tick> {
        AgsLogic.open(rules, context)
    }

    fn open_backfill(&self, rules: AgsRules, context: TickContext) -> Box<dyn BackfillTick> {
        AgsLogic.open_backfill(rules, context)
    }
}

#[tokio::test]
async fn a_studio_can_add_to_a_ticket_and_the_rest_stays() {
    let server = start_with(&[], Adding);
    let mut client = server.client().await;
    let text = prost_types::Value {
        kind: Some(Kind::StringValue("old".into())),
    };
    let fields = [
        ("map".to_owned(), text.clone()),
        ("party_size".to_owned(), text),
    ]
    .into();
    let ticket = Ticket {
        ticket_attributes: Some(prost_types::Struct { fields }),
        of_tomorrow: vec![9],
        ..Ticket::new("t", "pool")
    };
    let request = EnrichTicketRequest {
        ticket: Some(raw(&ticket.encode_to_vec())),
        rules: None,
    };
    let answer = client
        .enrich_ticket(request)
        .await
        .unwrap()
        .into_inner()
        .ticket
        .unwrap();
    let answer = Ticket::decode(answer.into_fields()).unwrap();
    let fields = &answer.ticket_attributes.as_ref().unwrap().fields;
    assert_eq!(fields["party_size"].kind, Some(Kind::NumberValue(1.0)));
    assert_eq!(fields["map"].kind, Some(Kind::StringValue("old".into())));
    assert_eq!(
        (answer.players, answer.of_tomorrow),
        (ticket.players, ticket.of_tomorrow)
    );
}
