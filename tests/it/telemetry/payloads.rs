//! What clients send is logged at debug only, and in bounds.

use match_function::proto::{Parameters, Rules, Slot, Slots};

use super::{line, start, traced};

#[tokio::test]
async fn a_ruleset_is_logged_at_debug_and_cut() {
    let json = format!("{{\"x\": \"{}\"}}", "é".repeat(5_000));
    for (level, told) in [("info", false), ("debug", true)] {
        let mut running = start(&[("LOG_LEVEL", level)]).await;
        let parameters = Parameters {
            rules: Some(Rules { json: json.clone() }),
            ..Parameters::default()
        };
        let parameters = Slots::MAKE_MATCHES.write(Slot::Parameters, &parameters);
        let request = traced(tokio_stream::once(parameters.expect("has it")));
        let answers = running.client.make_matches(request).await.expect("begins");
        let end = answers.into_inner().message().await.expect("ends well");
        assert!(end.is_none());
        let lines = running.end().await;
        if told {
            let begin = line(&lines, "tick begins");
            let ruleset = begin["ruleset"].as_str().expect("a text");
            assert!(json.starts_with(ruleset) && (1_000..=1_024).contains(&ruleset.len()));
            assert_eq!(begin["bytes"], json.len());
        } else {
            assert!(lines.iter().all(|line| !line.to_string().contains("éé")));
        }
    }
}
