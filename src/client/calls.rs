//! The five calls.

use std::io::Write;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use serde_json::Value;
use tokio_stream::{Stream, StreamExt};
use tonic::Status;

use super::args::{Common, Tickets};
use super::connection::Connection;
use super::show::Show;
use super::summary::Summary;
use crate::clock::Clock;
use crate::files::{self, Found};
use crate::matching::rules::{Finding, Severity};
use crate::matching::{LintContext, MatchLogic};
use crate::messages::{self, Messages};
use crate::population::{of_ruleset, plain_queue, plain_sessions};
use crate::proto::{
    EnrichTicketRequest, GetStatCodesRequest, Opaque, Parameters, Rules, Scope, Slot, Slots,
    ValidateTicketRequest,
};

/// The name of the parameters of both streams.
const PARAMETERS: &str = "MakeMatchesRequest.MakeMatchesParameters";

/// A connection, and what a call needs.
pub(super) struct Call<'o, L, W> {
    /// Reads the ruleset for its warnings, as the server does.
    logic: &'o L,
    connection: Connection,
    messages: Messages,
    rules: String,
    show: Show<'o, W>,
}

/// A message of a stream in its JSON form.
struct Sent {
    slot: Slot,
    json: Value,
    /// Where it stands, if in a file.
    place: Option<String>,
}

impl Sent {
    fn made_up(slot: Slot, json: Value) -> Self {
        let place = None;
        Self { slot, json, place }
    }
}

impl From<Found> for Sent {
    fn from(found: Found) -> Self {
        let Found {
            slot, json, place, ..
        } = found;
        let place = Some(place);
        Self { slot, json, place }
    }
}

impl<'o, L: MatchLogic, W: Write> Call<'o, L, W> {
    pub(super) async fn open(
        logic: &'o L,
        common: &Common,
        out: &'o mut W,
    ) -> anyhow::Result<Self> {
        let rules = common.rules()?;
        let connection = common.connect().await?;
        Ok(Self {
            logic,
            connection,
            messages: Messages::new()?,
            rules,
            show: Show::new(out, common.json),
        })
    }

    pub(super) async fn make_matches(mut self, tickets: &Tickets) -> anyhow::Result<()> {
        let delay = tickets.delay;
        let messages = self.read_tickets(tickets)?;
        let mut summary = tickets.random.map(|_| self.summary(&messages));
        let requests = self.requests(Slots::MAKE_MATCHES, messages)?;
        let sent = requests.len() - 1;
        let started = Instant::now();
        let answers = self.connection.make_matches(spaced(requests, delay)).await;
        let mut answers = answers.map_err(refused)?.into_inner();
        let (mut matches, mut matched) = (0, 0);
        while let Some(answer) = answers.next().await {
            let answer = answer.map_err(refused)?;
            let json = self.messages.to_json("MatchResponse", &answer)?;
            matches += 1;
            matched += json["match"]["tickets"].as_array().map_or(0, Vec::len);
            if let Some(summary) = &mut summary {
                summary.a_match(&json["match"], started.elapsed());
            }
            self.show.a_match(matches, &json)?;
        }
        let left = sent.saturating_sub(matched);
        self.show.end(&format!(
            "{sent} tickets sent, {matches} matches of {matched} tickets in {:.1?}, {left} tickets left over",
            started.elapsed()
        ))?;
        match summary {
            Some(summary) => self.show.end(&summary.to_string()),
            None => Ok(()),
        }
    }

