//! Logs, metrics and traces of the whole server over real ports.

mod iam;
mod payloads;

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use clap::FromArgMatches;
use match_function::app::{App, Ended};
use match_function::config::{self, Config};
use match_function::matching::AgsLogic;
use match_function::proto::match_function_client::MatchFunctionClient;
use match_function::proto::{GetStatCodesRequest, Opaque, Parameters, Slot, Slots};
use match_function::telemetry::logging::Output;
use match_function::telemetry::{self, Telemetry};
use match_function::{cli, proto};
use serde_json::Value;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Request, Status};

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
        Some(found.1.to_owned())
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
    let client = MatchFunctionClient::connect(format!("http://{address}"))
        .await
        .expect("connects");
    Running {
        client,
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

/// One tick with this number, and tickets with these ids, each of one player.
async fn tick(running: &mut Running, tick_id: u64, tickets: &[&str]) -> Result<usize, Status> {
    let parameters = Parameters {
        tick_id,
        ..Parameters::default()
    };
    let slots = Slots::MAKE_MATCHES;
    let mut messages = vec![slots.write(Slot::Parameters, &parameters).expect("has it")];
    for id in tickets {
        messages.push(slots.write(Slot::Ticket, &ticket(id)).expect("has it"));
    }
    let request = traced(tokio_stream::iter(messages));
    let mut answers = running.client.make_matches(request).await?.into_inner();
    let mut matches = 0;
    while answers.message().await?.is_some() {
        matches += 1;
    }
    Ok(matches)
}

/// `ticket_id`, `match_pool` and one player, in protobuf.
fn ticket(id: &str) -> Opaque {
    let field = |number: u8, bytes: &[u8]| {
        let mut field = vec![number << 3 | 2, u8::try_from(bytes.len()).expect("short")];
        field.extend(bytes);
        field
    };
    let player = field(1, format!("player of {id}").as_bytes());
    let ticket = [
        field(1, id.as_bytes()),
        field(2, b"ranked"),
        field(4, &player),
    ]
    .concat();
    Bytes::from(ticket).into()
}

fn line<'a>(lines: &'a [Value], message: &str) -> &'a Value {
    let found = lines.iter().find(|line| line["message"] == message);
    found.unwrap_or_else(|| panic!("no line `{message}` in {lines:#?}"))
}

fn has(metrics: &str, series: &str) {
    assert!(
        metrics.lines().any(|line| line == series),
        "{series} is not in\n{metrics}"
    );
}

