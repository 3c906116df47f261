//! The registry: every name, label and unit that operators see, in one family of files.
//!
//! Names of the ecosystem (`grpc_server_*`, `process_*`) stand bare; the application's own carry
//! PROMETHEUS_PREFIX. Labels come from closed sets only and every series exists from the start, so
//! that rates begin at zero and no client can add a series.

mod auth;
mod export;
mod merged;
mod rpc;
mod tick;

use std::sync::Arc;

use prometheus::core::Collector;
use prometheus::process_collector::ProcessCollector;
use prometheus::{Encoder, IntGaugeVec, Opts, Registry, TextEncoder};

pub use auth::AuthReading;
pub use export::ExportMetrics;
pub use rpc::{CODES, RpcMetrics};
pub use tick::{Spread, TickKind, TickLabels, TickMetrics, TickReport};

use super::method::MethodTable;

/// All metrics of the process. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Metrics {
    registry: Registry,
    prefix: Arc<str>,
    /// Calls, by method and code.
    pub rpc: Arc<RpcMetrics>,
    /// Ticks, tickets and matches.
    pub ticks: Arc<TickMetrics>,
    /// Losses of the log and span exporters.
    pub export: Arc<ExportMetrics>,
}

impl Metrics {
    /// Registers everything.
    ///
    /// `prefix` starts the application's own names; `methods` and `ticks` are the label values.
    ///
    /// # Errors
    /// The prefix makes no valid metric name, or bounds do not ascend.
    pub fn new(
        prefix: &str,
        methods: &MethodTable,
        ticks: TickLabels,
    ) -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        registry.register(Box::new(ProcessCollector::for_self()))?;
        register_build_info(&registry, prefix)?;
        Ok(Self {
            rpc: Arc::new(RpcMetrics::new(&registry, prefix, methods)?),
            ticks: Arc::new(TickMetrics::new(&registry, prefix, ticks)?),
            export: Arc::new(ExportMetrics::new(&registry, prefix)?),
            registry,
            prefix: prefix.into(),
        })
    }

    /// Exports what the authorizer counts: `read` is asked at every scrape.
    ///
    /// # Errors
    /// Called twice.
    pub fn watch_auth(
        &self,
        read: impl Fn() -> AuthReading + Send + Sync + 'static,
    ) -> Result<(), prometheus::Error> {
        auth::register(&self.registry, &self.prefix, Box::new(read))
    }

    /// The metrics in Prometheus' text format.
    ///
    /// # Errors
    /// A family cannot be written, which is a fault of the program.
    pub fn encode(&self) -> Result<Vec<u8>, prometheus::Error> {
        self.export.refresh();
        let mut text = Vec::with_capacity(64 * 1024);
        TextEncoder::new().encode(&self.registry.gather(), &mut text)?;
        Ok(text)
    }
}

fn register<C: Collector + Clone + 'static>(
    registry: &Registry,
    collector: C,
) -> Result<C, prometheus::Error> {
    registry.register(Box::new(collector.clone()))?;
    Ok(collector)
}

fn register_build_info(registry: &Registry, prefix: &str) -> Result<(), prometheus::Error> {
    let info = register(
        registry,
        IntGaugeVec::new(
            Opts::new(
                format!("{prefix}_build_info"),
                "Always 1; the labels say which build runs.",
            ),
            &["version", "revision"],
        )?,
    )?;
    info.with_label_values(&[
        env!("CARGO_PKG_VERSION"),
        option_env!("GIT_REVISION").unwrap_or("unknown"),
    ])
    .set(1);
    Ok(())
}

#[cfg(test)]
mod tests;
