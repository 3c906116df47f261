//! Reading `combination`: who plays which role.

use std::collections::HashSet;

use serde_json::Value;

use super::super::{Role, RoleFlexing, RoleList, Roles, TeamBounds, ids};
use crate::matching::Text;
use crate::matching::rules::{Lint, Object};

/// Maximum number of lists in `alliances`.
const MAX_LISTS: usize = 256;

/// Maximum number of roles in a list.
const MAX_ROLES: usize = 64;

/// Maximum number of roles in all lists of a `combination` together.
const MAX_ROLES_IN_ALL: usize = 1024;

/// Where a `combination` stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Alliance,
    FlexingEntry,
}

/// Stands for every role in what a player asks for.
const ANY: &str = "any";

/// Reads the key `combination` of an `alliance` or of a flexing entry with these numbers, `None` if
/// they are wrong. Absent, `{}` and `[]` mean that there are no roles.
pub(super) fn combination(
    object: &mut Object<'_>,
    teams: Option<TeamBounds>,
    place: Place,
) -> (Roles, Option<RoleFlexing>) {
    let fields = match object.take("combination") {
        None => return (Roles::Off, None),
        Some(Value::Array(entries)) if entries.is_empty() => return (Roles::Off, None),
        Some(Value::Object(fields)) => fields,
        Some(other) => {
            object.fault("combination", &other, "it has to be an object");
            return (Roles::Off, None);
        }
    };
    let path = object.at("combination");
    object.enter(path, fields, |combination| read(combination, teams, place))
}

fn read(
    object: &mut Object<'_>,
    teams: Option<TeamBounds>,
    place: Place,
) -> (Roles, Option<RoleFlexing>) {
    let is_on = object.flag("has_combination").unwrap_or(false);
    let stated = lists(object, is_on);
    let flexing = Flexing {
        enabled: object.flag("role_flexing_enable").unwrap_or(false),
        second: object.whole("role_flexing_second", 0).unwrap_or(0),
        player: object.whole("role_flexing_player", 0).unwrap_or(0),
    };
    let Some(stated) = stated else {
        return (Roles::Off, None);
    };
    if !is_on {
        if !stated.is_empty() {
            let text = "is not true, so the roles of `alliances` have no effect";
            object.warn_as(ids::ROLE_SWITCH, "has_combination", text);
        }
        return (Roles::Off, None);
    }
    let flexing = flexing.check(object, place, stated.is_empty());
    if let Some(teams) = teams {
        check_count(object, stated.len(), teams.teams_max);
        for list in &stated {
            list.check(object, teams);
        }
    }
    let is_multi = stated.len() > 1;
    let lists: Vec<RoleList> = stated.into_iter().filter_map(StatedList::roles).collect();
    let same = is_multi && lists.windows(2).all(|pair| pair[0] == pair[1]);
    if same && teams.is_some_and(|teams| teams.teams_min == teams.teams_max) {
        let text = "all lists are equal; one list does the same";
        object.warn_as(ids::ROLE_LISTS_EQUAL, "alliances", text);
    }
    let mut lists = lists.into_iter();
    let roles = match (lists.next(), is_multi) {
        (None, _) => Roles::Unique,
        (Some(list), false) => Roles::Single(list),
        (Some(list), true) => Roles::Multi([list].into_iter().chain(lists).collect()),
    };
    (roles, flexing)
}

/// `role_flexing_*` as they stand.
struct Flexing {
    enabled: bool,
    second: u32,
    player: u32,
}

impl Flexing {
    /// The flexing, if it has an effect.
    fn check(
        &self,
        object: &mut Object<'_>,
        place: Place,
        without_roles: bool,
    ) -> Option<RoleFlexing> {
        if !self.enabled {
            return None;
        }
        if place == Place::FlexingEntry {
            let text = "has no effect in a flexing entry: that of `alliance` counts";
            object.warn_as(ids::ROLE_FLEXING, "role_flexing_enable", text);
            return None;
        }
        let why = match (self.second, self.player) {
            (0, _) => "`role_flexing_second` is 0",
            (_, 0) => "`role_flexing_player` is 0",
            _ if without_roles => "there are no roles in `alliances`",
            (second, players) => {
                return Some(RoleFlexing {
                    period_ms: i64::from(second) * 1000,
                    players,
                });
            }
        };
        let text = format!("has no effect: {why}");
        object.warn_as(ids::ROLE_FLEXING, "role_flexing_enable", text);
        None
    }
}

/// A list of `alliances` as it stands.
struct StatedList {
    path: String,
    value: Value,
    /// `None` for a role that is wrong.
    roles: Vec<Option<Role>>,
}

