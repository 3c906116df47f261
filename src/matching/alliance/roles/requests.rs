//! What the players of a queue ask for: each request once.

use std::rc::Rc;

use hashbrown::HashMap;

use super::asked::AskedRoles;
use super::fit::Fit;
use super::{RoleId, flexing};
use crate::matching::alliance::criteria::modes::ANY_MODE;
use crate::matching::alliance::intern::Lists;
use crate::matching::alliance::pool::Id;
use crate::matching::alliance::rules::{AllianceRules, Roles};
use crate::matching::{Text, Ticket};

/// The number of a request. Equal ones have one number.
pub(in crate::matching::alliance) type RequestId = u32;

/// What a player asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(in crate::matching::alliance) struct Request {
    /// Roles in order of preference, each once, with their places in the player's list. Names that no
    /// rule can use are left out.
    pub(in crate::matching::alliance) roles: Vec<(RoleId, u32)>,
    /// The place of `any`: the player takes any role besides.
    pub(in crate::matching::alliance) any: Option<u32>,
    /// Entries of the player's list.
    wishes: u32,
}

impl Request {
    /// Whether the player asks for no role, known or not.
    pub(super) fn is_nothing(&self) -> bool {
        self.wishes == 0 && self.any.is_none()
    }
}

/// The requests of all players of a queue. Empty where no stage looks at roles.
#[derive(Debug, Default)]
pub(in crate::matching::alliance) struct Requests {
    /// Names of roles: those of lists first, then what players name where each role may be unique.
    names: Vec<Text>,
    numbers: HashMap<Text, RoleId>,
    /// Whether names that stand in no list count, too.
    takes_all: bool,
    wildcard: RequestId,
    requests: Vec<Request>,
    known: HashMap<Request, RequestId>,
    /// For each request, the first one that allows the same roles.
    same: Vec<RequestId>,
    /// The requests of each row's players, in the order of the ticket.
    rows: Lists,
}

impl Requests {
    /// Reads what each row asks for, in order: tickets, then what stands for sessions. Tickets that fit into
    /// no team are left out, and the list says so of each; the others give up their choice as the rules
    /// say. O(bytes of the players' roles).
    pub(in crate::matching::alliance) fn of(
        rules: &AllianceRules,
        now_ms: i64,
        tickets: &[Ticket],
        sessions: &[Ticket],
    ) -> (Self, Vec<bool>) {
        let mut requests = Self::by(rules);
        if !requests.are_on() {
            return (requests, Vec::new());
        }
        let crews: Vec<Vec<RequestId>> = tickets
            .iter()
            .map(|ticket| requests.read_all(ticket))
            .collect();
        let shared = Rc::new(requests);
        let mut fit = Fit::new(rules, &shared);
        let fits = |(ticket, crew): (&Ticket, &Vec<RequestId>)| {
            let modes = rules.modes_of(ticket).unwrap_or(ANY_MODE);
            fit.check(modes, crew).is_ok()
        };
        let fits: Vec<bool> = tickets.iter().zip(&crews).map(fits).collect();
        drop(fit);
        let mut requests = Rc::into_inner(shared).expect("the check has let go of them");
        let valid = tickets.iter().zip(&fits).filter(|(_, fits)| **fits);
        let valid: Vec<&Ticket> = valid.map(|(ticket, _)| ticket).collect();
        let players = crews.iter().zip(&fits).filter(|(_, fits)| **fits);
        let mut players: Vec<RequestId> = players.flat_map(|(crew, _)| crew).copied().collect();
        flexing::flex(rules, now_ms, &valid, &mut requests, &mut players);
        let mut rest = &players[..];
        for ticket in valid {
            let (own, others) = rest.split_at(ticket.players.len());
            requests.rows.push(own.iter().copied());
            rest = others;
        }
        for session in sessions {
            let crew = requests.read_all(session);
            requests.rows.push(crew);
        }
        (requests, fits)
    }

    /// What the players of a ticket ask for.
    pub(in crate::matching::alliance) fn read_all(&mut self, ticket: &Ticket) -> Vec<RequestId> {
        let players = ticket.players.iter();
        players
            .map(|player| self.read(&AskedRoles::of(&player.attributes)))
            .collect()
    }

