//! The kinds of findings of alliance rulesets (docs/lints.md).

use crate::matching::rules::Lint;

/// A name that AGS's own matchmaker refuses.
pub(in crate::matching) const LOWER_CASE: Lint = Lint("lower-case");
/// The maximum of players cannot be reached.
pub(in crate::matching) const NEVER_FULL: Lint = Lint("never-full");
/// Flexing that makes it harder to find a match, or changes nothing.
pub(in crate::matching) const FLEX_TIGHTENS: Lint = Lint("flex-tightens");
/// A flexing entry that hides another one.
pub(in crate::matching) const FLEX_ORDER: Lint = Lint("flex-order");
/// Flexing of an attribute that no rule measures.
pub(in crate::matching) const FLEX_ATTRIBUTE: Lint = Lint("flex-attribute");
/// Flexing so late that the unit must be a mistake.
pub(in crate::matching) const FLEX_LATE: Lint = Lint("flex-late");
/// A key of a matching rule in a flexing rule.
pub(in crate::matching) const FLEXED_KEY: Lint = Lint("flexed-key");
/// A match of one team.
pub(in crate::matching) const ONE_TEAM: Lint = Lint("one-team");
/// `auto_backfill` that does nothing, or is missing.
pub(in crate::matching) const BACKFILL_NEVER: Lint = Lint("backfill-never");
/// A reference of 0.
pub(in crate::matching) const DISTANCE_ZERO: Lint = Lint("distance-zero");
/// A rule that cannot matter.
pub(in crate::matching) const DISTANCE_DEAD: Lint = Lint("distance-dead");
/// A weight without effect.
pub(in crate::matching) const WEIGHT_OFF: Lint = Lint("weight-off");
/// A `normalizationMax` far above each reference.
pub(in crate::matching) const NORMALIZATION_FAR: Lint = Lint("normalization-far");
/// A `normalizationMax` below a reference.
pub(in crate::matching) const NORMALIZATION_SMALL: Lint = Lint("normalization-small");
/// A window of latencies that stays shut, or does not as it is meant.
pub(in crate::matching) const REGION_SHUT: Lint = Lint("region-shut");
/// Regions that open late.
pub(in crate::matching) const REGION_SLOW: Lint = Lint("region-slow");
/// Balancing that balances nothing.
pub(in crate::matching) const BALANCE_OFF: Lint = Lint("balance-off");
/// Matches too large for an exact split.
pub(in crate::matching) const SIZE: Lint = Lint("size");
/// A role of the name `any`.
pub(in crate::matching) const ROLE_ANY: Lint = Lint("role-any");
/// Roles that do not add up to a team.
pub(in crate::matching) const ROLE_SUMS: Lint = Lint("role-sums");
/// A wrong number of lists of roles.
pub(in crate::matching) const ROLE_LISTS: Lint = Lint("role-lists");
/// Lists of roles that are all equal.
pub(in crate::matching) const ROLE_LISTS_EQUAL: Lint = Lint("role-lists-equal");
/// Role flexing without effect.
pub(in crate::matching) const ROLE_FLEXING: Lint = Lint("role-flexing");
/// Flexing that switches roles off.
pub(in crate::matching) const ROLE_OFF: Lint = Lint("role-off");
/// Roles that are switched off.
pub(in crate::matching) const ROLE_SWITCH: Lint = Lint("role-switch");
/// A role that nobody plays.
pub(in crate::matching) const ROLE_UNPLAYED: Lint = Lint("role-unplayed");
/// A role that no team needs.
pub(in crate::matching) const ROLE_UNNEEDED: Lint = Lint("role-unneeded");
/// A match option named as roles are.
pub(in crate::matching) const ROLE_OPTION: Lint = Lint("role-option");
/// A mode whose name differs from its key.
pub(in crate::matching) const MODE_NAME: Lint = Lint("mode-name");
/// Modes that are switched off.
pub(in crate::matching) const MODE_OFF: Lint = Lint("mode-off");
/// Teams beside modes.
pub(in crate::matching) const MODE_BESIDE: Lint = Lint("mode-beside");
/// Modes with the same teams.
pub(in crate::matching) const MODE_SAME: Lint = Lint("mode-same");
/// A mode that flexes into another one.
pub(in crate::matching) const MODE_WIDER: Lint = Lint("mode-wider");
/// A match option named as modes are.
pub(in crate::matching) const MODE_OPTION: Lint = Lint("mode-option");
/// Maxima of `quality` that never give way.
pub(in crate::matching) const QUALITY_FOREVER: Lint = Lint("quality-forever");
/// `quality` in a ruleset that AGS validates itself.
pub(in crate::matching) const QUALITY_AGS: Lint = Lint("quality-ags");
/// `hold` that puts off too long, or nothing.
pub(in crate::matching) const QUALITY_HOLD: Lint = Lint("quality-hold");
/// A measured attribute that no player has.
pub(in crate::matching) const TICKET_ATTRIBUTE: Lint = Lint("ticket-attribute");
/// Measured values that are no numbers.
pub(in crate::matching) const TICKET_TYPE: Lint = Lint("ticket-type");
/// Parties larger than a team.
pub(in crate::matching) const TICKET_PARTY: Lint = Lint("ticket-party");
/// An option that no ticket has.
pub(in crate::matching) const TICKET_OPTION: Lint = Lint("ticket-option");
/// A region that is open to nobody.
pub(in crate::matching) const TICKET_REGION: Lint = Lint("ticket-region");
/// A role that too few players ask for.
pub(in crate::matching) const TICKET_ROLE: Lint = Lint("ticket-role");
/// Tickets that accept no mode.
pub(in crate::matching) const TICKET_MODE: Lint = Lint("ticket-mode");
