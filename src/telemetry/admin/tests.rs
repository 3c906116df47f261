use std::sync::atomic::{AtomicBool, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::oneshot;

use super::*;
use crate::telemetry::testing;

async fn ask(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.expect("connects");
    let head = format!("{request} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).await.expect("writes");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("reads");
    answer
}

#[tokio::test]
async fn the_pages() {
    let ready = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&ready);
    let readiness: Readiness = Arc::new(move || match asked.load(Ordering::Relaxed) {
        true => Ok(()),
        false => Err("no key set yet".to_owned()),
    });
    let metrics = testing::metrics();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let path = "/my-metrics".parse().expect("a path");
    let admin = Admin::new(listener, path, metrics, readiness);
    let address = admin.local_addr().expect("bound");
    let (stop, stopped) = oneshot::channel::<()>();
    let server = tokio::spawn(admin.serve(async {
        let _ = stopped.await;
    }));

    let metrics = ask(address, "GET /my-metrics").await;
    assert!(metrics.starts_with("HTTP/1.1 200 OK\r\n"), "{metrics}");
    assert!(metrics.contains("content-type: text/plain; version=0.0.4"));
    assert!(metrics.contains("\nt_build_info{revision=\""));
    assert!(
        ask(address, "GET /metrics")
            .await
            .starts_with("HTTP/1.1 404 ")
    );
    assert!(
        ask(address, "POST /healthz")
            .await
            .starts_with("HTTP/1.1 405 ")
    );
    assert!(ask(address, "HEAD /healthz").await.ends_with("\r\n\r\n"));
    assert!(
        ask(address, "GET /healthz")
            .await
            .starts_with("HTTP/1.1 200 ")
    );
    let not_ready = ask(address, "GET /readyz").await;
    assert!(not_ready.starts_with("HTTP/1.1 503 "), "{not_ready}");
    assert!(
        not_ready.ends_with("not ready: no key set yet\n"),
        "{not_ready}"
    );
    ready.store(true, Ordering::Relaxed);
    assert!(
        ask(address, "GET /readyz?x=1")
            .await
            .starts_with("HTTP/1.1 200 ")
    );

    stop.send(()).expect("still serving");
    server.await.expect("ends well");
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn silent_connections_do_not_keep_probes_out() {
    let metrics = testing::metrics();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let path = "/metrics".parse().expect("a path");
    let admin = Admin::new(listener, path, metrics.clone(), Arc::new(|| Ok(())));
    let address = admin.local_addr().expect("bound");
    let server = tokio::spawn(admin.serve(std::future::pending()));
    let mut silent = Vec::new();
    for _ in 0..2 * MAX_CONNECTIONS {
        silent.push(TcpStream::connect(address).await.expect("connects"));
    }
    let answer = ask(address, "GET /healthz").await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert_eq!(metrics.admin_replaced.get(), MAX_CONNECTIONS as u64 + 1);
    let mut byte = [0];
    let oldest = silent.first_mut().expect("the first");
    assert_eq!(oldest.read(&mut byte).await.expect("closed"), 0);
    server.abort();
}
