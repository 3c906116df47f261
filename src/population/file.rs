//! Population files: TOML or JSON, every key optional.

mod numbers;

use std::collections::BTreeMap;

use anyhow::{Context, anyhow, bail, ensure};
use serde::Deserialize;

use super::{Attribute, Choice, Distribution, Parties, Patience, Population, Rating, Region};
use crate::matching::Text;
use numbers::{PARTS, at_most, between, parts, share_of, shares};

/// An example with every key, and what it means.
pub const EXAMPLE: &str = include_str!("example.toml");

/// Maximum number of entries of one list or table.
const MAX_ENTRIES: usize = 1000;

/// What OpenSkill and TrueSkill take for `beta`, with skills around 25.
const BETA: f64 = 25.0 / 6.0;

/// Maximum size of a file of numbers, in bytes.
const MAX_NUMBERS: u64 = 64 << 20;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    players_per_second: Option<Rates>,
    party_sizes: Option<BTreeMap<String, f64>>,
    attributes: Option<BTreeMap<String, AttributeOf>>,
    regions: Option<BTreeMap<String, RegionOf>>,
    line_ms: Option<u32>,
    ticket_attributes: Option<BTreeMap<String, ChoiceOf>>,
    roles: Option<RolesOf>,
    sub_game_modes: Option<BTreeMap<String, f64>>,
    blocks: Option<f64>,
    patience_s: Option<PatienceOf>,
    match_length_s: Option<f64>,
    leave_rate: Option<f64>,
    tick_s: Option<f64>,
    rating: Option<RatingOf>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Rates {
    One(f64),
    Hours(Vec<f64>),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AttributeOf {
    normal: Option<(f64, f64)>,
    uniform: Option<(f64, f64)>,
    values: Option<BTreeMap<String, f64>>,
    file: Option<String>,
    min: Option<f64>,
    max: Option<f64>,
    within_party: Option<f64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RegionOf {
    share: f64,
    latency_ms: BTreeMap<String, i64>,
    jitter_ms: Option<u32>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ChoiceOf {
    values: BTreeMap<String, f64>,
    number: Option<(u32, u32)>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RolesOf {
    weights: Option<BTreeMap<String, f64>>,
    second_choice: Option<f64>,
    any: Option<f64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PatienceOf {
    median: f64,
    p95: f64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RatingOf {
    attribute: Option<String>,
    scale: Option<f64>,
    mu: Option<String>,
    sigma: Option<String>,
    beta: Option<f64>,
}

impl Population {
    /// The population with what a text in TOML or JSON (begins with `{`) says of it. `numbers` reads a
    /// file of numbers that the text names.
    ///
    /// # Errors
    ///
    /// What is wrong, and where: the line and column of a text that cannot be read, or the key with its
    /// value and what is allowed.
    pub fn with_file(
        mut self,
        text: &str,
        numbers: impl Fn(&str) -> anyhow::Result<String>,
    ) -> anyhow::Result<Self> {
        let file: File = if text.trim_start().starts_with('{') {
            serde_json::from_str(text)?
        } else {
            toml::from_str(text).map_err(|error| anyhow!("{}", readable(&error, text)))?
        };
        if let Some(rates) = file.players_per_second {
            self.players_per_second = players_per_second(rates)?;
        }
        if let Some(sizes) = &file.party_sizes {
            self.parties = party_sizes(sizes, self.team_size)?;
        }
        for (name, given) in file.attributes.unwrap_or_default() {
            let key = format!("attributes.{name}");
            let attribute = attribute(given, &numbers).context(key)?;
            set(&mut self.attributes, &name, attribute)?;
        }
        if let Some(regions) = file.regions {
            self.regions = regions_of(&regions)?;
        }
        if let Some(line_ms) = file.line_ms {
            self.line_ms = at_most("line_ms", line_ms, 10_000)?;
        }
        for (name, given) in file.ticket_attributes.unwrap_or_default() {
            let key = format!("ticket_attributes.{name}");
            let choice = choice(&given).context(key)?;
            set(&mut self.ticket_attributes, &name, choice)?;
        }
        if let Some(roles) = file.roles {
            if let Some(weights) = &roles.weights {
                self.roles.weights = shares("roles.weights", weights)?;
            }
            if let Some(share) = roles.second_choice {
                self.roles.second_choice = share_of("roles.second_choice", share)?;
            }
            if let Some(share) = roles.any {
                self.roles.any = share_of("roles.any", share)?;
            }
        }
        if let Some(modes) = &file.sub_game_modes {
            self.modes = shares("sub_game_modes", modes)?;
        }
        if let Some(blocks) = file.blocks {
            self.blocks = between("blocks", blocks, 0.0, 100.0)?;
        }
        if let Some(PatienceOf { median, p95 }) = file.patience_s {
            let median = between("patience_s.median", median, 0.001, 1e7)?;
            let p95 = between("patience_s.p95", p95, median, 1e7)?;
            self.patience_s = Patience { median, p95 };
        }
        if let Some(length) = file.match_length_s {
            self.match_length_s = between("match_length_s", length, 0.0, 1e6)?;
        }
        if let Some(rate) = file.leave_rate {
            self.leave_rate = between("leave_rate", rate, 0.0, 0.999)?;
        }
        if let Some(tick) = file.tick_s {
            self.tick_s = between("tick_s", tick, 0.1, 3600.0)?;
        }
        if let Some(given) = file.rating {
            self.rating = Some(rating(given)?);
        }
        Ok(self)
    }
}

fn rating(given: RatingOf) -> anyhow::Result<Rating> {
    match (given.attribute, given.scale, given.mu, given.sigma) {
        (Some(attribute), Some(scale), None, None) => Ok(Rating::Scale {
            attribute: attribute.into(),
            scale: between("rating.scale", scale, 1e-6, 1e9)?,
        }),
        (None, None, Some(mu), Some(sigma)) => Ok(Rating::MuSigma {
            mu: mu.into(),
            sigma: sigma.into(),
            beta: between("rating.beta", given.beta.unwrap_or(BETA), 0.0, 1e9)?,
        }),
        _ => bail!(
            "rating: expected are `attribute` and `scale`, or `mu` and `sigma` (and `beta`, {BETA:.3} unless given)"
        ),
    }
}

/// The error of the parser with its line, without the drawing of it.
fn readable(error: &toml::de::Error, text: &str) -> String {
    let message = error.message().trim_end();
    let Some(span) = error.span() else {
        return message.to_owned();
    };
    let before = &text[..text.floor_char_boundary(span.start)];
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    format!("line {line} column {column}: {message}")
}

fn players_per_second(rates: Rates) -> anyhow::Result<Vec<f64>> {
    let rates = match rates {
        Rates::One(rate) => vec![rate],
        Rates::Hours(rates) => rates,
    };
    ensure!(
        [1, 24].contains(&rates.len()),
        "players_per_second has {} numbers; allowed are one, or 24 for the hours of a day",
        rates.len()
    );
    for rate in &rates {
        between("players_per_second", *rate, 0.0, 10_000.0)?;
    }
    ensure!(
        rates.iter().any(|rate| *rate > 0.0),
        "players_per_second is 0 at all hours: nobody comes"
    );
    Ok(rates)
}

/// How often each size is, cut at the largest team.
fn party_sizes(sizes: &BTreeMap<String, f64>, team_size: u32) -> anyhow::Result<Parties> {
    let mut solos = 0.0;
    let mut larger = Vec::new();
    let mut sum = 0.0;
    for (size, share) in sizes {
        let players: u32 = size
            .parse()
            .ok()
            .filter(|size| (1..=1000).contains(size))
            .ok_or_else(|| anyhow!("party_sizes: {size:?} is no number of players (1 to 1000)"))?;
        let share = between(&format!("party_sizes.{size}"), *share, 0.0, PARTS)?;
        if players > team_size {
            continue;
        }
        sum += share;
        match players {
            1 => solos = share,
            _ => larger.push((players, parts(share))),
        }
    }
    ensure!(
        sum > 0.0,
        "party_sizes has no party that fits into a team of {team_size} players"
    );
    larger.retain(|(_, weight)| *weight > 0);
    larger.sort_unstable();
    Ok(Parties {
        solos: solos / sum,
        larger,
    })
}

fn attribute(
    given: AttributeOf,
    numbers: &impl Fn(&str) -> anyhow::Result<String>,
) -> anyhow::Result<Attribute> {
    let forms = [
        given.normal.is_some(),
        given.uniform.is_some(),
        given.values.is_some(),
        given.file.is_some(),
    ];
    ensure!(
        forms.iter().filter(|given| **given).count() == 1,
        "expected is one of `normal` = [mean, deviation], `uniform` = [from, to], `values` = shares of \
         texts, and `file` = a file of numbers"
    );
    let of = if let Some((mean, deviation)) = given.normal {
        let deviation = between("normal, second number", deviation, 0.0, 1e12)?;
        Distribution::Normal(
            between("normal, first number", mean, -1e12, 1e12)?,
            deviation,
        )
    } else if let Some((from, to)) = given.uniform {
        let from = between("uniform, first number", from, -1e12, 1e12)?;
        Distribution::Uniform(from, between("uniform, second number", to, from, 1e12)?)
    } else if let Some(values) = &given.values {
        Distribution::Texts(shares("values", values)?)
    } else {
        let file = given.file.unwrap_or_default();
        Distribution::Measured(measured(&numbers(&file)?).context(file)?)
    };
    Ok(Attribute {
        of,
        min: given.min.unwrap_or(f64::NEG_INFINITY),
        max: given.max.unwrap_or(f64::INFINITY),
        within_party: between("within_party", given.within_party.unwrap_or(0.0), 0.0, 1e12)?,
    })
}

/// The numbers of a file, one in a line; of a line with commas the first field. A first line that is no
/// number is the heading.
fn measured(text: &str) -> anyhow::Result<Vec<f64>> {
    ensure!(
        text.len() as u64 <= MAX_NUMBERS,
        "the file has more than {MAX_NUMBERS} bytes"
    );
    let mut numbers = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let field = line.split([',', ';', '\t']).next().unwrap_or(line);
        let field = field.trim().trim_matches('"');
        match field.parse::<f64>() {
            Ok(number) if number.is_finite() => numbers.push(number),
            _ if at == 0 || field.is_empty() => {}
            _ => bail!("line {}: {field:?} is not a number", at + 1),
        }
    }
    ensure!(!numbers.is_empty(), "there is no number in it");
    Ok(numbers)
}

fn regions_of(regions: &BTreeMap<String, RegionOf>) -> anyhow::Result<Vec<Region>> {
    ensure!(
        regions.len() <= 64,
        "regions has {} entries; the maximum is 64",
        regions.len()
    );
    let mut all = Vec::new();
    for (name, region) in regions {
        let to = region.latency_ms.keys();
        if let Some(unknown) = to.into_iter().find(|to| !regions.contains_key(*to)) {
            bail!("regions.{name}.latency_ms.{unknown}: there is no regions.{unknown}");
        }
        let to_ms = regions.keys().map(|to| region.latency_ms.get(to).copied());
        let jitter = region.jitter_ms.unwrap_or(super::JITTER_MS);
        all.push(Region {
            name: name.as_str().into(),
            share: between(&format!("regions.{name}.share"), region.share, 0.0, PARTS)?,
            to_ms: to_ms.collect(),
            jitter_ms: at_most(&format!("regions.{name}.jitter_ms"), jitter, 10_000)?,
        });
    }
    let sum: f64 = all.iter().map(|region| region.share).sum();
    ensure!(
        regions.is_empty() || sum > 0.0,
        "regions: every share is 0, so nobody is at home anywhere"
    );
    Ok(all)
}

fn choice(given: &ChoiceOf) -> anyhow::Result<Choice> {
    let (least, most) = given.number.unwrap_or((1, 1));
    ensure!(
        least <= most && most as usize <= MAX_ENTRIES,
        "number is [{least}, {most}]; expected are the least and the greatest number of values"
    );
    Ok(Choice {
        values: shares("values", &given.values)?,
        number: (least, most),
    })
}

/// Sets an entry, or adds it.
fn set<T>(all: &mut Vec<(Text, T)>, name: &str, value: T) -> anyhow::Result<()> {
    match all.iter_mut().find(|(known, _)| *known == name) {
        Some((_, known)) => *known = value,
        None => all.push((name.into(), value)),
    }
    ensure!(
        all.len() <= MAX_ENTRIES,
        "there are more than {MAX_ENTRIES} attributes"
    );
    Ok(())
}
