//! What is measured of the watched server.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use crate::trend::Trend;

/// The names of the columns.
pub(crate) const HEAD: &str = "  time   RSS MiB   fds  threads  panics  load so far";

/// The share of a run that is not judged: caches fill, threads start.
const WARM_UP: f64 = 0.2;

/// A figure that must not grow.
struct Judged {
    name: &'static str,
    /// By how much it may rise in any case.
    allowed: f64,
    of: fn(&Sample) -> f64,
}

const JUDGED: [Judged; 3] = [
    Judged {
        name: "resident memory, MiB",
        allowed: 4.0,
        of: |sample| sample.rss_mib,
    },
    Judged {
        name: "file descriptors",
        allowed: 4.0,
        of: |sample| sample.fds,
    },
    Judged {
        name: "threads",
        allowed: 2.0,
        of: |sample| sample.threads,
    },
];

/// A server, and the samples so far.
#[derive(Debug)]
pub(crate) struct Watched {
    pid: u32,
    metrics: String,
    client: reqwest::Client,
    samples: Vec<Sample>,
}

/// The server at one time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    second: f64,
    rss_mib: f64,
    fds: f64,
    threads: f64,
    panics: f64,
}

impl Watched {
    /// A process on this machine whose metrics are at that URL.
    pub(crate) fn new(pid: u32, metrics: String) -> Self {
        Self {
            pid,
            metrics,
            client: reqwest::Client::new(),
            samples: Vec::new(),
        }
    }

    /// Measures.
    ///
    /// # Errors
    ///
    /// If the server has ended or does not show its metrics.
    pub(crate) async fn sample(&mut self, at: Duration) -> Result<Sample, Box<dyn Error>> {
        let path = format!("/proc/{}/status", self.pid);
        let status =
            std::fs::read_to_string(path).map_err(|error| format!("the server: {error}"))?;
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let number = line.and_then(|line| line.split_whitespace().next());
            number.and_then(|number| number.parse::<f64>().ok())
        };
        let answer = self.client.get(&self.metrics).send().await?;
        let text = answer.error_for_status()?.text().await?;
        let panics = text.lines().filter(|line| !line.starts_with('#'));
        let panics = panics.filter(|line| line.contains("rpc_panics_total"));
        let panics = panics.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok());
        let sample = Sample {
            second: at.as_secs_f64(),
            rss_mib: field("VmRSS:").ok_or("no VmRSS")? / 1024.0,
            fds: std::fs::read_dir(format!("/proc/{}/fd", self.pid))?.count() as f64,
            threads: field("Threads:").ok_or("no Threads")?,
            panics: panics.sum(),
        };
        self.samples.push(sample);
        Ok(sample)
    }

    /// The trends, and what grew.
    pub(crate) fn verdict(&self) -> (Vec<String>, Vec<String>) {
        let warm = (self.samples.len() as f64 * WARM_UP).ceil() as usize;
        let samples = &self.samples[warm.min(self.samples.len())..];
        let (mut trends, mut grew) = (Vec::new(), Vec::new());
        for Judged { name, allowed, of } in JUDGED {
            let series: Vec<_> = samples.iter().map(|one| (one.second, of(one))).collect();
            let Some(trend) = Trend::of(&series) else {
                grew.push(format!("{name}: too few samples to judge"));
                continue;
            };
            let Trend {
                per_hour,
                rise,
                noise,
            } = trend;
            trends.push(format!(
                "{name}: {per_hour:+.1} an hour; {rise:+.1} in this run, noise ±{noise:.1}"
            ));
            if trend.grows(allowed) {
                grew.push(format!("{name}: {rise:+.1}, more than noise ±{noise:.1}"));
            }
        }
        let panics = self.samples.last().map_or(0.0, |sample| sample.panics);
        if panics > 0.0 {
            grew.push(format!("{panics} panics"));
        }
        (trends, grew)
    }
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            second,
            rss_mib,
            fds,
            threads,
            panics,
        } = self;
        write!(
            f,
            "{second:5.0} s {rss_mib:9.1} {fds:5} {threads:8} {panics:7} "
        )
    }
}
