use proptest::prelude::*;

use super::*;
use crate::matching::steps;

const NAME: &str = "mode";

fn option(kind: OptionKind) -> MatchOption {
    let name = NAME.into();
    MatchOption { name, kind }
}

fn ticket(value: Value) -> Ticket {
    Ticket {
        attributes: [(NAME.into(), value)].into_iter().collect(),
        ..Ticket::default()
    }
}

fn numbers(values: impl IntoIterator<Item = u32>) -> Value {
    Value::List(values.into_iter().map(|n| f64::from(n).into()).collect())
}

/// The same, each value compared with each.
fn plainly_common(kind: OptionKind, tickets: &[&Ticket]) -> Option<Value> {
    let of = |ticket: &Ticket| -> Vec<Value> { values(ticket, NAME).cloned().collect() };
    let mut kept: Vec<Value> = Vec::new();
    for (at, ticket) in tickets.iter().enumerate() {
        for value in of(ticket) {
            let in_all = tickets.iter().all(|other| of(other).contains(&value));
            let counts = match kind {
                OptionKind::Unique => true,
                OptionKind::Any | OptionKind::All => at == 0 && in_all,
                OptionKind::Disable => false,
            };
            if counts && !kept.contains(&value) {
                kept.push(value);
            }
        }
    }
    let is_list = |ticket: &&Ticket| matches!(ticket.attributes.get(NAME), Some(Value::List(list)) if !list.is_empty());
    match (kept.len(), tickets.iter().any(is_list)) {
        (0, _) => None,
        (1, false) => kept.pop(),
        _ => Some(Value::List(kept)),
    }
}

fn plainly_contradict(kind: OptionKind, tickets: &[Ticket]) -> bool {
    let of = |ticket: &Ticket| -> Vec<Value> { values(ticket, NAME).cloned().collect() };
    let all: Vec<Vec<Value>> = tickets.iter().map(of).collect();
    let Some(first) = all.first() else {
        return false;
    };
    match kind {
        OptionKind::Unique | OptionKind::Disable => false,
        OptionKind::All => !all.iter().all(|other| {
            other.iter().all(|value| first.contains(value))
                && first.iter().all(|value| other.contains(value))
        }),
        OptionKind::Any => {
            let shared = |value: &Value| all.iter().all(|other| other.contains(value));
            let absent = all.iter().filter(|values| values.is_empty()).count();
            absent != all.len() && (absent > 0 || !first.iter().any(shared))
        }
    }
}

fn value() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        Just(Value::Number(-0.0)),
        (0..30_u32).prop_map(|n| f64::from(n).into()),
        "[ab]?".prop_map(|text| Value::Text(text.into())),
    ];
    let list = prop::collection::vec(scalar.clone(), 0..6);
    let nested = prop_oneof![
        8 => scalar.clone(),
        1 => list.prop_map(Value::List),
    ];
    prop_oneof![
        1 => scalar,
        2 => prop::collection::vec(nested.clone(), 0..5).prop_map(Value::List),
        4 => prop::collection::vec(nested, 0..60).prop_map(Value::List),
    ]
}

proptest! {
    #[test]
    fn short_and_long_lists_give_what_comparing_each_with_each_gives(
        values in prop::collection::vec(value(), 0..4),
    ) {
        let tickets: Vec<Ticket> = values.into_iter().map(ticket).collect();
        let shown: Vec<&Ticket> = tickets.iter().collect();
        for kind in [OptionKind::All, OptionKind::Any, OptionKind::Unique, OptionKind::Disable] {
            let option = option(kind);
            prop_assert_eq!(common_value(&option, &shown), plainly_common(kind, &shown));
            prop_assert_eq!(contradict(&option, &tickets), plainly_contradict(kind, &tickets));
        }
    }
}

#[test]
fn values_are_compared_as_often_as_there_are_values() {
    let count = 4000;
    // The same values in other orders, one value over and over, and no value twice.
    let pools = [
        [0, 1, 2].map(|at| numbers((0..count).map(|n| (n * 7 + at) % count))),
        [0, 0, 0].map(|at| numbers((0..count).map(|_| at))),
        [0, 1, 2].map(|at| numbers(at * count..(at + 1) * count)),
        [0, 1, 1].map(|at| numbers(0..if at == 0 { count } else { 3 })),
    ];
    for lists in pools {
        let tickets = lists.map(ticket);
        let shown: Vec<&Ticket> = tickets.iter().collect();
        for kind in [OptionKind::All, OptionKind::Any, OptionKind::Unique] {
            let steps = steps::of(|| {
                common_value(&option(kind), &shown);
                contradict(&option(kind), &tickets);
            });
            let most = u64::from(8 * FEW as u32 * count);
            assert!(steps <= most, "{kind:?}: {steps}");
        }
    }
}
