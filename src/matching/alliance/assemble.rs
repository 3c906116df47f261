//! A finished match: teams, regions and attributes (docs/semantics.md, "Region preferences",
//! "Rebalance" and "Match fields").

use std::rc::Rc;

use smallvec::SmallVec;

use super::AllianceRules;
use super::chosen::Chosen;
use super::criteria::distance::balancing_value;
use super::criteria::modes::{Mode, ModeSet, SUB_GAME_MODE};
use super::criteria::{Criteria, blocks, must_match, option};
use super::forms::{Form, Forms};
use super::pair::Pivot;
use super::pool::{Id, Pool};
use super::quality::Fair;
use super::roles::{Casting, ROLE, RequestId, Staff};
use super::teams::{FinalTeam, Member, arrange};
use crate::matching::{
    Attributes, Goodness, Match, Measure, Reason, Team, TeamIds, Text, Ticket, Value,
};

/// The match of the chosen tickets, which are taken out of the pool. `None`, and nothing is taken,
/// if their parties do not fit into teams after all. With how good it is.
pub(super) fn assemble<'r>(
    rules: &'r AllianceRules,
    pool: &mut Pool,
    criteria: &Criteria<'_>,
    chosen: &Chosen,
    pivot: Pivot,
    (forms, fair): (&mut Forms<'_>, Option<&Fair<'_>>),
    tick_id: u64,
) -> Option<(Match, Goodness<'r>)> {
    let ids = chosen.tickets();
    let staff = forms.staff(pivot.form);
    let split = split(rules, pool, criteria, chosen, &pivot, staff.as_ref(), fair);
    let (members, teams) = split.ok()?;
    let roles = match &staff {
        Some(staff) => Some(roles(staff, pool, ids, &members, &teams)?),
        None => None,
    };
    let modes = modes(rules, pool, criteria, &pivot, forms, ids, &teams);
    let capacities = modes.iter().map(|(_, form)| forms.capacity(*form));
    let most = capacities
        .max()
        .unwrap_or_else(|| forms.capacity(pivot.form));
    let goodness = Goodness {
        measures: measures(rules, pool, criteria, ids, &teams),
        latency_ms: pivot
            .region
            .and_then(|region| criteria.regions.worst(ids, region)),
        fill: chosen.players() as f64 / most.max(1) as f64,
    };
    let region_preferences = criteria
        .regions
        .preferences(pivot.region, ids, pivot.one_way);
    let tickets: Vec<&Ticket> = ids.iter().map(|id| pool.ticket(*id)).collect();
    let mut attributes = attributes(rules, &tickets);
    if let Some(roles) = roles {
        attributes.set(Text::from_static(ROLE), Value::Struct(roles));
    }
    if !modes.is_empty() {
        let names = modes.iter().map(|(mode, _)| criteria.modes.name(*mode));
        let names = names.map(|name| Value::Text(name.clone())).collect();
        attributes.set(Text::from_static(SUB_GAME_MODE), Value::List(names));
    }
    let named = |name| match attributes.get(name) {
        Some(Value::Text(text)) => text.clone(),
        _ => Text::new(),
    };
    let (server_name, client_version) = (named("server_name"), named("client_version"));
    let team_ids = TeamIds::new(tick_id, tickets);
    let backfill = rules.auto_backfill && chosen.players() < most;
    let mut take = |place: &usize| {
        pool.take(ids[*place])
            .expect("chosen from the waiting ones")
    };
    let team = |(number, team): (usize, &FinalTeam)| Team {
        id: team_ids.of(number),
        tickets: team.members.iter().map(&mut take).collect(),
    };
    let made = Match {
        teams: teams.iter().enumerate().map(team).collect(),
        region_preferences,
        attributes,
        backfill,
        server_name,
        client_version,
    };
    Some((made, goodness))
}

/// What the rules measure of a match, each attribute once.
fn measures<'r>(
    rules: &'r AllianceRules,
    pool: &Pool,
    criteria: &Criteria<'_>,
    ids: &[Id],
    teams: &[FinalTeam],
) -> SmallVec<[Measure<'r>; 2]> {
    let measure = |(place, largest): &(usize, f64)| {
        let value = |id: Id| criteria.distances.value(id, *place);
        let of_member = |at: usize| (value(ids[at]), pool.sizes[ids[at] as usize]);
        Measure {
            attribute: &rules.distances[*place].attribute,
            spread: range(ids.iter().map(|id| value(*id))) / largest,
            gap: range(teams.iter().map(|team| team.mean(of_member))) / largest,
        }
    };
    criteria.distances.measuring().iter().map(measure).collect()
}

/// The largest difference between two numbers.
pub(super) fn range(numbers: impl Iterator<Item = f64>) -> f64 {
    let (least, most) = numbers.fold(
        (f64::INFINITY, f64::NEG_INFINITY),
        |(least, most), number| (least.min(number), most.max(number)),
    );
    most - least
}

