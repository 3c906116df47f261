//! Explanations for programs.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::super::{FORMAT, document};
use super::Table;
use crate::matching::Ticket;
use crate::matching::explain::{Change, Count, Explanation, Fate, Funnel, Miss, PutOff, Scene};

pub(super) fn one(
    ticket: &Ticket,
    scene: &Scene,
    explanation: &Explanation,
    out: &mut impl Write,
) -> io::Result<()> {
    let closest = explanation.closest.as_ref().map(
        |closest| json!({"ticket_id": &*closest.ticket, "test": closest.test, "by": closest.by}),
    );
    let misses: Vec<Value> = explanation.misses.iter().map(miss).collect();
    document(
        &json!({
            "format": FORMAT,
            "ticket_id": &*ticket.id,
            "players": ticket.players.len(),
            "age_ms": ticket.age_ms(scene.context.now_ms),
            "fate": fate(&explanation.fate),
            "funnel": explanation.funnel.as_ref().map(funnel),
            "closest": closest,
            "misses": misses,
            "put_off": explanation.put_off.as_ref().map(put_off),
        }),
        out,
    )
}

pub(super) fn table(scene: &Scene, table: &Table, out: &mut impl Write) -> io::Result<()> {
    let left = table.groups.iter().flat_map(|(_, group)| group);
    let left: Vec<Value> = left
        .map(|one| {
            let ticket = &scene.tickets[one.place];
            json!({
                "ticket_id": &*ticket.id,
                "players": ticket.players.len(),
                "age_ms": ticket.age_ms(scene.context.now_ms),
                "reason": one.reason.as_str(),
                "miss": one.miss.as_ref().map(miss),
            })
        })
        .collect();
    document(
        &json!({
            "format": FORMAT,
            "tickets": scene.tickets.len(),
            "served": table.served,
            "left": left,
        }),
        out,
    )
}

fn put_off(put_off: &PutOff) -> Value {
    json!({
        "size": count(&put_off.size),
        "cost": put_off.cost,
        "worth": put_off.worth,
        "wait_s": put_off.wait_s,
    })
}

fn fate(fate: &Fate) -> Value {
    match fate {
        Fate::Left(reason) => json!({"is": "left", "reason": reason.as_str()}),
        Fate::Joined(session) => json!({"is": "joined", "match_session_id": &**session}),
        Fate::Matched(matched) => {
            let terms: Vec<Value> = matched
                .terms
                .iter()
                .map(|term| json!({"what": term.what, "cost": term.cost}))
                .collect();
            json!({
                "is": "matched",
                "match": matched.number,
                "size": count(&matched.size),
                "region": matched.region.as_deref(),
                "mode": matched.mode.as_deref(),
                "pivot": matched.pivot.as_deref(),
                "place": matched.place.map(|(at, _)| at),
                "candidates": matched.place.map(|(_, all)| all),
                "score": terms,
            })
        }
    }
}

fn count(count: &Count) -> Value {
    json!({"tickets": count.tickets, "players": count.players})
}

fn funnel(funnel: &Funnel) -> Value {
    let steps: Vec<Value> = funnel
        .steps
        .iter()
        .map(|step| json!({"test": step.test, "left": count(&step.left)}))
        .collect();
    let needs = &funnel.needs;
    json!({
        "region": funnel.region.as_deref(),
        "mode": funnel.mode.as_deref(),
        "others": count(&funnel.others),
        "steps": steps,
        "needs": {
            "own_players": needs.own,
            "min_number": needs.teams.0,
            "max_number": needs.teams.1,
            "player_min_number": needs.players.0,
            "player_max_number": needs.players.1,
            "roles": needs.roles,
        },
    })
}

fn miss(miss: &Miss) -> Value {
    let changes: Vec<Value> = miss.changes.iter().map(change).collect();
    json!({"text": miss.to_string(), "changes": changes})
}

fn change(change: &Change) -> Value {
    match change {
        Change::Wait { seconds } => json!({"kind": "wait", "seconds": seconds}),
        Change::Reference {
            rule,
            attribute,
            from,
            to,
        } => json!({"kind": "reference", "rule": rule, "attribute": &**attribute,
            "from": from, "to": to}),
        Change::Latency {
            region,
            from_ms,
            to_ms,
            ..
        } => json!({"kind": "latency", "region": &**region, "from_ms": from_ms, "to_ms": to_ms}),
        Change::Players { count, role, .. } => {
            json!({"kind": "players", "count": count, "role": role.as_deref()})
        }
        Change::OptionOff { name } => json!({"kind": "option_off", "name": &**name}),
        Change::AttributeOff { name } => json!({"kind": "attribute_off", "name": &**name}),
        Change::Unblock { id, player, .. } => {
            json!({"kind": "unblock", "ticket_id": &**id, "player_id": &**player})
        }
        Change::AnyRole { .. } => json!({"kind": "any_role"}),
        Change::Mode { name, .. } => json!({"kind": "mode", "name": &**name}),
        Change::AnySession { .. } => json!({"kind": "any_session"}),
    }
}
