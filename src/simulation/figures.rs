//! The figures of a run, and those of groups of players.

use super::measures::{Measures, Share};

/// A figure that is compared.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// Its stable name.
    pub id: String,
    /// What it is, in a table.
    pub label: String,
    /// What it is, in a sentence.
    pub phrase: String,
    /// `s`, `ms`, `%`, `players`, `matches`, or empty for what an attribute counts in.
    pub unit: &'static str,
    /// Digits behind the point.
    pub digits: usize,
    /// Whether players are better off with less or with more.
    pub better: Better,
}

/// Whether players are better off with less or with more of a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Better {
    /// Less is better.
    Less,
    /// More is better.
    More,
    /// It tells nothing by itself.
    Neither,
}

/// How players are grouped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grouping {
    /// Tenths by the first skill.
    Decile,
    /// Players of the party.
    PartySize,
    /// The nearest region.
    Region,
    /// The hour of the day.
    Hour,
}

impl Grouping {
    /// Every grouping.
    pub const ALL: [Self; 4] = [Self::Decile, Self::PartySize, Self::Region, Self::Hour];

    /// Its stable name.
    pub fn id(self) -> &'static str {
        match self {
            Self::Decile => "skill_decile",
            Self::PartySize => "party_size",
            Self::Region => "region",
            Self::Hour => "hour",
        }
    }

    /// What it is, for people.
    pub fn label(self) -> &'static str {
        match self {
            Self::Decile => "tenth of the players by skill, 1 the least",
            Self::PartySize => "players of the party",
            Self::Region => "nearest region",
            Self::Hour => "hour of the day",
        }
    }

    /// The groups of a run, each with its name.
    pub fn groups(self, run: &Measures) -> Vec<(String, &Share)> {
        let groups = &run.groups;
        let numbered = |shares: &'_ [Share]| -> Vec<String> {
            (1..=shares.len())
                .map(|number| number.to_string())
                .collect()
        };
        let all: Vec<(String, &Share)> = match self {
            Self::Decile => numbered(&groups.deciles)
                .into_iter()
                .zip(&groups.deciles)
                .collect(),
            Self::PartySize => numbered(&groups.sizes)
                .into_iter()
                .zip(&groups.sizes)
                .collect(),
            Self::Region => {
                let regions = groups.regions.iter();
                regions
                    .map(|(name, share)| (name.to_string(), share))
                    .collect()
            }
            Self::Hour => {
                let hours = groups.hours.iter();
                hours
                    .map(|(hour, share)| (hour.to_string(), share))
                    .collect()
            }
        };
        all
    }
}

/// The figures of a group in one run.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Group {
    /// Players who came.
    pub players: f64,
    /// The mean wait of those who were served, in s.
    pub mean_s: f64,
    /// Half of them waited no longer, in s.
    pub p50_s: f64,
    /// Nine of ten of them waited no longer, in s.
    pub p90_s: f64,
    /// Percentage that lost patience.
    pub gone: f64,
}

impl Group {
    /// Of a share of the players.
    pub fn of(share: &Share) -> Self {
        Self {
            players: share.players as f64,
            mean_s: share.waits.mean(),
            p50_s: share.waits.at(0.5),
            p90_s: share.waits.at(0.9),
            gone: percent(share.gone, share.players),
        }
    }
}

