//! `match-function explain`: why a ticket waits.

pub(super) mod human;
mod machine;

use std::collections::HashSet;
use std::io::Write;

use anyhow::{Context, anyhow};
use clap::Parser;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::ruleset::Ruleset;
use super::tickets::Queue;
use super::{Format, Unreadable, Verdict, progress_bar};
use crate::matching::explain::{Explanation, Fate, Left, Scene};
use crate::matching::{MatchLogic, Played, PlayedBackfill, Reason, TickContext, rules};
use crate::population::of_ruleset;

/// Bytes that an answer may have, as on the server by default.
const MAX_ANSWER_BYTES: u64 = 4 << 20;

/// When made-up tickets wait, in Unix ms: 1 January 2026.
const MADE_UP_MS: i64 = 1_767_225_600_000;

/// Says why tickets wait: plays one tick of a queue as the server would
///
/// Without --ticket, a table of all tickets that wait; with it, what became of that one, who passed each
/// test with it, and the smallest changes that would have given it a match.
#[derive(Debug, Parser)]
#[command(
    name = "explain",
    after_help = "Example: match-function explain --rules ruleset.json --tickets queue.ndjson --ticket t1"
)]
pub struct Explain {
    /// The ruleset: a file, `-` for standard input, or JSON that begins with `{`
    #[arg(long, value_name = "RULES")]
    rules: String,

    /// The queue: tickets as JSON objects in protobuf's names, a queue as AGS lists it, or a capture
    #[arg(long, value_name = "FILE", required_unless_present = "random")]
    tickets: Option<String>,

    /// Tickets to make up instead, like those of a live queue
    #[arg(long, value_name = "N", conflicts_with = "tickets",
        value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    random: Option<u32>,

    /// Seed of --random: the same seed makes up the same queue
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,

    /// Sessions with free seats: the tick then fills them
    #[arg(long, value_name = "FILE")]
    sessions: Option<String>,

    /// The time of the tick, as in 2026-01-02T03:04:05Z [default: when the newest ticket was
    /// queued; of a capture its time]
    #[arg(long, value_name = "TIME")]
    now: Option<String>,

    /// The id of a ticket to explain
    #[arg(long, value_name = "ID")]
    ticket: Option<String>,

    /// How to write it
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

impl Explain {
    /// Plays the tick and writes what it explains to `out`.
    ///
    /// # Errors
    ///
    /// If an input cannot be read, the ruleset is refused, or there is no such ticket.
    pub fn run(self, logic: &impl MatchLogic, out: &mut impl Write) -> anyhow::Result<Verdict> {
        let scene = self.scene(logic)?;
        let Some(id) = &self.ticket else {
            let bar = progress_bar(1);
            let mut left = logic.left(&scene, &|done, all| {
                bar.set_length(all);
                bar.set_position(done);
            });
            if left.is_empty() && scene.sessions.is_empty() {
                left = plainly_left(logic, &scene);
            }
            bar.finish_and_clear();
            let table = Table::of(&scene, left);
            match self.format {
                Format::Human => human::table(&scene, &table, out)?,
                Format::Json => machine::table(&scene, &table, out)?,
            }
            return Ok(Verdict::Fine);
        };
        let place = scene.tickets.iter().position(|ticket| *ticket.id == **id);
        let place =
            place.ok_or_else(|| anyhow!("--ticket: no ticket of the queue has the id {id}"))?;
        let explanation = explained(logic, &scene, place);
        match self.format {
            Format::Human => human::one(&scene.tickets[place], &scene, &explanation, out)?,
            Format::Json => machine::one(&scene.tickets[place], &scene, &explanation, out)?,
        }
        Ok(Verdict::Fine)
    }

