//! What a studio replaces.

use std::fmt;

use super::explain::{Aging, Explanation, Left, Scene};
use super::rules::{self, Finding};
use super::{
    Attributes, BackfillTick, NoBackfill, ParsedRules, RulesError, Tick, TickContext, Ticket,
    TicketFault,
};

/// Matchmaking itself: everything that a studio can decide.
///
/// The server owns one value of it for all streams and calls it from many threads at once.
/// [`AgsLogic`](super::AgsLogic) is the implementation that this server comes with.
pub trait MatchLogic: Send + Sync + 'static {
    /// The ruleset as this logic wants to have it, valid by construction.
    type Rules: fmt::Debug + Send + Sync + 'static;

    /// Reads the ruleset (JSON text; empty means `{}`). Its size was bounded by the server.
    ///
    /// # Errors
    ///
    /// All faults of the text together, or what it asks for and this logic does not do.
    fn rules(&self, json: &str) -> Result<ParsedRules<Self::Rules>, RulesError>;

    /// What deserves a look in a ruleset, whether it can be read or not (docs/lints.md): what
    /// [`rules`](Self::rules) says of it, unless a logic knows more. Its size was bounded by the server.
    fn lint(&self, json: &str, _context: &LintContext<'_>) -> Vec<Finding> {
        match self.rules(json) {
            Ok(parsed) => parsed.warnings.into_iter().map(Finding::from).collect(),
            Err(error) => rules::findings(error),
        }
    }

    /// What became of the ticket of that place in a tick, and why; `None` if this logic does not tell, or
    /// does not take the ruleset.
    fn explain(&self, _scene: &Scene, _place: usize) -> Option<Explanation> {
        None
    }

    /// The tickets that a tick leaves, oldest first, each with a change that would have given it a match
    /// if one was found; none if this logic does not tell. `progress` is told how many ticks were played,
    /// and how many there will be at most.
    fn left(&self, _scene: &Scene, _progress: &dyn Fn(u64, u64)) -> Vec<Left> {
        Vec::new()
    }

    /// What a ruleset changes as a ticket ages, to be drawn; nothing if this logic does not tell, or does not
    /// take the ruleset.
    fn ages(&self, _json: &str) -> Vec<Aging> {
        Vec::new()
    }

    /// Names of the player statistics that AGS has to put on tickets, each once; none unless a
    /// studio wants them.
    fn stat_codes(&self, _rules: &Self::Rules) -> Vec<String> {
        Vec::new()
    }

    /// Which parts of a ticket these rules look at when they make matches: everything, unless a
    /// logic says less and reads faster.
    fn needs(&self, _rules: &Self::Rules) -> Needs {
        Needs::everything()
    }

    /// Which parts of a ticket and of a session's tickets they look at when they fill sessions.
    fn backfill_needs(&self, rules: &Self::Rules) -> Needs {
        self.needs(rules)
    }

    /// Whether a ticket may be queued; by default every ticket that [`Ticket::check`] finds sound.
    ///
    /// # Errors
    ///
    /// Why not. It is not an error of the call: AGS gets `valid_ticket: false`.
    fn validate_ticket(&self, _rules: &Self::Rules, ticket: &Ticket) -> Result<(), TicketFault> {
        ticket.check()
    }

    /// What to add to a ticket before it is queued; nothing unless a studio wants it.
    fn enrich_ticket(&self, _rules: &Self::Rules, _ticket: &Ticket) -> Enrichment {
        Enrichment::default()
    }

    /// Opens a tick that makes matches.
    fn open(&self, rules: Self::Rules, context: TickContext) -> Box<dyn Tick>;

    /// Opens a tick that fills sessions; by default one that leaves all of them as they are.
    fn open_backfill(&self, _rules: Self::Rules, _context: TickContext) -> Box<dyn BackfillTick> {
        Box::new(NoBackfill)
    }
}

/// What [`MatchLogic::lint`] goes by beside the ruleset.
#[derive(Debug, Clone, Copy, Default)]
pub struct LintContext<'t> {
    /// After how many seconds the match pool lets tickets expire, if that is known.
    pub expires_s: Option<u32>,
    /// Tickets as the pool has them; none if they are not known.
    pub tickets: &'t [Ticket],
}

/// Which parts of a ticket to read. Id, pool, creation time, players' ids and party are always
/// read; what is not asked for costs nothing and stays empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    /// Attributes of the ticket.
    pub ticket_attributes: Wanted,
    /// Attributes of each player.
    pub player_attributes: Wanted,
    /// Latencies to the regions.
    pub latencies: bool,
    /// Sessions that the ticket excludes.
    pub excluded_sessions: bool,
}

impl Needs {
    /// The whole ticket.
    pub fn everything() -> Self {
        Self {
            ticket_attributes: Wanted::All,
            player_attributes: Wanted::All,
            latencies: true,
            excluded_sessions: true,
        }
    }
}

/// Which attributes to read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Wanted {
    /// No attribute.
    #[default]
    None,
    /// Those of these names.
    Named(Vec<String>),
    /// Every attribute.
    All,
}

impl Wanted {
    /// Whether an attribute of that name is wanted.
    pub fn wants(&self, name: &str) -> bool {
        match self {
            Self::None => false,
            Self::Named(names) => names.iter().any(|wanted| wanted == name),
            Self::All => true,
        }
    }
}

/// What [`MatchLogic::enrich_ticket`] adds to a ticket. What the ticket has already and is not
/// named here stays as it is, byte for byte.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Enrichment {
    /// Ticket attributes to set.
    pub attributes: Attributes,
}
