//! Made-up tickets and sessions, to be sent to a server, matched as they are, or to arrive one after
//! another: plain ones, and those of a [`Population`], as a live game has them.

mod arrivals;
mod draw;
mod file;
mod plain;
mod ruleset;
#[cfg(test)]
mod tests;

pub(crate) use arrivals::ms;
pub use arrivals::{Arrival, Arrivals};
pub use file::EXAMPLE;
pub use plain::{plain_queue, plain_sessions};
pub use ruleset::{has_auto_backfill, of_ruleset, of_rulesets};

use crate::matching::{Text, Ticket};

/// Share of tickets of one player; parties of each larger size are equally frequent.
const SOLOS: f64 = 0.7;

/// Skill of a party: mean and standard deviation; and the latter of a player's from that of the party.
const SKILL: (f64, f64) = (1500.0, 300.0);
const WITHIN_PARTY: f64 = 75.0;

/// Regions with the share of parties at home there, and the latency from each home, in ms.
const REGIONS: [(&str, f64, [i64; 3]); 3] = [
    ("eu-central-1", 0.5, [20, 95, 170]),
    ("us-east-1", 0.35, [95, 20, 210]),
    ("ap-southeast-1", 0.15, [170, 210, 25]),
];

/// Maximum latency that a party's own line adds to every region, in ms.
const LINE_MS: u32 = 40;

/// Maximum latency that is added to one region, in ms.
const JITTER_MS: u32 = 10;

/// Share of players who take any role, and of the others those who have a second choice.
const WILDCARDS: f64 = 0.05;
const SECOND_CHOICES: f64 = 0.33;

/// The players of a game: who they are, how they come, how long they wait and stay. The same seed gives
/// the same tickets.
#[derive(Debug, Clone, PartialEq)]
pub struct Population {
    /// Teams of a made-up session, at least 1.
    pub teams: u32,
    /// Players of a full team and of the largest party, at least 1.
    pub team_size: u32,
    /// How often parties of each size are.
    pub parties: Parties,
    /// The players' attributes, each drawn by itself.
    pub attributes: Vec<(Text, Attribute)>,
    /// Where parties are at home, each region with the share of parties. Without any, tickets have no
    /// latencies.
    pub regions: Vec<Region>,
    /// Maximum latency that a party's own line adds to every region, in ms.
    pub line_ms: u32,
    /// Attributes of tickets.
    pub ticket_attributes: Vec<(Text, Choice)>,
    /// The roles that players ask for; none if there are no roles.
    pub roles: Roles,
    /// The sub game modes that tickets accept, at least one each, and how popular each is; none if there
    /// are no modes.
    pub modes: Vec<(Text, u64)>,
    /// How many of those who came lately a player blocks, on average.
    pub blocks: f64,
    /// How many players come in a second: one number, or one for each hour of a day.
    pub players_per_second: Vec<f64>,
    /// How long a party waits before it goes, in s.
    pub patience_s: Patience,
    /// How long a match lasts, in s.
    pub match_length_s: f64,
    /// The share of players who leave a running match within ten minutes, from 0 to below 1.
    pub leave_rate: f64,
    /// Time between two ticks, in s.
    pub tick_s: f64,
    /// How a difference in skill becomes a chance to win.
    pub rating: Option<Rating>,
    /// Tickets of a real queue. If there are any, those who arrive are drawn from them.
    pub recorded: Recorded,
}

/// How often parties of each size are.
#[derive(Debug, Clone, PartialEq)]
pub struct Parties {
    /// Share of tickets of one player.
    pub solos: f64,
    /// The larger sizes, each with how often it is beside the others.
    pub larger: Vec<(u32, u64)>,
}

/// How an attribute of players is drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Attribute {
    /// What a party has.
    pub of: Distribution,
    /// The least value.
    pub min: f64,
    /// The greatest value.
    pub max: f64,
    /// Standard deviation of a player's number from that of the party.
    pub within_party: f64,
}

/// What values there are, and how often.
#[derive(Debug, Clone, PartialEq)]
pub enum Distribution {
    /// Whole numbers around a mean, with this standard deviation.
    Normal(f64, f64),
    /// Whole numbers from the first to the second, all equally often.
    Uniform(f64, f64),
    /// These texts, each as often as its number says.
    Texts(Vec<(Text, u64)>),
    /// Numbers that were measured; each is drawn equally often.
    Measured(Vec<f64>),
}

/// Where parties are at home.
#[derive(Debug, Clone, PartialEq)]
pub struct Region {
    /// Its name.
    pub name: Text,
    /// The share of parties.
    pub share: f64,
    /// Latency from here to each region, in ms, in the order of the regions; `None` if it is not measured.
    pub to_ms: Vec<Option<i64>>,
    /// Maximum latency that is added to each of them, in ms.
    pub jitter_ms: u32,
}

/// How an attribute of tickets is drawn: some of these values.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// The values, each with how often it is beside the others.
    pub values: Vec<(Text, u64)>,
    /// How many of them a ticket has: the least and the greatest number. From 1 to 1, it is a text and
    /// not a list.
    pub number: (u32, u32),
}

