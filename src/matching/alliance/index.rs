//! Where to look for candidates: waiting tickets in cells, each in order of nearness.
//!
//! A **cell** holds the tickets that agree in everything that has to be equal: the must-match group,
//! the value of each indexed option and the sub game mode. A ticket with several values of an `any`
//! option or with several modes is in a cell for each. Within a cell tickets are sorted by the **axis**: the matching rule that best tells
//! them apart. So a pivot asks a few cells, and a [`walk`](super::walk) meets their nearest tickets
//! first.

use std::ops::Range;

use hashbrown::HashMap;
use smallvec::SmallVec;

mod keys;
mod shares;

use super::criteria::Criteria;
use super::criteria::distance::Reach;
use super::criteria::modes::Mode;
use super::criteria::region::Region;
use super::intern::Lists;
use super::kinds::{KindGroup, PartyKind};
use super::pair::Pivot;
use super::pool::{Id, Pool};
use super::walk::{Demand, Lane, LaneToWalk, Plane, Scale, Section, View};
use keys::{Keys, Part};
use shares::Shares;

/// The number of a cell.
pub(super) type Cell = u32;

/// Cells that one pivot asks; beyond that, walking all tickets costs less.
const MAX_CELLS: usize = 256;

/// The cell of all tickets.
const EVERYTHING: Cell = 0;

/// Latencies of all tickets together, beyond which they are not sorted by them: that takes some 50
/// bytes for each.
const MAX_MEASURED: usize = 1 << 21;

/// What tickets are sorted by within a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Axis {
    /// The means of a matching rule, by its place in the ruleset.
    Distance(usize),
    /// Milliseconds over the best region; a plane for each region.
    Latency,
    /// Nothing but age: the score of all is the same.
    Age,
}

/// The tickets of a section.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Tickets {
    All,
    FitAnyRegion,
    /// Those that report the region; for sessions, only those to which it is open.
    Region(Region),
}

/// The sections to walk for a pivot or a session, which have no ticket in common.
pub(super) type Sections = SmallVec<[Section; 2]>;

/// All waiting tickets, by cell.
#[derive(Debug)]
pub(super) struct Index {
    axis: Axis,
    /// What is part of a cell's key beside the group.
    parts: Vec<Part>,
    /// Group, then a value for each part.
    keys: HashMap<Box<[u32]>, Cell>,
    /// The lanes of each cell, by group of kinds. Only those that are in a cell have one there.
    cells: Vec<Range<Lane>>,
    /// The group of each lane.
    groups: Vec<KindGroup>,
    /// How many tickets wait in each lane.
    waiting: Vec<u32>,
    /// The lanes of each ticket, one for each of its cells; sessions have none.
    lanes: Lists,
    /// The shares of lanes with several kinds.
    shares: Shares,
    /// Whether cell 0 holds every ticket, for pivots that would ask more than [`MAX_CELLS`].
    has_everything: bool,
    /// The tickets of each cell in order; on the axis of latency, in sections by region.
    pub(super) plane: Plane,
    sections: HashMap<Tickets, Section>,
    scratch: Keys,
}

impl Index {
    /// Sorts the tickets of a pool into cells. O(n log n).
    pub(super) fn new(pool: &Pool, criteria: &Criteria<'_>) -> Self {
        let parts = Part::of(pool, criteria);
        let keys_of = |id| {
            let values = parts.iter().map(|part| part.values(criteria, id).len());
            values.fold(1, usize::saturating_mul)
        };
        let max_keys = (0..pool.rows()).map(keys_of).max().unwrap_or(0);
        let mut index = Self {
            axis: axis(pool, criteria),
            has_everything: max_keys.saturating_mul(criteria.must_match.len()) > MAX_CELLS,
            parts,
            keys: HashMap::new(),
            cells: Vec::new(),
            groups: Vec::new(),
            waiting: Vec::new(),
            lanes: Lists::default(),
            shares: Shares::default(),
            plane: Plane::default(),
            sections: HashMap::new(),
            scratch: Keys::default(),
        };
        index.fill(pool, criteria);
        index
    }

