//! `demo.sh` from start to end, against the AGS double and the program with access tokens on.

mod failures;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use tokio::sync::mpsc::unbounded_channel;

use crate::program::Served;
use crate::support::ags::operations::{Failure, Operation};
use crate::support::ags::{Ags, World};

const NAMESPACE: &str = "emberfall";
/// What has to be quoted in JSON, in a form, in a shell or in a curl configuration.
const SECRET: &str = r#"s3"cr\et&%41 'x'"#;

/// An AGS, a server that trusts it, and a folder for temporary files.
struct Stage {
    ags: Ags,
    server: Served,
    folder: TempDir,
}

/// How a demo ended.
#[derive(Debug)]
struct Ended {
    code: Option<i32>,
    out: String,
    err: String,
}

/// What `demo.sh` needs and this machine lacks; a test that cannot run says so.
fn lacks_tools() -> bool {
    let missing: Vec<_> = ["bash", "curl", "jq"]
        .into_iter()
        .filter(|tool| Command::new(tool).arg("--version").output().is_err())
        .collect();
    let lacks = !missing.is_empty();
    if lacks {
        let line = format!("skipped: demo.sh needs {}\n", missing.join(", "));
        // Past the capture of the test harness: this has to be seen.
        let _ = std::io::Write::write_all(&mut std::io::stderr(), line.as_bytes());
    }
    lacks
}

impl Stage {
    async fn set() -> Self {
        let world = World {
            client_secret: SECRET.to_owned(),
            ..World::default()
        };
        let client_id = world.client_id.clone();
        let mut ags = Ags::start_with(world).await;
        ags.make_matches(NAMESPACE, Duration::from_millis(50));
        let url = ags.url();
        let start = move || {
            let variables = [
                ("PLUGIN_GRPC_SERVER_AUTH_ENABLED", "on"),
                ("AB_BASE_URL", &url),
                ("AB_NAMESPACE", NAMESPACE),
                ("AB_CLIENT_ID", &client_id),
                ("AB_CLIENT_SECRET", SECRET),
            ];
            Served::start_with(&variables, "keys and revocation list of IAM are there")
        };
        let server = tokio::task::spawn_blocking(start).await.expect("starts");
        let folder = TempDir::new().expect("a folder");
        Self {
            ags,
            server,
            folder,
        }
    }

    /// The variables of a demo that goes well.
    fn variables(&self) -> BTreeMap<&'static str, String> {
        let path = std::env::var("PATH").expect("a PATH");
        BTreeMap::from([
            ("PATH", path),
            ("TMPDIR", self.folder.path().to_str().expect("UTF-8").into()),
            ("AB_BASE_URL", format!("{}/", self.ags.url())),
            ("AB_NAMESPACE", NAMESPACE.into()),
            ("AB_CLIENT_ID", World::default().client_id),
            ("AB_CLIENT_SECRET", SECRET.into()),
            ("GRPC_SERVER_URL", self.server.address.clone()),
        ])
    }

    async fn run(&self) -> Ended {
        run(self.variables(), &[]).await
    }

    /// Runs a demo in which this goes wrong.
    async fn run_with(&self, failure: Failure) -> Ended {
        self.ags.game(|game| game.fail(vec![failure]));
        self.run().await
    }

    /// What is left over, by kind.
    fn left_over(&self) -> Vec<String> {
        let things = self.ags.game(|game| game.left_over());
        let kind = |thing: &String| thing.split(' ').next().unwrap_or_default().to_owned();
        things.iter().map(kind).collect()
    }
}

fn script(variables: BTreeMap<&'static str, String>, flags: &[&str]) -> Command {
    let mut command = Command::new("bash");
    command
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/demo.sh"))
        .args(flags)
        .env_clear()
        .envs(variables)
        .stdin(Stdio::null());
    command
}

async fn run(variables: BTreeMap<&'static str, String>, flags: &[&str]) -> Ended {
    let mut command = script(variables, flags);
    let running = tokio::task::spawn_blocking(move || command.output());
    ended(running.await.expect("no panic").expect("bash starts"))
}

