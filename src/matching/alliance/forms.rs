//! What the teams of a match have to be: bounds, and roles where they count.

use std::rc::Rc;

use hashbrown::HashMap;

use super::criteria::modes::Mode;
use super::kinds::Kinds;
use super::pool::Pool;
use super::roles::{RequestId, Requests, Staff};
use super::rules::Layout;
use super::teams::Packer;
use super::{AllianceRules, TeamBounds};

/// What holds for a pivot of some age.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Form {
    pub(super) bounds: TeamBounds,
    /// Which layout and which of its stages says who plays which role; `None` if roles are off.
    roles: Option<(usize, usize)>,
    /// The list of the only team, if what is made is a new team of a session.
    list: Option<usize>,
}

impl Form {
    /// What holds in a mode, or without modes, at that age (ms).
    pub(super) fn of(rules: &AllianceRules, mode: Option<Mode>, age_ms: i64) -> Self {
        let (number, layout) = match mode {
            Some(mode) => (mode as usize, &rules.modes[mode as usize].layout),
            None => (0, &rules.layout),
        };
        let at = layout.stage_number_at(age_ms);
        let stage = layout.stage(at);
        Self {
            bounds: stage.teams,
            roles: stage.roles.are_on().then_some((number, at)),
            list: None,
        }
    }

    /// Nothing but bounds.
    pub(super) fn of_sizes(bounds: TeamBounds) -> Self {
        Self {
            bounds,
            roles: None,
            list: None,
        }
    }

    /// A new team of a session, with that list of roles.
    pub(super) fn of_new_team(self, list: usize) -> Self {
        Self {
            bounds: TeamBounds {
                teams_min: 1,
                teams_max: 1,
                ..self.bounds
            },
            list: self.roles.map(|_| list),
            ..self
        }
    }

    /// The same without roles.
    pub(super) fn without_roles(self) -> Self {
        Self::of_sizes(self.bounds)
    }

    /// Whether roles count.
    pub(super) fn has_roles(&self) -> bool {
        self.roles.is_some()
    }
}

/// The forms of a tick, with what was found out about each.
#[derive(Debug)]
pub(super) struct Forms<'r> {
    layouts: Vec<&'r Layout>,
    requests: Rc<Requests>,
    kinds: Rc<Kinds>,
    packers: Vec<Packer>,
    /// The packer of each form.
    packer_of: HashMap<Form, usize>,
    /// The form that was asked for last, with its packer. Mostly it is the next one, too.
    last: Option<(Form, usize)>,
    staffs: HashMap<Form, Rc<Staff>>,
}

impl<'r> Forms<'r> {
    /// None yet.
    pub(super) fn new(layouts: impl Iterator<Item = &'r Layout>, pool: &Pool) -> Self {
        Self {
            layouts: layouts.collect(),
            requests: Rc::clone(&pool.requests),
            kinds: Rc::clone(&pool.party_kinds),
            packers: Vec::new(),
            packer_of: HashMap::new(),
            last: None,
            staffs: HashMap::new(),
        }
    }

    /// Who may play what; `None` if roles are off.
    pub(super) fn staff(&mut self, form: Form) -> Option<Rc<Staff>> {
        let (layout, stage) = form.roles?;
        if let Some(known) = self.staffs.get(&form) {
            return Some(Rc::clone(known));
        }
        let mut staff = Staff::of(self.layouts[layout].stage(stage), &self.requests)?;
        if let Some(list) = form.list {
            staff = staff.for_new_team(list);
        }
        let staff = Rc::new(staff);
        self.staffs.insert(form, Rc::clone(&staff));
        Some(staff)
    }

    /// Maximum number of players of a match.
    pub(super) fn capacity(&mut self, form: Form) -> u64 {
        let staff = self.staff(form);
        let bounds = form.bounds;
        staff.map_or(bounds.max_players(), |staff| {
            staff.capacity(bounds.players_max)
        })
    }

    /// Whether teams of so many players are right, who ask for this.
    pub(super) fn is_satisfied(
        &mut self,
        form: Form,
        players: &[u32],
        crews: &[Vec<RequestId>],
    ) -> bool {
        let bounds = form.bounds;
        let sizes = bounds.players_min..=bounds.players_max;
        let teams = bounds.teams_min as usize..=bounds.teams_max as usize;
        teams.contains(&players.len())
            && players.iter().all(|players| sizes.contains(players))
            && self.staff(form).is_none_or(|staff| staff.fills(crews))
    }

    /// What answers whether parties can be completed to teams.
    pub(super) fn packer(&mut self, form: Form) -> &mut Packer {
        let at = match self.last {
            Some((last, at)) if last == form => at,
            _ => self.find_packer(form),
        };
        &mut self.packers[at]
    }

    fn find_packer(&mut self, form: Form) -> usize {
        let at = self.packer_of.get(&form).copied();
        let at = at.unwrap_or_else(|| {
            let staff = self.staff(form);
            let packer = Packer::new(form.bounds, staff, &self.kinds);
            self.packers.push(packer);
            self.packers.len() - 1
        });
        self.packer_of.insert(form, at);
        self.last = Some((form, at));
        at
    }
}
