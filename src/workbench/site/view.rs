//! The page as it is before anything is asked: its views, and what can be typed and chosen in them.

use maud::{DOCTYPE, Markup, html};

use crate::population::EXAMPLE;
use crate::workbench::page;
use crate::workbench::ruleset::Ruleset;

/// The views, each with its heading.
const VIEWS: [(&str, &str); 5] = [
    ("ruleset", "Ruleset"),
    ("queue", "Queue"),
    ("simulate", "Simulate"),
    ("tune", "Tune"),
    ("captures", "Captures"),
];

/// The style: that of reports, and what only this page has.
pub(super) fn style() -> String {
    format!("{}{}", page::style(), include_str!("workbench.css"))
}

/// The page with the ruleset that was opened.
pub(super) fn page(opened: &Ruleset, has_captures: bool) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "Workbench: " (opened.name) }
                link rel="stylesheet" href="/workbench.css";
                link rel="icon" href="data:,";
                script src="/workbench.js" defer {}
            }
            body {
                header {
                    h1 { "Workbench" }
                    p.conditions { (opened.name) }
                    nav aria-label="Views" {
                        @for (id, name) in VIEWS { a href=(format!("#{id}")) { (name) } }
                    }
                }
                noscript { p.refusal { "This page needs scripts: the commands lint, explain and simulate do not." } }
                main {
                    (ruleset(opened))
                    (queue(has_captures))
                    (simulate())
                    (tune())
                    (captures())
                }
            }
        }
    }
}

fn view(id: &str, content: Markup) -> Markup {
    let name = VIEWS
        .iter()
        .find(|(known, _)| *known == id)
        .map_or("", |(_, name)| name);
    html! { section.view id=(id) aria-label=(name) { (content) } }
}

fn ruleset(opened: &Ruleset) -> Markup {
    view(
        "ruleset",
        html! {
            div.sides {
                div {
                    div.tools {
                        label.heading for="rules" { "Ruleset" }
                        button type="button" id="revert" { "As it was opened" }
                        button type="button" id="save" { "Download" }
                    }
                    div.editor {
                        pre #numbers aria-hidden="true" {}
                        div.over {
                            pre #under aria-hidden="true" {}
                            textarea #rules name="rules" spellcheck="false" autocomplete="off" autocapitalize="off"
                                wrap="off" data-name=(opened.name) { "\n" (opened.source) }
                        }
                    }
                    p.note { "What you type stays in this browser, also when the page is loaded again." }
                }
                div #found aria-live="polite" {}
            }
        },
    )
}

fn queue(has_captures: bool) -> Markup {
    view(
        "queue",
        html! {
            form #queue-form.form {
                fieldset {
                    legend { "Who waits" }
                    label { input type="radio" name="from" value="made_up" checked; " made up, as your players would be" }
                    label { input type="radio" name="from" value="text"; " tickets that you paste or upload" }
                    @if has_captures {
                        label { input type="radio" name="from" value="capture"; " a capture: " output #capture-name { "none yet, see Captures" } }
                    }
                }
                div.fields data-from="made_up" {
                    (number("count", "Tickets", "1000", "1", "20000", "1"))
                    (number("queue-seed", "Seed", "1", "0", "4294967295", "1"))
                }
                div.fields data-from="text" hidden {
                    label.wide {
                        "Tickets as JSON, one after another, or a queue as AGS lists it"
                        textarea name="text" rows="8" spellcheck="false" wrap="off" {}
                    }
                    label { "or a file " input type="file" id="file" accept=".json,.ndjson,.jsonl,.txt"; }
                }
                button.main type="submit" { "Play the tick" }
            }
            div.sides {
                div #played aria-live="polite" {
                    p.note { "Play the tick to see its matches, and who waits." }
                }
                aside #explained tabindex="-1" aria-label="Explanation of a ticket" aria-live="polite" {
                    p.note { "A press on a ticket says what became of it, and why." }
                }
            }
        },
    )
}

fn number(name: &str, label: &str, value: &str, min: &str, max: &str, step: &str) -> Markup {
    html! {
        label {
            (label)
            input type="number" name=(name) value=(value) min=(min) max=(max) step=(step) required;
        }
    }
}

fn players() -> Markup {
    html! {
        (number("players_per_second", "Players a second", "2", "0.01", "1000", "any"))
        (number("tick_s", "Seconds between ticks", "5", "0.1", "3600", "any"))
        (number("median", "Patience: median, s", "180", "0.1", "100000", "any"))
        (number("p95", "Patience: 95 % go by, s", "600", "0.1", "100000", "any"))
        (number("hours", "Hours", "0.5", "0.05", "24", "any"))
        (number("seed", "Seed", "1", "0", "4294967295", "1"))
    }
}

fn more() -> Markup {
    html! {
        details {
            summary { "More about the players" }
            label.wide {
                "Further keys of a population file, in TOML; they come after those above"
                textarea name="population" rows="6" spellcheck="false" wrap="off" {}
            }
            details { summary { "Every key, explained" } pre tabindex="0" { (EXAMPLE) } }
        }
    }
}

fn progress(what: &str) -> Markup {
    html! {
        div.run hidden {
            progress aria-label=(format!("Progress of the {what}")) {}
            output {}
            button type="button" { "Cancel" }
        }
        div.report aria-live="polite" {}
    }
}

fn simulate() -> Markup {
    view(
        "simulate",
        html! {
            form #simulate-form.form {
                div.fields {
                    (players())
                    (number("runs", "Runs", "3", "1", "20", "1"))
                }
                label { input type="checkbox" name="beside"; " beside the ruleset as it was opened" }
                (more())
                button.main type="submit" { "Simulate" }
            }
            (progress("simulation"))
        },
    )
}

fn tune() -> Markup {
    view(
        "tune",
        html! {
            p.note {
                "Tries many rulesets that differ from yours in durations, references, regions, weights and quality, \
                 and proposes those that no other beats."
            }
            form #tune-form.form {
                div.fields {
                    (players())
                    (number("candidates", "Rulesets to try", "60", "8", "2000", "1"))
                    label { "Goal, as p95-wait<=60" input type="text" name="goal" placeholder="a quarter above today" autocomplete="off"; }
                }
                (more())
                button.main type="submit" { "Search" }
            }
            (progress("search"))
        },
    )
}

fn captures() -> Markup {
    view(
        "captures",
        html! {
            div.tools { button type="button" id="list" { "List again" } }
            div #listed aria-live="polite" {}
        },
    )
}
