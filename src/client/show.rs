//! What the client prints.

use std::io::Write;

use serde_json::Value;

use crate::matching::rules::Finding;
use crate::proto::Slot;

/// Maximum number of messages of one kind that are shown; the rest is only counted.
const SHOWN: usize = 20;

/// Prints a call for people, or its answers as JSON lines.
pub(super) struct Show<'o, W> {
    out: &'o mut W,
    json: bool,
    sent: usize,
}

impl<'o, W: Write> Show<'o, W> {
    pub(super) fn new(out: &'o mut W, json: bool) -> Self {
        Show { out, json, sent: 0 }
    }

    /// A message that is sent. Its JSON form is asked for only if it is shown.
    pub(super) fn sent(
        &mut self,
        slot: Slot,
        message: impl FnOnce() -> anyhow::Result<Value>,
    ) -> anyhow::Result<()> {
        self.sent += 1;
        if self.json || self.sent > SHOWN + 1 {
            return Ok(());
        }
        if self.sent == SHOWN + 1 {
            return Ok(writeln!(self.out, "→ …")?);
        }
        let message = message()?;
        match slot {
            Slot::Parameters => {
                let rules = message["rules"]["json"].as_str().unwrap_or("{}");
                let words: Vec<_> = rules.split_whitespace().collect();
                writeln!(self.out, "→ parameters: rules {}", words.join(" "))?;
            }
            Slot::Ticket => {
                let players = list(&message["players"], |player| text(&player["player_id"]));
                writeln!(self.out, "→ {}: {players}", text(&message["ticket_id"]))?;
            }
            Slot::BackfillTicket => {
                let teams = teams(&message["partial_match"]["teams"]);
                writeln!(
                    self.out,
                    "→ session {}: {teams}",
                    text(&message["match_session_id"])
                )?;
            }
        }
        Ok(())
    }

    /// Warnings of the ruleset.
    pub(super) fn warnings(&mut self, warnings: &[Finding]) -> anyhow::Result<()> {
        if self.json {
            return Ok(());
        }
        for warning in warnings.iter().take(SHOWN) {
            writeln!(self.out, "  warning: ruleset: {warning}")?;
        }
        if warnings.len() > SHOWN {
            writeln!(self.out, "  warning: …")?;
        }
        Ok(())
    }

    /// A match that was received.
    pub(super) fn a_match(&mut self, number: usize, answer: &Value) -> anyhow::Result<()> {
        if self.json {
            return self.line(answer);
        }
        if number > SHOWN {
            return self.more(number);
        }
        let made = &answer["match"];
        let tickets = list(&made["tickets"], |ticket| text(&ticket["ticket_id"]));
        let regions = list(&made["region_preferences"], text);
        let backfill = if made["backfill"] == true {
            ", asks for backfill"
        } else {
            ""
        };
        let teams = teams(&made["teams"]);
        Ok(writeln!(
            self.out,
            "← match {number}: {tickets} | {teams} | {regions}{backfill}"
        )?)
    }

    /// A proposal that was received.
    pub(super) fn a_proposal(&mut self, number: usize, answer: &Value) -> anyhow::Result<()> {
        if self.json {
            return self.line(answer);
        }
        if number > SHOWN {
            return self.more(number);
        }
        let proposal = &answer["backfill_proposal"];
        let added = list(&proposal["added_tickets"], |ticket| {
            text(&ticket["ticket_id"])
        });
        let session = text(&proposal["match_session_id"]);
        let teams = teams(&proposal["proposed_teams"]);
        Ok(writeln!(
            self.out,
            "← proposal {number}: session {session} gains {added} | {teams}"
        )?)
    }

    /// The answer of a unary call.
    pub(super) fn answer(&mut self, answer: &Value, words: &str) -> anyhow::Result<()> {
        if self.json {
            self.line(answer)
        } else {
            Ok(writeln!(self.out, "← {words}")?)
        }
    }

    /// The end of a stream.
    pub(super) fn end(&mut self, words: &str) -> anyhow::Result<()> {
        if self.json {
            Ok(())
        } else {
            Ok(writeln!(self.out, "{words}")?)
        }
    }

    fn line(&mut self, answer: &Value) -> anyhow::Result<()> {
        Ok(writeln!(self.out, "{answer}")?)
    }

    fn more(&mut self, number: usize) -> anyhow::Result<()> {
        if number == SHOWN + 1 {
            writeln!(self.out, "← …")?;
        }
        Ok(())
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn list(values: &Value, one: impl Fn(&Value) -> String) -> String {
    let values = values.as_array().map(Vec::as_slice).unwrap_or_default();
    values.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn teams(teams: &Value) -> String {
    let teams = teams.as_array().map(Vec::as_slice).unwrap_or_default();
    let teams = teams
        .iter()
        .map(|team| format!("[{}]", list(&team["user_ids"], text)));
    teams.collect::<Vec<_>>().join(" vs ")
}