/// The teams of the chosen tickets, and the tickets as their members.
///
/// # Errors
///
/// [`Reason::TeamSizes`] if there are none, or which limit of `fair` there is none within.
pub(super) fn split<'p>(
    rules: &AllianceRules,
    pool: &'p Pool,
    criteria: &Criteria<'_>,
    chosen: &Chosen,
    pivot: &Pivot,
    staff: Option<&Rc<Staff>>,
    fair: Option<&Fair<'_>>,
) -> Result<(Vec<Member<'p>>, Vec<FinalTeam>), Reason> {
    let ids = chosen.tickets();
    let member = |id: &Id| {
        let players = pool.sizes[*id as usize];
        let mean = |rule, _: &_| criteria.distances.value(*id, rule);
        Member {
            players,
            value: balancing_value(rules, players, mean),
            kind: pool.kinds[*id as usize],
            asks: match staff {
                Some(_) => pool.requests.of_row(*id),
                None => &[],
            },
        }
    };
    let members: Vec<Member<'_>> = ids.iter().map(member).collect();
    let (bounds, apart) = (pivot.form.bounds, chosen.apart());
    let known = staff.map(Rc::as_ref);
    let kinds = &pool.party_kinds;
    let teams = arrange(&members, apart, bounds, rules.rebalance, known, kinds);
    let mut teams = teams.ok_or(Reason::TeamSizes)?;
    if let Some(fair) = fair {
        let limits = fair.limits(pool.ages[pivot.id as usize], bounds);
        fair.keep(limits, ids, &members, apart, staff, &mut teams)?;
    }
    Ok((members, teams))
}

/// The modes that the match may be played in, each with what its teams have to be there: first the one
/// that it was made for, then by name the others that all its tickets accept and its teams satisfy. None
/// if the ruleset has no modes.
fn modes(
    rules: &AllianceRules,
    pool: &Pool,
    criteria: &Criteria<'_>,
    pivot: &Pivot,
    forms: &mut Forms<'_>,
    ids: &[Id],
    teams: &[FinalTeam],
) -> Vec<(Mode, Form)> {
    let Some(made_for) = pivot.mode else {
        return Vec::new();
    };
    let accepted = ids
        .iter()
        .fold(ModeSet::MAX, |all, id| all & criteria.modes.set(*id));
    let crews: Vec<Vec<RequestId>> = teams
        .iter()
        .map(|team| {
            let members = team.members.iter().map(|at| ids[*at]);
            members
                .flat_map(|id| pool.requests.of_row(id))
                .copied()
                .collect()
        })
        .collect();
    let players = |team: &FinalTeam| {
        team.members
            .iter()
            .map(|at| pool.sizes[ids[*at] as usize])
            .sum()
    };
    let players: Vec<u32> = teams.iter().map(players).collect();
    let age_ms = pool.ages[pivot.id as usize];
    let others = (0..rules.modes.len() as Mode)
        .filter(|mode| *mode != made_for && accepted & 1 << mode != 0);
    let mut modes = vec![(made_for, pivot.form)];
    for mode in others {
        let form = Form::of(rules, Some(mode), age_ms);
        if forms.is_satisfied(form, &players, &crews) {
            modes.push((mode, form));
        }
    }
    modes
}

/// Who plays what, by the ids of players. `None` if a team is not right after all.
fn roles(
    staff: &Staff,
    pool: &Pool,
    ids: &[Id],
    members: &[Member<'_>],
    teams: &[FinalTeam],
) -> Option<Attributes> {
    let mut pairs = Vec::new();
    for team in teams {
        let crew = team.members.iter().flat_map(|at| members[*at].asks);
        let crew: Vec<RequestId> = crew.copied().collect();
        let roles = Casting::new(staff, team.list, crew).roles()?;
        let tickets = team.members.iter().map(|at| pool.ticket(ids[*at]));
        let players = tickets.flat_map(Ticket::player_ids).cloned();
        pairs.extend(players.zip(roles.into_iter().map(Value::Text)));
    }
    Some(pairs.into_iter().collect())
}

/// What the match has in common. The first ticket is the pivot.
fn attributes(rules: &AllianceRules, tickets: &[&Ticket]) -> Attributes {
    let Some(pivot) = tickets.first() else {
        return Attributes::new();
    };
    let own = must_match::must_match(rules, pivot);
    let own = own.map(|(name, value)| (name.clone(), value.clone()));
    let blocked = blocks::united(tickets.iter().map(|ticket| &ticket.attributes));
    let blocked = blocked.map(|blocked| (blocks::BLOCKED_PLAYERS.into(), blocked));
    let names = must_match::names(pivot);
    let names = names.map(|(name, value)| (name.into(), value.clone()));
    // The last one of a name counts.
    let options = option::common_values(&rules.options, tickets);
    own.chain(blocked).chain(options).chain(names).collect()
}
