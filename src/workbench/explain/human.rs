//! Explanations for people.

use std::io::{self, Write};

use super::Table;
use crate::matching::explain::{Explanation, Fate, Funnel, Matched, PutOff, Scene};
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
    match &explanation.fate {
        Fate::Matched(matched) => self::matched(matched, out)?,
        Fate::Joined(session) => writeln!(out, "it joins session {}", excerpt(session))?,
        Fate::Left(reason) => writeln!(out, "it waits: {} ({reason})", reason.describe())?,
    }
    if let Some(put_off) = &explanation.put_off {
        let PutOff {
            size,
            cost,
            worth,
            wait_s,
        } = put_off;
        writeln!(
            out,
            "a match of {size} was at hand, at a cost of {cost:.4}; it is made at {worth:.4} or less, or in {wait_s} s"
        )?;
    }
    if let Some(funnel) = &explanation.funnel {
        self::funnel(funnel, out)?;
    }
    if let Some(closest) = &explanation.closest {
        let by = if closest.by.is_empty() { "" } else { ", " };
        writeln!(
            out,
            "\nclosest: ticket {} failed one test only: {}{by}{}",
            excerpt(&closest.ticket),
            closest.test,
            closest.by
        )?;
    }
    if !matches!(explanation.fate, Fate::Left(_)) {
        return Ok(());
    }
    let Some(first) = explanation.misses.first() else {
        return writeln!(
            out,
            "\nno change that was tried would have given it a match"
        );
    };
    match first.changes.len() {
        1 => writeln!(out, "\nit would be matched in this queue, each by itself:")?,
        _ => writeln!(
            out,
            "\nno single change that was tried gives it a match; two do together:"
        )?,
    }
    for miss in &explanation.misses {
        writeln!(out, "  {miss}")?;
    }
    Ok(())
}

fn matched(matched: &Matched, out: &mut impl Write) -> io::Result<()> {
    let place = match (&matched.region, &matched.mode) {
        (Some(region), Some(mode)) => format!(" in {region}, mode {mode}"),
        (Some(region), None) => format!(" in {region}"),
        (None, Some(mode)) => format!(" of the mode {mode}"),
        (None, None) => String::new(),
    };
    writeln!(
        out,
        "it is in match {}{place}, of {}",
        matched.number, matched.size
    )?;
    match (&matched.pivot, matched.place) {
        (Some(pivot), Some((at, all))) => writeln!(
            out,
            "as candidate number {at} of {all} of the pivot {}, with a score of {:.4}:",
            excerpt(pivot),
            matched.terms.iter().map(|term| term.cost).sum::<f64>()
        )?,
        (None, _) if !matched.terms.is_empty() || matched.region.is_some() => {
            writeln!(out, "as its pivot")?;
        }
        _ => {}
    }
    for term in &matched.terms {
        writeln!(out, "  {:>8.4}  {}", term.cost, term.what)?;
    }
    Ok(())
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
    let needs = &funnel.needs;
    let own = u64::from(needs.own);
    let there = funnel.steps.last().map_or(0, |step| step.left.players) + own;
    let min = u64::from(needs.teams.0) * u64::from(needs.players.0);
    let roles = if needs.roles {
        ", each with a role"
    } else {
        ""
    };
    writeln!(
        out,
        "  a match needs {} teams of {} players{roles}: at least {min}; with its own {own} there are {there}",
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
