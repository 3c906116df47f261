//! What an outcome says, in sentences.

use super::compare::{Compared, ComparedGroup};
use super::figures::{Figure, Grouping};
use super::{Measures, Outcome};

/// A difference below this share of the value is not worth a sentence.
const WORTH: f64 = 0.02;

/// The sentences that a report begins with: the most important ones first.
pub fn sentences(outcome: &Outcome, names: &[String]) -> Vec<String> {
    let all = outcome.compared();
    match names {
        [first, second] => compared(outcome, &all, first, second),
        _ => alone(outcome, &all),
    }
}

/// The value of a figure with a ruleset.
fn value(all: &[Compared], id: &str, ruleset: usize) -> f64 {
    let found = all.iter().find(|one| one.figure.id == id);
    found.map_or(0.0, |one| one.of[ruleset].mean)
}

/// One ruleset.
fn alone(outcome: &Outcome, all: &[Compared]) -> Vec<String> {
    let mut said = Vec::new();
    let of = |id: &str| value(all, id, 0);
    said.push(format!(
        "Half of the players wait at most {}, nineteen of twenty at most {}; {} lose patience.",
        seconds(of("wait_p50_s")),
        seconds(of("wait_p95_s")),
        percent(of("gone_percent"))
    ));
    if let Some(skill) = skill(outcome) {
        said.push(format!(
            "The players of a match are {} of {skill} apart on average, the means of its teams {}.",
            number(of(&format!("spread_mean.{skill}"))),
            number(of(&format!("team_gap_mean.{skill}")))
        ));
    }
    for grouping in [Grouping::Decile, Grouping::PartySize, Grouping::Region] {
        let groups = outcome.grouped(grouping);
        let longest = groups
            .iter()
            .max_by(|a, b| a.of[0].p90_s.total_cmp(&b.of[0].p90_s));
        if let Some(group) = longest.filter(|_| groups.len() > 1) {
            said.push(format!(
                "Longest is the wait {}: nine of ten wait at most {}, {} lose patience; of all players it is {}.",
                who(grouping, &group.name),
                seconds(group.of[0].p90_s),
                percent(group.of[0].gone),
                seconds(of("wait_p90_s"))
            ));
        }
    }
    said
}

/// The second ruleset beside the first.
fn compared(outcome: &Outcome, all: &[Compared], first: &str, second: &str) -> Vec<String> {
    let mut said = Vec::new();
    let skill = skill(outcome);
    let spread = skill.as_ref().map(|skill| format!("spread_mean.{skill}"));
    let ids = ["wait_p95_s", "spread", "gone_percent", "wait_mean_s"];
    let chief = ids.into_iter().filter_map(|id| match id {
        "spread" => spread.clone(),
        id => Some(id.to_owned()),
    });
    let chief: Vec<&Compared> = chief
        .filter_map(|id| all.iter().find(|one| one.figure.id == id))
        .collect();
    let (told, same): (Vec<&Compared>, Vec<&Compared>) =
        chief.into_iter().partition(|one| is_worth(one));
    for one in &told {
        said.push(change(one, second));
    }
    if told.is_empty() {
        said.push(format!(
            "{second} and {first} differ in neither waits nor skill by more than chance."
        ));
    } else if !same.is_empty() {
        let phrases: Vec<&str> = same.iter().map(|one| &*one.figure.phrase).collect();
        let phrases = phrases.join(" and in ");
        said.push(format!("No difference beyond chance in {phrases}."));
    }
    for grouping in [Grouping::Decile, Grouping::PartySize, Grouping::Region] {
        said.extend(of_groups(grouping, &outcome.grouped(grouping), second));
    }
    let others = [
        "latency_mean_ms",
        "premade_against_solos_percent",
        "match_players",
        "win_chance_mean",
    ];
    for id in others {
        let one = all.iter().find(|one| one.figure.id == id);
        said.extend(
            one.filter(|one| is_worth(one))
                .map(|one| change(one, second)),
        );
    }
    said
}

/// Whether a difference is beyond chance, and large enough for a sentence.
fn is_worth(one: &Compared) -> bool {
    let difference = one.difference.filter(super::compare::Interval::is_certain);
    difference.is_some_and(|difference| {
        let scale = one.of[0].mean.abs().max(one.of[1].mean.abs());
        difference.mean.abs() > WORTH * scale
    })
}

