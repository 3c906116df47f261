//! The process ends after a signal, whatever holds it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};

use super::{LOCAL, Served, program};

/// The transport's own lines of one call of a thousand tickets are more than a pipe holds.
const LOUD: (&str, &str) = ("RUST_LOG", "info,h2=trace");

#[test]
fn a_log_that_is_not_read_does_not_hold_the_exit() {
    let server = Served::start_with(&[LOUD], "serving gRPC");
    let (code, _, err) = server.client(&["make-matches", "--players", "1000"]);
    assert_eq!(code, 0, "{err}");
    let (code, log) = server.terminate();
    assert_eq!(code, Some(0));
    assert!(!log.contains("shutting down"), "the pipe was not full");
}

/// The beginning of a connection with one call that does not end.
fn open_call() -> Vec<u8> {
    let mut sent = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    // SETTINGS, then the confirmation of the server's.
    sent.extend([0, 0, 0, 4, 0, 0, 0, 0, 0]);
    sent.extend([0, 0, 0, 4, 1, 0, 0, 0, 0]);
    let mut headers = Vec::new();
    for (name, value) in [
        (":method", "POST"),
        (":scheme", "http"),
        (
            ":path",
            "/accelbyte.matchmaking.matchfunction.MatchFunction/MakeMatches",
        ),
        (":authority", "localhost"),
        ("te", "trailers"),
        ("content-type", "application/grpc"),
    ] {
        // A literal that is not indexed, without Huffman's code.
        headers.push(0);
        for text in [name, value] {
            headers.push(u8::try_from(text.len()).expect("a short text"));
            headers.extend(text.bytes());
        }
    }
    // HEADERS with END_HEADERS of stream 1.
    sent.extend([
        0,
        0,
        u8::try_from(headers.len()).expect("short"),
        1,
        4,
        0,
        0,
        0,
        1,
    ]);
    sent.extend(headers);
    sent
}

/// Reads until a frame of this type, with these flags, of this stream.
fn read_to_frame(call: &mut TcpStream, kind: [u8; 6]) {
    let mut said = Vec::new();
    while !said.windows(9).any(|head| head[3..] == kind) {
        let mut part = [0; 4096];
        let read = call.read(&mut part).expect("an answer");
        assert!(read > 0, "it is closed");
        said.extend_from_slice(&part[..read]);
    }
}

#[test]
fn a_second_signal_ends_it_though_neither_log_nor_errors_are_read() {
    let (mut reader, writer) = std::io::pipe().expect("a pipe");
    let mut child = program()
        .envs(LOCAL)
        .envs([LOUD, ("SHUTDOWN_GRACE_SECOND", "3600")])
        .stdout(writer.try_clone().expect("a handle"))
        .stderr(writer)
        .spawn()
        .expect("it starts");
    let mut log = String::new();
    let address = loop {
        let mut part = [0; 4096];
        let read = reader.read(&mut part).expect("a log");
        assert!(read > 0, "it ended early: {log}");
        log.push_str(std::str::from_utf8(&part[..read]).expect("ASCII"));
        let line = log.lines().find(|line| line.contains("serving gRPC"));
        let field = line.and_then(|line| line.split_once("\"address\":\""));
        if let Some((address, _)) = field.and_then(|(_, rest)| rest.split_once('"')) {
            break address.to_owned();
        }
    };
    let mut call = TcpStream::connect(&address).expect("it listens");
    call.write_all(&open_call()).expect("writes");
    // The answer's headers: the call is open.
    read_to_frame(&mut call, [1, 4, 0, 0, 0, 1]);
    // Fill the pipe.
    let loud = program()
        .args([
            "client",
            "make-matches",
            "--players",
            "1000",
            "--addr",
            &address,
        ])
        .stdout(Stdio::null())
        .status();
    assert!(loud.expect("it starts").success());
    let terminate = || {
        let pid = child.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &pid]).status();
        assert!(sent.expect("kill").success());
    };
    terminate();
    // Two signals of one kind at the same time are one: GOAWAY says that the first has arrived.
    read_to_frame(&mut call, [7, 0, 0, 0, 0, 0]);
    terminate();
    assert_eq!(child.wait().expect("it ends").code(), Some(1));
}
