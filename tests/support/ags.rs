//! An AGS for tests: the endpoints of the identity and namespace services that the server asks, over
//! real HTTP, with faults on demand and a record of every request. Beside them what `demo.sh` asks,
//! and matchmaking that calls a match function.

#[path = "ags/answers.rs"]
mod answers;
#[path = "ags/game.rs"]
mod game;
#[path = "ags/identity.rs"]
mod identity;
#[path = "ags/matchmaking.rs"]
mod matchmaking;
#[path = "ags/operations.rs"]
pub(crate) mod operations;
#[path = "ags/players.rs"]
mod players;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, HOST, LOCATION, RETRY_AFTER};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use match_function::auth::Endpoint;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::JoinSet;

use self::answers::{broken_body, error};
use self::game::Game;
use self::operations::{Caller, Operation};
use super::tokens::{TestKey, delegated, now_s};

/// What goes wrong at an endpoint.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// This status, with IAM's error body.
    Status(u16),
    /// 429 with a `Retry-After` of so many seconds.
    Busy(u64),
    /// Answers after a while.
    Delay(Duration),
    /// 200, and the connection breaks in the middle of the body.
    Truncated,
    /// 200, a byte now and then, and no end.
    Drip,
    /// 200 with this body.
    Body(String),
    /// This status with this JSON body.
    Refusal(u16, String),
    /// 307 to this address.
    Redirect(String),
}

/// What AGS knows.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    /// The claims of the client's tokens; with `None` they are texts that no key verifies.
    pub(crate) login_claims: Option<Value>,
    /// `expires_in` of the client's tokens.
    pub(crate) token_life_s: u64,
    /// Bodies of the key set by turn; the last one stays.
    pub(crate) jwks: Vec<Value>,
    pub(crate) revocation_list: Value,
    /// Status and body by (role id, namespace); 404 if not listed.
    pub(crate) role_overrides: HashMap<(String, String), (u16, Value)>,
    /// Status and body by role id; 404 if not listed.
    pub(crate) roles: HashMap<String, (u16, Value)>,
    /// Status and body by namespace; 404 if not listed.
    pub(crate) contexts: HashMap<String, (u16, Value)>,
    pub(crate) faults: HashMap<Endpoint, Fault>,
}

impl Default for World {
    /// No fault: one key, and an empty revocation list.
    fn default() -> Self {
        Self {
            client_id: "test-client".to_owned(),
            client_secret: "test-client-s3cr3t".to_owned(),
            login_claims: None,
            token_life_s: 3600,
            jwks: vec![json!({ "keys": [TestKey::first().jwk()] })],
            revocation_list: json!({"revoked_tokens": {"m": 0, "k": 0, "bits": null}, "revoked_users": null}),
            role_overrides: HashMap::new(),
            roles: HashMap::new(),
            contexts: HashMap::new(),
            faults: HashMap::new(),
        }
    }
}

/// A request that came in.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) endpoint: Option<Endpoint>,
    pub(crate) method: String,
    /// As sent, still percent-encoded.
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

#[derive(Debug, Default)]
struct Inside {
    world: World,
    asked: Vec<Asked>,
    /// Client tokens that are good.
    logins: Vec<String>,
    logins_made: usize,
    game: Game,
    /// Where each request and tick is told.
    diary: Option<UnboundedSender<String>>,
}

impl Inside {
    fn say(&self, line: &str) {
        if let Some(diary) = &self.diary {
            // Without a reader the line is not needed.
            _ = diary.send(line.to_owned());
        }
    }
}

/// A running AGS. It stops when it is dropped.
#[derive(Debug)]
pub(crate) struct Ags {
    address: SocketAddr,
    inside: Arc<Mutex<Inside>>,
    /// Those that serve; they end with it.
    tasks: JoinSet<()>,
}

impl Ags {
    /// An AGS without faults, on a free port.
    pub(crate) async fn start() -> Self {
        Self::start_with(World::default()).await
    }

    /// An AGS that knows this, on a free port.
    pub(crate) async fn start_with(world: World) -> Self {
        Self::start_at(SocketAddr::from(([127, 0, 0, 1], 0)), world).await
    }

