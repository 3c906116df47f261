//! What a game and its operators ask of AGS, beside what the server asks: the requests of `demo.sh`.

use std::str::FromStr;

use super::Fault;
use super::identity::percent_decoded;

/// One kind of request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Operation {
    LogIn,
    PlayerToken,
    Authorize,
    Authenticate,
    CreatePlayer,
    CreateTestPlayers,
    DeletePlayer,
    CreateTemplate,
    DeleteTemplate,
    CreateRuleset,
    DeleteRuleset,
    CreateFunction,
    DeleteFunction,
    CreatePool,
    DeletePool,
    CreateTicket,
    ShowTicket,
    CancelTicket,
}

/// The callers that an operation admits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Caller {
    Anyone,
    /// By the id and secret of the OAuth client.
    Login,
    /// By a token of the OAuth client.
    Client,
    /// By a token of a player.
    Player,
}

/// Each operation with its name, its request and the callers it admits. `*` is any segment.
#[rustfmt::skip] // a row each
const TABLE: [(Operation, &str, &str, &str, Caller); 18] = {
    use Caller::{Anyone, Client, Login, Player};
    use Operation::*;
    [
        (LogIn, "log-in", "POST", "iam/v3/oauth/token", Login),
        (PlayerToken, "player-token", "POST", "iam/v3/oauth/token", Login),
        (Authorize, "authorize", "GET", "iam/v3/oauth/authorize", Anyone),
        (Authenticate, "authenticate", "POST", "iam/v3/authenticate", Anyone),
        (CreatePlayer, "create-player", "POST", "iam/v4/public/namespaces/*/users", Client),
        (CreateTestPlayers, "create-test-players", "POST", "iam/v4/admin/namespaces/*/test_users", Client),
        (DeletePlayer, "delete-player", "DELETE", "iam/v3/admin/namespaces/*/users/*/information", Client),
        (CreateTemplate, "create-template", "POST", "session/v1/admin/namespaces/*/configuration", Client),
        (DeleteTemplate, "delete-template", "DELETE", "session/v1/admin/namespaces/*/configurations/*", Client),
        (CreateRuleset, "create-ruleset", "POST", "match2/v1/namespaces/*/rulesets", Client),
        (DeleteRuleset, "delete-ruleset", "DELETE", "match2/v1/namespaces/*/rulesets/*", Client),
        (CreateFunction, "create-function", "POST", "match2/v1/namespaces/*/match-functions", Client),
        (DeleteFunction, "delete-function", "DELETE", "match2/v1/namespaces/*/match-functions/*", Client),
        (CreatePool, "create-pool", "POST", "match2/v1/namespaces/*/match-pools", Client),
        (DeletePool, "delete-pool", "DELETE", "match2/v1/namespaces/*/match-pools/*", Client),
        (CreateTicket, "create-ticket", "POST", "match2/v1/namespaces/*/match-tickets", Player),
        (ShowTicket, "show-ticket", "GET", "match2/v1/namespaces/*/match-tickets/*", Player),
        (CancelTicket, "cancel-ticket", "DELETE", "match2/v1/namespaces/*/match-tickets/*", Player),
    ]
};

impl Operation {
    /// What a request asks for, with the segments that stand for `*`.
    pub(super) fn of(method: &str, path: &str, body: &[u8]) -> Option<(Self, Vec<String>)> {
        let segments: Vec<&str> = path.split('/').skip(1).collect();
        let names = |pattern: &str| {
            let pattern: Vec<&str> = pattern.split('/').collect();
            let mut both = pattern.iter().zip(&segments);
            let fits = pattern.len() == segments.len()
                && both.all(|(wanted, found)| *wanted == "*" || wanted == found);
            let starred = pattern.iter().zip(&segments).filter(|(p, _)| **p == "*");
            fits.then(|| starred.map(|(_, name)| percent_decoded(name)).collect())
        };
        let of_player = body.windows(18).any(|part| part == b"authorization_code");
        TABLE.iter().find_map(|(operation, _, wanted, pattern, _)| {
            let other_grant = match operation {
                Self::LogIn => of_player,
                Self::PlayerToken => !of_player,
                _ => false,
            };
            let names = names(pattern).filter(|_| *wanted == method && !other_grant)?;
            Some((*operation, names))
        })
    }

    fn row(self) -> &'static (Self, &'static str, &'static str, &'static str, Caller) {
        let row = TABLE.iter().find(|row| row.0 == self);
        row.expect("every operation is in the table")
    }

    pub(super) fn caller(self) -> Caller {
        self.row().4
    }

    /// The error body of the service that it belongs to.
    pub(super) fn error_body(self, code: u32, text: &str) -> serde_json::Value {
        use serde_json::json;
        match self.row().3.split('/').next() {
            _ if self.caller() == Caller::Login => {
                json!({"error": code.to_string(), "error_description": text})
            }
            Some("match2") => json!({"ErrorCode": code, "ErrorMessage": text}),
            Some("session") => {
                json!({"attributes": {}, "errorCode": code, "errorMessage": text, "message": text, "name": "-"})
            }
            _ => json!({"errorCode": code, "errorMessage": text}),
        }
    }
}

/// A fault of an operation from its `after`-th request on, counted from 0.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    pub(crate) operation: Operation,
    pub(crate) after: usize,
    pub(crate) fault: Fault,
}

impl FromStr for Failure {
    type Err = String;

    /// `create-pool=403`: every such request is answered 403. `create-player@3=500`: from the third
    /// one on.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |what: &str| {
            let names: Vec<_> = TABLE.iter().map(|row| row.1).collect();
            format!(
                "{what}; the form is NAME=STATUS or NAME@N=STATUS, names are {}",
                names.join(", ")
            )
        };
        let (name, status) = text.split_once('=').ok_or_else(|| wrong("no `=`"))?;
        let (name, nth) = name.split_once('@').unwrap_or((name, "1"));
        let row = TABLE.iter().find(|row| row.1 == name);
        let operation = row
            .ok_or_else(|| wrong(&format!("{name:?} is not a name")))?
            .0;
        let nth: Option<usize> = nth.parse().ok().filter(|nth| *nth > 0);
        let after = nth.ok_or_else(|| wrong("N is a number from 1"))? - 1;
        let status: Option<u16> = status
            .parse()
            .ok()
            .filter(|status| (400..600).contains(status));
        let fault = Fault::Status(status.ok_or_else(|| wrong("STATUS is 400 to 599"))?);
        Ok(Self {
            operation,
            after,
            fault,
        })
    }
}
