//! Spans: the tracer, its sampler, and exporters that neither block nor grow.
//!
//! A call's span is made by the trace layer through [`Tracer::start`]; spans inside it (a tick, a
//! request to IAM) are ordinary `tracing` spans of this crate at info or above, turned into
//! children by `tracing-opentelemetry`.

mod export;
pub(super) mod sampling;

use std::sync::Arc;
use std::time::Duration;

use opentelemetry::trace::{
    SpanBuilder, SpanKind, TraceContextExt, TraceState, Tracer as _, TracerProvider as _,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{
    BatchSpanProcessor, IdGenerator, RandomIdGenerator, Sampler, SamplingDecision, SdkTracer,
    SdkTracerProvider, ShouldSample, SpanProcessor,
};
use tracing::{Metadata, Subscriber, level_filters::LevelFilter};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;

use super::metrics::ExportMetrics;
use super::propagation::{Remote, remote_parent};
use super::settings::Settings;
use sampling::Samplers;

/// Maximum time that the last spans may take at shutdown.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(5);

/// Starts the spans of calls. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Tracer {
    tracer: SdkTracer,
    /// Decides for callers that give ids but no decision.
    undecided: Sampler,
}

/// Ends tracing: sends what is queued.
#[derive(Debug)]
pub(super) struct FlushSpans(SdkTracerProvider);

/// Builds the tracer and its exporter. May be called inside or outside a tokio runtime.
///
/// # Errors
///
/// If the exporter cannot be built: why.
pub(super) fn build(
    settings: &Settings,
    metrics: &Arc<ExportMetrics>,
) -> Result<(Tracer, FlushSpans), String> {
    let service_name = settings.service_name();
    let Some(target) = settings.spans()? else {
        let Samplers { all, undecided } = Samplers::none();
        return Ok(tracer(
            service_name,
            all,
            undecided,
            None::<BatchSpanProcessor>,
        ));
    };
    let processor = export::processor(target, service_name, metrics)?;
    let Samplers { all, undecided } = samplers(settings);
    let while_reachable = processor.sampler(all);
    Ok(tracer(
        service_name,
        while_reachable,
        undecided,
        Some(processor),
    ))
}

pub(super) fn samplers(settings: &Settings) -> Samplers {
    Samplers::new(settings.otel_traces_sampler, settings.sample_ratio())
}

pub(super) fn tracer(
    service_name: &str,
    sampler: impl ShouldSample + 'static,
    undecided: Sampler,
    processor: Option<impl SpanProcessor + 'static>,
) -> (Tracer, FlushSpans) {
    let resource = Resource::builder()
        .with_service_name(service_name.to_owned())
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .build();
    let mut builder = SdkTracerProvider::builder()
        .with_sampler(sampler)
        .with_resource(resource);
    if let Some(processor) = processor {
        builder = builder.with_span_processor(processor);
    }
    let provider = builder.build();
    let tracer = Tracer {
        tracer: provider.tracer("match_function"),
        undecided,
    };
    (tracer, FlushSpans(provider))
}

impl Tracer {
    /// Starts a server span below the caller's, and gives the context that holds it.
    ///
    /// A span that is not sampled has ids and nothing else. A caller's "do not record" is
    /// respected even without ids; "record" without ids leaves the decision to the sampler.
    pub fn start(&self, name: &'static str, remote: Option<Remote>) -> Context {
        let parent = match remote {
            None => Context::new(),
            Some(remote) => self.parent(name, remote),
        };
        let span = self.tracer.build_with_context(
            SpanBuilder::from_name(name).with_kind(SpanKind::Server),
            &parent,
        );
        parent.with_span(span)
    }

    fn parent(&self, name: &'static str, remote: Remote) -> Context {
        let parent = match (remote.ids, remote.sampled) {
            (Some(ids), Some(sampled)) => remote_parent(ids, sampled, remote.state),
            (Some(ids), None) => {
                let result =
                    self.undecided
                        .should_sample(None, ids.0, name, &SpanKind::Server, &[], &[]);
                let sampled = matches!(result.decision, SamplingDecision::RecordAndSample);
                remote_parent(ids, sampled, remote.state)
            }
            (None, Some(false)) => {
                let ids = RandomIdGenerator::default();
                let ids = (ids.new_trace_id(), ids.new_span_id());
                remote_parent(ids, false, TraceState::NONE)
            }
            (None, _) => return Context::new(),
        };
        Context::new().with_remote_span_context(parent)
    }

    /// The layer that turns this crate's `tracing` spans into children of the call's span.
    pub(super) fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        tracing_opentelemetry::layer()
            .with_tracer(self.tracer.clone())
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_filter(filter_fn(is_span_of_this_crate).with_max_level_hint(LevelFilter::INFO))
    }
}

fn is_span_of_this_crate(metadata: &Metadata<'_>) -> bool {
    metadata.is_span() && metadata.target().starts_with(env!("CARGO_CRATE_NAME"))
}

impl FlushSpans {
    /// Sends what is queued, within this time and 5 s. Blocks.
    pub(super) fn flush(&self, within: Duration) {
        // The exporter has counted what it could not send; a second report would be misleading.
        let _ = self.0.shutdown_with_timeout(within.min(FLUSH_TIMEOUT));
    }
}

#[cfg(test)]
mod tests;
