//! The registry of all metrics, and the text of it that Prometheus reads.
//!
//! Each area registers its own metrics, beside what they measure, through a [`Registrar`]. Here are
//! those of the process, of the build and of telemetry's own exporters.
//!
//! Names of the ecosystem (`grpc_server_*`, `process_*`) stand bare; the application's own carry
//! PROMETHEUS_PREFIX. Labels come from closed sets only and every series exists from the start, so
//! that rates begin at zero and no client can add a series.

mod export;
mod prefix;
mod registrar;

use std::sync::Arc;

use prometheus::process_collector::ProcessCollector;
use prometheus::{Encoder, IntCounter, IntGaugeVec, Opts, Registry, Result, TextEncoder};

pub use export::ExportMetrics;
pub use prefix::MetricPrefix;
pub use registrar::Registrar;

/// All metrics of the process. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Metrics {
    registrar: Registrar,
    /// Losses of the log and span exporters.
    pub export: Arc<ExportMetrics>,
    /// Connections to the metrics server that were closed for newer ones.
    pub(super) admin_replaced: IntCounter,
}

impl Metrics {
    /// A registry with the metrics of the process, the build and the exporters.
    ///
    /// # Errors
    ///
    /// If a metric cannot be registered, which is a fault of the program.
    pub fn new(prefix: &MetricPrefix) -> Result<Self> {
        let registry = Registry::new();
        registry.register(Box::new(ProcessCollector::for_self()))?;
        let registrar = Registrar::new(registry, prefix);
        register_build_info(&registrar)?;
        Ok(Self {
            export: Arc::new(ExportMetrics::register(&registrar)?),
            admin_replaced: registrar.counter(
                "admin_connections_replaced_total",
                "Connections to the metrics server that were closed for newer ones.",
            )?,
            registrar,
        })
    }

    /// Where the other areas register their metrics.
    pub fn registrar(&self) -> &Registrar {
        &self.registrar
    }

    /// The metrics in Prometheus' text format.
    ///
    /// # Errors
    ///
    /// If a family cannot be written, which is a fault of the program.
    pub fn encode(&self) -> Result<Vec<u8>> {
        let mut text = Vec::with_capacity(64 * 1024);
        TextEncoder::new().encode(&self.registrar.registry().gather(), &mut text)?;
        Ok(text)
    }
}

fn register_build_info(metrics: &Registrar) -> Result<()> {
    let options = Opts::new(
        metrics.name("build_info"),
        "Always 1; the labels say which build runs.",
    );
    let info = metrics.register(IntGaugeVec::new(options, &["version", "revision"])?)?;
    info.with_label_values(&[
        env!("CARGO_PKG_VERSION"),
        option_env!("GIT_REVISION").unwrap_or("unknown"),
    ])
    .set(1);
    Ok(())
}

#[cfg(test)]
mod tests;