/// The lists; `None` if there are so many, or so wrong ones, that they are not read.
fn lists(object: &mut Object<'_>, is_on: bool) -> Option<Vec<StatedList>> {
    let path = object.at("alliances");
    let entries = match object.take("alliances") {
        None => return Some(Vec::new()),
        Some(Value::Array(entries)) => entries,
        Some(other) => {
            object.fault("alliances", &other, "it has to be a list of lists of roles");
            return None;
        }
    };
    let in_all = entries
        .iter()
        .filter_map(Value::as_array)
        .map(Vec::len)
        .sum::<usize>();
    if entries.len() > MAX_LISTS || in_all > MAX_ROLES_IN_ALL {
        let found = format!("{} lists with {in_all} roles", entries.len());
        let allowed =
            format!("at most {MAX_LISTS} lists with {MAX_ROLES_IN_ALL} roles in all are allowed");
        object
            .report()
            .fault_of(Lint::TOO_MANY, path, found, allowed);
        return None;
    }
    let mut lists = Vec::with_capacity(entries.len());
    for (at, value) in entries.into_iter().enumerate() {
        let path = format!("{path}[{at}]");
        let roles = match &value {
            Value::Array(roles) if roles.len() <= MAX_ROLES => {
                list(object, &path, roles.clone(), is_on)
            }
            Value::Array(roles) => {
                let found = format!("a list of {}", roles.len());
                let allowed = format!("at most {MAX_ROLES} roles are allowed");
                object
                    .report()
                    .fault_of(Lint::TOO_MANY, path.clone(), found, allowed);
                vec![None]
            }
            Value::Object(_) => {
                let allowed = "it has to be a list of roles: put one more pair of brackets around";
                object.report().fault(path.clone(), &value, allowed);
                vec![None]
            }
            _ => {
                object
                    .report()
                    .fault(path.clone(), &value, "it has to be a list of roles");
                vec![None]
            }
        };
        lists.push(StatedList { path, value, roles });
    }
    Some(lists)
}

fn list(
    object: &mut Object<'_>,
    path: &str,
    entries: Vec<Value>,
    is_on: bool,
) -> Vec<Option<Role>> {
    let mut names: HashSet<Text> = HashSet::new();
    let mut roles = Vec::with_capacity(entries.len());
    for (at, entry) in entries.into_iter().enumerate() {
        let path = format!("{path}[{at}]");
        let role = match entry {
            Value::Object(fields) => object.enter(path, fields, |entry| {
                role(entry, is_on.then_some(&mut names))
            }),
            other => {
                object
                    .report()
                    .fault(path, &other, "it has to be an object");
                None
            }
        };
        roles.push(role);
    }
    roles
}

/// Reads a role; `names` are those of its list so far, `None` if roles are off: then only types are
/// looked at.
fn role(object: &mut Object<'_>, names: Option<&mut HashSet<Text>>) -> Option<Role> {
    let name = object.required_name("name");
    let min = object.whole("min", 0);
    let max = object.required_whole("max", 0);
    if let Some(names) = names {
        if let Some(name) = &name {
            check_name(object, name, names.insert(name.clone()));
        }
        object.at_most(("min", min), ("max", max));
        if max == Some(0) {
            object.warn_as(ids::ROLE_UNPLAYED, "max", "is 0, so nobody plays the role");
        }
    }
    Some(Role {
        name: name?,
        min: min.unwrap_or(0),
        max: max?,
    })
}

fn check_name(object: &mut Object<'_>, name: &Text, is_new: bool) {
    let value = Value::from(&**name);
    if **name == *ANY {
        let allowed = "`any` stands for every role and is no role of its own";
        object.fault_as(ids::ROLE_ANY, "name", &value, allowed);
    }
    if !is_new {
        let allowed = "each role may stand once in a list";
        object.fault_as(Lint::NAME_TWICE, "name", &value, allowed);
    }
    if name.chars().any(char::is_uppercase) {
        let text = "is not in lower case: AGS's own matchmaker refuses it";
        let path = object.at("name");
        object.report().note(ids::LOWER_CASE, path, text);
    }
}

/// There is one list for all teams, or one for each.
fn check_count(object: &mut Object<'_>, lists: usize, teams_max: u32) {
    if lists <= 1 || u32::try_from(lists) == Ok(teams_max) {
        return;
    }
    let each = match teams_max {
        1 => String::new(),
        _ => format!(", or one for each of the {teams_max} teams of `max_number`"),
    };
    let path = object.at("alliances");
    let allowed = format!("it has to hold one list of roles for all teams{each}");
    object
        .report()
        .fault_of(ids::ROLE_LISTS, path, format!("{lists} lists"), allowed);
}

impl StatedList {
    /// Holds the roles against the sizes of teams.
    fn check(&self, object: &mut Object<'_>, teams: TeamBounds) {
        let most = teams.players_max;
        for (at, role) in self.roles.iter().enumerate() {
            if let Some(role) = role
                && role.max > most
            {
                let path = format!("{}[{at}].max", self.path);
                let allowed = format!("a team has at most {}", players(most.into()));
                object
                    .report()
                    .fault_as(ids::ROLE_SUMS, path, &role.max.into(), allowed);
            }
        }
        // The sums of a list of which a role is wrong say nothing.
        let Some(list) = self.roles.iter().cloned().collect::<Option<Vec<Role>>>() else {
            return;
        };
        let list = RoleList(list);
        let (min, max) = (list.min_players(), list.max_players());
        let mut wrong = |allowed: String| {
            object
                .report()
                .fault_as(ids::ROLE_SUMS, self.path.clone(), &self.value, allowed);
        };
        if max == 0 {
            wrong("the max of its roles may not add up to 0".to_owned());
        } else if max < teams.players_min.into() {
            wrong(format!(
                "the max of its roles add up to {max}; a team has at least {}",
                players(teams.players_min.into())
            ));
        }
        if min > most.into() {
            wrong(format!(
                "the min of its roles add up to {min}; a team has at most {}",
                players(most.into())
            ));
        }
    }

    fn roles(self) -> Option<RoleList> {
        let roles = self.roles.into_iter().collect::<Option<Vec<Role>>>()?;
        Some(RoleList(roles))
    }
}

fn players(count: u64) -> String {
    match count {
        1 => "1 player".to_owned(),
        count => format!("{count} players"),
    }
}
