//! The services that a game asks: session templates, rulesets, match functions, pools, tickets.

use std::collections::{BTreeMap, HashMap};

use axum::response::Response;
use serde_json::{Value, json};
use uuid::Uuid;

use super::answers::{empty, json_response};
use super::now_s;
use super::operations::{Failure, Operation};
use super::players::{Players, is_of_players};

/// A request, taken apart.
#[derive(Debug)]
pub(super) struct Request<'r> {
    pub(super) operation: Operation,
    /// Namespace first.
    pub(super) names: Vec<String>,
    pub(super) host: &'r str,
    pub(super) query: &'r str,
    pub(super) body: &'r [u8],
    /// The token it was sent with.
    pub(super) token: &'r str,
}

impl Request<'_> {
    pub(super) fn json(&self) -> Option<Value> {
        serde_json::from_slice(self.body)
            .ok()
            .filter(Value::is_object)
    }

    pub(super) fn form(&self) -> HashMap<String, String> {
        form_urlencoded::parse(self.body).into_owned().collect()
    }

    pub(super) fn query(&self) -> HashMap<String, String> {
        form_urlencoded::parse(self.query.as_bytes())
            .into_owned()
            .collect()
    }
}

/// A refusal in the words of the operation's service.
pub(super) fn refused(operation: Operation, status: u16, code: u32, text: &str) -> Response {
    json_response(status, &operation.error_body(code, text))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Pool,
    Function,
    Ruleset,
    Template,
}

/// A player in a queue, or matched.
#[derive(Debug, Clone)]
pub(super) struct QueuedTicket {
    pub(super) player: String,
    pub(super) pool: String,
    pub(super) attributes: Value,
    pub(super) latencies: Value,
    pub(super) created_at_s: u64,
    /// Its place in the order of creation.
    pub(super) place: u128,
    /// The session that was made of its match.
    pub(super) session: Option<String>,
}

/// Everything that `demo.sh` can create.
#[derive(Debug, Default)]
pub(crate) struct Game {
    /// The one namespace there is.
    pub(crate) namespace: String,
    /// Address of each Extend app, by name.
    pub(crate) apps: HashMap<String, String>,
    pub(crate) failures: Vec<Failure>,
    /// Requests so far, by operation.
    counts: HashMap<Operation, usize>,
    pub(super) players: Players,
    pub(super) things: BTreeMap<(Kind, String), Value>,
    pub(super) tickets: BTreeMap<String, QueuedTicket>,
    ids: u128,
}

impl Game {
    /// A new id: unlike all others, the same in each run.
    pub(super) fn new_id(&mut self) -> String {
        self.ids += 1;
        let spread = self
            .ids
            .wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
        Uuid::from_u128(spread).simple().to_string()
    }

    /// Counts a request; what is to go wrong with it.
    pub(super) fn failure(&mut self, operation: Operation) -> Option<super::Fault> {
        let count = self.counts.entry(operation).or_default();
        *count += 1;
        let failure = self
            .failures
            .iter()
            .find(|failure| failure.operation == operation && failure.after < *count);
        failure.map(|failure| failure.fault.clone())
    }

    /// How often an operation was asked for.
    pub(crate) fn asked(&self, operation: Operation) -> usize {
        self.counts.get(&operation).copied().unwrap_or(0)
    }

    /// Sets what goes wrong from now on, and counts requests from 0 again.
    pub(crate) fn fail(&mut self, failures: Vec<Failure>) {
        self.failures = failures;
        self.counts.clear();
    }

    /// Everything that was created and neither removed nor, if a ticket, matched.
    pub(crate) fn left_over(&self) -> Vec<String> {
        let things = self
            .things
            .keys()
            .map(|(kind, name)| format!("{kind:?} {name}"));
        let waiting = self
            .tickets
            .iter()
            .filter(|(_, ticket)| ticket.session.is_none());
        let waiting = waiting.map(|(id, _)| format!("Ticket {id}"));
        let players = self.players.ids().map(|id| format!("Player {id}"));
        things.chain(waiting).chain(players).collect()
    }

    /// Every password and token of a player that there ever was.
    pub(crate) fn secrets(&self) -> &[String] {
        &self.players.secrets
    }

    pub(super) fn answer(
        &mut self,
        request: &Request<'_>,
        client_id: &str,
        life_s: u64,
    ) -> Response {
        let operation = request.operation;
        if request
            .names
            .first()
            .is_some_and(|name| *name != self.namespace)
        {
            return refused(operation, 403, 20013, "insufficient permissions");
        }
        if is_of_players(operation) {
            return self.answer_of_players(request, client_id, life_s);
        }
        match operation {
            Operation::CreateTemplate => self.create(request, Kind::Template),
            Operation::CreateRuleset => self.create(request, Kind::Ruleset),
            Operation::CreateFunction => self.create(request, Kind::Function),
            Operation::CreatePool => self.create(request, Kind::Pool),
            Operation::DeleteTemplate => self.delete(request, Kind::Template),
            Operation::DeleteRuleset => self.delete(request, Kind::Ruleset),
            Operation::DeleteFunction => self.delete(request, Kind::Function),
            Operation::DeletePool => self.delete(request, Kind::Pool),
            Operation::CreateTicket => self.create_ticket(request),
            Operation::ShowTicket => self.show_ticket(request),
            Operation::CancelTicket => self.cancel_ticket(request),
            other => unreachable!("{other:?} is answered elsewhere"),
        }
    }

