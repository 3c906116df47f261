//! `quality`: what a studio trades for better matches (docs/quality.md).

use crate::matching::Text;

/// The object `quality`. Without it the strategy is AGS's own.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Quality {
    /// `improve`: the matches of a tick are improved together before they are made.
    pub improve: bool,
    /// `hold`: matches that are expected to become better are put off.
    pub hold: Option<Hold>,
    /// `rating`, by the name of the attribute, each once.
    pub ratings: Vec<RatingRule>,
    /// `win_chance_max`: maximum chance of the strongest team to win against the weakest, above 0.5 to 1.
    pub win_chance_max: Option<f64>,
    /// `premade_gap_max`: maximum difference between teams in the players of their largest party.
    pub premade_gap_max: Option<u32>,
    /// `relax_from_s` and `relax_until_s`: when both maxima give way.
    pub relaxing: Option<Relaxing>,
}

/// `hold`.
#[derive(Debug, Clone, PartialEq)]
pub struct Hold {
    /// `point_per_second`: for matching rules by their places, how much of the attribute a second of
    /// waiting is worth; more than 0. At least one.
    pub exchange: Vec<(usize, f64)>,
    /// `until_s`, in ms: no match of a ticket that is as old as that is put off.
    pub until_ms: i64,
    /// `tick_s`, in ms: tickets no older than that are those that no tick has seen before.
    pub tick_ms: i64,
}

/// An entry of `rating`: what is known of a measured attribute.
#[derive(Debug, Clone, PartialEq)]
pub struct RatingRule {
    /// The player attribute that is the rating.
    pub attribute: Text,
    /// The player attribute that holds the standard deviation of the rating.
    pub deviation: Option<Text>,
    /// The difference at which the stronger one wins ten times of eleven; more than 0.
    pub scale: Option<f64>,
}

/// When the maxima of a match give way: they do by the age of the pivot, evenly.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Relaxing {
    /// Until this age they hold, in ms.
    pub from_ms: i64,
    /// From this age on they hold no more, in ms; later than the other.
    pub until_ms: i64,
}

impl Quality {
    /// The rating by which chances to win are told.
    pub fn rating_of_chances(&self) -> Option<(&Text, f64)> {
        let mut ratings = self.ratings.iter();
        ratings.find_map(|rating| Some((&rating.attribute, rating.scale?)))
    }

    /// Whether a split into teams can be refused.
    pub fn limits_teams(&self) -> bool {
        self.win_chance_max.is_some() || self.premade_gap_max.is_some()
    }

    /// The maximum chance to win for a pivot of that age (ms); `None` if there is none.
    pub fn win_chance_at(&self, age_ms: i64) -> Option<f64> {
        let max = self.win_chance_max?;
        let given_way = self.given_way(age_ms);
        (given_way < 1.0).then_some(max + (1.0 - max) * given_way)
    }

    /// The maximum gap between the largest parties of teams for a pivot of that age (ms), where teams
    /// have at most so many players; `None` if there is none.
    pub fn premade_gap_at(&self, age_ms: i64, players_max: u32) -> Option<u32> {
        let max = self.premade_gap_max?;
        let given_way = self.given_way(age_ms);
        let room = f64::from(players_max.saturating_sub(max));
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and the players of a team"
        )]
        let more = (room * given_way).floor() as u32;
        (given_way < 1.0).then_some(max + more)
    }

    /// How far the maxima have given way at an age (ms): from 0, not at all, to 1.
    fn given_way(&self, age_ms: i64) -> f64 {
        let Some(Relaxing { from_ms, until_ms }) = self.relaxing else {
            return 0.0;
        };
        let share = (age_ms - from_ms) as f64 / (until_ms - from_ms) as f64;
        share.clamp(0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> Quality {
        Quality {
            win_chance_max: Some(0.6),
            premade_gap_max: Some(1),
            relaxing: Some(Relaxing {
                from_ms: 30_000,
                until_ms: 90_000,
            }),
            ..Quality::default()
        }
    }

    #[test]
    fn maxima_give_way_evenly() {
        let quality = limits();
        let at = |age_ms| quality.win_chance_at(age_ms);
        assert_eq!(at(0), Some(0.6));
        assert_eq!(at(30_000), Some(0.6));
        assert_eq!(at(60_000), Some(0.8));
        assert_eq!(at(90_000), None);
        let gap = |age_ms| quality.premade_gap_at(age_ms, 5);
        assert_eq!(gap(30_000), Some(1));
        assert_eq!(gap(44_999), Some(1));
        assert_eq!(gap(45_000), Some(2));
        assert_eq!(gap(60_000), Some(3));
        assert_eq!(gap(90_000), None);
    }

    #[test]
    fn without_relaxing_they_hold_at_any_age() {
        let quality = Quality {
            relaxing: None,
            ..limits()
        };
        assert_eq!(quality.win_chance_at(3_600_000), Some(0.6));
        assert_eq!(quality.premade_gap_at(3_600_000, 5), Some(1));
    }
}
