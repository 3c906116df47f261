//! The contract read slowly: replays each session ticket by ticket, and looks at all tickets each
//! time. It shares no code with the search, only the types.

mod attributes;
mod running;

use std::collections::HashSet;

use super::*;
use crate::matching::explain::{copy, copy_session};
pub(super) use attributes::is_updated;
pub(super) use running::{Running, created};

/// Less is better: score, latency, creation time, arrival.
type Rank = (f64, i64, i64, u32);

/// The tickets that no session has taken yet, with their arrival.
type Waiting<'a> = Vec<(u32, &'a Ticket)>;

fn rank(running: &Running<'_>, (arrival, ticket): (u32, &Ticket)) -> Option<Rank> {
    let (score, latency) = running.fits(ticket)?;
    Some((score, latency, created(ticket.created_at_ms), arrival))
}

/// Replays the proposals of a tick over these sessions and tickets.
pub(super) fn check(
    rules: &AllianceRules,
    sessions: &[Session],
    tickets: &[Ticket],
) -> Result<u32, String> {
    let out = run(
        rules,
        sessions.iter().map(copy_session).collect(),
        tickets.iter().map(copy).collect(),
    );
    let mut order: Vec<&Session> = sessions.iter().collect();
    // The sort keeps the order of arrival.
    order.sort_by_key(|session| created(session.created_at_ms));
    let mut waiting: Waiting<'_> = (0..).zip(tickets).collect();
    let mut compared = 0;
    for session in order {
        let id = &session.match_session_id;
        let mut all = out.proposals.iter();
        let made = all.find(|one| one.session.match_session_id == *id);
        if made.is_none() && !out.why_open().contains_key(&**id) {
            return Err(format!("{id} is lost"));
        }
        let replayed = replay(rules, session, made, &mut waiting);
        compared += replayed.map_err(|fault| format!("{id}: {fault}"))?;
    }
    let left: HashSet<&str> = waiting.iter().map(|(_, one)| &*one.id).collect();
    if out.why_left().into_keys().collect::<HashSet<_>>() != left {
        return Err("tickets are lost".to_owned());
    }
    Ok(compared)
}

/// Replays what was proposed to one session, and takes its tickets out of the waiting ones.
fn replay<'a>(
    rules: &'a AllianceRules,
    session: &'a Session,
    made: Option<&Proposal>,
    waiting: &mut Waiting<'a>,
) -> Result<u32, String> {
    let mut running = Running::new(rules, session);
    let added = made.map_or(&[][..], |made| &made.added);
    let minimum = running.bounds().players_min as usize;
    // The team that is being brought to its minimum.
    let mut filling: Option<usize> = None;
    for next in added {
        let at = waiting.iter().position(|(_, one)| one.id == next.id);
        let (arrival, next) = waiting[at.ok_or(format!("{} joins twice", next.id))?];
        let own = rank(&running, (arrival, next)).ok_or(format!("{} may not join", next.id))?;
        let has = |team: &Roster| team.user_ids.contains(&next.players[0].id);
        let mut teams = made.iter().flat_map(|made| &made.teams);
        let team = teams.position(has).ok_or("in no team")?;
        match filling {
            Some(filling) if filling != team => {
                return Err(format!("{} joins beside a team below the minimum", next.id));
            }
            Some(_) if !running.has_room(team, next) => {
                return Err(format!("{} has no room in the new team", next.id));
            }
            Some(_) => {}
            None => {
                let is_better = |one: &(u32, &Ticket)| {
                    rank(&running, *one).is_some_and(|better| better < own)
                        && can_be_placed(&running, one.1, waiting)
                };
                if let Some((_, better)) = waiting.iter().find(|one| is_better(one)) {
                    return Err(format!("{} before {}", next.id, better.id));
                }
                placed(&running, next, team, waiting)?;
            }
        }
        waiting.retain(|(_, one)| one.id != next.id);
        let is_new = filling.is_some() || team == running.teams.len();
        running.join(next, team);
        filling = (is_new && running.teams[team].len() < minimum).then_some(team);
    }
    if filling.is_some() {
        return Err("a team below the minimum".to_owned());
    }
    let mut others = waiting.iter();
    if let Some((_, one)) = others
        .find(|one| rank(&running, **one).is_some() && can_be_placed(&running, one.1, waiting))
    {
        return Err(format!("{} is left out", one.id));
    }
    if let Some(made) = made {
        unchanged(session, made)?;
        let seats = made.teams.iter().map(|team| team.user_ids.iter().collect());
        let seats: Vec<Vec<&Text>> = seats.collect();
        if seats != running.teams {
            return Err(format!("teams {seats:?} instead of {:?}", running.teams));
        }
        is_updated(&running, &made.attributes)?;
    }
    Ok(u32::try_from(added.len()).expect("few"))
}