    /// Puts each ticket into its cells, and makes a lane for each group of kinds in each cell.
    fn fill(&mut self, pool: &Pool, criteria: &Criteria<'_>) {
        let mut cells_of = Lists::default();
        let mut found = Vec::new();
        // The groups in each cell, ascending. Most cells have a few.
        let mut groups_in: Vec<SmallVec<[KindGroup; 4]>> = vec![SmallVec::new()];
        let group_of = |id: Id| pool.party_kinds.group_of(pool.kinds[id as usize]);
        for id in 0..pool.len() {
            found.clear();
            if self.has_everything {
                found.push(EVERYTHING);
            }
            let (keys, group) = (&mut self.keys, criteria.must_match.group(id));
            self.scratch
                .each(criteria, &self.parts, id, None, group, |key| {
                    let cell = keys.get(key).copied().unwrap_or_else(|| {
                        let cell = u32::try_from(groups_in.len()).expect("bounded by MAX_SPREAD");
                        keys.insert(key.into(), cell);
                        groups_in.push(SmallVec::new());
                        cell
                    });
                    found.push(cell);
                });
            let group = group_of(id);
            for cell in &found {
                let groups = &mut groups_in[*cell as usize];
                if let Err(place) = groups.binary_search(&group) {
                    groups.insert(place, group);
                }
            }
            cells_of.push(found.iter().copied());
        }
        for groups in &groups_in {
            let start = self.groups.len() as Lane;
            self.groups.extend(groups);
            self.cells.push(start..self.groups.len() as Lane);
        }
        self.waiting = vec![0; self.groups.len()];
        for id in 0..pool.len() {
            let group = group_of(id);
            self.lanes.push(cells_of.get(id).iter().map(|cell| {
                let groups = &groups_in[*cell as usize];
                let place = groups.partition_point(|other| *other < group);
                let lane = self.cells[*cell as usize].start + place as Lane;
                self.waiting[lane as usize] += 1;
                lane
            }));
        }
        // Sessions do not wait, but they are asked for their lanes when they are pivots.
        for _ in pool.len()..pool.rows() {
            self.lanes.push([]);
        }
        self.shares = Shares::of(pool, &self.lanes, self.groups.len());
    }

    /// Notes that a ticket was taken.
    pub(super) fn remove(&mut self, pool: &Pool, id: Id) {
        for lane in self.lanes.get(id) {
            self.waiting[*lane as usize] -= 1;
            self.shares.remove(*lane, pool.kinds[id as usize]);
        }
    }

    /// Whether any lane has several kinds.
    pub(super) fn has_shares(&self) -> bool {
        !self.shares.is_empty()
    }

    /// How many tickets of each kind wait in a lane with several kinds, and the kinds; nothing for
    /// other lanes.
    pub(super) fn shares(&self, lane: Lane) -> &[(PartyKind, u32)] {
        self.shares.in_lane(lane)
    }

    /// The rule that tickets are sorted by within a cell, if it is a rule.
    pub(super) fn rule(&self) -> Option<usize> {
        match self.axis {
            Axis::Distance(rule) => Some(rule),
            Axis::Latency | Axis::Age => None,
        }
    }

    /// The lanes of a ticket, each once.
    pub(super) fn lanes_of(&self, id: Id) -> &[Lane] {
        self.lanes.get(id)
    }

    /// The cells in which a pivot's candidates are, each once; and whether a ticket can be in more
    /// than one of them. With a mode, only those of tickets that accept it.
    pub(super) fn cells_of(
        &mut self,
        criteria: &mut Criteria<'_>,
        pivot: Id,
        mode: Option<Mode>,
        found: &mut Vec<Cell>,
    ) -> bool {
        found.clear();
        let group = criteria.must_match.group(pivot);
        let groups = criteria.must_match.compatible(group);
        let mut keys = 0;
        let (cells, scratch) = (&self.keys, &mut self.scratch);
        if groups.len() <= MAX_CELLS {
            for group in groups.iter() {
                scratch.each(criteria, &self.parts, pivot, mode, *group, |key| {
                    keys += 1;
                    if keys <= MAX_CELLS {
                        found.extend(cells.get(key));
                    }
                });
            }
        }
        if groups.len() > MAX_CELLS || keys > MAX_CELLS {
            found.clear();
            found.push(EVERYTHING);
            return false;
        }
        // Groups differ from cell to cell, so only values of options can lead to one ticket twice.
        keys > groups.len()
    }

