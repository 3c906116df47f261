//! The waiting tickets of a tick: in which order, how old, how large, and which of them are taken.
//!
//! A ticket is a number here: its place in the order of age, then arrival. So comparing numbers
//! compares ages. What the rules say of tickets is not here but in [`criteria`](super::criteria).

use std::rc::Rc;

use super::AllianceRules;
use super::kinds::{Kinds, PartyKind};
use super::roles::Requests;
use crate::matching::{Reason, Ticket, TicketFault, answer, queued_at};

/// The number of a ticket: 0 is the oldest.
pub(super) type Id = u32;

/// The valid tickets of a tick.
#[derive(Debug)]
pub(super) struct Pool {
    /// Oldest first; a missing creation time, or one that lies ahead, is the tick's own.
    tickets: Vec<Option<Ticket>>,
    /// Which tickets still wait.
    waiting: Vec<bool>,
    /// Players of each row.
    pub(super) sizes: Vec<u32>,
    /// The kind of party of each row.
    pub(super) kinds: Vec<PartyKind>,
    /// All kinds that there are.
    pub(super) party_kinds: Rc<Kinds>,
    /// Which roles the players of each row ask for.
    pub(super) requests: Rc<Requests>,
    /// Age of each row in ms.
    pub(super) ages: Vec<i64>,
    /// Bytes that each ticket adds to an answer at most.
    pub(super) answer_bytes: Vec<u64>,
}

impl Pool {
    /// Reads the tickets. Those that no match can hold come back with the reason. O(n log n).
    pub(super) fn new(
        rules: &AllianceRules,
        now_ms: i64,
        tickets: Vec<Ticket>,
    ) -> (Self, Vec<(Ticket, Reason)>) {
        Self::with_sessions(rules, now_ms, tickets, Vec::new())
    }

    /// The same beside sessions, each given as a ticket that stands for it: what it has, it asks for.
    /// The first session has the number [`Pool::len`], the next one the number after it. They have
    /// columns as tickets have, but they do not wait.
    pub(super) fn with_sessions(
        rules: &AllianceRules,
        now_ms: i64,
        tickets: Vec<Ticket>,
        sessions: Vec<Ticket>,
    ) -> (Self, Vec<(Ticket, Reason)>) {
        let mut unfit = Vec::new();
        let mut answer_bytes = Vec::with_capacity(tickets.len());
        let fits = |ticket: Ticket| {
            // Roles are looked at when all are read.
            let reason = match rules.check_ticket_but_roles(&ticket) {
                Ok(()) => {
                    // Here, where the check has just read the ticket: later it would be read again
                    // from slow memory.
                    answer_bytes.push(answer::ticket_bytes(&ticket));
                    return Some(ticket);
                }
                Err(TicketFault::NoRegionUnderCap { .. } | TicketFault::NoRegionMeasured) => {
                    Reason::Region
                }
                Err(TicketFault::NoMode(_)) => Reason::SubGameMode,
                Err(_) => Reason::InvalidTicket,
            };
            unfit.push((ticket, reason));
            None
        };
        // In the memory of `tickets`: they are most of what a tick needs.
        let mut rows: Vec<Ticket> = tickets.into_iter().filter_map(fits).collect();
        let created = |ticket: &Ticket| queued_at(ticket.created_at_ms, now_ms);
        let mut order: Vec<(i64, u32, usize)> = rows
            .iter()
            .enumerate()
            .map(|(place, ticket)| (created(ticket), ticket.arrival, place))
            .collect();
        order.sort_unstable();
        let mut ranks = vec![0; rows.len()];
        for (rank, (_, _, place)) in order.iter().enumerate() {
            ranks[*place] = rank;
        }
        // Each swap brings a ticket to its rank.
        for place in 0..rows.len() {
            while ranks[place] != place {
                let rank = ranks[place];
                rows.swap(place, rank);
                answer_bytes.swap(place, rank);
                ranks.swap(place, rank);
            }
        }
        let (requests, fits) = Requests::of(rules, now_ms, &rows, &sessions);
        if fits.contains(&false) {
            let mut kept = fits.iter().copied();
            answer_bytes.retain(|_| kept.next() != Some(false));
            let mut kept = fits.iter().copied();
            let out = rows.extract_if(.., |_| kept.next() == Some(false));
            unfit.extend(out.map(|ticket| (ticket, Reason::Role)));
        }
        let count = rows.len();
        rows.extend(sessions);
        let sizes: Vec<u32> = rows
            .iter()
            .map(|ticket| u32::try_from(ticket.players.len()).expect("bounded"))
            .collect();
        let (party_kinds, kinds) = if requests.are_on() {
            Kinds::of_crews(&requests, &sizes, count)
        } else {
            let party_kinds = Kinds::of(sizes.iter().copied());
            let kind_of = |size: &u32| party_kinds.kind_of(*size).expect("one of these sizes");
            let kinds = sizes.iter().map(kind_of).collect();
            (party_kinds, kinds)
        };
        let pool = Self {
            ages: rows.iter().map(|ticket| ticket.age_ms(now_ms)).collect(),
            kinds,
            sizes,
            answer_bytes,
            party_kinds: Rc::new(party_kinds),
            requests: Rc::new(requests),
            waiting: vec![true; count],
            tickets: rows.into_iter().map(Some).collect(),
        };
        (pool, unfit)
    }

    /// How many tickets there are, those taken included.
    pub(super) fn len(&self) -> u32 {
        u32::try_from(self.waiting.len()).expect("bounded")
    }

    /// How many tickets and sessions there are.
    pub(super) fn rows(&self) -> u32 {
        u32::try_from(self.sizes.len()).expect("bounded")
    }

    /// Every row in order: the tickets, then what stands for sessions. Before any is taken.
    pub(super) fn all(&self) -> impl Iterator<Item = &Ticket> {
        self.tickets.iter().flatten()
    }

    /// A ticket that is not taken.
    pub(super) fn ticket(&self, id: Id) -> &Ticket {
        self.tickets[id as usize].as_ref().expect("not taken yet")
    }

    /// Whether the ticket still waits.
    pub(super) fn waits(&self, id: Id) -> bool {
        self.waiting[id as usize]
    }

    /// Keeps a ticket for a match that is made later.
    pub(super) fn reserve(&mut self, id: Id) {
        self.waiting[id as usize] = false;
    }

    /// Takes a ticket out, for a match or to leave it. `None` if it was taken before.
    pub(super) fn take(&mut self, id: Id) -> Option<Ticket> {
        self.waiting[id as usize] = false;
        self.tickets[id as usize].take()
    }
}