    pub(super) async fn backfill_matches(
        mut self,
        tickets: &Tickets,
        sessions: u32,
    ) -> anyhow::Result<()> {
        let delay = tickets.delay;
        let mut sent = self.read_tickets(tickets)?;
        if tickets.tickets.is_none() {
            let made_up = if tickets.random.is_some() {
                of_ruleset(&self.rules).sessions(sessions, tickets.seed, now_ms())
            } else {
                plain_sessions(sessions, now_ms())
            };
            let made_up = made_up
                .iter()
                .map(|session| Sent::made_up(Slot::BackfillTicket, messages::session(session)));
            sent.splice(0..0, made_up);
        }
        let count = |slot| sent.iter().filter(|one| one.slot == slot).count();
        let (sessions, tickets) = (count(Slot::BackfillTicket), count(Slot::Ticket));
        let requests = self.requests(Slots::BACKFILL, sent)?;
        let started = Instant::now();
        let answers = self
            .connection
            .backfill_matches(spaced(requests, delay))
            .await;
        let mut answers = answers.map_err(refused)?.into_inner();
        let (mut proposals, mut added) = (0, 0);
        while let Some(answer) = answers.next().await {
            let answer = answer.map_err(refused)?;
            let json = self.messages.to_json("BackfillResponse", &answer)?;
            proposals += 1;
            added += answer
                .backfill_proposal
                .map_or(0, |one| one.added_tickets.len());
            self.show.a_proposal(proposals, &json)?;
        }
        let left = tickets.saturating_sub(added);
        self.show.end(&format!(
            "{sessions} sessions and {tickets} tickets sent, {proposals} proposals of {added} tickets \
             in {:.1?}, {left} tickets left over",
            started.elapsed()
        ))
    }

    pub(super) async fn validate_ticket(mut self, tickets: &Tickets) -> anyhow::Result<()> {
        let ticket = Some(self.one_ticket(tickets)?);
        self.show_warnings()?;
        let request = ValidateTicketRequest {
            ticket,
            rules: self.ruleset(),
        };
        let answer = self
            .connection
            .validate_ticket(request)
            .await
            .map_err(refused)?;
        let answer = answer.into_inner();
        let json = self.messages.to_json("ValidateTicketResponse", &answer)?;
        let verdict = if answer.valid_ticket {
            "valid"
        } else {
            "not valid (the server's log says why)"
        };
        self.show.answer(&json, &format!("the ticket is {verdict}"))
    }

    pub(super) async fn enrich_ticket(mut self, tickets: &Tickets) -> anyhow::Result<()> {
        let ticket = self.one_ticket(tickets)?;
        self.show_warnings()?;
        let request = EnrichTicketRequest {
            ticket: Some(ticket.clone()),
            rules: self.ruleset(),
        };
        let answer = self
            .connection
            .enrich_ticket(request)
            .await
            .map_err(refused)?
            .into_inner();
        let json = self.messages.to_json("EnrichTicketResponse", &answer)?;
        let same = answer.ticket.as_ref() == Some(&ticket);
        let text = if same {
            "the ticket came back unchanged"
        } else {
            "the ticket came back changed:"
        };
        self.show.answer(
            &json,
            &if same {
                text.to_owned()
            } else {
                format!("{text} {json}")
            },
        )
    }

    pub(super) async fn stat_codes(mut self) -> anyhow::Result<()> {
        self.show_warnings()?;
        let request = GetStatCodesRequest {
            rules: self.ruleset(),
        };
        let answer = self
            .connection
            .get_stat_codes(request)
            .await
            .map_err(refused)?
            .into_inner();
        let json = self.messages.to_json("StatCodesResponse", &answer)?;
        let text = match answer.codes.as_slice() {
            [] => "the rules need no statistics".to_owned(),
            codes => format!("the rules need: {}", codes.join(", ")),
        };
        self.show.answer(&json, &text)
    }

    fn ruleset(&self) -> Option<Rules> {
        Some(Rules {
            json: self.rules.clone(),
        })
    }

    fn one_ticket(&mut self, tickets: &Tickets) -> anyhow::Result<Opaque> {
        let sent = self.read_tickets(tickets)?;
        let ticket = sent.into_iter().find(|one| one.slot == Slot::Ticket);
        let ticket = ticket.ok_or_else(|| anyhow!("there is no ticket to send"))?;
        self.encode(&ticket)
    }

