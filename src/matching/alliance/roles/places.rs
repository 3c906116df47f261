//! Teams in places of a match, each with its own list of roles.

/// Whether each of so many teams can have a place of its own, and each required place a team. `fits` says
/// for each place which teams are right there. Like players and roles: where both can be done, both can
/// be done at once, and the required places come first.
pub(super) fn are_matched(fits: &[Vec<bool>], required: &[bool], teams: usize) -> bool {
    let mut team_at = vec![None; fits.len()];
    let mut place_of = vec![None; teams];
    for (place, _) in required
        .iter()
        .enumerate()
        .filter(|(_, required)| **required)
    {
        let mut seen = vec![false; teams];
        if !find_team(fits, place, &mut seen, &mut team_at, &mut place_of) {
            return false;
        }
    }
    (0..teams).all(|team| {
        let mut seen = vec![false; fits.len()];
        place_of[team].is_some() || find_place(fits, team, &mut seen, &mut team_at, &mut place_of)
    })
}

/// Finds a team for a place, others changing theirs where that makes room.
fn find_team(
    fits: &[Vec<bool>],
    place: usize,
    seen: &mut [bool],
    team_at: &mut [Option<usize>],
    place_of: &mut [Option<usize>],
) -> bool {
    for team in 0..place_of.len() {
        if !fits[place][team] || std::mem::replace(&mut seen[team], true) {
            continue;
        }
        let is_free = match place_of[team] {
            None => true,
            Some(other) => find_team(fits, other, seen, team_at, place_of),
        };
        if is_free {
            team_at[place] = Some(team);
            place_of[team] = Some(place);
            return true;
        }
    }
    false
}

/// The same for a team. Places that are taken stay so.
fn find_place(
    fits: &[Vec<bool>],
    team: usize,
    seen: &mut [bool],
    team_at: &mut [Option<usize>],
    place_of: &mut [Option<usize>],
) -> bool {
    for place in 0..team_at.len() {
        if !fits[place][team] || std::mem::replace(&mut seen[place], true) {
            continue;
        }
        let is_free = match team_at[place] {
            None => true,
            Some(other) => find_place(fits, other, seen, team_at, place_of),
        };
        if is_free {
            team_at[place] = Some(team);
            place_of[team] = Some(place);
            return true;
        }
    }
    false
}
