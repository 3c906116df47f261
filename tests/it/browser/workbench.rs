//! The page of the workbench, as someone uses it.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use fantoccini::{Client, Locator};
use serde_json::{Value, json};

use super::{CONTRAST, Driver, VIEWS, View, console, keep};

/// How long anything on the page may take on a slow machine with a build that is not optimized.
const PATIENCE: Duration = Duration::from_secs(120);

/// Texts that are hard to read and controls without a name, for machines without axe-core.
const LOOK: &str = r"
    const shown = (what) => [...document.querySelectorAll(what)].filter((one) => one.checkVisibility());
    const wide = [...document.querySelectorAll('main *')].filter((one) =>
        one.checkVisibility() && !one.closest('.editor, .scroll, .rows, pre, textarea, svg')
        && one.getBoundingClientRect().right > innerWidth + 1);
    return {
        width: document.documentElement.scrollWidth, window: innerWidth,
        wide: wide.map((one) => one.outerHTML.slice(0, 80)),
        faint: shown('h1,h2,h3,h4,h5,p,li,th,td,summary,label,legend,button,a')
            .filter((one) => contrast(one, getComputedStyle(one).color) < 4.5).map((one) => one.outerHTML.slice(0, 80)),
        unnamed: shown('input,textarea,button,progress').filter((one) =>
            !one.textContent.trim() && !one.labels?.length && !one.ariaLabel).map((one) => one.outerHTML),
        foreign: performance.getEntriesByType('resource').map((one) => one.name)
            .filter((name) => !name.startsWith(location.origin)),
    };";

/// The program, serving its page.
pub(crate) struct Workbench {
    child: Child,
    pub(crate) address: String,
}

impl Workbench {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_match-function"));
        command
            .arg("workbench")
            .args(["--port", "0"])
            .args(arguments);
        let mut child = command.stdout(Stdio::piped()).spawn().expect("it starts");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let first = lines.next().expect("a line").expect("UTF-8");
        let mut words = first.split_whitespace();
        let address = words.find(|word| word.starts_with("http://"));
        Self {
            child,
            address: address.expect("it tells its address").to_owned(),
        }
    }
}

