//! Logs, metrics and traces of the whole server over real ports.

mod calls;
mod iam;
mod payloads;

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use clap::FromArgMatches;
use match_function::app::{App, Ended};
use match_function::cli;
use match_function::config::{self, Config};
use match_function::matching::AgsLogic;
use match_function::proto::match_function_client::MatchFunctionClient;
use match_function::telemetry::logging::Output;
use match_function::telemetry::{self, Telemetry};
use serde_json::Value;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tonic::Request;

/// How long a test waits for what must come. Never reached when all is well.
const PATIENCE: Duration = Duration::from_secs(20);

const TRACE: &str = "463ac35c9f6413ad48485a3953bb6124";
const SPAN: &str = "a2fb4a1d1a96d312";

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    fn text(&self) -> String {
        let bytes = self.0.lock().expect("no test panics inside").clone();
        String::from_utf8(bytes).expect("UTF-8")
    }

    fn json(&self) -> Vec<Value> {
        self.text()
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect()
    }
}

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no test panics inside").extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A server on free ports whose lines are captured.
pub(crate) struct Running {
    pub(crate) client: MatchFunctionClient<tonic::transport::Channel>,
    pub(crate) address: SocketAddr,
    admin: SocketAddr,
    lines: Lines,
    telemetry: Telemetry,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<Ended>,
    _dispatch: tracing::dispatcher::DefaultGuard,
}

pub(crate) async fn start(variables: &[(&str, &str)]) -> Running {
    let defaults = [
        ("PORT", "0"),
        ("GRPC_ADDR", "127.0.0.1"),
        ("PROMETHEUS_PORT", "0"),
        ("PROMETHEUS_ADDR", "127.0.0.1"),
        ("ENABLE_LOKI", "false"),
        ("ENABLE_ZIPKIN", "false"),
        ("PLUGIN_GRPC_SERVER_AUTH_ENABLED", "false"),
        ("LOG_FORMAT", "json"),
    ];
    let variable = |name: &str| {
        let all = variables.iter().chain(&defaults);
        let found = all.into_iter().find(|(known, _)| *known == name)?;
        Some(found.1.into())
    };
    let matches = config::parse(cli::serve_command(), ["test".into()], variable).expect("valid");
    let config = Config::from_arg_matches(&matches).expect("checked");
    let lines = Lines::default();
    let output = Output {
        writer: Box::new(lines.clone()),
        is_terminal: false,
    };
    let (dispatch, telemetry) = telemetry::build(&config.telemetry, output).expect("starts");
    // Tests run on one thread each, server and client together: its lines are this test's.
    let guard = tracing::dispatcher::set_default(&dispatch);
    let app = App::build(config, telemetry.handles(), AgsLogic).expect("free ports");
    let address = app.address();
    let admin = app.admin_address().expect("switched on");
    let (stop, stopped) = oneshot::channel::<()>();
    let signals = Box::pin(futures_util::FutureExt::into_stream(async {
        let _ = stopped.await;
    }));
    let ended = tokio::spawn(async move { app.run(signals).await.expect("serves") });
    let client = MatchFunctionClient::connect(format!("http://127.0.0.1:{}", address.port()))
        .await
        .expect("connects");
    Running {
        client,
        address,
        admin,
        lines,
        telemetry,
        stop,
        ended,
        _dispatch: guard,
    }
}

impl Running {
    pub(crate) async fn end(self) -> Vec<Value> {
        let Self {
            client,
            lines,
            telemetry,
            stop,
            ended,
            ..
        } = self;
        drop(client);
        stop.send(()).expect("still running");
        assert_eq!(ended.await.expect("no panic"), Ended::Drained);
        telemetry.shutdown();
        lines.json()
    }

    pub(crate) async fn metrics(&self) -> String {
        let admin = self.admin;
        tokio::task::spawn_blocking(move || get(admin, "/metrics"))
            .await
            .expect("no panic")
    }
}

fn get(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("connects");
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    )
    .expect("writes");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("reads");
    answer
}

/// A Zipkin that passes on the spans it gets.
fn zipkin() -> (String, Receiver<Vec<Value>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    let (sender, spans) = channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let mut reader = BufReader::new(stream.try_clone().expect("a handle"));
            let mut head = String::new();
            while reader.read_line(&mut head).expect("a head") > 2 {}
            let length = |line: &str| {
                line.to_lowercase()
                    .strip_prefix("content-length: ")?
                    .parse()
                    .ok()
            };
            let mut body = vec![0; head.lines().find_map(length).expect("a length")];
            reader.read_exact(&mut body).expect("a body");
            let _ = sender.send(serde_json::from_slice(&body).expect("JSON"));
            let _ = stream
                .write_all(b"HTTP/1.1 202 X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        }
    });
    (format!("http://{address}/api/v2/spans"), spans)
}

fn traced<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    for (name, value) in [
        ("x-b3-traceid", TRACE),
        ("x-b3-spanid", SPAN),
        ("x-b3-sampled", "1"),
        ("x-ab-traceid", "ags-9"),
    ] {
        request
            .metadata_mut()
            .insert(name, value.parse().expect("ASCII"));
    }
    request
}

fn line<'a>(lines: &'a [Value], message: &str) -> &'a Value {
    let found = lines.iter().find(|line| line["message"] == message);
    found.unwrap_or_else(|| panic!("no line `{message}` in {lines:#?}"))
}

#[tokio::test]
async fn the_admin_pages_answer() {
    let running = start(&[("PROMETHEUS_ENDPOINT", "/m")]).await;
    let admin = running.admin;
    let pages = tokio::task::spawn_blocking(move || {
        ["/m", "/healthz", "/readyz", "/metrics"].map(|path| get(admin, path))
    });
    let codes = pages
        .await
        .expect("no panic")
        .map(|page| page[9..12].to_owned());
    assert_eq!(codes, ["200", "200", "200", "404"]);
    running.end().await;
}
