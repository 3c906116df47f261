//! One ticket explained, with its funnel drawn.

use maud::{Markup, html};

use crate::matching::explain::{Count, Explanation, Fate, Funnel, Scene};
use crate::matching::rules::excerpt;
use crate::workbench::explain::human;
use crate::workbench::page::coded;

/// What became of the ticket of a place, and why.
pub(super) fn ticket(scene: &Scene, place: usize, explanation: &Explanation) -> Markup {
    let ticket = &scene.tickets[place];
    let players = ticket.players.len();
    let many = if players == 1 { "" } else { "s" };
    html! {
        h2 { "Ticket " (excerpt(&ticket.id)) }
        p.note { (players) " player" (many) ", " (ticket.age_ms(scene.context.now_ms) / 1000) " s in the queue" }
        @for (at, line) in human::fate(explanation).iter().enumerate() {
            @if at == 0 { p.fate { (coded(&capital(line))) } } @else { p.term { (coded(line.trim())) } }
        }
        @if let Some(funnel) = &explanation.funnel { (drawn(funnel)) }
        @if let Some(closest) = &explanation.closest { p { (coded(&capital(&human::closest(closest)))) } }
        @if matches!(explanation.fate, Fate::Left(_)) {
            p { (capital(human::changes(explanation))) }
            ul { @for miss in &explanation.misses { li { (coded(&miss.to_string())) } } }
        }
        (dump(ticket))
    }
}

/// How many passed each test, as bars.
fn drawn(funnel: &Funnel) -> Markup {
    let all = funnel.others.players.max(1);
    let row = |test: &str, left: &Count| {
        html! {
            tr {
                th scope="row" { (coded(test)) }
                td.bar { (bar(left.players, all)) }
                td { (left.tickets) }
                td { (left.players) }
            }
        }
    };
    html! {
        h3 {
            "Who passed each test at its turn"
            @if let Some(region) = &funnel.region { ", tried first in " (excerpt(region)) }
        }
        div.scroll tabindex="0" role="region" aria-label="Funnel" {
            table.funnel {
                thead { tr {
                    th scope="col" { "test" }
                    th scope="col" { "share" }
                    th scope="col" { "tickets" }
                    th scope="col" { "players" }
                } }
                tbody {
                    (row("waiting", &funnel.others))
                    @for step in &funnel.steps { (row(&step.test, &step.left)) }
                }
            }
        }
        p { (capital(&human::needs(funnel))) "." }
    }
}

/// A share as a bar.
fn bar(part: u64, all: u64) -> Markup {
    let share = part as f64 / all as f64 * 100.0;
    let label = format!("{share:.0} %");
    html! {
        svg viewBox="0 0 100 10" preserveAspectRatio="none" role="img" aria-label=(label) {
            rect.all width="100" height="10" {}
            rect.part width=(format!("{share:.2}")) height="10" {}
        }
    }
}

/// What the ticket says of itself.
fn dump(ticket: &crate::matching::Ticket) -> Markup {
    let json = crate::messages::ticket(ticket);
    let text = serde_json::to_string_pretty(&json).unwrap_or_default();
    html! { details { summary { "The ticket" } pre tabindex="0" { (text) } } }
}

/// A sentence with a capital at its beginning.
fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next();
    first.map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}