/// All figures of a run, in the order of a report. It is the same list for each run of a plan.
pub(super) fn figures(run: &Measures) -> Vec<(Figure, f64)> {
    let mut all = Vec::new();
    let mut add = |id: &str, label: &str, unit, digits, better, value: f64| {
        let figure = Figure {
            id: id.to_owned(),
            label: label.to_owned(),
            phrase: phrase(id),
            unit,
            digits,
            better,
        };
        all.push((figure, value));
    };
    use Better::{Less, More, Neither};
    add("wait_mean_s", "wait, mean", "s", 1, Less, run.waits.mean());
    for (id, label, share) in [
        ("wait_p50_s", "wait, p50", 0.5),
        ("wait_p90_s", "wait, p90", 0.9),
        ("wait_p95_s", "wait, p95", 0.95),
        ("wait_p99_s", "wait, p99", 0.99),
    ] {
        add(id, label, "s", 1, Less, run.waits.at(share));
    }
    add(
        "wait_max_s",
        "wait, longest",
        "s",
        1,
        Less,
        run.waits.largest(),
    );
    let gone = percent(run.gone, run.came);
    add(
        "gone_percent",
        "players who lost patience",
        "%",
        2,
        Less,
        gone,
    );
    let waiting = run.waiting as f64;
    add(
        "waiting",
        "players who waited at the end",
        "players",
        0,
        Neither,
        waiting,
    );
    add(
        "came",
        "players who came",
        "players",
        0,
        Neither,
        run.came as f64,
    );
    add(
        "matched",
        "players who were served",
        "players",
        0,
        More,
        run.matched as f64,
    );
    add(
        "queue_mean",
        "queue, mean",
        "players",
        1,
        Less,
        run.mean_queue,
    );
    add(
        "matches",
        "matches",
        "matches",
        0,
        Neither,
        run.matches as f64,
    );
    let players = run.match_players.mean();
    add(
        "match_players",
        "players of a match, mean",
        "players",
        2,
        More,
        players,
    );
    for (name, spread) in &run.spreads {
        let label = |what: &str| format!("{name} within a match, {what}");
        let id = |what: &str| format!("spread_{what}.{name}");
        add(
            &id("mean"),
            &label("mean difference"),
            "",
            1,
            Less,
            spread.mean(),
        );
        add(
            &id("p90"),
            &label("p90 of the difference"),
            "",
            1,
            Less,
            spread.at(0.9),
        );
    }
    for (name, gap) in &run.gaps {
        let label = format!("{name}, mean gap between teams");
        add(
            &format!("team_gap_mean.{name}"),
            &label,
            "",
            1,
            Less,
            gap.mean(),
        );
    }
    if let Some(chances) = &run.win_chances {
        let mean = chances.mean() * 100.0;
        add(
            "win_chance_mean",
            "stronger team's chance to win, mean",
            "%",
            1,
            Less,
            mean,
        );
        let p90 = chances.at(0.9) * 100.0;
        add(
            "win_chance_p90",
            "stronger team's chance to win, p90",
            "%",
            1,
            Less,
            p90,
        );
    }
    if run.latencies.count() > 0 {
        let (mean, p95) = (run.latencies.mean(), run.latencies.at(0.95));
        add(
            "latency_mean_ms",
            "latency in the match, mean",
            "ms",
            1,
            Less,
            mean,
        );
        add(
            "latency_p95_ms",
            "latency in the match, p95",
            "ms",
            0,
            Less,
            p95,
        );
        let above = run.above_best.mean();
        add(
            "latency_above_best_ms",
            "latency above the player's best, mean",
            "ms",
            1,
            Less,
            above,
        );
    }
    let premade = percent(run.premade_against_solos, run.matches);
    let label = "matches of a party against a team of solo players";
    add(
        "premade_against_solos_percent",
        label,
        "%",
        1,
        Less,
        premade,
    );
    if run.backfill_asked > 0 {
        let asked = run.backfill_asked as f64;
        add(
            "backfill_asked",
            "sessions that asked for players",
            "sessions",
            0,
            Neither,
            asked,
        );
        let filled = percent(run.backfill_filled, run.backfill_asked);
        add(
            "backfill_filled_percent",
            "of these filled",
            "%",
            1,
            More,
            filled,
        );
        let joined = run.joined as f64;
        add(
            "joined",
            "players who joined a session",
            "players",
            0,
            Neither,
            joined,
        );
    }
    all
}

/// The subject of a sentence about a figure.
fn phrase(id: &str) -> String {
    let (kind, name) = id.split_once('.').unwrap_or((id, ""));
    let text = match kind {
        "wait_mean_s" => "the mean wait",
        "wait_p50_s" => "the p50 wait",
        "wait_p90_s" => "the p90 wait",
        "wait_p95_s" => "the p95 wait",
        "wait_p99_s" => "the p99 wait",
        "wait_max_s" => "the longest wait",
        "gone_percent" => "the share of players who lose patience",
        "spread_mean" => return format!("the mean difference of {name} within a match"),
        "spread_p90" => return format!("the p90 of the difference of {name} within a match"),
        "team_gap_mean" => return format!("the mean gap of {name} between teams"),
        "win_chance_mean" => "the stronger team's mean chance to win",
        "latency_mean_ms" => "the mean latency in a match",
        "match_players" => "the mean number of players of a match",
        "premade_against_solos_percent" => {
            "the share of matches in which a party meets a team of solo players"
        }
        other => other,
    };
    text.to_owned()
}

fn percent(part: u64, all: u64) -> f64 {
    match all {
        0 => 0.0,
        all => 100.0 * part as f64 / all as f64,
    }
}
