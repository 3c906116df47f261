//! What a demo says and removes when AGS refuses a step, or answers with what nothing expects.

use super::{SECRET, Stage, lacks_tools};
use crate::support::ags::Fault;
use crate::support::ags::operations::{Failure, Operation};

fn failure(operation: Operation, after: usize) -> Failure {
    Failure {
        operation,
        after,
        fault: Fault::Status(503),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_at_any_step_is_said_and_cleaned_up() {
    if lacks_tools() {
        return;
    }
    let stage = Stage::set().await;
    for (operation, after, doing) in [
        (Operation::LogIn, 0, "log in as the OAuth client: POST"),
        (
            Operation::DeletePool,
            0,
            "remove match pool match_function_demo: DELETE",
        ),
        (
            Operation::CreateTemplate,
            0,
            "create the session template: POST",
        ),
        (Operation::CreateRuleset, 0, "create the ruleset: POST"),
        (
            Operation::CreateFunction,
            0,
            "register the match function: POST",
        ),
        (Operation::CreatePool, 0, "create the match pool: POST"),
        (
            Operation::CreatePlayer,
            0,
            "create player 1 (./demo.sh --test-users is another way): POST",
        ),
        (
            Operation::CreatePlayer,
            2,
            "create player 3 (./demo.sh --test-users is another way): POST",
        ),
        (
            Operation::Authorize,
            1,
            "ask for the login of player 2: GET",
        ),
        (Operation::Authenticate, 0, "log player 1 in: POST"),
        (Operation::PlayerToken, 2, "get a token for player 3: POST"),
        (
            Operation::CreateTicket,
            0,
            "create a match ticket for player 1: POST",
        ),
        (
            Operation::CreateTicket,
            2,
            "create a match ticket for player 3: POST",
        ),
        (Operation::ShowTicket, 0, "see the ticket of player 1: GET"),
    ] {
        let demo = stage.run_with(failure(operation, after)).await;
        assert_eq!(demo.code, Some(1), "{operation:?}: {demo:?}");
        let line = format!("demo.sh: cannot {doing} {}/", stage.ags.url());
        assert!(demo.err.starts_with(&line), "{line}: {}", demo.err);
        assert!(
            demo.err.contains(" answered 503: on demand (20000)\n"),
            "{}",
            demo.err
        );
        assert_eq!(stage.left_over(), [""; 0], "{operation:?}");
        assert!(!demo.out.contains("players are matched"), "{}", demo.out);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_removed_is_said_and_the_rest_is() {
    if lacks_tools() {
        return;
    }
    let stage = Stage::set().await;
    // The first deletions remove what an earlier demo left.
    let failures = [
        (Operation::CancelTicket, 0, "match ticket"),
        (Operation::DeletePool, 1, "match pool match_function_demo"),
        (
            Operation::DeleteFunction,
            1,
            "match function match_function_demo",
        ),
        (Operation::DeleteRuleset, 1, "ruleset match_function_demo"),
        (
            Operation::DeleteTemplate,
            1,
            "session template match_function_demo",
        ),
        (Operation::DeletePlayer, 2, "player"),
    ];
    let fail = failures.map(|(operation, after, _)| failure(operation, after));
    stage.ags.game(|game| game.fail(fail.to_vec()));
    let demo = stage.run().await;
    assert_eq!(demo.code, Some(1), "{demo:?}");
    assert!(
        demo.out.contains("2 of 3 players are matched"),
        "{}",
        demo.out
    );
    assert!(!demo.out.contains("nothing is left over"), "{}", demo.out);
    assert_eq!(demo.err.lines().count(), failures.len(), "{}", demo.err);
    for (line, (_, _, what)) in demo.err.lines().zip(failures) {
        let begin = format!("demo.sh: cannot remove {what}");
        assert!(line.starts_with(&begin), "{begin}: {line}");
        assert!(line.ends_with("answered 503: on demand (20000)"), "{line}");
    }
    let kinds = [
        "Pool", "Function", "Ruleset", "Template", "Ticket", "Player",
    ];
    assert_eq!(stage.left_over(), kinds);

    // The next demo removes what has its names; of other players it does not know.
    stage.ags.game(|game| game.fail(vec![]));
    let demo = stage.run().await;
    assert_eq!(demo.code, Some(0), "{demo:?}");
    let named = |kind: &String| !["Ticket", "Player"].contains(&kind.as_str());
    assert!(!stage.left_over().iter().any(named));
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_answers_are_said() {
    if lacks_tools() {
        return;
    }
    let stage = Stage::set().await;
    let page = "<html>\u{1b}[31m maintenance</html>";
    let refusal = "http://login.example/?error=access_denied&error_description=no%20way+in";
    for (operation, fault, parts) in [
        (
            Operation::LogIn,
            Fault::Body(page.into()),
            ["answered 200 without .access_token", ""],
        ),
        (
            Operation::CreateRuleset,
            Fault::Redirect("http://x.example/".into()),
            ["answered 307: a redirect to http://x.example/", ""],
        ),
        (
            Operation::Authorize,
            Fault::Redirect(refusal.into()),
            [
                "ask for the login of player 1",
                "answered 307: access_denied: no way in",
            ],
        ),
        (
            Operation::Authenticate,
            Fault::Body("{}".into()),
            ["log player 1 in", "answered 200: {}"],
        ),
        (
            Operation::CreatePlayer,
            Fault::Truncated,
            ["was not answered: curl: (", ""],
        ),
        (
            Operation::CreateTicket,
            Fault::Body(r#"{"matchTicketID": 7}"#.into()),
            ["answered 200 without .matchTicketID", ""],
        ),
        (
            Operation::ShowTicket,
            Fault::Body(page.into()),
            ["answered 200 and no JSON", ""],
        ),
    ] {
        let demo = stage
            .run_with(Failure {
                operation,
                after: 0,
                fault,
            })
            .await;
        assert_eq!(demo.code, Some(1), "{operation:?}: {demo:?}");
        for part in parts {
            assert!(demo.err.contains(part), "{part}: {}", demo.err);
        }
        assert_eq!(demo.err.lines().count(), 1, "{}", demo.err);
        assert_eq!(stage.left_over(), [""; 0], "{operation:?}");
    }
    // AGS that repeats what it was sent: secrets are masked.
    let echo = format!(
        r#"{{"error": "invalid_client", "error_description": "{}"}}"#,
        SECRET.replace('\\', r"\\").replace('"', r#"\""#)
    );
    let fault = Fault::Refusal(401, echo);
    let demo = stage
        .run_with(Failure {
            operation: Operation::LogIn,
            after: 0,
            fault,
        })
        .await;
    assert!(
        demo.err.contains("answered 401: *** (invalid_client)"),
        "{}",
        demo.err
    );
}
