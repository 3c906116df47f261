//! A session as the tickets see it: what it asks of those that would join.

use std::collections::{BTreeMap, HashSet};

use super::means::Means;
use super::roles::SessionRoles;
use super::seats::{ModeSeats, Seats};
use crate::matching::alliance::AllianceRules;
use crate::matching::alliance::criteria::modes::{Mode, set_of};
use crate::matching::alliance::criteria::must_match::InPart;
use crate::matching::alliance::criteria::region::ANY_REGION;
use crate::matching::alliance::criteria::{Criteria, blocks, cross_play, must_match, option};
use crate::matching::alliance::forms::{Form, Forms};
use crate::matching::alliance::pair::Pivot;
use crate::matching::alliance::pool::{Id, Pool};
use crate::matching::alliance::roles::{ROLE, ROLES};
use crate::matching::{Attributes, Player, Reason, Session, Text, Ticket, Value};

/// New teams that a session tries to open without success, before it gives that up.
const MAX_OPENINGS: u32 = 32;

/// A session while it is filled.
#[derive(Debug)]
pub(super) struct OpenSession {
    pub(super) pivot: Pivot,
    pub(super) session_id: Text,
    pub(super) server_name: Text,
    pub(super) client_version: Text,
    pub(super) seats: Seats,
    pub(super) added: Vec<(Id, usize)>,
    pub(super) means: Means,
    /// How often a new team could not be filled.
    pub(super) tries: u32,
    /// The tickets that could not open one since the last that opened.
    pub(super) failed_openers: Vec<Id>,
    /// Why the first ticket that was looked at may not join.
    pub(super) refused: Option<Reason>,
}

impl OpenSession {
    /// A session whose row in the pool has that number.
    pub(super) fn new(
        rules: &AllianceRules,
        pool: &Pool,
        criteria: &mut Criteria<'_>,
        forms: &mut Forms<'_>,
        session: &Session,
        row: Id,
    ) -> Self {
        let mut pivot = Pivot::new(rules, pool, criteria, None, row);
        pivot.one_way = false;
        // Tickets are in order of age. Those older than the session keep what they asked for.
        let age_ms = pool.ages[row as usize];
        let tickets = &pool.ages[..pool.len() as usize];
        pivot.asked_back = tickets.partition_point(|older_ms| *older_ms > age_ms) as Id;
        pivot.region = criteria.regions.reported(row).first().copied();
        let attributes = &pool.ticket(row).attributes;
        let named = |name| match attributes.get(name) {
            Some(Value::Text(text)) => text.clone(),
            _ => Text::new(),
        };
        let modes = modes(rules, pool, criteria, forms, session, row);
        let mut open = Self {
            pivot,
            session_id: session.match_session_id.clone(),
            server_name: named("server_name"),
            client_version: named("client_version"),
            seats: Seats::new(rules, session, modes),
            added: Vec::new(),
            means: Means::new(rules, session),
            tries: 0,
            failed_openers: Vec::new(),
            refused: None,
        };
        open.measure(criteria);
        open
    }

    /// Sets the session's means, if it has players to measure, and the modes that it may be played in.
    pub(super) fn measure(&mut self, criteria: &mut Criteria<'_>) {
        let modes: Vec<Mode> = self.seats.modes().collect();
        self.pivot.modes = set_of(&modes);
        self.pivot.required = self.pivot.modes;
        self.pivot.form.bounds.players_max = self.seats.players_max();
        self.pivot.measured = self.means.are_known();
        if self.pivot.measured {
            criteria
                .distances
                .set_means(self.pivot.id, self.means.of_all());
        }
    }

    /// Whether it may try once more to open a team.
    pub(super) fn may_open(&self) -> bool {
        self.tries < MAX_OPENINGS
    }

    /// Which of server and version of the ticket the session does not have.
    pub(super) fn wants_other_names(&self, ticket: &Ticket) -> Option<Reason> {
        let names = [
            ("server_name", &self.server_name, Reason::ServerName),
            (
                "client_version",
                &self.client_version,
                Reason::ClientVersion,
            ),
        ];
        let differs = |(name, wanted, _): &(&str, &Text, Reason)| {
            let own = ticket.attributes.get(name).and_then(Value::as_text);
            !wanted.is_empty() && own != Some(&***wanted)
        };
        names.into_iter().find(differs).map(|(.., reason)| reason)
    }
}

/// How a session may be played: in each of its modes, or as the ruleset says that has none.
fn modes(
    rules: &AllianceRules,
    pool: &Pool,
    criteria: &Criteria<'_>,
    forms: &mut Forms<'_>,
    session: &Session,
    row: Id,
) -> Vec<ModeSeats> {
    let modes = criteria.modes.list(row).iter().copied().map(Some);
    let none = (!criteria.modes.are_on()).then_some(None);
    let all = modes.chain(none);
    all.map(|mode| {
        let form = Form::of(rules, mode, pool.ages[row as usize]);
        let most = [form.bounds.teams_max, form.bounds.players_max];
        let staff = forms.staff(form);
        let roles = staff.map(|staff| SessionRoles::new(staff, pool, session, row, most));
        ModeSeats { mode, form, roles }
    })
    .collect()
}