#[tokio::test]
async fn a_tick_is_seen_in_logs_metrics_and_traces() {
    let (url, spans) = zipkin();
    let mut running = start(&[
        ("ENABLE_ZIPKIN", "true"),
        ("OTEL_EXPORTER_ZIPKIN_ENDPOINT", &url),
        ("APP_NAME", "my.match-function"),
    ])
    .await;
    let matches = tick(&mut running, 41, &["a", "b", "c", "a"])
        .await
        .expect("ends well");
    assert_eq!(matches, 1);
    let metrics = running.metrics().await;
    let labels = r#"grpc_method="MakeMatches",grpc_service="accelbyte.matchmaking.matchfunction.MatchFunction",grpc_type="bidi_stream""#;
    for series in [
        format!("grpc_server_started_total{{{labels}}} 1"),
        format!("grpc_server_msg_received_total{{{labels}}} 5"),
        format!("grpc_server_msg_sent_total{{{labels}}} 1"),
        format!(r#"grpc_server_handled_total{{grpc_code="OK",{labels}}} 1"#),
        format!("grpc_server_handling_seconds_count{{{labels}}} 1"),
        "my_match_function_tickets_received_total 4".into(),
        "my_match_function_tickets_matched_total 2".into(),
        "my_match_function_tickets_left_total 2".into(),
        "my_match_function_matches_total 1".into(),
        "my_match_function_match_players_sum 2".into(),
        "my_match_function_ticket_wait_seconds_count 2".into(),
        r#"my_match_function_refusals_total{reason="duplicate_ticket"} 1"#.into(),
        r#"my_match_function_ticks_total{kind="match",outcome="finished"} 1"#.into(),
        r#"my_match_function_tick_duration_seconds_count{kind="match"} 1"#.into(),
    ] {
        has(&metrics, &series);
    }
    let lines = running.end().await;
    let call = line(&lines, "call ended");
    for (field, expected) in [
        ("method", "MakeMatches".into()),
        ("code", "OK".into()),
        ("tickets_in", 4.into()),
        ("matches_out", 1.into()),
        ("players_matched", 2.into()),
        ("tick_id", 41.into()),
        ("match_pool", "ranked".into()),
        ("trace_id", TRACE.into()),
        ("ab_trace_id", "ags-9".into()),
    ] as [(&str, Value); 9]
    {
        assert_eq!(call[field], expected, "{field} of {call}");
    }
    assert!(
        call["refusals"]
            .as_str()
            .is_some_and(|r| r.contains("duplicate_ticket=1"))
    );

    let spans = spans.recv_timeout(PATIENCE).expect("spans");
    let span = |name: &str| {
        let found = spans.iter().find(|span| span["name"] == name);
        found.unwrap_or_else(|| panic!("no span {name} in {spans:#?}"))
    };
    let rpc = span("accelbyte.matchmaking.matchfunction.MatchFunction/MakeMatches");
    assert_eq!(
        (&rpc["traceId"], &rpc["parentId"]),
        (&TRACE.into(), &SPAN.into())
    );
    assert_eq!(rpc["id"], call["span_id"]);
    assert_eq!(rpc["localEndpoint"]["serviceName"], "my.match-function");
    assert_eq!(rpc["tags"]["ab_trace_id"], "ags-9");
    assert_eq!(rpc["tags"]["tick_id"], "41");
    assert_eq!(rpc["tags"]["network.peer.address"], "127.0.0.1");
    let tick = span("tick");
    assert_eq!(
        (&tick["traceId"], &tick["parentId"]),
        (&TRACE.into(), &rpc["id"])
    );
    assert_eq!(tick["tags"]["tickets"], "4");
}

#[tokio::test]
async fn refusals_are_seen() {
    let mut running = start(&[]).await;
    let rules = Some(proto::Rules { json: "{".into() });
    let request = traced(GetStatCodesRequest { rules });
    let status = running
        .client
        .get_stat_codes(request)
        .await
        .expect_err("a broken ruleset");
    assert_eq!(status.code(), Code::InvalidArgument);
    let metrics = running.metrics().await;
    has(&metrics, r#"app_server_refusals_total{reason="ruleset"} 1"#);
    has(
        &metrics,
        r#"grpc_server_handled_total{grpc_code="InvalidArgument",grpc_method="GetStatCodes",grpc_service="accelbyte.matchmaking.matchfunction.MatchFunction",grpc_type="unary"} 1"#,
    );
    let lines = running.end().await;
    let call = line(&lines, "call ended");
    assert_eq!(call["level"], "INFO");
    assert_eq!(call["refusals"], "ruleset=1");
    assert!(
        call["error"]
            .as_str()
            .is_some_and(|error| error.contains("ruleset"))
    );
}

#[tokio::test]
async fn a_client_that_leaves_is_counted_as_cancelled() {
    let mut running = start(&[]).await;
    let parameters = Slots::MAKE_MATCHES.write(Slot::Parameters, &Parameters::default());
    let (sender, receiver) = tokio::sync::mpsc::channel(4);
    sender.try_send(parameters.expect("has it")).expect("room");
    for id in ["a", "b"] {
        let ticket = Slots::MAKE_MATCHES.write(Slot::Ticket, &ticket(id));
        sender.try_send(ticket.expect("has it")).expect("room");
    }
    let request = Request::new(ReceiverStream::new(receiver));
    let mut answers = running
        .client
        .make_matches(request)
        .await
        .expect("begins")
        .into_inner();
    answers
        .message()
        .await
        .expect("goes well")
        .expect("a match before the half-close");
    drop((answers, sender));
    let cancelled = r#"grpc_server_handled_total{grpc_code="Canceled",grpc_method="MakeMatches",grpc_service="accelbyte.matchmaking.matchfunction.MatchFunction",grpc_type="bidi_stream"} 1"#;
    // The reset is under way; nothing else tells when it has arrived.
    let metrics = tokio::time::timeout(PATIENCE, async {
        loop {
            let metrics = running.metrics().await;
            if metrics.contains(cancelled) {
                return metrics;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    let metrics = metrics.await.expect("counted");
    has(
        &metrics,
        r#"app_server_ticks_total{kind="match",outcome="stopped"} 1"#,
    );
    has(&metrics, "app_server_matches_total 1");
    has(&metrics, "app_server_rpcs_in_flight 0");
    let lines = running.end().await;
    assert_eq!(line(&lines, "call ended")["code"], "Canceled");
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
