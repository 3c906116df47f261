//! Running sessions: who leaves them, and which of them ask for players.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use crate::matching::{Match, Proposal, Roster, Session, Text, Ticket};

/// The sessions that run.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    running: BTreeMap<u32, Running>,
    /// Those that ask for players.
    open: BTreeSet<u32>,
    /// What happens next, the earliest first.
    events: BinaryHeap<Reverse<(i64, u32, Event)>>,
    next: u32,
    /// How many requests for players there were, and how many were filled.
    pub(super) asked: u64,
    pub(super) filled: u64,
}

#[derive(Debug)]
struct Running {
    session: Session,
    ends_ms: i64,
    /// Players with whom it is full.
    full: usize,
}

/// What happens to a session.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    End,
    /// The party of that ticket leaves.
    Leave(Text),
}

impl Sessions {
    /// A match becomes a session that runs until a time. `stays_ms` says how long each ticket's party stays;
    /// `full` are the players of a full match.
    pub(super) fn start(
        &mut self,
        made: Match,
        now_ms: i64,
        ends_ms: i64,
        full: usize,
        stays_ms: impl Fn(&Ticket) -> i64,
    ) {
        let number = self.next;
        self.next += 1;
        self.events.push(Reverse((ends_ms, number, Event::End)));
        let is_open = made.backfill;
        let mut teams = Vec::new();
        let mut tickets = Vec::new();
        for team in made.teams {
            let mut roster = Roster {
                id: team.id.simple().to_string().into(),
                ..Roster::default()
            };
            roster.add_all(&team.tickets);
            teams.push(roster);
            tickets.extend(team.tickets);
        }
        for ticket in &tickets {
            self.leaves_later(number, ticket, now_ms + stays_ms(ticket), ends_ms);
        }
        let players = teams.iter().map(|team| team.user_ids.len()).sum();
        let session = Session {
            backfill_ticket_id: format!("backfill-{number}").into(),
            match_session_id: format!("session-{number}").into(),
            pool: tickets
                .first()
                .map(|ticket| ticket.pool.clone())
                .unwrap_or_default(),
            created_at_ms: Some(now_ms),
            tickets,
            teams,
            region_preferences: made.region_preferences,
            attributes: made.attributes,
            backfill: true,
            server_name: made.server_name,
            client_version: made.client_version,
            ..Session::default()
        };
        // What is not full at the start wants to be; of what is, those who leave are to be replaced.
        let full = if is_open { full.max(players) } else { players };
        let running = Running {
            session,
            ends_ms,
            full,
        };
        self.running.insert(number, running);
        if is_open {
            self.ask(number, now_ms);
        }
    }

    fn leaves_later(&mut self, number: u32, ticket: &Ticket, at_ms: i64, ends_ms: i64) {
        if at_ms < ends_ms {
            let event = Event::Leave(ticket.id.clone());
            self.events.push(Reverse((at_ms, number, event)));
        }
    }

    fn ask(&mut self, number: u32, now_ms: i64) {
        if let Some(running) = self.running.get_mut(&number)
            && self.open.insert(number)
        {
            running.session.created_at_ms = Some(now_ms);
            self.asked += 1;
        }
    }

    /// Lets happen what is due.
    pub(super) fn pass(&mut self, now_ms: i64) {
        while let Some(Reverse((at_ms, ..))) = self.events.peek()
            && *at_ms <= now_ms
        {
            let Some(Reverse((at_ms, number, event))) = self.events.pop() else {
                return;
            };
            match event {
                Event::End => {
                    self.running.remove(&number);
                    self.open.remove(&number);
                }
                Event::Leave(id) => {
                    if let Some(running) = self.running.get_mut(&number) {
                        running.lose(&id);
                        self.ask(number, at_ms);
                    }
                }
            }
        }
    }

    /// The sessions that ask for players, to be given back to [`keep`](Self::keep) or as a proposal.
    pub(super) fn open(&mut self) -> Vec<Session> {
        let mut sessions = Vec::new();
        for (arrival, number) in (0..).zip(&self.open) {
            if let Some(running) = self.running.get_mut(number) {
                let session = std::mem::take(&mut running.session);
                sessions.push(Session { arrival, ..session });
            }
        }
        sessions
    }

    /// A session that gained nobody. One that is full asks no longer.
    pub(super) fn keep(&mut self, session: Session, is_full: bool) {
        let Some(number) = number_of(&session) else {
            return;
        };
        if let Some(running) = self.running.get_mut(&number) {
            running.session = session;
            if is_full {
                running.full = running.players();
                self.open.remove(&number);
            }
        }
    }

    /// A proposal is taken as it is.
    pub(super) fn take(
        &mut self,
        proposal: Proposal,
        now_ms: i64,
        stays_ms: impl Fn(&Ticket) -> i64,
    ) {
        let Some(number) = number_of(&proposal.session) else {
            return;
        };
        let Some(ends_ms) = self.running.get(&number).map(|running| running.ends_ms) else {
            return;
        };
        for ticket in &proposal.added {
            self.leaves_later(number, ticket, now_ms + stays_ms(ticket), ends_ms);
        }
        let Some(running) = self.running.get_mut(&number) else {
            return;
        };
        running.session = proposal.session;
        running.session.teams = proposal.teams;
        running.session.attributes = proposal.attributes;
        running.session.tickets.extend(proposal.added);
        if running.players() >= running.full {
            self.open.remove(&number);
            self.filled += 1;
        }
    }
}

impl Running {
    fn players(&self) -> usize {
        let teams = self.session.teams.iter();
        teams.map(|team| team.user_ids.len()).sum()
    }

    /// The party of a ticket leaves.
    fn lose(&mut self, id: &Text) {
        let tickets = &mut self.session.tickets;
        let Some(at) = tickets.iter().position(|ticket| ticket.id == *id) else {
            return;
        };
        let ticket = tickets.remove(at);
        let stays = |id: &Text| ticket.player_ids().all(|gone| gone != id);
        for team in &mut self.session.teams {
            team.user_ids.retain(stays);
            for party in &mut team.parties {
                party.user_ids.retain(stays);
            }
            team.parties.retain(|party| !party.user_ids.is_empty());
        }
    }
}

/// The number in the id of a session.
fn number_of(session: &Session) -> Option<u32> {
    session
        .match_session_id
        .strip_prefix("session-")?
        .parse()
        .ok()
}