/// The session in the form of a ticket: its players, its attributes, its age, and its region as the
/// one that it reports.
pub(super) fn as_ticket(rules: &AllianceRules, session: &Session) -> Ticket {
    let region = session.region_preferences.first();
    let region = region.filter(|region| !region.is_empty() && **region != ANY_REGION);
    Ticket {
        created_at_ms: session.created_at_ms,
        players: players(session),
        latencies: region
            .map(|region| (region.clone(), 0))
            .into_iter()
            .collect(),
        attributes: attributes(rules, session),
        ..Ticket::default()
    }
}

/// What the session says, key by key, before what its tickets have in common.
fn attributes(rules: &AllianceRules, session: &Session) -> Attributes {
    let tickets: Vec<&Ticket> = session.tickets.iter().collect();
    let own = session.attributes.iter().filter(|(_, value)| says(value));
    let own = own.map(|(name, value)| (name.clone(), value.clone()));
    let names = [
        ("server_name", &session.server_name),
        ("client_version", &session.client_version),
    ];
    let names = names.into_iter().filter(|(_, text)| !text.is_empty());
    let names = names.map(|(name, text)| (name.into(), Value::Text(text.clone())));
    // A ticket that was added since the match was made has its blocks only itself.
    let blocking = tickets.iter().map(|ticket| &ticket.attributes);
    let blocked = blocks::united(blocking.chain([&session.attributes]));
    let blocked = blocked.map(|blocked| (blocks::BLOCKED_PLAYERS.into(), blocked));
    // The last one of a name counts.
    let mut attributes = in_common(rules, &tickets);
    attributes.extend(own.chain(names).chain(blocked));
    attributes
}

/// Whether a session's attribute says anything: `null` and an empty list are as good as absent.
pub(super) fn says(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::List(values) => !values.is_empty(),
        _ => true,
    }
}

/// The must-match attributes that only some of the session's tickets have, and that the session does
/// not say itself; `None` where their values differ.
pub(super) fn in_part<'s>(rules: &AllianceRules, session: &'s Session) -> InPart<'s> {
    let mut found: BTreeMap<&Text, (Option<&Value>, usize)> = BTreeMap::new();
    for ticket in &session.tickets {
        for (name, value) in must_match::must_match(rules, ticket) {
            if session.attributes.get(name).is_some_and(says) {
                continue;
            }
            let (known, tickets) = found.entry(name).or_insert((Some(value), 0));
            *known = known.filter(|known| *known == value);
            *tickets += 1;
        }
    }
    let all = session.tickets.len();
    found
        .into_iter()
        .filter(|(_, (value, tickets))| value.is_none() || *tickets < all)
        .map(|(name, (value, _))| (name, value))
        .collect()
}

/// Every player of the session, each once, with the roles that its ticket asks for.
pub(super) fn players(session: &Session) -> Vec<Player> {
    let mut seen = HashSet::new();
    let listed = session.teams.iter().flat_map(|team| &team.user_ids);
    let of_tickets = session.tickets.iter().flat_map(|ticket| &ticket.players);
    let known = of_tickets.map(|player| (&player.id, Some(&player.attributes)));
    let player = |(id, attributes): (&Text, Option<&Attributes>)| {
        let asks = |name| Some((Text::from_static(name), attributes?.get(name)?.clone()));
        Player {
            id: id.clone(),
            attributes: [ROLE, ROLES].into_iter().filter_map(asks).collect(),
        }
    };
    known
        .chain(listed.map(|id| (id, None)))
        .filter(|(id, _)| seen.insert(*id))
        .map(player)
        .collect()
}

/// What the session's tickets have in common: must-match attributes and names that all have, what the
/// options leave, and every platform that they are on.
fn in_common(rules: &AllianceRules, tickets: &[&Ticket]) -> Attributes {
    let Some((first, others)) = tickets.split_first() else {
        return Attributes::new();
    };
    let own = must_match::must_match(rules, first);
    let names = must_match::names(first);
    let own = own
        .map(|(name, value)| (name.clone(), value))
        .chain(names.map(|(name, value)| (Text::from_static(name), value)))
        .filter(|(name, value)| {
            let mut others = others.iter();
            others.all(|other| other.attributes.get(name) == Some(*value))
        })
        .map(|(name, value)| (name, value.clone()));
    let platforms = cross_play::united(tickets);
    let platforms = platforms.map(|(name, platforms)| (name.into(), platforms));
    // The last one of a name counts.
    let options = option::common_values(&rules.options, tickets);
    own.chain(platforms).chain(options).collect()
}

/// Whether the session's own tickets do not go together by an option of which the session itself says
/// nothing, so that no ticket can join.
pub(super) fn contradicts_itself(rules: &AllianceRules, session: &Session) -> bool {
    let mut unsaid = rules.options.iter().filter(|option| {
        let said = session.attributes.get(&option.name);
        !said.is_some_and(says)
    });
    unsaid.any(|option| option::contradict(option, &session.tickets))
}
