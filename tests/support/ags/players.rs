//! Players: sign-up, and login by authorization code with PKCE (RFC 7636).

use std::collections::{BTreeMap, HashMap};

use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::answers::{empty, found, json_response};
use super::game::{Request, refused};
use super::operations::Operation;

/// What a player signed up with.
#[derive(Debug, Clone)]
struct Account {
    email: String,
    password: String,
}

/// A login under way.
#[derive(Debug, Clone)]
struct Login {
    client_id: String,
    challenge: String,
    /// `S256` or `plain`.
    method: String,
}

/// The players of the game, and their logins.
#[derive(Debug, Default)]
pub(super) struct Players {
    players: BTreeMap<String, Account>,
    logins: HashMap<String, Login>,
    /// Login and player by authorization code; a code is good once.
    codes: HashMap<String, (Login, String)>,
    /// Player by token.
    tokens: HashMap<String, String>,
    /// Every password and token there ever was.
    pub(super) secrets: Vec<String>,
}

impl Players {
    pub(super) fn by_token(&self, token: &str) -> Option<&String> {
        self.tokens
            .get(token)
            .filter(|id| self.players.contains_key(*id))
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = &String> {
        self.players.keys()
    }

    pub(super) fn create(&mut self, request: &Request<'_>, id: String) -> Response {
        let Some(body) = request.json() else {
            return refused(
                request.operation,
                400,
                20019,
                "unable to parse request body",
            );
        };
        let text = |field: &str| body[field].as_str().filter(|text| !text.is_empty());
        let (Some(email), Some(password), Some(username)) =
            (text("emailAddress"), text("password"), text("username"))
        else {
            return refused(request.operation, 400, 20002, "validation error");
        };
        if let Err(why) = is_strong(password) {
            return refused(request.operation, 400, 20002, why);
        }
        if self.players.values().any(|player| player.email == email) {
            return refused(request.operation, 409, 10133, "email already used");
        }
        let player = Account {
            email: email.to_owned(),
            password: password.to_owned(),
        };
        self.secrets.push(password.to_owned());
        self.players.insert(id.clone(), player);
        let answer = json!({
            "authType": "EMAILPASSWD", "country": body["country"], "dateOfBirth": body["dateOfBirth"],
            "displayName": body["displayName"], "emailAddress": email, "userId": id, "username": username,
            "namespace": request.names[0],
        });
        json_response(201, &answer)
    }

    pub(super) fn create_test_players(
        &mut self,
        request: &Request<'_>,
        mut new_id: impl FnMut() -> String,
    ) -> Response {
        let count = request.json().and_then(|body| body["count"].as_u64());
        let Some(count) = count.filter(|count| (1..=100).contains(count)) else {
            return refused(request.operation, 400, 20002, "validation error");
        };
        let one = |_| {
            let (id, password) = (new_id(), format!("Pw1!{}", new_id()));
            let email = format!("test-{id}@example.com");
            let player = Account {
                email: email.clone(),
                password: password.clone(),
            };
            self.secrets.push(password.clone());
            self.players.insert(id.clone(), player);
            json!({"userId": id, "emailAddress": email, "password": password, "verified": true})
        };
        let data: Vec<Value> = (0..count).map(one).collect();
        json_response(201, &json!({ "data": data }))
    }

    pub(super) fn delete(&mut self, request: &Request<'_>) -> Response {
        match self.players.remove(&request.names[1]) {
            Some(_) => empty(204),
            None => refused(request.operation, 404, 20008, "user not found"),
        }
    }

    /// The page where the player would type the password. A refusal goes there too.
    pub(super) fn authorize(
        &mut self,
        request: &Request<'_>,
        client_id: &str,
        id: String,
    ) -> Response {
        let query = request.query();
        let given = |name: &str| query.get(name).cloned().unwrap_or_default();
        let page = |query: String| found(format!("http://{}/auth?{query}", request.host));
        let refuse = |error: &str, why: &str| {
            page(format!(
                "error={error}&error_description={}",
                why.replace(' ', "+")
            ))
        };
        if given("client_id") != client_id {
            return refuse("unauthorized_client", "unknown client");
        }
        if given("response_type") != "code" {
            return refuse("unsupported_response_type", "response_type has to be code");
        }
        let method = given("code_challenge_method");
        let challenge = given("code_challenge");
        let fits = match method.as_str() {
            "S256" => challenge.len() == 43,
            "plain" => (43..=128).contains(&challenge.len()),
            _ => false,
        };
        if !fits {
            return refuse("invalid_request", "code_challenge is wrong");
        }
        let login = Login {
            client_id: client_id.to_owned(),
            challenge,
            method,
        };
        self.logins.insert(id.clone(), login);
        page(format!("request_id={id}"))
    }

    pub(super) fn authenticate(&mut self, request: &Request<'_>, code: String) -> Response {
        let form = request.form();
        let given = |name: &str| form.get(name).cloned().unwrap_or_default();
        let Some(login) = self.logins.remove(&given("request_id")) else {
            return refused(request.operation, 400, 20002, "request_id is wrong");
        };
        let mut players = self.players.iter();
        let player = players.find(|(_, player)| {
            player.email == given("user_name") && player.password == given("password")
        });
        let Some((id, _)) = player else {
            let why = "error=invalid_grant&error_description=wrong+name+or+password";
            return found(format!("http://{}/auth?{why}", request.host));
        };
        self.codes.insert(code.clone(), (login, id.clone()));
        found(format!("http://127.0.0.1/redirected?code={code}&state="))
    }

    pub(super) fn token(&mut self, request: &Request<'_>, life_s: u64, token: String) -> Response {
        let form = request.form();
        let given = |name: &str| form.get(name).cloned().unwrap_or_default();
        let refuse = |why: &str| {
            json_response(
                400,
                &json!({"error": "invalid_grant", "error_description": why}),
            )
        };
        let Some((login, player)) = self.codes.remove(&given("code")) else {
            return refuse("the code is wrong or was used before");
        };
        let verifier = given("code_verifier");
        let shown = match login.method.as_str() {
            "S256" => {
                let digest =
                    aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, verifier.as_bytes());
                URL_SAFE_NO_PAD.encode(digest)
            }
            _ => verifier.clone(),
        };
        if login.client_id != given("client_id")
            || !(43..=128).contains(&verifier.len())
            || shown != login.challenge
        {
            return refuse("the code was given to another client");
        }
        self.secrets.push(token.clone());
        self.tokens.insert(token.clone(), player.clone());
        let answer = json!({
            "access_token": token, "expires_in": life_s, "token_type": "Bearer", "user_id": player,
            "namespace": "-", "scope": "account commerce social publishing analytics", "permissions": null,
        });
        json_response(200, &answer)
    }
}

/// IAM's rule for passwords.
fn is_strong(password: &str) -> Result<(), &'static str> {
    let has = |kind: fn(char) -> bool| password.chars().any(kind);
    let letters: Vec<char> = password.chars().collect();
    if !(8..=32).contains(&letters.len()) {
        Err("password: 8 to 32 characters")
    } else if letters
        .windows(3)
        .any(|three| three[0] == three[1] && three[1] == three[2])
    {
        Err("password: not more than 2 equal characters in a row")
    } else if has(|c| c.is_ascii_uppercase())
        && has(|c| c.is_ascii_lowercase())
        && has(|c| c.is_ascii_digit())
        && has(|c| c.is_ascii_punctuation())
    {
        Ok(())
    } else {
        Err("password: upper and lower case, digits and special characters")
    }
}

/// The operations of this module.
pub(super) fn is_of_players(operation: Operation) -> bool {
    use Operation::{
        Authenticate, Authorize, CreatePlayer, CreateTestPlayers, DeletePlayer, PlayerToken,
    };
    matches!(
        operation,
        Authenticate | Authorize | CreatePlayer | CreateTestPlayers | DeletePlayer | PlayerToken
    )
}
