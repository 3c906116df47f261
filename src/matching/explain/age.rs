//! What a ruleset changes as a ticket ages.

/// Something that depends on the age of a ticket, or on that of the pivot.
#[derive(Debug, Clone, PartialEq)]
pub struct Aging {
    /// What it is, such as `mmr: maximum distance`.
    pub what: String,
    /// The unit of its values: `players`, `ms`, or nothing.
    pub unit: &'static str,
    /// Each line with its name and its values in the order of age.
    pub lines: Vec<(String, Vec<Held>)>,
}

/// A value that holds for a while.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Held {
    /// From which age, in s: strictly older tickets have it.
    pub from_s: f64,
    /// The value; `None` if there is no limit.
    pub value: Option<f64>,
}

impl Aging {
    /// A line of what holds from each of these ages (ms, ascending) on; equal values in a row are one.
    pub fn line(
        name: impl Into<String>,
        ages_ms: &[i64],
        value_at: impl Fn(i64) -> Option<f64>,
    ) -> (String, Vec<Held>) {
        let mut held: Vec<Held> = Vec::new();
        for from_ms in ages_ms {
            // What is said of an age holds for those strictly older.
            let value = value_at(from_ms + 1);
            if held.last().is_none_or(|last| last.value != value) {
                #[expect(clippy::cast_precision_loss, reason = "ages are far below 2^53 ms")]
                let from_s = *from_ms as f64 / 1e3;
                held.push(Held { from_s, value });
            }
        }
        (name.into(), held)
    }
}
