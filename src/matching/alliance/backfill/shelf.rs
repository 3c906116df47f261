//! Waiting tickets in the order in which a session takes them.
//!
//! Where a ticket that makes a match looks for the nearest in a cell of the [`Index`], a session also
//! wants no larger party than its seats, and of equal scores the lower latency in its region. So its
//! [`Walk`] goes over **shelves**, which are sections of a plane of their own: one for each region,
//! with the tickets to which it is open; one with those that fit any region, so that no region needs a
//! copy of them; and one with all, for sessions without a region. Within a run the cheapest come first.

use hashbrown::HashMap;
use smallvec::SmallVec;

use crate::matching::alliance::criteria::Criteria;
use crate::matching::alliance::criteria::region::Region;
use crate::matching::alliance::index::{Cell, Index, Sections, Tickets};
use crate::matching::alliance::pair::Pivot;
use crate::matching::alliance::pool::{Id, Pool};
use crate::matching::alliance::walk::{LaneToWalk, Plane, Rank, Scale, Section, View, Walk};

/// The latency of a ticket as it counts in the order.
pub(super) fn latency(criteria: &Criteria<'_>, id: Id, region: Option<Region>) -> i64 {
    let known = region.and_then(|region| criteria.regions.latency(id, region));
    known.unwrap_or(i64::MAX)
}

/// Which tickets a shelf has, and whether by place on the axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Shelf {
    tickets: Tickets,
    placed: bool,
}

/// All shelves of a tick, each made when a session first asks for it.
#[derive(Debug)]
pub(super) struct Shelves {
    fit_any: Vec<Id>,
    open_to: Vec<Vec<Id>>,
    sections: HashMap<Shelf, Section>,
    plane: Plane,
    walk: Walk,
    lanes: Vec<LaneToWalk>,
}

impl Shelves {
    /// Sorts out which tickets may play where. O(n r) for r regions reported by a ticket.
    pub(super) fn new(pool: &Pool, criteria: &Criteria<'_>) -> Self {
        let mut fit_any = Vec::new();
        let mut open_to = vec![Vec::new(); criteria.regions.len() as usize];
        for id in 0..pool.len() {
            if criteria.regions.fits_any(id) {
                fit_any.push(id);
            }
            for region in criteria.regions.reported(id) {
                if criteria.regions.is_open(id, *region, false) {
                    open_to[*region as usize].push(id);
                }
            }
        }
        Self {
            fit_any,
            open_to,
            sections: HashMap::new(),
            plane: Plane::default(),
            walk: Walk::default(),
            lanes: Vec::new(),
        }
    }

    /// Begins a walk from the session's mean outwards, through parties of up to `max_players`. Returns
    /// how to go on.
    pub(super) fn begin<'r>(
        &mut self,
        pool: &Pool,
        criteria: &Criteria<'r>,
        index: &Index,
        session: &Pivot,
        cells: &[Cell],
        max_players: u32,
    ) -> View<'r> {
        let rule = index.rule().filter(|_| session.measured);
        let view = View {
            pivot: session.id,
            scale: rule.map_or(Scale::Flat, |rule| {
                Scale::Distance(criteria.distances.window(session.id, rule))
            }),
            // Only tickets to which the region is open are on the shelves.
            region: 0,
        };
        index.lanes_to_walk(pool, session.id, cells, max_players, &mut self.lanes);
        self.walk.begin();
        let shelves = match session.region {
            Some(region) => {
                let fit_any = (!self.fit_any.is_empty()).then_some(Tickets::FitAnyRegion);
                [fit_any, Some(Tickets::Region(region))]
            }
            None => [Some(Tickets::All), None],
        };
        let mut sections: Sections = SmallVec::new();
        for tickets in shelves.into_iter().flatten() {
            sections.push(self.section(pool, criteria, index, tickets, rule));
        }
        for lane in &self.lanes {
            self.walk
                .enter(&mut self.plane, pool, &view, &sections, *lane);
        }
        view
    }

    /// How many lanes the walk has entered.
    pub(super) fn lanes(&self) -> u64 {
        self.lanes.len() as u64
    }

    /// The least rank of all tickets that are still ahead.
    pub(super) fn ahead(&mut self) -> Option<Rank> {
        self.walk.ahead(|_| true)
    }

    /// The next ticket of the walk. One with several values of an option may come more than once.
    pub(super) fn step(&mut self, pool: &Pool, view: &View<'_>) -> Option<Id> {
        let step = self.walk.step(&mut self.plane, pool, view)?;
        Some(step.ticket)
    }

    /// The section of a shelf, placed by a rule if there is one. O(n log n) the first time.
    fn section(
        &mut self,
        pool: &Pool,
        criteria: &Criteria<'_>,
        index: &Index,
        tickets: Tickets,
        rule: Option<usize>,
    ) -> Section {
        let shelf = Shelf {
            tickets,
            placed: rule.is_some(),
        };
        if let Some(section) = self.sections.get(&shelf) {
            return *section;
        }
        let (ids, region) = match tickets {
            Tickets::All => ((0..pool.len()).collect(), None),
            Tickets::FitAnyRegion => (self.fit_any.clone(), None),
            Tickets::Region(region) => (self.open_to[region as usize].clone(), Some(region)),
        };
        let cost = |id: Id| {
            let excess = region.map_or(0, |region| criteria.regions.excess(id, region));
            Rank {
                score: criteria.regions.cost(excess),
                tie: latency(criteria, id, region),
                id,
            }
        };
        let waiting = ids.into_iter().filter(|id| pool.waits(*id));
        let mut costs: Vec<Rank> = waiting.map(cost).collect();
        costs.sort_unstable();
        let mut entries = Vec::with_capacity(costs.len());
        for (number, cost) in (0..).zip(&costs) {
            // Adding zero makes -0 into 0: they are one place.
            let place = rule.map_or(0.0, |rule| criteria.distances.value(cost.id, rule) + 0.0);
            let lanes = index.lanes_of(cost.id).iter();
            entries.extend(lanes.map(|lane| (*lane, place, number)));
        }
        let section = self.plane.add_for_sessions(entries, &costs);
        self.sections.insert(shelf, section);
        section
    }
}