impl Drop for Workbench {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ruleset_is_mended_played_explained_and_simulated() {
    let Some(driver) = Driver::start() else {
        return;
    };
    let workbench = Workbench::start(&[]);
    for view in VIEWS {
        let page = Page {
            client: driver.open(view).await,
            view,
        };
        page.client
            .goto(&workbench.address)
            .await
            .expect("the page");
        page.mend().await;
        page.play().await;
        page.simulate().await;
        for name in ["tune", "captures"] {
            page.open(name).await;
            page.check(name).await;
        }
        let said = console(&page.client).await;
        assert_eq!(said, [""; 0], "{view:?}");
        page.client.close().await.expect("it closes");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn long_work_is_cancelled_and_found_again_after_a_reload() {
    let Some(driver) = Driver::start() else {
        return;
    };
    let workbench = Workbench::start(&[]);
    let page = Page {
        client: driver.open(VIEWS[0]).await,
        view: VIEWS[0],
    };
    page.client
        .goto(&workbench.address)
        .await
        .expect("the page");
    page.open("simulate").await;
    page.run(
        "const f = document.querySelector('#simulate-form');
        f.elements.hours.value = 24; f.elements.runs.value = 20; f.requestSubmit();",
    )
    .await;
    page.until("document.querySelector('#simulate .run output').textContent.includes('%')")
        .await;
    page.client.refresh().await.expect("it loads again");
    page.until("document.querySelector('#simulate .run output').textContent.includes('%')")
        .await;
    page.press("#simulate .run button").await;
    page.until("document.querySelector('#simulate .report').textContent === 'Cancelled.'")
        .await;
    assert_eq!(console(&page.client).await, [""; 0]);
    page.client.close().await.expect("it closes");
}

/// A page that is looked at.
struct Page {
    client: Client,
    view: View,
}

impl Page {
    /// Types a wrong value, sees the place, loads the page again, and takes it back.
    async fn mend(&self) {
        self.until("document.querySelector('#ages svg')").await;
        self.check("ruleset").await;
        self.run("const at = rules.value.indexOf('\"distance\"'); rules.focus(); rules.setSelectionRange(at, at + 10);").await;
        let editor = self
            .client
            .find(Locator::Css("#rules"))
            .await
            .expect("an editor");
        editor.send_keys("\"distanze\"").await.expect("typed");
        let marked = "document.querySelector('#under mark.error')?.textContent === '\"distanze\"'";
        self.until(marked).await;
        self.until("document.querySelector('#numbers .error')?.textContent.includes('✖ 9')")
            .await;
        self.check("findings").await;
        self.client.refresh().await.expect("it loads again");
        self.until(marked).await;
        // The mark lies exactly under the word that is typed.
        let places = self.run("const mark = document.querySelector('#under mark').getBoundingClientRect();
            const [text, under] = [rules, document.querySelector('#under')].map((one) => one.getBoundingClientRect());
            return [text.left - under.left, text.top - under.top, mark.height > 5];").await;
        assert_eq!(places, json!([0, 0, true]));
        self.press("#revert").await;
        self.until("!document.querySelector('#findings .error')")
            .await;
    }

    /// Plays a tick and asks why a ticket waits.
    async fn play(&self) {
        self.open("queue").await;
        self.press("#queue-form .main").await;
        self.until("document.querySelectorAll('#played .card').length > 100")
            .await;
        self.check("queue").await;
        self.press(".row .ticket").await;
        self.until("document.querySelector('#explained .funnel svg')")
            .await;
        let fate = self
            .run("return document.querySelector('#explained .fate').textContent")
            .await;
        assert!(
            fate.as_str().unwrap_or_default().starts_with("It waits:"),
            "{fate}"
        );
        let focused = self.run("return document.activeElement.id").await;
        assert_eq!(
            focused, "explained",
            "the keyboard goes on where the answer is"
        );
        self.check("explained").await;
    }

    /// Simulates a few minutes beside the ruleset as it was opened.
    async fn simulate(&self) {
        self.open("simulate").await;
        self.run("const f = document.querySelector('#simulate-form');
            f.elements.hours.value = 0.05; f.elements.runs.value = 1; f.elements.beside.checked = true;
            f.dispatchEvent(new Event('input'));").await;
        self.press("#simulate-form .main").await;
        self.until("document.querySelectorAll('#simulate .report svg').length >= 9")
            .await;
        self.check("simulate").await;
    }

    async fn open(&self, name: &str) {
        self.press(&format!("nav a[href='#{name}']")).await;
        self.until(&format!("!document.querySelector('#{name}').hidden"))
            .await;
    }

    /// Everything is in sight, clear, named, and of this server.
    async fn check(&self, name: &str) {
        let view = self.view;
        let theme = if view.is_dark { "dark" } else { "light" };
        keep(
            &self.client,
            &format!("workbench-{name}-{}-{theme}", view.width),
        )
        .await;
        let seen = self.run(&format!("{CONTRAST}{LOOK}")).await;
        assert!(
            seen["width"].as_u64() <= seen["window"].as_u64(),
            "{view:?} {name}: {seen}"
        );
        for fault in ["wide", "faint", "unnamed", "foreign"] {
            assert_eq!(seen[fault], json!([]), "{view:?} {name}: {fault}");
        }
        // Where there is one, the file of axe-core.
        let Ok(file) = std::env::var("AXE_CORE") else {
            return;
        };
        self.run(&std::fs::read_to_string(file).expect("axe-core"))
            .await;
        let said = self.client.execute_async(
            "const done = arguments[0];
            axe.run().then(({violations}) => done(violations.map((one) =>
                [one.id, one.nodes.slice(0, 3).map((node) => node.html.slice(0, 120))])));",
            Vec::new(),
        );
        assert_eq!(said.await.expect("axe"), json!([]), "{view:?} {name}");
    }

    async fn press(&self, what: &str) {
        let found = self.client.find(Locator::Css(what)).await.expect(what);
        found.click().await.expect(what);
    }

    async fn run(&self, script: &str) -> Value {
        self.client
            .execute(script, Vec::new())
            .await
            .expect("the script")
    }

    async fn until(&self, what: &str) {
        let seen = async {
            while self.run(&format!("return Boolean({what})")).await != true {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let seen = tokio::time::timeout(PATIENCE, seen).await;
        assert!(seen.is_ok(), "{:?}: not seen: {what}", self.view);
    }
}
