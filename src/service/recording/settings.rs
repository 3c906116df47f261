//! What is recorded, and where.

use std::path::PathBuf;

/// Which ticks are kept as files, to be played again by `match-function replay`.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
#[command(next_help_heading = "Recording of ticks")]
pub struct RecordSettings {
    /// Folder for captures of ticks; without one nothing is recorded. Captures hold player ids: they are
    /// readable for the server's user only.
    #[arg(long, env = "RECORD_TICKS_DIR", value_name = "FOLDER")]
    pub record_ticks_dir: Option<PathBuf>,

    /// Share of ticks to record, from 0 to 1, chosen by a hash of pool and tick id.
    #[arg(long, env = "RECORD_TICKS_SHARE", default_value_t = 1.0, value_name = "SHARE",
        value_parser = share)]
    pub record_ticks_share: f64,

    /// Match pools to record, separated by commas; without any, all.
    #[arg(
        long,
        env = "RECORD_TICKS_POOLS",
        default_value = "",
        value_name = "POOLS",
        hide_default_value = true
    )]
    pub record_ticks_pools: String,

    /// Bytes that all captures may have together; the oldest are removed first.
    #[arg(long, env = "RECORD_TICKS_MAX_BYTES", default_value_t = 1 << 30, value_name = "BYTES",
        value_parser = clap::value_parser!(u64).range(1 << 16..))]
    pub record_ticks_max_bytes: u64,

    /// Only ticks are recorded that took at least so many milliseconds.
    #[arg(long, env = "RECORD_TICKS_SLOWER_THAN_MS", default_value_t = 0, value_name = "MS",
        value_parser = clap::value_parser!(u32))]
    pub record_ticks_slower_than_ms: u32,
}

fn share(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err("allowed are numbers from 0 to 1".to_owned()),
    }
}

impl RecordSettings {
    /// The pools to record; none means all.
    pub(super) fn pools(&self) -> impl Iterator<Item = &str> {
        let names = self.record_ticks_pools.split(',').map(str::trim);
        names.filter(|name| !name.is_empty())
    }

    /// [`RecordSettings::record_ticks_slower_than_ms`].
    pub(super) fn slower_than_ms(&self) -> u32 {
        self.record_ticks_slower_than_ms
    }
}

impl Default for RecordSettings {
    /// The defaults of `--help`: nothing is recorded.
    fn default() -> Self {
        #[derive(clap::Parser)]
        struct Alone {
            #[command(flatten)]
            settings: RecordSettings,
        }
        <Alone as clap::Parser>::parse_from([""]).settings
    }
}
