//! Pages in a real browser: Chromium through its WebDriver. Skipped where there is none, unless
//! `BROWSER_TESTS=on` says that there is one, as in CI.

mod report;
mod workbench;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder};
use http::Method;
use serde_json::{Value, json};

pub(crate) use workbench::Workbench;

/// A browser's driver; each view is a browser of its own.
pub(crate) struct Driver {
    child: Child,
    address: String,
}

/// How wide a page is shown, and in which theme.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View {
    pub(crate) width: u32,
    pub(crate) is_dark: bool,
}

/// A desktop and a phone, light and dark.
pub(crate) const VIEWS: [View; 4] = [
    View {
        width: 1280,
        is_dark: false,
    },
    View {
        width: 1280,
        is_dark: true,
    },
    View {
        width: 360,
        is_dark: false,
    },
    View {
        width: 360,
        is_dark: true,
    },
];

/// Functions of a script: the contrast of a colour with what is behind an element, as WCAG defines it.
const CONTRAST: &str = r"
    const lightness = (colour) => {
        const [r, g, b] = colour.match(/[\d.]+/g).map(Number);
        const part = (c) => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
        return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
    };
    const behind = (element) => {
        for (let at = element; at; at = at.parentElement) {
            const colour = getComputedStyle(at).backgroundColor;
            if (!colour.startsWith('rgba(0, 0, 0, 0')) return colour;
        }
        return 'rgb(255, 255, 255)';
    };
    const contrast = (element, colour) => {
        const [a, b] = [lightness(colour), lightness(behind(element))];
        return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    };";

impl Driver {
    /// Starts it; `None` where there is none.
    pub(crate) fn start() -> Option<Self> {
        let mut command = Command::new("chromedriver");
        let started = command
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let mut child = match started {
            Ok(child) => child,
            Err(error) => {
                let is_needed = std::env::var("BROWSER_TESTS").is_ok_and(|value| value == "on");
                assert!(!is_needed, "chromedriver does not start: {error}");
                return None;
            }
        };
        let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let port = lines.map_while(Result::ok).find_map(|line| {
            let (_, port) = line.split_once("successfully on port ")?;
            port.trim_end_matches('.').parse::<u16>().ok()
        });
        let port = port.expect("it tells its port");
        let address = format!("http://127.0.0.1:{port}");
        Some(Self { child, address })
    }

    /// Opens a browser.
    pub(crate) async fn open(&self, view: View) -> Client {
        // 0 is dark, 1 is light.
        let scheme = format!(
            "--blink-settings=preferredColorScheme={}",
            u8::from(!view.is_dark)
        );
        let metrics =
            json!({"width": view.width, "height": 800, "pixelRatio": 1.0, "touch": false});
        let options = json!({
            "args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", scheme],
            "mobileEmulation": {"deviceMetrics": metrics},
        });
        let wanted =
            json!({"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}});
        let Value::Object(wanted) = wanted else {
            unreachable!("it is an object");
        };
        let client = ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new())
            .capabilities(wanted)
            .connect(&self.address)
            .await;
        client.expect("a browser starts")
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What the console of a page has said since it was last asked, as texts.
pub(crate) async fn console(client: &Client) -> Vec<String> {
    let said = client.issue_cmd(Console).await.expect("a log");
    let entries = said.as_array().expect("entries").iter();
    entries.map(|entry| entry["message"].to_string()).collect()
}

#[derive(Debug)]
struct Console;

impl WebDriverCompatibleCommand for Console {
    fn endpoint(
        &self,
        base: &reqwest::Url,
        session: Option<&str>,
    ) -> Result<reqwest::Url, <reqwest::Url as std::str::FromStr>::Err> {
        base.join(&format!("session/{}/se/log", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &reqwest::Url) -> (Method, Option<String>) {
        (Method::POST, Some(json!({"type": "browser"}).to_string()))
    }
}

/// Keeps a picture of the page, as high as it is, for people to look at.
pub(crate) async fn keep(client: &Client, name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("screenshots");
    std::fs::create_dir_all(&folder).expect("a folder");
    let path = folder.join(format!("{name}.png"));
    let picture = client.screenshot().await.expect("a picture");
    std::fs::write(&path, picture).expect("a file");
    path
}
