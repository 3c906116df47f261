//! The logic that the server comes with: AGS's own rulesets.

use super::pair::{PairBackfill, PairRules, PairTick};
use super::{
    BackfillTick, MatchLogic, Needs, ParsedRules, RulesError, Tick, TickContext, Ticket,
    TicketFault, rules,
};

/// Matchmaking by AGS rulesets: the strategy follows from what the ruleset has (ruleset contract,
/// "Which strategy").
#[derive(Debug, Clone, Copy, Default)]
pub struct AgsLogic;

/// A ruleset, by strategy.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum AgsRules {
    /// No `alliance`: tickets are grouped in order of arrival.
    Pair(PairRules),
}

impl MatchLogic for AgsLogic {
    type Rules = AgsRules;

    fn rules(&self, json: &str) -> Result<ParsedRules<AgsRules>, RulesError> {
        let mut fields = rules::object(json)?;
        if rules::take(&mut fields, "alliance").is_some() {
            return Err(RulesError::Unsupported(
                "`alliance` asks for matches of teams, which this version of the server does not \
                 make yet; rulesets without `alliance` are matched by shipCountMin and shipCountMax"
                    .to_owned(),
            ));
        }
        let ParsedRules { rules, warnings } = PairRules::parse(fields)?;
        Ok(ParsedRules {
            rules: AgsRules::Pair(rules),
            warnings,
        })
    }

    fn stat_codes(&self, rules: &AgsRules) -> Vec<String> {
        match rules {
            AgsRules::Pair(_) => Vec::new(),
        }
    }

    fn needs(&self, rules: &AgsRules) -> Needs {
        match rules {
            AgsRules::Pair(_) => PairRules::needs(),
        }
    }

    fn backfill_needs(&self, rules: &AgsRules) -> Needs {
        match rules {
            AgsRules::Pair(_) => PairRules::backfill_needs(),
        }
    }

    fn validate_ticket(&self, rules: &AgsRules, ticket: &Ticket) -> Result<(), TicketFault> {
        match rules {
            AgsRules::Pair(_) => ticket.check(),
        }
    }

    fn open(&self, rules: AgsRules, context: TickContext) -> Box<dyn Tick> {
        match rules {
            AgsRules::Pair(rules) => Box::new(PairTick::new(rules, context)),
        }
    }

    fn open_backfill(&self, rules: AgsRules, context: TickContext) -> Box<dyn BackfillTick> {
        match rules {
            AgsRules::Pair(rules) => Box::new(PairBackfill::new(rules, context)),
        }
    }
}
