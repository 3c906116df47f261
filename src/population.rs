//! Made-up tickets and sessions, to be sent to a server or matched as they are: plain ones, and those
//! of a [`Population`], as a live game has them.

mod ruleset;
#[cfg(test)]
mod tests;

use std::ops::RangeInclusive;

use fastrand::Rng;

pub use ruleset::of_ruleset;

use crate::matching::{Player, Roster, Session, Text, Ticket, Value};

/// The match pool of everything that is made up.
const POOL: Text = Text::from_static("local-pool");

/// Share of tickets of one player; parties of each larger size are equally frequent.
const SOLOS: f64 = 0.7;

/// Skill of a party: mean and standard deviation.
const SKILL: (f64, f64) = (1500.0, 300.0);

/// Standard deviation of a player's skill from that of the party.
const WITHIN_PARTY: f64 = 75.0;

/// Largest age, in ms. Most tickets are young: an age is the square of a uniform number.
const MAX_AGE_MS: f64 = 240_000.0;

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

/// A game with players of all kinds: mostly solos, skill around a mean, a few regions, tickets of all
/// ages. The same seed gives the same tickets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Population {
    /// Teams of a match, at least 1.
    pub teams: u32,
    /// Players of a full team and of the largest party, at least 1.
    pub team_size: u32,
    /// The player attributes that hold a skill. Parties draw each by itself.
    pub skills: Vec<Text>,
    /// The roles that players ask for, each with its share; none if there are no roles.
    pub roles: Vec<(Text, u32)>,
    /// The sub game modes that tickets accept, at least one each; none if there are no modes.
    pub modes: Vec<Text>,
}

impl Population {
    /// A queue of that many tickets, in no order of age, at the time `now_ms` (Unix ms).
    pub fn queue(&self, tickets: u32, seed: u64, now_ms: i64) -> Vec<Ticket> {
        let mut rng = Rng::with_seed(seed);
        let mut players = 0;
        let mut queue = Vec::with_capacity(tickets as usize);
        for arrival in 0..tickets {
            let size = self.party_size(&mut rng);
            let mut ticket = party(arrival, players + 1..=players + size);
            players += size;
            ticket.created_at_ms = Some(now_ms - age_ms(&mut rng));
            for name in &self.skills {
                let skill = party_skill(&mut rng);
                set_skill(&mut ticket, name, skill, &mut rng);
            }
            let home = home(&mut rng);
            ticket.latencies = latencies(home, &mut rng);
            self.ask(&mut ticket, &mut rng);
            queue.push(ticket);
        }
        queue
    }

    /// That many sessions that lack players, in no order of age, at the time `now_ms` (Unix ms). Each
    /// is played in one region, at about one skill, and at least one of its teams is not full.
    pub fn sessions(&self, sessions: u32, seed: u64, now_ms: i64) -> Vec<Session> {
        // Not the numbers that the queue of this seed is drawn from.
        let mut rng = Rng::with_seed(!seed);
        (0..sessions)
            .map(|arrival| self.session(arrival, now_ms, &mut rng))
            .collect()
    }

    fn session(&self, arrival: u32, now_ms: i64, rng: &mut Rng) -> Session {
        let mut session = session(arrival, now_ms - age_ms(rng));
        let home = home(rng);
        session.region_preferences = vec![Text::from_static(REGIONS[home].0)];
        let skill = party_skill(rng);
        let short = rng.u64(0..self.teams.into());
        for team in 0..u64::from(self.teams) {
            let max = u64::from(self.team_size).saturating_sub(u64::from(team == short));
            add_team(&mut session);
            for _ in 0..rng.u64(max.min(1)..=max) {
                let ticket = add_solo(&mut session);
                for name in &self.skills {
                    set_skill(ticket, name, skill, rng);
                }
                ticket.latencies = latencies(home, rng);
                self.ask(ticket, rng);
            }
        }
        if let Some(modes) = self.some_modes(rng) {
            session
                .attributes
                .set(Text::from_static("sub_game_mode"), modes);
        }
        session
    }

    /// Draws the roles that a ticket's players ask for and the modes that it accepts.
    fn ask(&self, ticket: &mut Ticket, rng: &mut Rng) {
        if !self.roles.is_empty() {
            for player in &mut ticket.players {
                let role = self.asked_roles(rng);
                player.attributes.set(Text::from_static("role"), role);
            }
        }
        if let Some(modes) = self.some_modes(rng) {
            ticket
                .attributes
                .set(Text::from_static("sub_game_mode"), modes);
        }
    }

    /// One role, a first and a second choice, or any.
    fn asked_roles(&self, rng: &mut Rng) -> Value {
        if rng.f64() < WILDCARDS {
            return "any".into();
        }
        let first = self.role(rng);
        if rng.f64() < SECOND_CHOICES {
            let second = self.role(rng);
            return Value::List(vec![Value::Text(first), Value::Text(second)]);
        }
        Value::Text(first)
    }

    fn role(&self, rng: &mut Rng) -> Text {
        let shares = self.roles.iter().map(|(_, share)| u64::from(*share));
        let mut left = rng.u64(..shares.sum::<u64>().max(1));
        for (name, share) in &self.roles {
            match left.checked_sub((*share).into()) {
                Some(rest) => left = rest,
                None => return name.clone(),
            }
        }
        Text::new()
    }

