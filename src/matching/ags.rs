//! The default logic: rulesets as AGS has them.

use serde_json::{Map, Value};

use super::alliance::{AllianceBackfill, AllianceRules};
use super::explain::{Aging, Explanation, Left, Scene};
use super::pair::{PairBackfill, PairRules, PairTick};
use super::rules::Finding;
use super::{
    BackfillTick, LintContext, MatchLogic, Needs, ParsedRules, RulesError, Tick, TickContext,
    Ticket, TicketFault, rules,
};

/// Matchmaking by AGS rulesets. The ruleset decides on the strategy (docs/semantics.md, "Which
/// strategy").
#[derive(Debug, Clone, Copy, Default)]
pub struct AgsLogic;

/// A ruleset, by strategy.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum AgsRules {
    /// Rulesets without `alliance` and `sub_game_modes`: tickets are grouped in order of arrival.
    Pair(PairRules),
    /// Rulesets with `alliance`: matches of teams.
    // Boxed: they are many times as large as the others.
    Alliance(Box<AllianceRules>),
}

impl MatchLogic for AgsLogic {
    type Rules = AgsRules;

    fn rules(&self, json: &str) -> Result<ParsedRules<AgsRules>, RulesError> {
        let fields = rules::object(json)?;
        if is_for_teams(&fields) {
            let ParsedRules { rules, warnings } = AllianceRules::parse(fields)?;
            let rules = AgsRules::Alliance(Box::new(rules));
            return Ok(ParsedRules { rules, warnings });
        }
        let ParsedRules { rules, warnings } = PairRules::parse(fields)?;
        Ok(ParsedRules {
            rules: AgsRules::Pair(rules),
            warnings,
        })
    }

    fn lint(&self, json: &str, context: &LintContext<'_>) -> Vec<Finding> {
        match rules::object(json) {
            Ok(fields) if is_for_teams(&fields) => AllianceRules::lint(&fields, context),
            Ok(fields) => PairRules::lint(fields),
            Err(error) => rules::findings(error),
        }
    }

    fn explain(&self, scene: &Scene, place: usize) -> Option<Explanation> {
        match is_for_teams(&scene.rules) {
            true => {
                let rules = AllianceRules::parse(scene.rules.clone()).ok()?.rules;
                Some(rules.explain(scene, place))
            }
            false => {
                let rules = PairRules::parse(scene.rules.clone()).ok()?.rules;
                Some(rules.explain(scene, place))
            }
        }
    }

    fn left(&self, scene: &Scene, progress: &dyn Fn(u64, u64)) -> Vec<Left> {
        match is_for_teams(&scene.rules) {
            true => AllianceRules::parse(scene.rules.clone())
                .map_or_else(|_| Vec::new(), |parsed| parsed.rules.left(scene, progress)),
            false => PairRules::parse(scene.rules.clone())
                .map_or_else(|_| Vec::new(), |parsed| parsed.rules.left(scene)),
        }
    }

    fn ages(&self, json: &str) -> Vec<Aging> {
        let fields = rules::object(json).ok().filter(is_for_teams);
        let parsed = fields.and_then(|fields| AllianceRules::parse(fields).ok());
        parsed.map_or_else(Vec::new, |parsed| parsed.rules.ages())
    }

    fn stat_codes(&self, rules: &AgsRules) -> Vec<String> {
        match rules {
            AgsRules::Pair(_) => Vec::new(),
            AgsRules::Alliance(rules) => rules.stat_codes(),
        }
    }

    fn needs(&self, rules: &AgsRules) -> Needs {
        match rules {
            AgsRules::Pair(_) => PairRules::needs(),
            AgsRules::Alliance(rules) => rules.needs(),
        }
    }

    fn backfill_needs(&self, rules: &AgsRules) -> Needs {
        match rules {
            AgsRules::Pair(_) => PairRules::backfill_needs(),
            AgsRules::Alliance(rules) => rules.backfill_needs(),
        }
    }

    fn validate_ticket(&self, rules: &AgsRules, ticket: &Ticket) -> Result<(), TicketFault> {
        match rules {
            AgsRules::Pair(_) => ticket.check(),
            AgsRules::Alliance(rules) => rules.check_ticket(ticket),
        }
    }

    fn open(&self, rules: AgsRules, context: TickContext) -> Box<dyn Tick> {
        match rules {
            AgsRules::Pair(rules) => Box::new(PairTick::new(rules, context)),
            AgsRules::Alliance(rules) => rules.open(context),
        }
    }

    fn open_backfill(&self, rules: AgsRules, context: TickContext) -> Box<dyn BackfillTick> {
        match rules {
            AgsRules::Pair(rules) => Box::new(PairBackfill::new(rules, context)),
            AgsRules::Alliance(rules) => Box::new(AllianceBackfill::new(*rules, context)),
        }
    }
}

/// Whether a ruleset is one of teams.
fn is_for_teams(fields: &Map<String, Value>) -> bool {
    // Whatever its value is: a wrong one is a fault in an alliance ruleset, not a pair ruleset.
    rules::find(fields, "alliance").is_some() || asks_for_sub_modes(fields)
}

/// Whether a ruleset has sub game modes: they bring their own teams, so it may lack `alliance`.
fn asks_for_sub_modes(fields: &Map<String, Value>) -> bool {
    let modes = rules::find(fields, "sub_game_modes");
    modes.is_some_and(|modes| {
        *modes != Value::Array(Vec::new()) && *modes != Value::Object(Map::new())
    })
}
