//! What was found, for people.

use std::io::{self, Write};

use super::Sought;
use crate::simulation::with_unit;
use crate::tuning::{Proposal, Tried};
use crate::workbench::table;

/// Figures that are shown of each proposal, by the beginnings of their ids.
pub(super) const SHOWN: &[&str] = &[
    "wait_mean_s",
    "wait_p95_s",
    "wait_max_s",
    "gone_percent",
    "spread_mean",
    "spread_p90",
    "team_gap_mean",
    "win_chance_mean",
    "latency_mean_ms",
];

/// Writes the frontier, the proposals, and what each changes.
pub(super) fn write(
    sought: &Sought,
    proposals: &[Proposal<'_>],
    out: &mut impl Write,
) -> io::Result<()> {
    writeln!(out, "today = {}", sought.source)?;
    writeln!(out, "{}", sought.conditions)?;
    for goal in &sought.goals {
        writeln!(out, "goal: {}", goal.text)?;
    }
    writeln!(out, "\nwhat no other beats:")?;
    let mut rows = vec![vec![String::new()]];
    let Some(today) = sought.found.tried.first() else {
        return Ok(());
    };
    for id in [&sought.wait, &sought.minimize] {
        rows[0].push(
            today
                .figure(id)
                .map_or_else(String::new, |(of, _)| of.figure.label.clone()),
        );
    }
    for tried in &sought.found.tried {
        let mut row = vec![name_of(tried, today, proposals)];
        row.extend([&sought.wait, &sought.minimize].map(|id| shown(tried, id)));
        rows.push(row);
    }
    table(&rows, out)?;
    if proposals.is_empty() {
        return writeln!(
            out,
            "\nno ruleset that was tried meets the goals; a wider goal, or more --candidates"
        );
    }
    let mut rows = vec![vec![String::new(), "today".to_owned()]];
    rows[0].extend(proposals.iter().map(|one| one.style.as_str().to_owned()));
    for one in &today.figures {
        if !SHOWN.iter().any(|shown| one.figure.id.starts_with(shown)) {
            continue;
        }
        let mut row = vec![one.figure.label.clone(), shown(today, &one.figure.id)];
        row.extend(
            proposals
                .iter()
                .map(|proposal| shown(proposal.tried, &one.figure.id)),
        );
        rows.push(row);
    }
    writeln!(out, "\nproposals, with 95 % intervals over three runs:")?;
    table(&rows, out)?;
    for proposal in proposals {
        writeln!(out, "\n{}:", proposal.style.as_str())?;
        for change in &proposal.tried.changes {
            writeln!(out, "  {change}")?;
        }
    }
    Ok(())
}

/// What a ruleset on the frontier is called.
fn name_of(tried: &Tried, today: &Tried, proposals: &[Proposal<'_>]) -> String {
    if std::ptr::eq(tried, today) {
        return "today".to_owned();
    }
    let mut proposed = proposals.iter();
    let proposed = proposed.find(|proposal| std::ptr::eq(proposal.tried, tried));
    match (proposed, tried.meets_goals) {
        (Some(proposal), _) => proposal.style.as_str().to_owned(),
        (None, true) => "-".to_owned(),
        (None, false) => "- (beyond the goal)".to_owned(),
    }
}

/// A figure with its interval.
pub(super) fn shown(tried: &Tried, id: &str) -> String {
    let Some((one, of)) = tried.figure(id) else {
        return String::new();
    };
    let digits = one.figure.digits;
    let half = of.half.map(|half| format!(" ± {half:.digits$}"));
    format!(
        "{}{}",
        with_unit(&one.figure, of.mean),
        half.unwrap_or_default()
    )
}