/// What roles players ask for.
#[derive(Debug, Clone, PartialEq)]
pub struct Roles {
    /// The roles, each with how often it is beside the others.
    pub weights: Vec<(Text, u64)>,
    /// Share of those with one role who name a second one.
    pub second_choice: f64,
    /// Share of players who take any role.
    pub any: f64,
}

/// How long parties wait: a log-normal distribution, in s.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Patience {
    /// Half of them wait no longer.
    pub median: f64,
    /// Nineteen of twenty wait no longer.
    pub p95: f64,
}

/// How a difference in skill becomes a chance to win.
#[derive(Debug, Clone, PartialEq)]
pub enum Rating {
    /// 1 / (1 + 10^(-difference of the teams' means / scale)).
    Scale {
        /// The player attribute that is the rating.
        attribute: Text,
        /// The difference at which the stronger one wins ten times of eleven; 400 for Elo.
        scale: f64,
    },
    /// As OpenSkill and TrueSkill have it: what the sum of a team's skills exceeds the other's by, in
    /// units of how uncertain both are.
    MuSigma {
        /// The player attribute that is the mean of the skill.
        mu: Text,
        /// The one that is its standard deviation.
        sigma: Text,
        /// How much a player's performance varies from match to match.
        beta: f64,
    },
}

/// Tickets of a real queue, as a population that others are drawn from.
#[derive(Debug, Clone, Default)]
pub struct Recorded(std::sync::Arc<Vec<Ticket>>);

impl Recorded {
    /// Those who arrive are drawn from these.
    pub fn new(tickets: Vec<Ticket>) -> Self {
        Self(std::sync::Arc::new(tickets))
    }

    /// The tickets.
    pub fn tickets(&self) -> &[Ticket] {
        &self.0
    }
}

impl PartialEq for Recorded {
    fn eq(&self, other: &Self) -> bool {
        std::sync::Arc::ptr_eq(&self.0, &other.0) || self.0.is_empty() && other.0.is_empty()
    }
}

impl Population {
    /// A game of mid size with teams of so many players, and these attributes as skills.
    pub fn of_size(teams: u32, team_size: u32, skills: impl IntoIterator<Item = Text>) -> Self {
        let skill = |name| (name, Attribute::skill());
        Self {
            teams,
            team_size,
            parties: Parties::up_to(team_size),
            attributes: skills.into_iter().map(skill).collect(),
            regions: Region::three(),
            line_ms: LINE_MS,
            ticket_attributes: Vec::new(),
            roles: Roles::of(Vec::new()),
            modes: Vec::new(),
            blocks: 0.0,
            players_per_second: vec![2.0],
            patience_s: Patience {
                median: 180.0,
                p95: 600.0,
            },
            match_length_s: 900.0,
            leave_rate: 0.05,
            tick_s: 5.0,
            rating: None,
            recorded: Recorded::default(),
        }
    }

    /// The mean number of players of a ticket.
    pub fn party_size(&self) -> f64 {
        let recorded = self.recorded.tickets();
        if !recorded.is_empty() {
            let players: usize = recorded.iter().map(|ticket| ticket.players.len()).sum();
            return players as f64 / recorded.len() as f64;
        }
        let weights: u64 = self.parties.larger.iter().map(|(_, weight)| weight).sum();
        if weights == 0 {
            return 1.0;
        }
        let larger = self.parties.larger.iter();
        let players: f64 = larger
            .map(|(size, weight)| f64::from(*size) * *weight as f64)
            .sum();
        self.parties.solos + (1.0 - self.parties.solos) * players / weights as f64
    }
}

impl Parties {
    /// Mostly solo players; each larger size is equally frequent.
    pub fn up_to(team_size: u32) -> Self {
        Self {
            solos: SOLOS,
            larger: (2..=team_size).map(|size| (size, 1)).collect(),
        }
    }
}

impl Attribute {
    /// A skill as many games have it: around 1500, at least 0.
    pub fn skill() -> Self {
        Self {
            of: Distribution::Normal(SKILL.0, SKILL.1),
            min: 0.0,
            max: f64::INFINITY,
            within_party: WITHIN_PARTY,
        }
    }
}

impl Region {
    /// Three regions on three continents.
    pub fn three() -> Vec<Self> {
        let region = |(at, (name, share, _)): (usize, &(&'static str, f64, _))| Self {
            name: Text::from_static(name),
            share: *share,
            to_ms: REGIONS.iter().map(|(.., from)| Some(from[at])).collect(),
            jitter_ms: JITTER_MS,
        };
        REGIONS.iter().enumerate().map(region).collect()
    }
}

impl Roles {
    /// Players who ask for these roles, some with a second choice, a few for any.
    pub fn of(weights: Vec<(Text, u64)>) -> Self {
        Self {
            weights,
            second_choice: SECOND_CHOICES,
            any: WILDCARDS,
        }
    }
}
