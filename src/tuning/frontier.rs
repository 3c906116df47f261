//! Which of the rulesets that were tried nobody beats, and three of them to choose from.

use super::search::Tried;

/// A ruleset that is proposed.
#[derive(Debug)]
pub struct Proposal<'t> {
    /// Who will like it.
    pub style: Style,
    /// The ruleset with its figures.
    pub tried: &'t Tried,
}

/// Who will like a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Players wait as long as the goals allow, for the best matches.
    Patient,
    /// Between the other two.
    Balanced,
    /// Players wait least, for matches that are no worse than today's.
    Quick,
}

impl Style {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Patient => "patient",
            Self::Balanced => "balanced",
            Self::Quick => "quick",
        }
    }
}

/// For each point how many others have to be taken away until nobody beats it: 0 for those on the
/// frontier. O(n² · layers).
pub(super) fn layers(points: &[(f64, f64)]) -> Vec<usize> {
    let mut layers = vec![usize::MAX; points.len()];
    let mut layer = 0;
    while layers.contains(&usize::MAX) {
        let open: Vec<usize> = (0..points.len())
            .filter(|at| layers[*at] == usize::MAX)
            .collect();
        for at in &open {
            if !open.iter().any(|other| beats(points[*other], points[*at])) {
                layers[*at] = layer;
            }
        }
        layer += 1;
    }
    layers
}

/// Whether the first is no worse in both, and better in one. Numbers are finite.
fn beats(a: (f64, f64), b: (f64, f64)) -> bool {
    a.0 <= b.0 && a.1 <= b.1 && a != b
}

/// The best so many points, those of lower layers first; of one layer, those at its ends and then those
/// that leave the widest gaps.
pub(super) fn best(points: &[(f64, f64)], count: usize) -> Vec<usize> {
    let layers = layers(points);
    let mut order: Vec<usize> = (0..points.len()).collect();
    order.sort_by(|a, b| {
        layers[*a]
            .cmp(&layers[*b])
            .then(points[*a].0.total_cmp(&points[*b].0))
    });
    let mut kept: Vec<usize> = Vec::new();
    for layer in order.chunk_by(|a, b| layers[*a] == layers[*b]) {
        let room = count.saturating_sub(kept.len());
        if layer.len() <= room {
            kept.extend(layer);
            continue;
        }
        // Evenly along the layer, its ends among them.
        let last = layer.len() - 1;
        let mut places: Vec<usize> = (0..room)
            .map(|at| at * last / room.max(2).saturating_sub(1))
            .collect();
        places.dedup();
        kept.extend(places.into_iter().map(|place| layer[place.min(last)]));
        break;
    }
    kept
}

/// Patient, balanced and quick: of the rulesets that meet the goals, as far as there are such. The first
/// one is today's.
pub(super) fn proposals(all: &[Tried]) -> Vec<Proposal<'_>> {
    let Some((today, others)) = all.split_first() else {
        return Vec::new();
    };
    let fine = || others.iter().filter(|tried| tried.meets_goals);
    let patient = fine().min_by(|a, b| a.point.1.total_cmp(&b.point.1));
    let no_worse = || fine().filter(|tried| tried.point.1 <= today.point.1);
    let quick = no_worse().min_by(|a, b| a.point.0.total_cmp(&b.point.0));
    let (Some(patient), Some(quick)) = (patient, quick) else {
        return patient
            .into_iter()
            .map(|tried| proposal(Style::Patient, tried))
            .collect();
    };
    // Half way between, measured by what lies between the other two.
    let ends = [quick.point, patient.point];
    let share = |at: f64, from: f64, to: f64| (at - from) / (to - from + f64::MIN_POSITIVE);
    let loss = |tried: &Tried| {
        let wait = share(tried.point.0, ends[0].0, ends[1].0);
        let quality = share(tried.point.1, ends[1].1, ends[0].1);
        wait.hypot(quality)
    };
    let is_end = |tried: &&Tried| std::ptr::eq(*tried, patient) || std::ptr::eq(*tried, quick);
    let balanced = no_worse()
        .filter(|tried| !is_end(tried))
        .min_by(|a, b| loss(a).total_cmp(&loss(b)));
    let mut proposals = vec![proposal(Style::Patient, patient)];
    proposals.extend(balanced.map(|tried| proposal(Style::Balanced, tried)));
    if !std::ptr::eq(patient, quick) {
        proposals.push(proposal(Style::Quick, quick));
    }
    proposals
}

fn proposal(style: Style, tried: &Tried) -> Proposal<'_> {
    Proposal { style, tried }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_frontier_is_what_nobody_beats() {
        let points = [(1.0, 5.0), (2.0, 3.0), (2.0, 4.0), (3.0, 3.0), (4.0, 1.0)];
        assert_eq!(layers(&points), [0, 0, 1, 1, 0]);
        assert_eq!(best(&points, 3), [0, 1, 4]);
        assert_eq!(best(&points, 2), [0, 4]);
        assert_eq!(best(&points, 9).len(), 5);
    }

    #[test]
    fn equal_points_are_on_one_layer() {
        assert_eq!(layers(&[(1.0, 1.0), (1.0, 1.0)]), [0, 0]);
    }
}