fn ended(output: Output) -> Ended {
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Ended {
        code: output.status.code(),
        out: text(output.stdout),
        err: text(output.stderr),
    }
}

/// Programs that note how they are called, and then do what they always do.
fn observed_programs(folder: &Path, notes: &Path) {
    for name in [
        "curl",
        "jq",
        "head",
        "tr",
        "sed",
        "cut",
        "base64",
        "sha256sum",
        "sleep",
        "mktemp",
        "rm",
    ] {
        let found = Command::new("sh")
            .args(["-c", &format!("command -v {name}")])
            .output();
        let real = String::from_utf8(found.expect("sh").stdout).expect("UTF-8");
        let text = format!(
            "#!/bin/sh\nprintf '%s\\n' \"{name} $*\" >>'{}'\nexec {} \"$@\"\n",
            notes.display(),
            real.trim()
        );
        let path = folder.join(name);
        fs::write(&path, text).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("set");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_of_three_players_are_matched_and_no_secret_is_shown() {
    if lacks_tools() {
        return;
    }
    let stage = Stage::set().await;
    let programs = TempDir::new().expect("a folder");
    let notes = programs.path().join("notes");
    observed_programs(programs.path(), &notes);
    let mut variables = stage.variables();
    let path = format!("{}:{}", programs.path().display(), variables["PATH"]);
    variables.insert("PATH", path);
    // As ngrok shows it.
    let address = variables.remove("GRPC_SERVER_URL").expect("set above");
    variables.insert("NGROK_URL", format!("tcp://{address}"));

    let (diary, mut told) = unbounded_channel();
    stage.ags.tell(diary);
    let (_, _, refusal) = stage.server.client(&["stat-codes"]);
    assert!(
        refusal.contains("Unauthenticated"),
        "callers are checked: {refusal}"
    );

    let demo = run(variables, &[]).await;
    assert_eq!((demo.code, demo.err.as_str()), (Some(0), ""), "{demo:?}");
    let mut ticks = Vec::new();
    while let Ok(line) = told.try_recv() {
        ticks.extend(line.starts_with("tick ").then_some(line));
    }
    let made = ticks.iter().filter(|tick| tick.ends_with("→ 1 matches"));
    assert_eq!(made.count(), 1, "{ticks:#?}");
    let has = |text: &str| assert!(demo.out.contains(text), "{text}: {}", demo.out);
    has("2 of 3 players are matched");
    has("nothing is left over");
    let matched = demo
        .out
        .lines()
        .filter(|line| line.contains(": matched, session "));
    let sessions: Vec<_> = matched.map(|line| line.rsplit(' ').next()).collect();
    assert_eq!(sessions.len(), 2);
    assert_eq!(sessions[0], sessions[1]);
    assert_eq!(stage.left_over(), [""; 0]);
    let files = fs::read_dir(stage.folder.path()).expect("a folder").count();
    assert_eq!(files, 0, "no temporary file stays");

    let called = fs::read_to_string(&notes).expect("notes");
    assert!(
        called
            .lines()
            .filter(|line| line.starts_with("curl "))
            .count()
            > 20
    );
    let mut secrets = stage.ags.game(|game| game.secrets().to_vec());
    secrets.extend(stage.ags.logins());
    secrets.push(SECRET.to_owned());
    assert!(secrets.len() > 6, "{secrets:?}");
    for secret in secrets {
        for (place, text) in [("output", &demo.out), ("command line", &called)] {
            assert!(
                !text.contains(&secret),
                "{secret} is in the {place}: {text}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn test_players_and_an_extend_app_do_as_well() {
    if lacks_tools() {
        return;
    }
    let stage = Stage::set().await;
    let mut variables = stage.variables();
    let address = variables.remove("GRPC_SERVER_URL").expect("set above");
    variables.insert("EXTEND_APP_NAME", "my-app".into());
    stage
        .ags
        .game(|game| _ = game.apps.insert("my-app".into(), address));
    let demo = run(variables, &["--test-users"]).await;
    assert_eq!((demo.code, demo.err.as_str()), (Some(0), ""), "{demo:?}");
    assert!(
        demo.out.contains("2 of 3 players are matched"),
        "{}",
        demo.out
    );
    assert_eq!(stage.left_over(), [""; 0]);
    stage.ags.game(|game| {
        assert_eq!(game.asked(Operation::CreateTestPlayers), 1);
        assert_eq!(game.asked(Operation::CreatePlayer), 0);
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_demo_cleans_up_and_a_long_wait_ends() {
    if lacks_tools() {
        return;
    }
    let stage = Stage::set().await;
    let mut variables = stage.variables();
    // No server is there, so no match is made.
    variables.insert("GRPC_SERVER_URL", "127.0.0.1:1".into());
    for (signal, code) in [("TERM", 143), ("HUP", 129)] {
        stage.ags.game(|game| game.fail(vec![]));
        let mut command = script(variables.clone(), &[]);
        let child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let child = child.expect("bash starts");
        while stage.ags.game(|game| game.asked(Operation::ShowTicket)) < 3 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let sent = Command::new("kill")
            .args([format!("-{signal}"), child.id().to_string()])
            .status();
        assert!(sent.expect("kill").success());
        let waiting = tokio::task::spawn_blocking(move || child.wait_with_output());
        let demo = ended(waiting.await.expect("no panic").expect("it ends"));
        assert_eq!(demo.code, Some(code), "{demo:?}");
        assert!(demo.out.contains("nothing is left over"), "{}", demo.out);
        assert_eq!(stage.left_over(), [""; 0]);
    }
    variables.insert("DEMO_WAIT_SECOND", "0".into());
    let demo = run(variables, &[]).await;
    assert_eq!(demo.code, Some(1), "{demo:?}");
    assert!(demo.err.contains("no match within 0 s"), "{}", demo.err);
    assert_eq!(stage.left_over(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_are_checked_before_anything_is_asked() {
    if lacks_tools() {
        return;
    }
    let stage = Stage::set().await;
    let with = |changes: &[(&'static str, &str)]| {
        let mut variables = stage.variables();
        for (name, value) in changes {
            variables.insert(name, (*value).to_owned());
        }
        run(variables, &[])
    };
    stage.ags.game(|game| game.fail(vec![]));
    for (changes, wanted) in [
        (
            vec![
                ("AB_CLIENT_ID", ""),
                ("AB_NAMESPACE", ""),
                ("GRPC_SERVER_URL", ""),
            ],
            "set first: AB_NAMESPACE AB_CLIENT_ID NGROK_URL|GRPC_SERVER_URL|EXTEND_APP_NAME",
        ),
        (
            vec![("NGROK_URL", "a:1")],
            "set only one of: NGROK_URL GRPC_SERVER_URL",
        ),
        (
            vec![("AB_BASE_URL", "demo.accelbyte.io")],
            "AB_BASE_URL is \"demo.accelbyte.io\"",
        ),
        (
            vec![("AB_NAMESPACE", "a/../b")],
            "AB_NAMESPACE is \"a/../b\"",
        ),
        (vec![("DEMO_NAME", "a b")], "DEMO_NAME is \"a b\""),
        (
            vec![("DEMO_WAIT_SECOND", "1m")],
            "DEMO_WAIT_SECOND is \"1m\"",
        ),
    ] {
        let demo = with(&changes).await;
        assert_eq!((demo.code, demo.out.as_str()), (Some(1), ""), "{demo:?}");
        assert!(demo.err.contains(wanted), "{wanted}: {}", demo.err);
    }
    let demo = run(stage.variables(), &["--tset-users"]).await;
    assert_eq!(demo.code, Some(64));
    let demo = run(stage.variables(), &["--help"]).await;
    assert_eq!(demo.code, Some(0));
    assert!(demo.out.contains("EXTEND_APP_NAME"), "{}", demo.out);
    assert_eq!(
        stage.ags.game(|game| game.asked(Operation::CreateTemplate)),
        0
    );
}
