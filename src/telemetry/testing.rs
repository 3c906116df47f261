//! For tests: settings from flags, captured lines, and a collector that remembers what it got.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use clap::Parser;
use flate2::read::GzDecoder;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SimpleSpanProcessor, SpanData, SpanExporter};
use serde_json::Value;
use tracing::Dispatch;

use super::facts::RpcFacts;
use super::logging::Output;
use super::method::{CallType, Method, MethodTable};
use super::metrics::Metrics;
use super::settings::Settings;
use super::spans::sampling::Samplers;
use super::spans::{Tracer, samplers, tracer};
use super::{Telemetry, build};

/// How long a test waits for what must come. Never reached when all is well.
const PATIENCE: Duration = Duration::from_secs(20);

/// The settings that these flags give.
pub(crate) fn parse(flags: &[&str]) -> Result<Settings, clap::Error> {
    #[derive(Parser)]
    #[command(args_override_self = true)]
    struct Cli {
        #[command(flatten)]
        settings: Settings,
    }
    Cli::try_parse_from(["test"].iter().chain(flags)).map(|cli| cli.settings)
}

/// The settings that these flags give, everything that sends switched off unless a flag says so.
pub(crate) fn settings(flags: &[&str]) -> Settings {
    let quiet = ["--enable-loki=no", "--enable-zipkin=no"];
    parse(&[&quiet, flags].concat()).expect("these flags parse")
}

/// A table of one method of each kind.
pub(crate) fn methods() -> MethodTable {
    let method = |name, call_type, probe| Method {
        service: "a.B",
        name,
        call_type,
        probe,
    };
    MethodTable::new(&[
        method("Stream", CallType::BidiStream, false),
        method("Unary", CallType::Unary, false),
        method("Probe", CallType::Unary, true),
    ])
}

/// Facts about a call of an unknown method.
pub(crate) fn facts() -> RpcFacts {
    RpcFacts::new(methods().find("/x/y"))
}

/// Metrics with the prefix `t`.
pub(crate) fn metrics() -> Metrics {
    Metrics::new(&"t".parse().expect("a prefix")).expect("valid names")
}

/// The value of one series, written as Prometheus writes it.
pub(crate) fn value(metrics: &Metrics, series: &str) -> f64 {
    let text = String::from_utf8(metrics.encode().expect("encodes")).expect("UTF-8");
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    let value = line.unwrap_or_else(|| panic!("{series} is missing in\n{text}"));
    value.parse().expect("a number")
}

/// Telemetry that writes into a buffer.
pub(crate) fn telemetry(flags: &[&str]) -> (Dispatch, Telemetry, Lines) {
    let lines = Lines::default();
    let (dispatch, telemetry) = build(&settings(flags), lines.output()).expect("these flags work");
    (dispatch, telemetry, lines)
}

/// Ended spans.
#[derive(Clone, Debug, Default)]
pub(crate) struct Spans(Arc<Mutex<Vec<SpanData>>>);

impl Spans {
    /// All spans so far, in the order of their ends.
    pub(crate) fn ended(&self) -> Vec<SpanData> {
        self.0.lock().expect("no test panics inside").clone()
    }
}

impl SpanExporter for Spans {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.0.lock().expect("no test panics inside").extend(batch);
        Ok(())
    }
}

/// A tracer that keeps its spans.
pub(crate) fn spans(flags: &[&str]) -> (Tracer, Spans) {
    let settings = settings(flags);
    let spans = Spans::default();
    let processor = SimpleSpanProcessor::new(spans.clone());
    let Samplers { all, undecided } = samplers(&settings);
    let (tracer, _) = tracer(settings.service_name(), all, undecided, Some(processor));
    (tracer, spans)
}

/// Captured log lines.
#[derive(Clone, Default)]
pub(crate) struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    pub(crate) fn output(&self) -> Output {
        Output {
            writer: Box::new(self.clone()),
            is_terminal: false,
        }
    }

    /// All text so far; complete once the telemetry is shut down.
    pub(crate) fn text(&self) -> String {
        let bytes = self.0.lock().expect("no test panics inside").clone();
        String::from_utf8(bytes).expect("lines are UTF-8")
    }

    /// All lines so far as JSON.
    pub(crate) fn json(&self) -> Vec<Value> {
        let text = self.text();
        let parse = |line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
        text.lines().map(parse).collect()
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

/// One request that a collector got.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Got {
    pub(crate) fn json(&self) -> Value {
        let body = if self.head.to_lowercase().contains("content-encoding: gzip") {
            let mut plain = Vec::new();
            let mut gzip = GzDecoder::new(&self.body[..]);
            gzip.read_to_end(&mut plain).expect("gzip");
            plain
        } else {
            self.body.clone()
        };
        serde_json::from_slice(&body).expect("JSON")
    }
}

/// An HTTP server that answers each request with the next of its statuses, the last one for good.
pub(crate) struct Collector {
    address: SocketAddr,
    got: Receiver<Got>,
}

impl Collector {
    pub(crate) fn start(statuses: &'static [u16]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("bound");
        let (sender, got) = channel();
        thread::spawn(move || {
            let mut statuses = statuses.iter();
            let mut status = 200;
            for stream in listener.incoming() {
                status = *statuses.next().unwrap_or(&status);
                let served = stream.and_then(|stream| answer(stream, status, &sender));
                if served.is_err() {
                    return;
                }
            }
        });
        Self { address, got }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn next(&self) -> Got {
        self.got
            .recv_timeout(PATIENCE)
            .expect("a request to the collector")
    }
}

fn answer(mut stream: TcpStream, status: u16, got: &Sender<Got>) -> io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut head = String::new();
    while reader.read_line(&mut head)? > 2 {}
    let length = head.lines().find_map(|line| {
        line.to_lowercase()
            .strip_prefix("content-length: ")?
            .parse()
            .ok()
    });
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body)?;
    // The request is known before its sender can go on.
    let _ = got.send(Got { head, body });
    write!(
        stream,
        "HTTP/1.1 {status} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    )
}

/// An address where no program listens.
pub(crate) fn unused_address(path: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    format!("http://{address}{path}")
}
