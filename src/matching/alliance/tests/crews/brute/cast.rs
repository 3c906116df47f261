//! Every way to give out the roles of a team.

use crate::matching::alliance::rules::RoleList;

/// Roles given out in a team, in the order in which one way is better than another: cost, sum of squares,
/// cost of each player, place of each player's role in the list; then the names.
pub(super) type Cast = (u32, u32, Vec<u32>, Vec<usize>, Vec<String>);

/// The best way to give out the roles of a list.
pub(super) fn cast(list: &RoleList, asks: &[Vec<String>]) -> Option<Cast> {
    let options = asks.iter().map(|asks| {
        let any = asks.iter().position(|name| name == "any");
        let options = list.0.iter().enumerate().filter_map(|(at, role)| {
            let named = asks.iter().position(|name| *name == *role.name);
            Some((at, role.name.to_string(), named.or(any)? as u32))
        });
        options.collect()
    });
    let bounds: Vec<(u32, u32)> = list.0.iter().map(|role| (role.min, role.max)).collect();
    best(&options.collect::<Vec<_>>(), &bounds)
}

/// The same where each name may be played once, and `any` by all wildcards.
pub(super) fn unique(asks: &[Vec<String>]) -> Option<Cast> {
    let mut names: Vec<&String> = asks
        .iter()
        .flatten()
        .filter(|name| *name != "any")
        .collect();
    names.sort_unstable();
    names.dedup();
    let options = asks.iter().map(|asks| {
        let options = asks.iter().enumerate().map(|(cost, name)| {
            let at = names.iter().position(|known| *known == name);
            (at.unwrap_or(names.len()), name.clone(), cost as u32)
        });
        options.collect()
    });
    let mut bounds = vec![(0, 1); names.len()];
    bounds.push((0, u32::MAX));
    best(&options.collect::<Vec<_>>(), &bounds)
}

type Options = Vec<(usize, String, u32)>;

fn best(options: &[Options], bounds: &[(u32, u32)]) -> Option<Cast> {
    fn give(
        options: &[Options],
        bounds: &[(u32, u32)],
        given: &mut Vec<(usize, String, u32)>,
        best: &mut Option<Cast>,
    ) {
        let Some((own, rest)) = options.split_first() else {
            let mut counts = vec![0; bounds.len()];
            given.iter().for_each(|(at, ..)| counts[*at] += 1);
            let fits = |(count, (min, max)): (&u32, &(u32, u32))| min <= count && count <= max;
            if counts.iter().zip(bounds).all(fits) {
                let costs: Vec<u32> = given.iter().map(|one| one.2).collect();
                let cast = (
                    costs.iter().sum(),
                    counts.iter().map(|count| count * count).sum(),
                    costs,
                    given.iter().map(|one| one.0).collect(),
                    given.iter().map(|one| one.1.clone()).collect(),
                );
                if best.as_ref().is_none_or(|known| cast < *known) {
                    *best = Some(cast);
                }
            }
            return;
        };
        for option in own {
            given.push(option.clone());
            give(rest, bounds, given, best);
            given.pop();
        }
    }
    let mut found = None;
    give(options, bounds, &mut Vec::new(), &mut found);
    found
}