    /// No request yet; which names count, by these rules.
    pub(in crate::matching::alliance) fn by(rules: &AllianceRules) -> Self {
        let mut requests = Self::default();
        for stage in rules.stages() {
            requests.takes_all |= stage.roles == Roles::Unique;
            for role in stage.roles.lists().iter().flat_map(|list| &list.0) {
                requests.name(&role.name);
            }
        }
        if requests.are_on() {
            requests.number(Request::default());
            requests.wildcard = requests.number(Request {
                any: Some(0),
                ..Request::default()
            });
        }
        requests
    }

    /// Whether any stage looks at roles.
    pub(in crate::matching::alliance) fn are_on(&self) -> bool {
        self.takes_all || !self.names.is_empty()
    }

    /// The number of what a player asks for.
    pub(in crate::matching::alliance) fn read(&mut self, asked: &AskedRoles<'_>) -> RequestId {
        let mut roles = Vec::with_capacity(asked.names.len());
        for (name, place) in &asked.names {
            let role = match self.numbers.get(&**name) {
                Some(role) => *role,
                None if self.takes_all => self.name(&(&**name).into()),
                None => continue,
            };
            roles.push((role, *place));
        }
        self.number(Request {
            roles,
            any: asked.any,
            wishes: asked.len(),
        })
    }

    /// The number of a request.
    pub(in crate::matching::alliance) fn number(&mut self, request: Request) -> RequestId {
        if let Some(known) = self.known.get(&request) {
            return *known;
        }
        let number = self.requests.len() as RequestId;
        let plain = self.in_plain_form(&request);
        self.requests.push(request.clone());
        self.same.push(number);
        self.known.insert(request, number);
        // The plain form of a plain one is itself, so this goes one deeper at most.
        let same = self.number(plain);
        self.same[number as usize] = same;
        number
    }

    /// What a request allows, without an order.
    fn in_plain_form(&self, request: &Request) -> Request {
        let any = request.any.map(|_| 0);
        // In a list there is nothing that a wildcard does not play.
        let are_told = any.is_none() || self.takes_all;
        let roles = request.roles.iter().filter(|_| are_told);
        let mut roles: Vec<_> = roles.map(|(role, _)| (*role, 0)).collect();
        roles.sort_unstable();
        Request {
            roles,
            any,
            wishes: 0,
        }
    }

    fn name(&mut self, name: &Text) -> RoleId {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = self.names.len() as RoleId;
        self.names.push(name.clone());
        self.numbers.insert(name.clone(), number);
        number
    }

    /// The number of a role's name, if it counts anywhere.
    pub(in crate::matching::alliance) fn role(&self, name: &str) -> Option<RoleId> {
        self.numbers.get(name).copied()
    }

    /// The name of a role.
    pub(in crate::matching::alliance) fn name_of(&self, role: RoleId) -> &Text {
        &self.names[role as usize]
    }

    /// How many names there are.
    pub(in crate::matching::alliance) fn names(&self) -> usize {
        self.names.len()
    }

    /// The number of a request for any role and nothing else, in its plain form.
    pub(in crate::matching::alliance) fn wildcard(&self) -> RequestId {
        self.wildcard
    }

    /// A request.
    #[inline]
    pub(in crate::matching::alliance) fn get(&self, request: RequestId) -> &Request {
        &self.requests[request as usize]
    }

    /// One request for all that allow the same roles, in whatever order.
    pub(in crate::matching::alliance) fn plain(&self, request: RequestId) -> RequestId {
        self.same[request as usize]
    }

    /// The requests of a row's players, in the order of the ticket; none where roles are off.
    #[inline]
    pub(in crate::matching::alliance) fn of_row(&self, row: Id) -> &[RequestId] {
        if self.are_on() {
            self.rows.get(row)
        } else {
            &[]
        }
    }

    /// The same request of a player who takes any role besides, `any` being its last wish.
    pub(super) fn widened(&mut self, request: RequestId) -> RequestId {
        let mut request = self.get(request).clone();
        if request.any.is_none() {
            request.any = Some(request.wishes);
            request.wishes += 1;
        }
        self.number(request)
    }
}
