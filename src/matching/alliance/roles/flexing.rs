//! Players who give up their choice of a role when the queue is old (docs/semantics.md, "Role
//! flexing").

use super::requests::{RequestId, Requests};
use crate::matching::Ticket;
use crate::matching::alliance::rules::{AllianceRules, Layout, Roles};

/// Makes wildcards of as many players as the age of the oldest ticket asks for. `tickets` are those of a
/// queue from old to young, `players` the requests of all their players in that order. O(players
/// and the roles that they name).
pub(super) fn flex(
    rules: &AllianceRules,
    now_ms: i64,
    tickets: &[&Ticket],
    requests: &mut Requests,
    players: &mut [RequestId],
) {
    let Some(oldest) = tickets.first() else {
        return;
    };
    let Some((layout, target)) = in_effect(rules, oldest.age_ms(now_ms)) else {
        return;
    };
    let is_wildcard = |request: &RequestId| requests.get(*request).any.is_some();
    let wildcards = players
        .iter()
        .filter(|request| is_wildcard(request))
        .count();
    let mut left = target.saturating_sub(wildcards as u64);
    for wanted in by_surplus(layout, requests, tickets, players) {
        for at in wanted.players {
            if left == 0 {
                return;
            }
            if requests.get(players[at]).any.is_none() {
                players[at] = requests.widened(players[at]);
                left -= 1;
            }
        }
    }
}

/// The layout whose flexing of roles holds, and how many wildcards there are to be; of several modes
/// the one with most players per second, and of equal ones the first by name.
fn in_effect(rules: &AllianceRules, age_ms: i64) -> Option<(&Layout, u64)> {
    let layouts = rules.layouts();
    let flexing = layouts.filter_map(|layout| Some((layout, layout.role_flexing?)));
    let best = flexing.reduce(|best, other| {
        let rate = |players: u32, period_ms: i64| i128::from(players) * i128::from(period_ms);
        // a / b > c / d, without fractions.
        let (old, new) = (best.1, other.1);
        if rate(new.players, old.period_ms) > rate(old.players, new.period_ms) {
            other
        } else {
            best
        }
    });
    best.map(|(layout, flexing)| {
        let periods = u64::try_from(age_ms / flexing.period_ms).unwrap_or(0);
        (layout, periods.saturating_mul(u64::from(flexing.players)))
    })
}

/// A role of the lists.
#[derive(Debug, Default)]
struct Wanted {
    /// Players that the lists need at least, less those who name the role.
    lack: i64,
    /// Those who name it, by their places: of the newest ticket first, in the order of the ticket.
    players: Vec<usize>,
}

/// The roles of a layout's lists, those with the largest surplus of players first; of equal ones the
/// one that stands first.
fn by_surplus(
    layout: &Layout,
    requests: &Requests,
    tickets: &[&Ticket],
    players: &[RequestId],
) -> Vec<Wanted> {
    let stage = &layout.first;
    let teams = match stage.roles {
        Roles::Single(_) => stage.teams.teams_min,
        _ => 1,
    };
    let mut all: Vec<Wanted> = Vec::new();
    let mut at_of = vec![usize::MAX; requests.names()];
    for role in stage.roles.lists().iter().flat_map(|list| &list.0) {
        let Some(number) = requests.role(&role.name) else {
            continue;
        };
        let at = &mut at_of[number as usize];
        if *at == usize::MAX {
            *at = all.len();
            all.push(Wanted::default());
        }
        let lack = &mut all[*at].lack;
        *lack = lack.saturating_add(i64::from(role.min) * i64::from(teams));
    }
    let mut end = players.len();
    for ticket in tickets.iter().rev() {
        let start = end - ticket.players.len();
        for (at, request) in (start..end).zip(&players[start..end]) {
            for (role, _) in &requests.get(*request).roles {
                if let Some(wanted) = all.get_mut(at_of[*role as usize]) {
                    wanted.lack -= 1;
                    wanted.players.push(at);
                }
            }
        }
        end = start;
    }
    // The sort is stable.
    all.sort_by_key(|wanted| wanted.lack);
    all
}
