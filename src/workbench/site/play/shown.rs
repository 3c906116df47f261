//! A tick as a page shows it: matches as cards, and who is left, by reason.

use std::time::Duration;

use maud::{Markup, html};
use serde_json::Value as Json;

use crate::matching::explain::Scene;
use crate::matching::rules::{excerpt, find};
use crate::matching::{Match, Played, PlayedBackfill, Reason, Text, Ticket, Value};
use crate::workbench::explain::by_reason;

/// Rows that a browser lays out together; those far out of sight it leaves out.
const CHUNK: usize = 100;

/// Matches that are shown at most. All are counted.
const MAX_CARDS: usize = 2000;

/// The part of the page, and how long the tick took.
pub(super) fn with_time(answer: &Markup, took: Duration) -> Markup {
    let ms = took.as_secs_f64() * 1e3;
    html! { (answer) p.note { "The engine took " (format!("{ms:.1}")) " ms." } }
}

/// A tick of matches.
pub(super) fn matches(scene: &Scene, played: &Played) -> Markup {
    let skill = skill(scene);
    let matched = scene.tickets.len() - played.left.len();
    let made = played.matches.len();
    html! {
        p.summary role="status" {
            b { (made) } (plural(made, " match", " matches")) " of " (matched) " tickets; "
            b { (played.left.len()) } " of " (scene.tickets.len()) " tickets wait"
        }
        (left(scene, &played.left, skill.as_ref()))
        h2 { "Matches" }
        @if made == 0 { p.note { "None. A press on a ticket that waits says why." } }
        @for (number, chunk) in played.matches.chunks(CHUNK).enumerate().take(MAX_CARDS / CHUNK) {
            div.cards.chunk {
                @for (at, one) in chunk.iter().enumerate() {
                    (card(number * CHUNK + at + 1, one, skill.as_ref()))
                }
            }
        }
        @if made > MAX_CARDS { p.note { "and " (made - MAX_CARDS) " matches more" } }
    }
}

/// A tick of backfill.
pub(super) fn proposals(scene: &Scene, played: &PlayedBackfill) -> Markup {
    let skill = skill(scene);
    html! {
        p.summary role="status" {
            b { (played.proposals.len()) } " of " (scene.sessions.len()) " sessions get players; "
            b { (played.left.len()) } " of " (scene.tickets.len()) " tickets wait"
        }
        (left(scene, &played.left, skill.as_ref()))
        h2 { "Proposals" }
        div.cards {
            @for proposal in played.proposals.iter().take(MAX_CARDS) {
                article.card {
                    h3 { "Session " (excerpt(&proposal.session.match_session_id)) }
                    (chips(&proposal.added, skill.as_ref()))
                }
            }
        }
    }
}

/// The attribute by which the rules first measure a distance.
fn skill(scene: &Scene) -> Option<Text> {
    let rules = find(&scene.rules, "matching_rule").and_then(Json::as_array)?;
    let names = rules
        .iter()
        .filter_map(|rule| rule.get("attribute")?.as_str());
    let mut names = names.map(Text::from);
    names.find(|name| {
        let mut tickets = scene.tickets.iter();
        tickets.any(|ticket| mean(std::slice::from_ref(ticket), name).is_some())
    })
}

/// The mean of the players of tickets; `None` if nobody has a number.
fn mean(tickets: &[Ticket], name: &Text) -> Option<f64> {
    let players = tickets.iter().flat_map(|ticket| &ticket.players);
    let numbers =
        players.filter_map(|player| player.attributes.get(name).and_then(Value::as_number));
    let (sum, count) = numbers.fold((0.0, 0.0), |(sum, count), one| (sum + one, count + 1.0));
    (count > 0.0).then(|| sum / count)
}

/// A skill, with as many digits as tell something.
fn number(value: f64) -> String {
    match value.abs() < 10.0 {
        true => format!("{value:.2}"),
        false => format!("{value:.0}"),
    }
}

