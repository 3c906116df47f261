//! Rank bands: two players whose ranks are in the same band play each other, those who have waited
//! longest first. docs/custom-logic.md explains it.

use std::{cmp::Reverse, collections::BTreeMap, process::ExitCode};

use match_function::matching::{
    Flow, Match, MatchLogic, ParsedRules, Reason, RulesError, Tick, TickContext, Ticket,
    TicketFault, Value, rules, whole_queue,
};

pub(crate) struct RankBands;

impl MatchLogic for RankBands {
    type Rules = u32; // the width of a band

    fn rules(&self, json: &str) -> Result<ParsedRules<u32>, RulesError> {
        rules::read(rules::object(json)?, |ruleset| {
            ruleset.whole("band_width", 1).unwrap_or(100)
        })
    }

    fn stat_codes(&self, _: &u32) -> Vec<String> {
        vec!["rank".to_owned()]
    }

    fn validate_ticket(&self, width: &u32, ticket: &Ticket) -> Result<(), TicketFault> {
        band(ticket, *width).map(drop)
    }

    fn open(&self, width: u32, context: TickContext) -> Box<dyn Tick> {
        whole_queue(move |mut tickets, out| {
            tickets.sort_by_key(|ticket| Reverse(ticket.age_ms(context.now_ms)));
            let mut waiting = BTreeMap::new();
            for ticket in tickets {
                let Ok(band) = band(&ticket, width) else {
                    out.leave(ticket, Reason::InvalidTicket);
                    continue;
                };
                let Some(other) = waiting.remove(&band) else {
                    waiting.insert(band, ticket);
                    continue;
                };
                let made = Match::of_teams(&context, [vec![other], vec![ticket]]);
                if out.offer(made) == Flow::Stop {
                    return;
                }
            }
            for ticket in waiting.into_values() {
                out.leave(ticket, Reason::NotEnoughTickets);
            }
        })
    }
}

/// The band of a ticket's only player.
fn band(ticket: &Ticket, width: u32) -> Result<i64, TicketFault> {
    ticket.check()?;
    let rank = match ticket.players.as_slice() {
        [player] => player.attributes.get("rank").and_then(Value::as_number),
        _ => None,
    }
    .ok_or(TicketFault::Unfit("it needs one player with a `rank`"))?;
    Ok((rank / f64::from(width)).floor() as i64)
}

fn main() -> ExitCode {
    match_function::cli::main(RankBands)
}

#[cfg(test)]
mod tests {
    use match_function::matching::{Player, Text, play};

    use super::*;

    fn ticket((id, rank, created_at_ms): (&str, f64, i64)) -> Ticket {
        let (id, attributes) = (Text::from(id), [("rank".into(), rank.into())]);
        let attributes = attributes.into_iter().collect();
        Ticket {
            id: id.clone(),
            players: vec![Player { id, attributes }],
            created_at_ms: Some(created_at_ms),
            ..Ticket::default()
        }
    }

    #[test]
    fn the_two_oldest_tickets_of_a_band_meet() {
        let (ruleset, now_ms) = (r#"{"band_width": 100}"#, 9_000);
        let context = TickContext { now_ms, tick_id: 1 };
        let queue = [
            ("ann", 1210.0, 3_000),
            ("bob", 1340.0, 2_000),
            ("cid", 1290.0, 2_000),
            ("dee", 1205.0, 1_000),
        ];
        let played = play(&RankBands, ruleset, context, queue.map(ticket)).unwrap();
        assert_eq!(played.ids(), [["dee", "cid"]]);
        assert_eq!(played.left.len(), 2);
    }
}