/// Old teams, players and parties stay.
fn unchanged(session: &Session, made: &Proposal) -> Result<(), String> {
    if made.teams.len() < session.teams.len() {
        return Err("a team is lost".to_owned());
    }
    for (old, new) in session.teams.iter().zip(&made.teams) {
        if old.id != new.id || !new.user_ids.starts_with(&old.user_ids) {
            return Err("a team was changed".to_owned());
        }
        let stays = |old: &crate::matching::Party| {
            let mut all = new.parties.iter();
            all.any(|new| new.id == old.id && new.user_ids.starts_with(&old.user_ids))
        };
        if !old.parties.iter().all(stays) {
            return Err("a party was changed".to_owned());
        }
    }
    Ok(())
}

/// Whether the ticket, which may join, has a place.
fn can_be_placed(running: &Running<'_>, ticket: &Ticket, waiting: &Waiting<'_>) -> bool {
    running.smallest(ticket).is_some() || can_open(running, ticket, waiting)
}

/// Whether a new team of the ticket can be brought to its minimum by tickets that wait, each in its
/// turn.
fn can_open(running: &Running<'_>, ticket: &Ticket, waiting: &Waiting<'_>) -> bool {
    if !running.may_open(ticket) {
        return false;
    }
    let mut opened = running.clone();
    let team = opened.teams.len();
    opened.join(ticket, team);
    let rest = waiting.iter().filter(|(_, one)| one.id != ticket.id);
    let mut rest: Vec<(u32, &Ticket)> = rest.copied().collect();
    rest.retain(|one| rank(&opened, *one).is_some());
    rest.sort_by(|a, b| {
        let ranks = rank(&opened, *a).partial_cmp(&rank(&opened, *b));
        ranks.expect("scores are finite")
    });
    can_fill(&opened, team, &rest)
}

fn can_fill(running: &Running<'_>, team: usize, rest: &[(u32, &Ticket)]) -> bool {
    if running.teams[team].len() >= running.bounds().players_min as usize {
        return true;
    }
    (0..rest.len()).any(|at| {
        let (_, next) = rest[at];
        if running.fits(next).is_none() || !running.has_room(team, next) {
            return false;
        }
        let mut with = running.clone();
        with.join(next, team);
        can_fill(&with, team, &rest[at + 1..])
    })
}

/// Whether a ticket that joins is in the right team.
fn placed(
    running: &Running<'_>,
    ticket: &Ticket,
    team: usize,
    waiting: &Waiting<'_>,
) -> Result<(), String> {
    let id = &ticket.id;
    let smallest = running.smallest(ticket);
    if team >= running.teams.len() {
        if team > running.teams.len() || !running.may_open(ticket) {
            return Err(format!("{id} is in a team too many"));
        }
        if !running.rules.rebalance && smallest.is_some() {
            return Err(format!("{id} opens a team, and another has room"));
        }
        return Ok(());
    }
    if !running.has_room(team, ticket) || smallest != Some(running.teams[team].len()) {
        return Err(format!("{id} is not in the smallest team with room"));
    }
    if running.rules.rebalance && smallest > Some(0) && can_open(running, ticket, waiting) {
        return Err(format!("{id} is not in the empty place"));
    }
    Ok(())
}
