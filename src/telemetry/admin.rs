//! The HTTP server for operators: metrics, `/healthz` (the process lives) and `/readyz` (it can
//! serve).

use std::collections::VecDeque;
use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};

use super::metrics::Metrics;

/// Maximum number of connections; Prometheus and the probes need a handful. A new one beyond it
/// takes the place of the oldest: connections that are only held open do not keep probes out.
const MAX_CONNECTIONS: usize = 64;
/// Maximum time for the head of a request, including the wait for the next one on a connection.
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);
const MAX_HEADERS: usize = 64;
const MAX_HEAD_BYTES: usize = 16 * 1024;

const HEALTHZ: &str = "/healthz";
const READYZ: &str = "/readyz";

/// The path of the metrics, such as `/metrics`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricsPath(String);

impl FromStr for MetricsPath {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if !text.starts_with('/') || text.len() < 2 || [HEALTHZ, READYZ].contains(&text) {
            return Err(format!(
                "it has to be a path such as /metrics, other than {HEALTHZ} and {READYZ}"
            ));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for MetricsPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Says whether the server can take calls, or else what it waits for.
pub type Readiness = Arc<dyn Fn() -> Result<(), String> + Send + Sync>;

/// The server; its port is bound already.
pub struct Admin {
    listener: TcpListener,
    pages: Arc<Pages>,
}

struct Pages {
    metrics: Metrics,
    endpoint: MetricsPath,
    readiness: Readiness,
}

impl fmt::Debug for Admin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admin")
            .field("listener", &self.listener)
            .finish_non_exhaustive()
    }
}

impl Admin {
    /// Pages on this listener, the metrics at the path `endpoint`.
    pub fn new(
        listener: TcpListener,
        endpoint: MetricsPath,
        metrics: Metrics,
        readiness: Readiness,
    ) -> Self {
        Self {
            listener,
            pages: Arc::new(Pages {
                metrics,
                endpoint,
                readiness,
            }),
        }
    }

    /// The bound address.
    ///
    /// # Errors
    ///
    /// If the operating system does not tell.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Answers until `shutdown` completes; connections then end at once.
    pub async fn serve(self, shutdown: impl Future<Output = ()>) {
        let accept = async {
            // Ends with this future, and the connections with it.
            let mut connections = JoinSet::new();
            let mut by_age = VecDeque::new();
            loop {
                match self.listener.accept().await {
                    Ok((stream, _)) => {
                        while connections.try_join_next().is_some() {}
                        if by_age.len() >= MAX_CONNECTIONS {
                            by_age.retain(|task: &AbortHandle| !task.is_finished());
                        }
                        if by_age.len() >= MAX_CONNECTIONS
                            && let Some(oldest) = by_age.pop_front()
                        {
                            oldest.abort();
                            self.pages.metrics.admin_replaced.inc();
                        }
                        let pages = Arc::clone(&self.pages);
                        by_age.push_back(connections.spawn(serve_connection(stream, pages)));
                    }
                    Err(error) => {
                        tracing::debug!(%error, "the metrics server cannot accept a connection");
                        // Most likely there are no file descriptors left: give others time to
                        // return some.
                        tokio::time::sleep(Duration::from_millis(100)).await;
                    }
                }
            }
        };
        tokio::select! {
            () = accept => {}
            () = shutdown => {}
        }
    }
}

async fn serve_connection(stream: TcpStream, pages: Arc<Pages>) {
    let service = service_fn(move |request| {
        let response = pages.answer(&request);
        async move { Ok::<_, Infallible>(response) }
    });
    let served = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "a connection to the metrics server failed");
    }
}

impl Pages {
    fn answer<B>(&self, request: &Request<B>) -> Response<Full<Bytes>> {
        if request.method() != Method::GET && request.method() != Method::HEAD {
            let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD\n");
            let allow = HeaderValue::from_static("GET, HEAD");
            response.headers_mut().insert(ALLOW, allow);
            return response;
        }
        match request.uri().path() {
            path if path == self.endpoint.0 => match self.metrics.encode() {
                Ok(text) => {
                    let mut response = Response::new(Full::from(text));
                    let form = HeaderValue::from_static(prometheus::TEXT_FORMAT);
                    response.headers_mut().insert(CONTENT_TYPE, form);
                    response
                }
                Err(error) => {
                    tracing::error!(%error, "the metrics cannot be written");
                    plain(StatusCode::INTERNAL_SERVER_ERROR, "cannot write metrics\n")
                }
            },
            HEALTHZ => plain(StatusCode::OK, "ok\n"),
            READYZ => match (self.readiness)() {
                Ok(()) => plain(StatusCode::OK, "ready\n"),
                Err(reason) => plain(
                    StatusCode::SERVICE_UNAVAILABLE,
                    format!("not ready: {reason}\n"),
                ),
            },
            _ => plain(StatusCode::NOT_FOUND, "not found\n"),
        }
    }
}

fn plain(status: StatusCode, text: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(text.into()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    let form = HeaderValue::from_static("text/plain; charset=utf-8");
    headers.insert(CONTENT_TYPE, form);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests;
