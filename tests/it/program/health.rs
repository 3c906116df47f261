//! `match-function health`, as a container's health check runs it.

use super::{Served, program, run};

#[test]
fn health_is_one_line_and_an_exit_code() {
    let server = Served::start();
    let (host, port) = server.address.rsplit_once(':').expect("host and port");
    let asked = |variables: &[(&str, &str)], words: &[&str]| {
        run(program()
            .arg("health")
            .args(words)
            .envs(variables.iter().copied()))
    };
    let serving = format!("SERVING at {}\n", server.address);
    // As a container's health check asks: by the variables of the server.
    assert_eq!(
        asked(&[("PORT", port)], &[]),
        (0, serving.clone(), String::new())
    );
    let variables = [("PORT", port), ("GRPC_ADDR", host)];
    assert_eq!(asked(&variables, &[]), (0, serving.clone(), String::new()));
    let variables = [("PORT", "1"), ("GRPC_ADDR", "")];
    assert_eq!(
        asked(&variables, &["--addr", &server.address]),
        (0, serving, String::new())
    );

    let faults = [
        (&[("PORT", "1")][..], 1, "no server answers at 127.0.0.1:1"),
        (&[("PORT", "0")], 1, "set --addr to its address"),
        (&[("PORT", "x")], 64, "PORT (--port) is \"x\""),
    ];
    for (variables, exit, part) in faults {
        let (code, out, err) = asked(variables, &[]);
        assert_eq!((code, out.as_str()), (exit, ""), "{err}");
        assert!(
            err.starts_with("match-function: health: ") && err.contains(part),
            "{err}"
        );
        assert_eq!(err.lines().count(), 1, "{err}");
    }
    let (code, out, _) = asked(&[], &["--help"]);
    assert_eq!((code, out.contains("grpc.health.v1")), (0, true), "{out}");
}

#[test]
fn health_says_why_a_server_takes_no_calls() {
    let asked = |server: &Served| run(program().args(["health", "--addr", &server.address]));
    // Its IAM does not answer, so it cannot judge callers.
    let unready = Served::start_with(
        &[
            ("PLUGIN_GRPC_SERVER_AUTH_ENABLED", "on"),
            ("AB_BASE_URL", "http://127.0.0.1:1"),
            ("AB_CLIENT_ID", "client"),
            ("AB_CLIENT_SECRET", "secret"),
        ],
        "serving gRPC",
    );
    let (code, _, err) = asked(&unready);
    let expected = format!(
        "match-function: health: the server at {} is NOT_SERVING\n",
        unready.address
    );
    assert_eq!((code, err), (1, expected));

    let without = Served::start_with(&[("ENABLE_HEALTH_CHECK", "off")], "serving gRPC");
    let (code, _, err) = asked(&without);
    assert_eq!(
        (code, err.contains("ENABLE_HEALTH_CHECK")),
        (1, true),
        "{err}"
    );

    // A listener that accepts and never answers.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = silent.local_addr().expect("an address").to_string();
    let (code, _, err) = run(program().args(["health", "--timeout", "1", "--addr", &address]));
    assert_eq!((code, err.lines().count()), (1, 1), "{err}");
    assert!(err.contains("no answer within 1 s"), "{err}");
}
