use proptest::prelude::*;
use serde_json::Value;

use super::{BloomFilter, WireFilter, halves, indexes};
use crate::auth::testing::vectors;

fn filter(wire: &Value) -> Result<BloomFilter, String> {
    let wire: WireFilter =
        serde_json::from_str(&wire.to_string()).map_err(|error| error.to_string())?;
    BloomFilter::try_from(wire).map_err(|error| error.to_string())
}

fn decimal(value: &Value) -> u64 {
    value
        .as_str()
        .and_then(|text| text.parse().ok())
        .expect("a decimal text")
}

#[test]
fn hash_vectors() {
    let file = vectors("bloom");
    let rows = file["hashes"].as_array().expect("rows");
    for row in rows {
        let key = row["key"].as_str().expect("key").as_bytes();
        assert_eq!(
            halves(key),
            (decimal(&row["h1"]), decimal(&row["h2"])),
            "{row}"
        );
        let (m, k) = (row["m"].as_u64().expect("m"), row["k"].as_u64().expect("k"));
        let found: Vec<u64> = indexes(key, m, k).collect();
        let wanted: Vec<u64> = row["indexes"]
            .as_array()
            .expect("indexes")
            .iter()
            .map(|index| index.as_u64().expect("an index"))
            .collect();
        assert_eq!(found, wanted, "{row}");
    }
    assert_eq!(rows.len(), 33);
}

#[test]
fn filter_vectors() {
    let file = vectors("bloom");
    let rows = file["filters"].as_array().expect("rows");
    let mut queries = 0;
    for row in rows {
        let filter = filter(row).expect("a usable filter");
        let words: Vec<u64> = row["bits_decimal"]
            .as_array()
            .expect("words")
            .iter()
            .map(decimal)
            .collect();
        assert_eq!(*filter.bits, *words, "words above 2^53 keep every bit");
        for key in row["inserted"].as_array().expect("inserted") {
            assert!(
                filter.may_contain(key.as_str().expect("key").as_bytes()),
                "{key}"
            );
        }
        for query in row["queries"].as_array().expect("queries") {
            let key = query["key"].as_str().expect("key").as_bytes();
            assert_eq!(
                Value::Bool(filter.may_contain(key)),
                query["might_contain"],
                "{query}"
            );
            queries += 1;
        }
    }
    assert_eq!((rows.len(), queries), (10, 680));
}

#[test]
fn unusable_vectors() {
    let file = vectors("bloom");
    let rows = file["unusable"].as_array().expect("rows");
    for row in rows {
        let found = filter(row);
        match row["recommended"].as_str().expect("recommended") {
            "reject the list" => assert!(found.is_err(), "{row}"),
            "treat as an empty filter: nothing is revoked" => {
                let filter = found.unwrap_or_else(|error| panic!("{row}: {error}"));
                assert!(
                    !filter.may_contain(b"") && !filter.may_contain(b"any"),
                    "{row}"
                );
            }
            other => panic!("an unknown recommendation: {other}"),
        }
    }
    assert_eq!(rows.len(), 15);
}

#[test]
fn refuses_sizes_that_would_cost_time_or_reach_outside() {
    for (m, k) in [(128, 1 << 31), (128, 65), (128, 0), (0, 1), (129, 1)] {
        let wire = serde_json::json!({"m": m, "k": k, "bits": [1, 2]});
        assert!(filter(&wire).is_err(), "{wire}");
    }
}

proptest! {
    #[test]
    fn no_false_negatives(
        keys in prop::collection::vec(".{0,80}", 1..20),
        words in 1_usize..40,
        k in 1_u64..=64,
    ) {
        let m = words as u64 * 64;
        let mut bits = vec![0_u64; words];
        for key in &keys {
            for index in indexes(key.as_bytes(), m, k) {
                bits[(index / 64) as usize] |= 1 << (index % 64);
            }
        }
        let filter = BloomFilter::try_from(WireFilter { m, k, bits: Some(bits) }).unwrap();
        for key in &keys {
            prop_assert!(filter.may_contain(key.as_bytes()));
        }
    }
}