/// As `B lowers the mean wait from 61 s to 40 s (-34 %, -21 s ± 3 s)`.
fn change(one: &Compared, second: &str) -> String {
    let (before, after) = (one.of[0].mean, one.of[1].mean);
    let verb = if after < before { "lowers" } else { "raises" };
    let difference = one.difference.map_or(0.0, |difference| difference.mean);
    let half = one
        .difference
        .and_then(|difference| difference.half)
        .unwrap_or(0.0);
    let share = match before {
        0.0 => String::new(),
        before => format!("{:+.0} %, ", 100.0 * (after / before - 1.0)),
    };
    let digits = one.figure.digits;
    format!(
        "{second} {verb} {} from {} to {} ({share}{} ± {half:.digits$}).",
        one.figure.phrase,
        with_unit(&one.figure, before),
        with_unit(&one.figure, after),
        signed(&one.figure, difference)
    )
}

/// The group that gains most, and the one that pays.
fn of_groups(grouping: Grouping, groups: &[ComparedGroup], second: &str) -> Vec<String> {
    let certain = groups.iter().filter_map(|group| {
        let difference = group.p90_difference?;
        let scale = group.of[0].p90_s.max(group.of[1].p90_s);
        let is_told = difference.is_certain() && difference.mean.abs() > WORTH * scale;
        is_told.then_some((group, difference.mean))
    });
    let certain: Vec<(&ComparedGroup, f64)> = certain.collect();
    let most = certain.iter().min_by(|a, b| a.1.total_cmp(&b.1));
    let least = certain.iter().max_by(|a, b| a.1.total_cmp(&b.1));
    let mut said = Vec::new();
    let sentence = |group: &ComparedGroup, verb: &str| {
        format!(
            "{second} {verb} the wait {} most: nine of ten wait at most {}, with {second} {}.",
            who(grouping, &group.name),
            seconds(group.of[0].p90_s),
            seconds(group.of[1].p90_s)
        )
    };
    if groups.len() < 2 {
        return said;
    }
    if let Some((group, _)) = most.filter(|(_, difference)| *difference < 0.0) {
        said.push(sentence(group, "shortens"));
    }
    if let Some((group, _)) = least.filter(|(_, difference)| *difference > 0.0) {
        said.push(sentence(group, "lengthens"));
    }
    said
}

/// A group of players, as in "of parties of five".
fn who(grouping: Grouping, name: &str) -> String {
    match grouping {
        Grouping::Decile if name == "1" => "of the least skilled tenth".to_owned(),
        Grouping::Decile if name == "10" => "of the most skilled tenth".to_owned(),
        Grouping::Decile => {
            let ordinals = [
                "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth",
            ];
            let number: Option<usize> = name.parse().ok();
            let ordinal = number.and_then(|number| ordinals.get(number.checked_sub(2)?));
            format!("of the {} tenth by skill", ordinal.unwrap_or(&name))
        }
        Grouping::PartySize if name == "1" => "of solo players".to_owned(),
        Grouping::PartySize => format!("of parties of {name}"),
        Grouping::Region => format!("of players near {name}"),
        Grouping::Hour => format!("of hour {name}"),
    }
}

/// The first skill that is measured.
fn skill(outcome: &Outcome) -> Option<String> {
    let mut runs = outcome.rulesets.iter().flatten();
    let first: &Measures = runs.next()?;
    first.spreads.first().map(|(name, _)| name.to_string())
}

/// A value with its unit.
pub fn with_unit(figure: &Figure, value: f64) -> String {
    let digits = figure.digits;
    match figure.unit {
        "" => format!("{value:.digits$}"),
        unit => format!("{value:.digits$} {unit}"),
    }
}

/// A difference with its sign and its unit: between percentages it is points.
pub fn signed(figure: &Figure, value: f64) -> String {
    let digits = figure.digits;
    match figure.unit {
        "" => format!("{value:+.digits$}"),
        "%" => format!("{value:+.digits$} points"),
        unit => format!("{value:+.digits$} {unit}"),
    }
}

fn seconds(value: f64) -> String {
    match value {
        short if short < 10.0 => format!("{short:.1} s"),
        value => format!("{value:.0} s"),
    }
}

fn percent(value: f64) -> String {
    format!("{value:.1} %")
}

fn number(value: f64) -> String {
    match value {
        small if small < 10.0 => format!("{small:.2}"),
        value => format!("{value:.0}"),
    }
}
