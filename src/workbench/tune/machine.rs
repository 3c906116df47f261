//! What was found, for programs.

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use super::Sought;
use crate::tuning::{Proposal, Tried};
use crate::workbench::{FORMAT, document};

pub(super) fn write(
    sought: &Sought,
    proposals: &[Proposal<'_>],
    out: &mut impl Write,
) -> io::Result<()> {
    let goals = sought.goals.iter();
    let goals = goals.map(|goal| json!({"figure": goal.id, "max": goal.most}));
    let proposed = proposals.iter().map(|proposal| {
        let mut one = ruleset(proposal.tried);
        one["style"] = proposal.style.as_str().into();
        one
    });
    document(
        &json!({
            "format": FORMAT,
            "command": sought.command,
            "tried": sought.found.count,
            "wait": sought.wait,
            "minimize": sought.minimize,
            "goals": goals.collect::<Vec<_>>(),
            "today": sought.found.tried.first().map(ruleset),
            "frontier": sought.found.tried.iter().skip(1).map(ruleset).collect::<Vec<_>>(),
            "proposals": proposed.collect::<Vec<_>>(),
        }),
        out,
    )
}

fn ruleset(tried: &Tried) -> Value {
    let figures = tried.figures.iter().filter_map(|one| {
        let of = one.of.first()?;
        let value = json!({"mean": of.mean, "half": of.half});
        Some((one.figure.id.clone(), value))
    });
    let rules: Value = serde_json::from_str(&tried.ruleset).unwrap_or_default();
    json!({
        "ruleset": rules,
        "changes": tried.changes,
        "meets_goals": tried.meets_goals,
        "figures": figures.collect::<Map<_, _>>(),
    })
}
