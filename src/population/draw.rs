//! A ticket, a queue, a session, drawn from a population.

use fastrand::Rng;

use super::plain::{add_solo, add_team, party, session};
use super::{Attribute, Choice, Distribution, Population};
use crate::matching::{Attributes, Player, Session, Text, Ticket, Value};

/// Largest age, in ms. Most tickets are young: an age is the square of a uniform number.
const MAX_AGE_MS: f64 = 240_000.0;

/// Among how many of those who came last a player finds whom to block.
const LATELY: u64 = 1000;

impl Population {
    /// A queue of that many tickets, in no order of age, at the time `now_ms` (Unix ms).
    pub fn queue(&self, tickets: u32, seed: u64, now_ms: i64) -> Vec<Ticket> {
        let mut rng = Rng::with_seed(seed);
        let mut players = 0;
        let mut queue = Vec::with_capacity(tickets as usize);
        for arrival in 0..tickets {
            let size = self.draw_size(&mut rng);
            let mut ticket = party(arrival, players + 1..=players + size);
            players += size;
            ticket.created_at_ms = Some(now_ms - age_ms(&mut rng));
            self.fill(&mut ticket, players, &mut rng);
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
        let home = self.home(rng);
        let regions = self.regions.get(home).map(|region| region.name.clone());
        session.region_preferences = regions.into_iter().collect();
        let of_party: Vec<Value> = self
            .attributes
            .iter()
            .map(|(_, one)| one.of_party(rng))
            .collect();
        let short = rng.u64(0..self.teams.into());
        for team in 0..u64::from(self.teams) {
            let max = u64::from(self.team_size).saturating_sub(u64::from(team == short));
            add_team(&mut session);
            for _ in 0..rng.u64(max.min(1)..=max) {
                let ticket = add_solo(&mut session);
                for ((name, attribute), of_party) in self.attributes.iter().zip(&of_party) {
                    attribute.set(name, of_party, &mut ticket.players, rng);
                }
                ticket.latencies = self.latencies(home, rng);
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

    /// How many players a party has.
    pub(super) fn draw_size(&self, rng: &mut Rng) -> u64 {
        let larger = &self.parties.larger;
        if larger.is_empty() || rng.f64() < self.parties.solos {
            return 1;
        }
        weighted(larger, rng).map_or(1, |size| (*size).into())
    }

    /// Draws everything of a ticket but its players' ids and its time; `players` have come so far.
    pub(super) fn fill(&self, ticket: &mut Ticket, players: u64, rng: &mut Rng) {
        for (name, attribute) in &self.attributes {
            let of_party = attribute.of_party(rng);
            attribute.set(name, &of_party, &mut ticket.players, rng);
        }
        let home = self.home(rng);
        ticket.latencies = self.latencies(home, rng);
        self.ask(ticket, rng);
        self.block(ticket, players, rng);
    }

    /// Draws the roles that a ticket's players ask for, the modes that it accepts, and its attributes.
    fn ask(&self, ticket: &mut Ticket, rng: &mut Rng) {
        if !self.roles.weights.is_empty() {
            for player in &mut ticket.players {
                let role = self.asked_roles(rng);
                player.attributes.set(Text::from_static("role"), role);
            }
        }
        if let Some(modes) = self.some_modes(rng) {
            let name = Text::from_static("sub_game_mode");
            ticket.attributes.set(name, modes);
        }
        for (name, choice) in &self.ticket_attributes {
            if let Some(value) = choice.draw(rng) {
                ticket.attributes.set(name.clone(), value);
            }
        }
    }

    /// Draws whom the players block among those who came lately.
    fn block(&self, ticket: &mut Ticket, players: u64, rng: &mut Rng) {
        if self.blocks <= 0.0 {
            return;
        }
        let before = players.saturating_sub(ticket.players.len() as u64);
        let lately = before.saturating_sub(LATELY) + 1..=before;
        let mut blocked = Vec::new();
        for _ in 0..ticket.players.len() {
            let mut left = self.blocks;
            while left > 0.0 && before > 0 {
                if rng.f64() < left {
                    let other = rng.u64(lately.clone());
                    blocked.push(Value::Text(format!("player-{other}").into()));
                }
                left -= 1.0;
            }
        }
        if !blocked.is_empty() {
            let name = Text::from_static("blocked_players");
            ticket.attributes.set(name, Value::List(blocked));
        }
    }

    /// One role, a first and a second choice, or any.
    fn asked_roles(&self, rng: &mut Rng) -> Value {
        if rng.f64() < self.roles.any {
            return "any".into();
        }
        let first = self.role(rng);
        if rng.f64() < self.roles.second_choice {
            let second = self.role(rng);
            return Value::List(vec![Value::Text(first), Value::Text(second)]);
        }
        Value::Text(first)
    }

    fn role(&self, rng: &mut Rng) -> Text {
        weighted(&self.roles.weights, rng)
            .cloned()
            .unwrap_or_default()
    }

    /// Some of the modes in any order, at least one; `None` if there are none.
    fn some_modes(&self, rng: &mut Rng) -> Option<Value> {
        if self.modes.is_empty() {
            return None;
        }
        let all = u32::try_from(self.modes.len()).unwrap_or(u32::MAX);
        let number = rng.u32(1..=all);
        let modes = some_of(&self.modes, number, rng);
        Some(Value::List(modes.into_iter().map(Value::Text).collect()))
    }

    /// The place of a party's home among the regions.
    fn home(&self, rng: &mut Rng) -> usize {
        let mut left = rng.f64() * self.regions.iter().map(|region| region.share).sum::<f64>();
        for (at, region) in self.regions.iter().enumerate() {
            if left < region.share {
                return at;
            }
            left -= region.share;
        }
        // The shares do not quite add up, as floats do not.
        0
    }

    fn latencies(&self, home: usize, rng: &mut Rng) -> Vec<(Text, i64)> {
        let line = i64::from(rng.u32(0..=self.line_ms));
        let Some(home) = self.regions.get(home) else {
            return Vec::new();
        };
        let mut latencies: Vec<(Text, i64)> = Vec::with_capacity(self.regions.len());
        for (region, from_ms) in self.regions.iter().zip(&home.to_ms) {
            let jitter = i64::from(rng.u32(0..=home.jitter_ms));
            if let Some(from_ms) = from_ms {
                latencies.push((region.name.clone(), from_ms + line + jitter));
            }
        }
        latencies.sort_unstable();
        latencies
    }
}

impl Attribute {
    /// What a party has.
    fn of_party(&self, rng: &mut Rng) -> Value {
        match &self.of {
            Distribution::Normal(mean, deviation) => (mean + deviation * normal(rng)).into(),
            Distribution::Uniform(from, to) => (from + (to - from) * rng.f64()).into(),
            Distribution::Texts(texts) => {
                let text = weighted(texts, rng).cloned().unwrap_or_default();
                Value::Text(text)
            }
            Distribution::Measured(numbers) => match rng.choice(numbers) {
                Some(number) => (*number).into(),
                None => 0.0.into(),
            },
        }
    }

    /// Gives each player the number of the party, or one near it.
    fn set(&self, name: &Text, of_party: &Value, players: &mut [Player], rng: &mut Rng) {
        for player in players {
            let own = match of_party.as_number() {
                Some(number) => {
                    let own = number + self.within_party * normal(rng);
                    own.round().max(self.min).min(self.max).into()
                }
                None => of_party.clone(),
            };
            player.attributes.set(name.clone(), own);
        }
    }
}

impl Choice {
    /// One text, or a list.
    fn draw(&self, rng: &mut Rng) -> Option<Value> {
        let (least, most) = self.number;
        if (least, most) == (1, 1) {
            return weighted(&self.values, rng).cloned().map(Value::Text);
        }
        let number = rng.u32(least..=most.max(least));
        let values = some_of(&self.values, number, rng);
        let list: Vec<Value> = values.into_iter().map(Value::Text).collect();
        (!list.is_empty()).then_some(Value::List(list))
    }
}

/// One of these, each as often as its number says; `None` if there are none.
fn weighted<'w, T>(weights: &'w [(T, u64)], rng: &mut Rng) -> Option<&'w T> {
    let sum: u64 = weights.iter().map(|(_, weight)| weight).sum();
    let mut left = rng.u64(..sum.max(1));
    for (one, weight) in weights {
        match left.checked_sub(*weight) {
            Some(rest) => left = rest,
            None => return Some(one),
        }
    }
    None
}

/// Up to that many different ones of these, one after another as [`weighted`] draws them.
fn some_of(weights: &[(Text, u64)], number: u32, rng: &mut Rng) -> Vec<Text> {
    let mut rest = weights.to_vec();
    let mut some = Vec::new();
    for _ in 0..number {
        let Some(one) = weighted(&rest, rng).cloned() else {
            break;
        };
        rest.retain(|(other, _)| *other != one);
        some.push(one);
    }
    some
}

/// How long a ticket has waited, in ms.
fn age_ms(rng: &mut Rng) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "at most MAX_AGE_MS")]
    let age_ms = (rng.f64().powi(2) * MAX_AGE_MS) as i64;
    age_ms
}

/// The same ticket, drawn once more: another id, another time, other players.
pub(super) fn again(from: &Ticket, mut blank: Ticket) -> Ticket {
    for (player, one) in blank.players.iter_mut().zip(&from.players) {
        player.attributes = one.attributes.clone();
    }
    let own = from.attributes.iter();
    // Who is blocked is nobody of those who are drawn.
    let own = own.filter(|(name, _)| !name.starts_with("blocked_players"));
    let attributes: Attributes = own
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    Ticket {
        latencies: from.latencies.clone(),
        attributes,
        ..blank
    }
}

/// A number of the standard normal distribution, by the method of Box and Muller.
pub(super) fn normal(rng: &mut Rng) -> f64 {
    // 1 - u is never 0, so the logarithm is finite.
    let (radius, angle) = (1.0 - rng.f64(), rng.f64());
    (-2.0 * libm::log(radius)).sqrt() * libm::cos(std::f64::consts::TAU * angle)
}