fn card(at: usize, made: &Match, skill: Option<&Text>) -> Markup {
    let players = made.tickets().map(|ticket| ticket.players.len()).sum();
    let region = made.region_preferences.first();
    let worst =
        region.and_then(|region| made.tickets().filter_map(|one| one.latency(region)).max());
    let means = made.teams.iter().map(|team| mean(&team.tickets, skill?));
    let means: Option<Vec<f64>> = means.collect();
    let gap = means.filter(|means| means.len() > 1).map(|means| {
        let largest = means.iter().copied().fold(f64::MIN, f64::max);
        largest - means.iter().copied().fold(f64::MAX, f64::min)
    });
    html! {
        article.card {
            h3 { "Match " (at) }
            p.note {
                (players) (plural(players, " player", " players"))
                @if let Some(region) = region {
                    " · " (excerpt(region))
                    @if let Some(worst) = worst { " · at most " (worst) " ms" }
                }
                @if let (Some(skill), Some(gap)) = (skill, gap) {
                    " · teams " (number(gap)) " " (excerpt(skill)) " apart"
                }
            }
            @for (at, team) in made.teams.iter().enumerate() {
                @let size: usize = team.tickets.iter().map(|ticket| ticket.players.len()).sum();
                h4 {
                    "Team " (at + 1) ": " (size) (plural(size, " player", " players"))
                    @if let Some((skill, mean)) = skill.and_then(|skill| Some((skill, mean(&team.tickets, skill)?))) {
                        ", " (excerpt(skill)) " " (number(mean))
                    }
                }
                (chips(&team.tickets, skill))
            }
        }
    }
}

/// Tickets to press on.
fn chips(tickets: &[Ticket], skill: Option<&Text>) -> Markup {
    html! {
        ul.chips {
            @for ticket in tickets {
                li {
                    button.ticket type="button" data-ticket=(ticket.id) {
                        (name(ticket))
                        @if ticket.players.len() > 1 { " ×" (ticket.players.len()) }
                        @if let Some(mean) = skill.and_then(|skill| mean(std::slice::from_ref(ticket), skill)) {
                            span.half { " " (number(mean)) }
                        }
                    }
                }
            }
        }
    }
}

/// Who is left, the reason of most first, each group oldest first.
fn left(scene: &Scene, left: &[(Ticket, Reason)], skill: Option<&Text>) -> Markup {
    let mut groups = by_reason(left.iter().map(|(ticket, reason)| (*reason, ticket)));
    let age_ms = |ticket: &Ticket| ticket.age_ms(scene.context.now_ms);
    for (_, group) in &mut groups {
        group.sort_by_key(|ticket| std::cmp::Reverse(age_ms(ticket)));
    }
    html! {
        @if !groups.is_empty() { h2 { "Who waits" } }
        @for (reason, group) in &groups {
            details.left open {
                summary { b { (group.len()) } " " (reason) ": " (reason.describe()) }
                div.rows role="region" tabindex="0" aria-label=(format!("Tickets that wait: {reason}")) {
                    p.row.heads aria-hidden="true" {
                        span { "ticket" } span { "players" } span { "age" } span { (skill.map(|name| excerpt(name)).unwrap_or_default()) }
                    }
                    @for chunk in group.chunks(CHUNK) {
                        ul.chunk {
                            @for ticket in chunk {
                                li.row {
                                    button.ticket type="button" data-ticket=(ticket.id) { (name(ticket)) }
                                    span { (ticket.players.len()) }
                                    span { (age_ms(ticket) / 1000) " s" }
                                    span { @if let Some(mean) = skill.and_then(|skill| mean(std::slice::from_ref(ticket), skill)) { (number(mean)) } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// A ticket's id as far as it fits.
fn name(ticket: &Ticket) -> String {
    match ticket.id.is_empty() {
        true => "(no id)".to_owned(),
        false => excerpt(&ticket.id).to_string(),
    }
}

fn plural<'t>(count: usize, one: &'t str, many: &'t str) -> &'t str {
    if count == 1 { one } else { many }
}
