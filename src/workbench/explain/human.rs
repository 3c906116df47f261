//! Explanations for people.

use std::io::{self, Write};

use super::Table;
use crate::matching::explain::{Closest, Explanation, Fate, Funnel, Matched, PutOff, Scene};
use crate::matching::rules::excerpt;
use crate::matching::{Reason, Ticket};

/// Tickets of a reason that are shown.
const SHOWN: usize = 20;

/// What became of one ticket.
pub(super) fn one(
    ticket: &Ticket,
    scene: &Scene,
    explanation: &Explanation,
    out: &mut impl Write,
) -> io::Result<()> {
    let players = ticket.players.len();
    let many = if players == 1 { "" } else { "s" };
    writeln!(
        out,
        "ticket {}: {players} player{many}, {} s in the queue",
        excerpt(&ticket.id),
        age_s(ticket, scene)
    )?;
    for line in fate(explanation) {
        writeln!(out, "{line}")?;
    }
    if let Some(funnel) = &explanation.funnel {
        self::funnel(funnel, out)?;
    }
    if let Some(closest) = &explanation.closest {
        writeln!(out, "\n{}", self::closest(closest))?;
    }
    if !matches!(explanation.fate, Fate::Left(_)) {
        return Ok(());
    }
    writeln!(out, "\n{}", changes(explanation))?;
    for miss in &explanation.misses {
        writeln!(out, "  {miss}")?;
    }
    Ok(())
}

/// The ticket that came closest.
pub(in crate::workbench) fn closest(closest: &Closest) -> String {
    let by = if closest.by.is_empty() { "" } else { ", " };
    format!(
        "closest: ticket {} failed one test only: {}{by}{}",
        excerpt(&closest.ticket),
        closest.test,
        closest.by
    )
}

/// How the changes are to be read that are told of a ticket that waits.
pub(in crate::workbench) fn changes(explanation: &Explanation) -> &'static str {
    match explanation.misses.first().map(|miss| miss.changes.len()) {
        None => "no change that was tried would have given it a match",
        Some(1) => "it would be matched in this queue, each by itself:",
        Some(_) => "no single change that was tried gives it a match; two do together:",
    }
}

/// What became of a ticket, in lines.
pub(in crate::workbench) fn fate(explanation: &Explanation) -> Vec<String> {
    let mut lines = match &explanation.fate {
        Fate::Matched(matched) => self::matched(matched),
        Fate::Joined(session) => vec![format!("it joins session {}", excerpt(session))],
        Fate::Left(reason) => vec![format!("it waits: {} ({reason})", reason.describe())],
    };
    if let Some(put_off) = &explanation.put_off {
        let PutOff {
            size,
            cost,
            worth,
            wait_s,
        } = put_off;
        lines.push(format!(
            "a match of {size} was at hand, at a cost of {cost:.4}; it is made at {worth:.4} or less, or in {wait_s} s"
        ));
    }
    lines
}

fn matched(matched: &Matched) -> Vec<String> {
    let place = match (&matched.region, &matched.mode) {
        (Some(region), Some(mode)) => format!(" in {region}, mode {mode}"),
        (Some(region), None) => format!(" in {region}"),
        (None, Some(mode)) => format!(" of the mode {mode}"),
        (None, None) => String::new(),
    };
    let (number, size) = (matched.number, matched.size);
    let mut lines = vec![format!("it is in match {number}{place}, of {size}")];
    match (&matched.pivot, matched.place) {
        (Some(pivot), Some((at, all))) => lines.push(format!(
            "as candidate number {at} of {all} of the pivot {}, with a score of {:.4}:",
            excerpt(pivot),
            matched.terms.iter().map(|term| term.cost).sum::<f64>()
        )),
        (None, _) if !matched.terms.is_empty() || matched.region.is_some() => {
            lines.push("as its pivot".to_owned());
        }
        _ => {}
    }
    let terms = matched.terms.iter();
    lines.extend(terms.map(|term| format!("  {:>8.4}  {}", term.cost, term.what)));
    lines
}

fn funnel(funnel: &Funnel, out: &mut impl Write) -> io::Result<()> {
    let place = match &funnel.region {
        Some(region) => format!(", tried first in {region}"),
        None => String::new(),
    };
    writeln!(out, "\nat its turn{place}, these others passed each test:")?;
    let tests = funnel.steps.iter().map(|step| step.test.chars().count());
    let width = tests.max().unwrap_or(0).max("waiting".len());
    writeln!(out, "  {:width$}  {:>7}  {:>7}", "", "tickets", "players")?;
    let mut line = |test: &str, tickets: usize, players: u64| {
        writeln!(out, "  {test:width$}  {tickets:>7}  {players:>7}")
    };
    line("waiting", funnel.others.tickets, funnel.others.players)?;
    for step in &funnel.steps {
        line(&step.test, step.left.tickets, step.left.players)?;
    }
    writeln!(out, "  {}", needs(funnel))
}

/// What a match needs at least, and who is there.
pub(in crate::workbench) fn needs(funnel: &Funnel) -> String {
    let needs = &funnel.needs;
    let own = u64::from(needs.own);
    let there = funnel.steps.last().map_or(0, |step| step.left.players) + own;
    let min = u64::from(needs.teams.0) * u64::from(needs.players.0);
    let roles = if needs.roles {
        ", each with a role"
    } else {
        ""
    };
    format!(
        "a match needs {} teams of {} players{roles}: at least {min}; with its own {own} there are {there}",
        range(needs.teams),
        range(needs.players)
    )
}

fn range((min, max): (u32, u32)) -> String {
    match min == max {
        true => min.to_string(),
        false => format!("{min} to {max}"),
    }
}

fn age_s(ticket: &Ticket, scene: &Scene) -> i64 {
    ticket.age_ms(scene.context.now_ms) / 1000
}

/// All tickets that wait, by reason.
pub(super) fn table(scene: &Scene, table: &Table, out: &mut impl Write) -> io::Result<()> {
    let left: usize = table.groups.iter().map(|(_, group)| group.len()).sum();
    let what = match scene.sessions.is_empty() {
        true => "are matched",
        false => "join a session",
    };
    writeln!(
        out,
        "{} tickets: {} {what}, {left} wait",
        scene.tickets.len(),
        table.served
    )?;
    for (reason, group) in &table.groups {
        heading(*reason, group.len(), out)?;
        let ids = group.iter().take(SHOWN);
        let width = ids
            .map(|one| scene.tickets[one.place].id.chars().count().min(40))
            .max();
        let width = width.unwrap_or(0).max("ticket".len());
        writeln!(
            out,
            "  {:width$}  {:>7}  {:>6}  would be matched",
            "ticket", "players", "age"
        )?;
        for one in group.iter().take(SHOWN) {
            let ticket = &scene.tickets[one.place];
            let miss = match &one.miss {
                Some(miss) => miss.to_string(),
                None => "(see --ticket)".to_owned(),
            };
            writeln!(
                out,
                "  {:width$}  {:>7}  {:>4} s  {miss}",
                excerpt(&ticket.id),
                ticket.players.len(),
                age_s(ticket, scene)
            )?;
        }
        if group.len() > SHOWN {
            let more = group.len() - SHOWN;
            writeln!(out, "  and {more} more (--format json has all)")?;
        }
    }
    Ok(())
}

fn heading(reason: Reason, count: usize, out: &mut impl Write) -> io::Result<()> {
    let wait = if count == 1 { "waits" } else { "wait" };
    writeln!(out, "\n{reason}: {count} {wait}, as {}", reason.describe())
}