    /// A message in bytes. It is shown in the names of the contract, whatever names the file has.
    fn encode(&mut self, Sent { slot, json, place }: &Sent) -> anyhow::Result<Opaque> {
        let name = match slot {
            Slot::Parameters => PARAMETERS,
            Slot::Ticket => "Ticket",
            Slot::BackfillTicket => "BackfillTicket",
        };
        let message = self.messages.encode(name, json);
        let message = match place {
            Some(place) => message.with_context(|| place.clone())?,
            None => message?,
        };
        let json = || self.messages.to_json(name, &message);
        self.show.sent(*slot, json)?;
        Ok(message)
    }

    /// Shows the warnings of the ruleset.
    fn show_warnings(&mut self) -> anyhow::Result<()> {
        self.show.warnings(&warnings(self.logic, &self.rules))
    }

    /// The requests of a stream. Parameters come first; they are made up unless the messages begin
    /// with them.
    fn requests(&mut self, slots: Slots, mut sent: Vec<Sent>) -> anyhow::Result<Vec<Opaque>> {
        if sent
            .first()
            .is_none_or(|first| first.slot != Slot::Parameters)
        {
            let parameters = Parameters {
                scope: Some(Scope {
                    ab_trace_id: String::new(),
                }),
                rules: self.ruleset(),
                tick_id: 1,
            };
            let json = self.messages.to_json(PARAMETERS, &parameters)?;
            sent.insert(0, Sent::made_up(Slot::Parameters, json));
        }
        let mut requests = Vec::with_capacity(sent.len());
        for one in sent {
            let message = self.encode(&one)?;
            let request = slots.write(one.slot, &message).with_context(|| {
                let place = one.place.as_deref().unwrap_or_default();
                format!("{place}: only backfill-matches takes sessions")
            });
            requests.push(request?);
            if one.slot == Slot::Parameters {
                let json = self.messages.to_json(PARAMETERS, &message)?;
                let rules = json["rules"]["json"].as_str().unwrap_or_default();
                self.show.warnings(&warnings(self.logic, rules))?;
            }
        }
        Ok(requests)
    }

    /// The messages to send: those of the file, or made-up tickets.
    fn read_tickets(&self, tickets: &Tickets) -> anyhow::Result<Vec<Sent>> {
        if let Some(file) = &tickets.tickets {
            let found = files::messages(file)?;
            return Ok(found.into_iter().map(Sent::from).collect());
        }
        let queue = match tickets.random {
            Some(count) => of_ruleset(&self.rules).queue(count, tickets.seed, now_ms()),
            None => plain_queue(tickets.players, tickets.party_size, now_ms()),
        };
        let sent = queue
            .iter()
            .map(|ticket| Sent::made_up(Slot::Ticket, messages::ticket(ticket)));
        Ok(sent.collect())
    }

    /// A summary in which nothing is matched yet.
    fn summary(&self, messages: &[Sent]) -> Summary {
        let mut summary = Summary::new(&of_ruleset(&self.rules).attributes[0].0, now_ms());
        for message in messages {
            summary.sent(&message.json);
        }
        summary
    }
}

/// The messages of a stream, `delay` milliseconds apart.
fn spaced(requests: Vec<Opaque>, delay: u64) -> impl Stream<Item = Opaque> {
    let delay = Duration::from_millis(delay);
    tokio_stream::iter(requests).then(move |request| async move {
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        request
    })
}

/// The warnings that a server with this logic logs for a ruleset. None if the ruleset is refused: the
/// server's answer says why.
fn warnings(logic: &impl MatchLogic, rules: &str) -> Vec<Finding> {
    let mut findings = logic.lint(rules, &LintContext::default());
    let is_refused = findings
        .iter()
        .any(|finding| finding.severity == Severity::Error);
    findings.retain(|finding| finding.severity == Severity::Warning && !is_refused);
    findings
}

/// Now, as Unix milliseconds.
fn now_ms() -> i64 {
    Clock::system().unix_ms()
}

/// A refusal as an error: the name of the code, and the server's message.
#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn refused(status: Status) -> anyhow::Error {
    anyhow!(
        "the server refused: {:?}: {}",
        status.code(),
        status.message()
    )
}