    /// An AGS at this address, for one that comes back.
    pub(crate) async fn start_at(address: SocketAddr, world: World) -> Self {
        let listener = TcpListener::bind(address).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let inside = Arc::new(Mutex::new(Inside {
            world,
            ..Inside::default()
        }));
        let router = axum::Router::new()
            .fallback(any(answer))
            .with_state(Arc::clone(&inside));
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { axum::serve(listener, router).await.expect("serves") });
        Self {
            address,
            inside,
            tasks,
        }
    }

    /// Makes it the AGS of this game namespace: players queue, and so often a tick calls the match
    /// functions of their pools.
    pub(crate) fn make_matches(&mut self, namespace: &str, every: Duration) {
        self.game(|game| game.namespace = namespace.to_owned());
        let ticks = matchmaking::run(Arc::downgrade(&self.inside), every);
        self.tasks.spawn(ticks);
    }

    /// Looks at, or changes, what players and operators created.
    pub(crate) fn game<T>(&self, look: impl FnOnce(&mut Game) -> T) -> T {
        look(&mut self.inside().game)
    }

    /// Tells each request and each tick in a line.
    pub(crate) fn tell(&self, diary: UnboundedSender<String>) {
        self.inside().diary = Some(diary);
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Changes what AGS knows from the next request on.
    pub(crate) fn change(&self, change: impl FnOnce(&mut World)) {
        change(&mut self.inside().world);
    }

    pub(crate) fn fault(&self, endpoint: Endpoint, fault: Fault) {
        self.change(|world| _ = world.faults.insert(endpoint, fault));
    }

    /// Makes all client tokens given out so far bad, as a restart of IAM does.
    pub(crate) fn forget_logins(&self) {
        self.inside().logins.clear();
    }

    /// The client tokens given out that are still good.
    pub(crate) fn logins(&self) -> Vec<String> {
        self.inside().logins.clone()
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.inside().asked.clone()
    }

    pub(crate) fn asked_for(&self, endpoint: Endpoint) -> usize {
        self.inside()
            .asked
            .iter()
            .filter(|asked| asked.endpoint == Some(endpoint))
            .count()
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        lock(&self.inside)
    }

    /// Stops listening. Connections that are open stay so until their client goes.
    pub(crate) fn stop(self) -> SocketAddr {
        self.address
    }
}

fn lock(inside: &Mutex<Inside>) -> MutexGuard<'_, Inside> {
    inside.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn answer(State(inside): State<Arc<Mutex<Inside>>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20)
        .await
        .expect("a small body");
    let (method, path) = (parts.method.to_string(), parts.uri.path().to_owned());
    let found = identity::route(&method, &path);
    let endpoint = found.as_ref().map(|(endpoint, _)| *endpoint);
    let operation = Operation::of(&method, &path, &body);
    let fault = {
        let mut inside = lock(&inside);
        let headers = parts.headers.clone();
        let asked = format!("{method} {path}");
        inside.asked.push(Asked {
            endpoint,
            method,
            path,
            headers,
            body: body.clone(),
        });
        inside.say(&asked);
        let fault = endpoint.and_then(|endpoint| inside.world.faults.get(&endpoint).cloned());
        let operation = operation.as_ref().map(|(operation, _)| *operation);
        fault.or_else(|| inside.game.failure(operation?))
    };
    match fault {
        None => {}
        Some(Fault::Delay(delay)) => tokio::time::sleep(delay).await,
        Some(Fault::Status(status)) => {
            return match &operation {
                Some((operation, _)) => game::refused(*operation, status, 20000, "on demand"),
                None => error(status, 20000, "on demand"),
            };
        }
        Some(Fault::Busy(seconds)) => {
            let mut response = error(429, 20007, "too many requests");
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
            return response;
        }
        Some(Fault::Truncated) => return broken_body(Duration::ZERO, 1),
        Some(Fault::Drip) => return broken_body(Duration::from_millis(500), 1000),
        Some(Fault::Body(body)) => return body.into_response(),
        Some(Fault::Refusal(status, body)) => {
            let status = StatusCode::from_u16(status).expect("a status");
            return (status, body).into_response();
        }
        Some(Fault::Redirect(to)) => {
            return (StatusCode::TEMPORARY_REDIRECT, [(LOCATION, to)]).into_response();
        }
    }
    let mut inside = lock(&inside);
    match (found, operation) {
        (_, Some((operation, names))) if operation != Operation::LogIn => {
            let header = |name| {
                parts
                    .headers
                    .get(name)
                    .and_then(|value| value.to_str().ok())
            };
            let shown = header(AUTHORIZATION).unwrap_or_default();
            let request = game::Request {
                operation,
                names,
                host: header(HOST).unwrap_or_default(),
                query: parts.uri.query().unwrap_or_default(),
                body: &body,
                token: shown.strip_prefix("Bearer ").unwrap_or_default(),
            };
            let allowed = match operation.caller() {
                // Whose the player's token is, the operation looks up.
                Caller::Anyone | Caller::Player => true,
                Caller::Login => identity::is_allowed(&inside, Endpoint::Token, &parts.headers),
                Caller::Client => inside.logins.iter().any(|login| *login == request.token),
            };
            if !allowed {
                return game::refused(operation, 401, 20001, "unauthorized access");
            }
            let Inside { world, game, .. } = &mut *inside;
            game.answer(&request, &world.client_id, world.token_life_s)
        }
        (Some((endpoint, names)), _) => {
            identity::answer(&mut inside, endpoint, &names, &parts.headers, &body)
        }
        (None, _) => error(404, 1, "not found"),
    }
}