    fn scene(&self, logic: &impl MatchLogic) -> anyhow::Result<Scene> {
        let ruleset = Ruleset::read(&self.rules)?;
        let mut queue = Queue::default();
        if let Some(file) = &self.tickets {
            queue.read(file)?;
        }
        if let Some(file) = &self.sessions {
            queue.read_sessions(file)?;
        }
        let now_ms = self.now.as_deref().map(parse_time).transpose()?;
        let made_up = self.random.map(|count| (count, self.seed));
        scene(logic, &ruleset, &queue, made_up, now_ms)
    }
}

/// A tick to be played: of a queue, or of so many tickets that a seed makes up.
///
/// # Errors
///
/// If the ruleset is refused.
pub(super) fn scene(
    logic: &impl MatchLogic,
    ruleset: &Ruleset,
    queue: &Queue,
    made_up: Option<(u32, u64)>,
    now_ms: Option<i64>,
) -> anyhow::Result<Scene> {
    let refused = |error: rules::RulesError| Unreadable(format!("{}: {error}", ruleset.name));
    logic.rules(&ruleset.json).map_err(refused)?;
    let rules = rules::object(&ruleset.json).map_err(refused)?;
    let (mut tickets, sessions) = (queue.tickets(), queue.sessions());
    if let Some((count, seed)) = made_up {
        tickets = of_ruleset(&ruleset.json).queue(count, seed, MADE_UP_MS);
    }
    // As the server: the first one of an id counts.
    let mut known = HashSet::new();
    tickets.retain(|ticket| ticket.id.is_empty() || known.insert(ticket.id.clone()));
    for (arrival, ticket) in (0..).zip(&mut tickets) {
        ticket.arrival = arrival;
    }
    let created = tickets.iter().filter_map(|ticket| ticket.created_at_ms);
    let of_sessions = sessions.iter().filter_map(|session| session.created_at_ms);
    let newest = created.chain(of_sessions).max();
    let now_ms = now_ms.unwrap_or_else(|| match made_up {
        Some(_) => MADE_UP_MS,
        None => queue.now_ms.or(newest).unwrap_or(0),
    });
    Ok(Scene {
        rules,
        tickets,
        sessions,
        context: TickContext {
            now_ms,
            tick_id: 1,
            max_answer_bytes: MAX_ANSWER_BYTES,
        },
    })
}

fn parse_time(text: &str) -> anyhow::Result<i64> {
    let time = OffsetDateTime::parse(text, &Rfc3339).with_context(|| {
        format!("--now is {text:?}; expected is a time as 2026-01-02T03:04:05Z")
    })?;
    let ms = time.unix_timestamp_nanos() / 1_000_000;
    i64::try_from(ms).context("--now is out of range")
}

/// The tickets that wait, by reason.
#[derive(Debug)]
struct Table {
    /// The reason of most tickets first; each with its tickets, oldest first.
    groups: Vec<(Reason, Vec<Left>)>,
    /// Tickets that were matched or joined a session.
    served: usize,
}

impl Table {
    fn of(scene: &Scene, left: Vec<Left>) -> Self {
        let served = scene.tickets.len() - left.len();
        let groups = by_reason(left.into_iter().map(|one| (one.reason, one)));
        Self { groups, served }
    }
}

/// What is left of a tick by its reason, the reason of most first.
pub(super) fn by_reason<T>(left: impl Iterator<Item = (Reason, T)>) -> Vec<(Reason, Vec<T>)> {
    let mut groups: Vec<(Reason, Vec<T>)> = Vec::new();
    for (reason, one) in left {
        match groups.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, group)) => group.push(one),
            None => groups.push((reason, vec![one])),
        }
    }
    groups.sort_by_key(|(_, group)| std::cmp::Reverse(group.len()));
    groups
}

/// What became of the ticket of a place.
pub(super) fn explained(logic: &impl MatchLogic, scene: &Scene, place: usize) -> Explanation {
    logic.explain(scene, place).unwrap_or_else(|| {
        let arrival = scene.tickets[place].arrival;
        Explanation::of(Fate::in_tick(&played(logic, scene), arrival))
    })
}

/// The tick, played to its end.
pub(super) fn played<L: MatchLogic>(logic: &L, scene: &Scene) -> Played {
    let rules = rules_of(logic, scene);
    rules.map_or_else(Played::default, |rules| {
        scene.played(logic.open(rules, scene.context))
    })
}

/// The same of a tick of backfill.
pub(super) fn played_backfill<L: MatchLogic>(logic: &L, scene: &Scene) -> PlayedBackfill {
    let rules = rules_of(logic, scene);
    rules.map_or_else(PlayedBackfill::default, |rules| {
        scene.played_backfill(logic.open_backfill(rules, scene.context))
    })
}

/// The rules of a scene; always some, as they were taken when it was made.
fn rules_of<L: MatchLogic>(logic: &L, scene: &Scene) -> Option<L::Rules> {
    let json = serde_json::Value::Object(scene.rules.clone()).to_string();
    logic.rules(&json).ok().map(|parsed| parsed.rules)
}

/// The tickets that such a tick leaves.
fn plainly_left<L: MatchLogic>(logic: &L, scene: &Scene) -> Vec<Left> {
    let left = played(logic, scene).left.into_iter();
    let left = left.filter_map(|(ticket, reason)| {
        Some(Left {
            place: usize::try_from(ticket.arrival).ok()?,
            reason,
            miss: None,
        })
    });
    left.collect()
}