    fn answer_of_players(
        &mut self,
        request: &Request<'_>,
        client_id: &str,
        life_s: u64,
    ) -> Response {
        let mut players = std::mem::take(&mut self.players);
        let answer = match request.operation {
            Operation::CreatePlayer => players.create(request, self.new_id()),
            Operation::CreateTestPlayers => players.create_test_players(request, || self.new_id()),
            Operation::DeletePlayer => players.delete(request),
            Operation::Authorize => players.authorize(request, client_id, self.new_id()),
            Operation::Authenticate => players.authenticate(request, self.new_id()),
            _ => players.token(request, life_s, format!("player.{}.token", self.new_id())),
        };
        self.players = players;
        answer
    }

    fn create(&mut self, request: &Request<'_>, kind: Kind) -> Response {
        let Some(body) = request.json() else {
            return refused(
                request.operation,
                400,
                20019,
                "unable to parse request body",
            );
        };
        let text = |field: &str| body[field].as_str().filter(|text| !text.is_empty());
        let has = |kind: Kind, field: &str| {
            text(field).is_some_and(|name| self.things.contains_key(&(kind, name.to_owned())))
        };
        let (field, valid) = match kind {
            Kind::Template => (
                "name",
                body["minPlayers"].as_u64() <= body["maxPlayers"].as_u64()
                    && body["maxPlayers"].as_u64() > Some(0)
                    && text("joinability").is_some(),
            ),
            Kind::Ruleset => ("name", body["data"].is_object()),
            Kind::Function => (
                "match_function",
                text("url").is_some() || text("serviceAppName").is_some(),
            ),
            Kind::Pool => (
                "name",
                has(Kind::Ruleset, "rule_set")
                    && has(Kind::Function, "match_function")
                    && has(Kind::Template, "session_template"),
            ),
        };
        let Some(name) = text(field).filter(|_| valid).map(str::to_owned) else {
            return refused(request.operation, 400, 20002, "validation error");
        };
        let key = (kind, name);
        if self.things.contains_key(&key) {
            return refused(request.operation, 409, 20006, "it exists already");
        }
        self.things.insert(key, body.clone());
        if kind == Kind::Template {
            json_response(201, &body)
        } else {
            empty(201)
        }
    }

    fn delete(&mut self, request: &Request<'_>, kind: Kind) -> Response {
        let found = self.things.remove(&(kind, request.names[1].clone()));
        match kind {
            // The session service documents no 404 here.
            Kind::Template => empty(204),
            _ if found.is_none() => refused(request.operation, 404, 20008, "not found"),
            Kind::Function => empty(200),
            Kind::Pool | Kind::Ruleset => empty(204),
        }
    }

    fn create_ticket(&mut self, request: &Request<'_>) -> Response {
        let Some(player) = self.players.by_token(request.token).cloned() else {
            return refused(request.operation, 401, 20001, "unauthorized access");
        };
        let body = request.json().unwrap_or_default();
        let pool = body["matchPool"].as_str().unwrap_or_default().to_owned();
        if !self.things.contains_key(&(Kind::Pool, pool.clone())) {
            return refused(request.operation, 404, 20008, "match pool not found");
        }
        let waits = |ticket: &QueuedTicket| ticket.player == player && ticket.session.is_none();
        if self.tickets.values().any(waits) {
            return refused(request.operation, 409, 20006, "the player waits already");
        }
        let id = self.new_id();
        let ticket = QueuedTicket {
            player,
            pool,
            attributes: body["attributes"].clone(),
            latencies: body["latencies"].clone(),
            created_at_s: now_s(),
            place: self.ids,
            session: None,
        };
        self.tickets.insert(id.clone(), ticket);
        json_response(201, &json!({"matchTicketID": id, "queueTime": 1}))
    }

    /// The ticket of the player who asks.
    fn own(&self, request: &Request<'_>) -> Option<&QueuedTicket> {
        let player = self.players.by_token(request.token);
        let ticket = self.tickets.get(&request.names[1])?;
        (Some(&ticket.player) == player).then_some(ticket)
    }

    fn show_ticket(&self, request: &Request<'_>) -> Response {
        let Some(ticket) = self.own(request) else {
            return refused(request.operation, 404, 20008, "match ticket not found");
        };
        let answer = json!({
            "isActive": ticket.session.is_none(), "matchFound": ticket.session.is_some(),
            "matchPool": ticket.pool, "matchTicketID": request.names[1],
            "proposedProposal": {"backfillID": "", "proposalID": "", "status": ""},
            "sessionID": ticket.session.as_deref().unwrap_or_default(),
        });
        json_response(200, &answer)
    }

    fn cancel_ticket(&mut self, request: &Request<'_>) -> Response {
        match self.own(request).map(|ticket| ticket.session.is_some()) {
            None => refused(request.operation, 404, 20008, "match ticket not found"),
            Some(true) => refused(request.operation, 406, 20006, "the ticket is matched"),
            Some(false) => {
                self.tickets.remove(&request.names[1]);
                empty(204)
            }
        }
    }
}