    /// Some of the modes in any order, at least one; `None` if there are none.
    fn some_modes(&self, rng: &mut Rng) -> Option<Value> {
        if self.modes.is_empty() {
            return None;
        }
        let mut modes = self.modes.clone();
        rng.shuffle(&mut modes);
        modes.truncate(rng.usize(1..=modes.len()));
        Some(Value::List(modes.into_iter().map(Value::Text).collect()))
    }

    fn party_size(&self, rng: &mut Rng) -> u64 {
        if self.team_size < 2 || rng.f64() < SOLOS {
            1
        } else {
            rng.u64(2..=self.team_size.into())
        }
    }
}

/// Tickets of nothing but players: parties of `size`, the last one of the rest, created at that time
/// (Unix ms).
pub fn plain_queue(players: u32, size: u32, created_at_ms: i64) -> Vec<Ticket> {
    let firsts = (1..=u64::from(players)).step_by(size.max(1) as usize);
    let mut queue = Vec::new();
    for (arrival, first) in (0..).zip(firsts) {
        let last = (first - 1 + u64::from(size.max(1))).min(players.into());
        let mut ticket = party(arrival, first..=last);
        ticket.created_at_ms = Some(created_at_ms);
        queue.push(ticket);
    }
    queue
}

/// Sessions of one team with one player, created at that time (Unix ms).
pub fn plain_sessions(sessions: u32, created_at_ms: i64) -> Vec<Session> {
    (0..sessions)
        .map(|arrival| {
            let mut session = session(arrival, created_at_ms);
            add_team(&mut session);
            add_solo(&mut session);
            session
        })
        .collect()
}

/// A ticket of these players.
fn party(arrival: u32, players: RangeInclusive<u64>) -> Ticket {
    let number = arrival + 1;
    let players: Vec<Player> = players.map(|n| player(format!("player-{n}"))).collect();
    let party_session_id = match players.len() {
        1 => Text::new(),
        _ => format!("party-{number}").into(),
    };
    Ticket {
        id: format!("ticket-{number}").into(),
        pool: POOL,
        arrival,
        players,
        party_session_id,
        ..Ticket::default()
    }
}

fn player(id: String) -> Player {
    Player {
        id: id.into(),
        ..Player::default()
    }
}

/// A session without teams.
fn session(arrival: u32, created_at_ms: i64) -> Session {
    let number = arrival + 1;
    Session {
        backfill_ticket_id: format!("backfill-{number}").into(),
        match_session_id: format!("session-{number}").into(),
        pool: POOL,
        arrival,
        created_at_ms: Some(created_at_ms),
        backfill: true,
        ..Session::default()
    }
}

/// Adds an empty team.
fn add_team(session: &mut Session) {
    let number = session.teams.len() + 1;
    session.teams.push(Roster {
        id: format!("{}-team-{number}", session.match_session_id).into(),
        ..Roster::default()
    });
}

/// Adds a ticket of one player to the last team.
fn add_solo(session: &mut Session) -> &mut Ticket {
    let (id, number) = (&session.match_session_id, session.tickets.len() + 1);
    let ticket = Ticket {
        id: format!("{id}-ticket-{number}").into(),
        pool: POOL,
        created_at_ms: session.created_at_ms,
        players: vec![player(format!("{id}-player-{number}"))],
        ..Ticket::default()
    };
    if let Some(team) = session.teams.last_mut() {
        team.add(&ticket);
    }
    session.tickets.push_mut(ticket)
}

/// How long a ticket has waited, in ms.
fn age_ms(rng: &mut Rng) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "at most MAX_AGE_MS")]
    let age_ms = (rng.f64().powi(2) * MAX_AGE_MS) as i64;
    age_ms
}

fn party_skill(rng: &mut Rng) -> f64 {
    SKILL.0 + SKILL.1 * normal(rng)
}

/// Draws the skill of each player around that of the party: a whole number from 0.
fn set_skill(ticket: &mut Ticket, name: &Text, skill: f64, rng: &mut Rng) {
    for player in &mut ticket.players {
        let own = (skill + WITHIN_PARTY * normal(rng)).round().max(0.0);
        player.attributes.set(name.clone(), own.into());
    }
}

/// The place of a party's home among [`REGIONS`].
fn home(rng: &mut Rng) -> usize {
    let mut left = rng.f64();
    for (at, (_, share, _)) in REGIONS.iter().enumerate() {
        if left < *share {
            return at;
        }
        left -= share;
    }
    // The shares do not quite add up to 1, as floats do not.
    0
}

fn latencies(home: usize, rng: &mut Rng) -> Vec<(Text, i64)> {
    let line = i64::from(rng.u32(0..=LINE_MS));
    let mut latencies: Vec<(Text, i64)> = Vec::with_capacity(REGIONS.len());
    for (region, _, from_ms) in REGIONS {
        let ms = from_ms[home] + line + i64::from(rng.u32(0..=JITTER_MS));
        latencies.push((Text::from_static(region), ms));
    }
    latencies.sort_unstable();
    latencies
}

/// A number of the standard normal distribution, by the method of Box and Muller.
fn normal(rng: &mut Rng) -> f64 {
    // 1 - u is never 0, so the logarithm is finite.
    let (radius, angle) = (1.0 - rng.f64(), rng.f64());
    (-2.0 * radius.ln()).sqrt() * (std::f64::consts::TAU * angle).cos()
}