    /// The kinds in a lane, with how many of its candidates are of each at most.
    pub(super) fn kinds_in<'i>(
        &'i self,
        pool: &Pool,
        lane: &LaneToWalk,
    ) -> impl Iterator<Item = (PartyKind, u32)> + 'i {
        let shares = self.shares(lane.lane);
        let only = pool.party_kinds.in_group(lane.group).start;
        let one = shares.is_empty().then_some((only, lane.waiting));
        shares.iter().copied().chain(one)
    }

    /// Players who wait in these cells; those of a ticket in several count for each.
    pub(super) fn players_in(&self, pool: &Pool, cells: &[Cell]) -> u64 {
        let lanes = cells
            .iter()
            .flat_map(|cell| self.cells[*cell as usize].clone());
        let players = lanes.map(|lane| {
            let each = pool.party_kinds.players_in(self.groups[lane as usize]);
            u64::from(each) * u64::from(self.waiting[lane as usize])
        });
        players.sum()
    }

    /// The lanes of these cells in which candidates of a pivot wait, of at most so many players each.
    pub(super) fn lanes_to_walk(
        &self,
        pool: &Pool,
        pivot: Id,
        cells: &[Cell],
        max_players: u32,
        lanes: &mut Vec<LaneToWalk>,
    ) {
        lanes.clear();
        let own = self.lanes.get(pivot);
        for lane in cells
            .iter()
            .flat_map(|cell| self.cells[*cell as usize].clone())
        {
            let group = self.groups[lane as usize];
            let players = pool.party_kinds.players_in(group);
            let waiting = self.waiting[lane as usize] - u32::from(own.contains(&lane));
            if waiting > 0 && players <= max_players {
                lanes.push(LaneToWalk {
                    lane,
                    group,
                    players,
                    waiting,
                });
            }
        }
    }

    /// The sections to walk for a pivot in its region.
    pub(super) fn sections(
        &mut self,
        pool: &Pool,
        criteria: &Criteria<'_>,
        pivot: &Pivot,
    ) -> Sections {
        match (self.axis, pivot.region) {
            // Those that fit any region are in one section for all, or their number times that of the
            // regions would be held.
            (Axis::Latency, Some(region)) => [Tickets::FitAnyRegion, Tickets::Region(region)]
                .map(|tickets| self.section(pool, criteria, tickets))
                .into(),
            _ => std::iter::once(self.section(pool, criteria, Tickets::All)).collect(),
        }
    }

    /// A section for pivots. O(n log n) the first time.
    fn section(&mut self, pool: &Pool, criteria: &Criteria<'_>, tickets: Tickets) -> Section {
        if let Some(section) = self.sections.get(&tickets) {
            return *section;
        }
        let axis = self.axis;
        let regions = &criteria.regions;
        let place = |id| match (tickets, axis) {
            (Tickets::All, Axis::Distance(rule)) => Some(criteria.distances.value(id, rule)),
            (Tickets::All, Axis::Latency | Axis::Age) => Some(0.0),
            (Tickets::FitAnyRegion, _) => regions.fits_any(id).then_some(0.0),
            (Tickets::Region(region), _) => {
                let known = regions.latency(id, region).is_some();
                known.then(|| regions.excess(id, region) as f64)
            }
        };
        let mut entries = Vec::with_capacity(pool.len() as usize * 2);
        for id in (0..pool.len()).filter(|id| pool.waits(*id)) {
            if let Some(place) = place(id) {
                // Adding zero makes -0 into 0: they are one place.
                let lanes = self.lanes.get(id).iter();
                entries.extend(lanes.map(|lane| (*lane, place + 0.0, id)));
            }
        }
        let section = self.plane.add_for_pivots(entries, |id| Demand {
            reach: match axis {
                Axis::Distance(rule) => criteria.distances.reach(id, rule),
                Axis::Latency | Axis::Age => Reach::EVERYWHERE,
            },
            open: regions.open(id),
        });
        self.sections.insert(tickets, section);
        section
    }

    /// How a pivot looks at its section.
    pub(super) fn view<'c>(&self, criteria: &'c Criteria<'c>, pivot: &Pivot) -> View<'c> {
        View {
            pivot: pivot.id,
            scale: match self.axis {
                Axis::Distance(rule) => Scale::Distance(criteria.distances.window(pivot.id, rule)),
                Axis::Latency => Scale::Latency(&criteria.regions),
                Axis::Age => Scale::Flat,
            },
            region: match pivot.region {
                Some(region) if !pivot.one_way => criteria.regions.bit(region),
                _ => 0,
            },
        }
    }
}

/// The axis that lets a search end soonest.
fn axis(pool: &Pool, criteria: &Criteria<'_>) -> Axis {
    let regions = &criteria.regions;
    match criteria.distances.most_selective(pool.len()) {
        Some(rule) => Axis::Distance(rule),
        None if regions.counts() && regions.measured() <= MAX_MEASURED => Axis::Latency,
        None => Axis::Age,
    }
}
