//! The five calls: decode, drive the core, encode.

mod decode;
mod encode;
mod exceeded;
mod limits;
mod memory;
mod metrics;
mod outbox;
mod oversized;
mod reader;
mod recording;
mod replay;
mod rulesets;
mod seen;
mod shared;
mod status;
mod stream;
mod tick;
mod turns;

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;

use bytes::BytesMut;
use tonic::body::Body;
use tonic::codec::CompressionEncoding;
use tonic::codegen::BoxStream;
use tonic::server::NamedService;
use tonic::service::LayerExt;
use tonic::{Request, Response, Status, Streaming, async_trait};
use tower::Service;
use tower::layer::layer_fn;
use tower::util::MapResponseLayer;

use crate::clock::Clock;
use crate::matching::rules::excerpt;
use crate::matching::{Enrichment, MatchLogic, Reason, Ticket};
use crate::proto::match_function_server::{MatchFunction, MatchFunctionServer};
use crate::proto::{
    self, BackfillResponse, EnrichTicketRequest, EnrichTicketResponse, GetStatCodesRequest,
    MatchResponse, Opaque, Rules, StatCodesResponse, ValidateTicketRequest, ValidateTicketResponse,
};
use crate::telemetry::facts::{RpcFacts, bounded};

pub use limits::Limits;
pub use metrics::ServiceMetrics;
pub use reader::Reader;
pub use recording::{RecordSettings, Recorder, Writer};
pub use replay::{Replayed, replay};

use self::decode::{DecodeFault, Known};
use memory::Metered;
use metrics::{MESSAGE_REFUSED, RULESET_REFUSED};
use shared::Shared;
use stream::TickStream;
use tick::{Filling, Making};

/// The service over a studio's logic.
pub struct MatchFunctionService<L> {
    shared: Arc<Shared<L>>,
}

impl<L: MatchLogic> MatchFunctionService<L> {
    /// A service that matches by this logic, within these limits, at the time of this clock, and
    /// counts into these metrics.
    pub fn new(logic: L, limits: Limits, clock: Clock, metrics: ServiceMetrics) -> Self {
        Self::recording(logic, limits, clock, metrics, None)
    }

    /// The same, which records ticks if there is a recorder.
    pub fn recording(
        logic: L,
        limits: Limits,
        clock: Clock,
        metrics: ServiceMetrics,
        recorder: Option<Recorder>,
    ) -> Self {
        Self {
            shared: Arc::new(Shared::new(logic, limits, clock, metrics, recorder)),
        }
    }

    /// The service as tonic serves it: gzip understood, messages bounded, memory counted.
    pub fn into_server(
        self,
    ) -> impl Service<
        http::Request<Body>,
        Response = http::Response<Body>,
        Error = Infallible,
        Future: Send,
    > + NamedService
    + Clone
    + Send
    + Sync {
        let most = self.shared.limits.max_message_bytes;
        let memory = self.shared.memory.clone();
        let server = MatchFunctionServer::new(self)
            .max_decoding_message_size(most as usize)
            // Matching bounds its answers, see Limits::max_answer_bytes.
            .max_encoding_message_size(usize::MAX)
            .accept_compressed(CompressionEncoding::Gzip)
            .send_compressed(CompressionEncoding::Gzip);
        let server =
            layer_fn(move |server| Metered::new(server, memory.clone(), most)).named_layer(server);
        MapResponseLayer::new(move |response| oversized::in_headers(response, most))
            .named_layer(server)
    }

    /// Gives memory that calls have freed back to the system within seconds, for as long as it is
    /// polled.
    pub fn freed_memory_goes_back(&self) -> impl Future<Output = ()> + Send + use<L> {
        self.shared.memory.clone().goes_back()
    }

    /// Reads the ticket of a unary call; an absent one is an empty one, as proto3 has it. `None` if
    /// it is beyond a bound, which is counted and logged.
    fn ticket(
        &self,
        ticket: Option<&proto::Ticket>,
        facts: Option<&RpcFacts>,
    ) -> Result<Option<Ticket>, Status> {
        let body = ticket
            .map(|ticket| ticket.fields().clone())
            .unwrap_or_default();
        let read = decode::ticket(
            body.clone(),
            &Limits::unary_needs(),
            &self.shared.limits,
            &mut Known::default(),
        );
        let fault = match read {
            Ok(ticket) => return Ok(Some(ticket)),
            Err(fault) => fault,
        };
        let bound = fault
            .bound()
            .ok_or_else(|| self.unreadable(&fault, facts))?;
        let named = decode::named(&body).map_err(|fault| self.unreadable(&fault, facts))?;
        self.shared.metrics.exceeds(bound, facts);
        tracing::info!(
            reason = Reason::InvalidTicket.as_str(),
            bound = bound.as_str(),
            ticket_id = excerpt(&named.id),
            "invalid ticket: {fault}"
        );
        Ok(None)
    }

    /// The refusal of a ticket that is not a valid message.
    fn unreadable(&self, fault: &DecodeFault, facts: Option<&RpcFacts>) -> Status {
        self.shared.metrics.refused(MESSAGE_REFUSED, facts);
        status::undecodable("ticket", fault)
    }

    /// Reads the ruleset of a unary call; the ticket is for the log.
    fn rules(
        &self,
        rules: Option<&Rules>,
        ticket: Option<&proto::Ticket>,
        facts: Option<&RpcFacts>,
    ) -> Result<L::Rules, Status> {
        let shared = &self.shared;
        let (id, read) = shared.rules(rules);
        read.inspect_err(|status| {
            shared.metrics.refused(RULESET_REFUSED, facts);
            let named = ticket.and_then(|ticket| decode::named(ticket.fields()).ok());
            let pool = named.unwrap_or_default().pool;
            let now_ms = shared.clock.unix_ms();
            let rulesets = &shared.rulesets;
            rulesets.refuse(id, now_ms, bounded(&pool, MAX_POOL), status.message());
        })
    }
}

impl<L> fmt::Debug for MatchFunctionService<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MatchFunctionService")
    }
}

#[async_trait]
impl<L: MatchLogic> MatchFunction for MatchFunctionService<L> {
    async fn get_stat_codes(
        &self,
        request: Request<GetStatCodesRequest>,
    ) -> Result<Response<StatCodesResponse>, Status> {
        let facts = facts_of(&request);
        let rules = self.rules(request.into_inner().rules.as_ref(), None, facts.as_deref())?;
        let codes = self.shared.logic.stat_codes(&rules);
        Ok(Response::new(StatCodesResponse { codes }))
    }

    async fn validate_ticket(
        &self,
        request: Request<ValidateTicketRequest>,
    ) -> Result<Response<ValidateTicketResponse>, Status> {
        let facts = facts_of(&request);
        let facts = facts.as_deref();
        let request = request.into_inner();
        let rules = self.rules(request.rules.as_ref(), request.ticket.as_ref(), facts)?;
        let Some(ticket) = self.ticket(request.ticket.as_ref(), facts)? else {
            return Ok(Response::new(ValidateTicketResponse {
                valid_ticket: false,
            }));
        };
        let verdict = self.shared.logic.validate_ticket(&rules, &ticket);
        if let Err(fault) = &verdict {
            self.shared.metrics.refused(fault.as_str(), facts);
            tracing::info!(
                reason = fault.as_str(),
                ticket_id = excerpt(&ticket.id),
                "invalid ticket: {fault}"
            );
        }
        Ok(Response::new(ValidateTicketResponse {
            valid_ticket: verdict.is_ok(),
        }))
    }

    async fn enrich_ticket(
        &self,
        request: Request<EnrichTicketRequest>,
    ) -> Result<Response<EnrichTicketResponse>, Status> {
        let facts = facts_of(&request);
        let facts = facts.as_deref();
        let request = request.into_inner();
        let rules = self.rules(request.rules.as_ref(), request.ticket.as_ref(), facts)?;
        let sent = request
            .ticket
            .ok_or_else(|| status::invalid_field("ticket", "there is no `ticket` to enrich"))?;
        // ValidateTicket is what refuses a ticket: one that cannot be looked at goes back as it is.
        let ticket = match self.ticket(Some(&sent), facts)? {
            Some(ticket) => {
                let enrichment = self.shared.logic.enrich_ticket(&rules, &ticket);
                enriched(sent, &enrichment)
            }
            None => sent,
        };
        let ticket = Some(ticket);
        Ok(Response::new(EnrichTicketResponse { ticket }))
    }

    type MakeMatchesStream = BoxStream<MatchResponse>;

    async fn make_matches(
        &self,
        request: Request<Streaming<Opaque>>,
    ) -> Result<Response<Self::MakeMatchesStream>, Status> {
        let stream: TickStream<Making, L> = TickStream::new(Arc::clone(&self.shared), request);
        Ok(Response::new(Box::pin(stream)))
    }

    type BackfillMatchesStream = BoxStream<BackfillResponse>;

    async fn backfill_matches(
        &self,
        request: Request<Streaming<Opaque>>,
    ) -> Result<Response<Self::BackfillMatchesStream>, Status> {
        let stream: TickStream<Filling, L> = TickStream::new(Arc::clone(&self.shared), request);
        Ok(Response::new(Box::pin(stream)))
    }
}

/// Where the layers around the service read what the call was about.
fn facts_of<T>(request: &Request<T>) -> Option<Arc<RpcFacts>> {
    request.extensions().get().cloned()
}

/// The ticket with attributes added. Protobuf merges two pieces of a message, and a later entry of
/// a map replaces an earlier one: so the new attributes are put behind the bytes of the ticket,
/// which stay as they are.
fn enriched(ticket: proto::Ticket, enrichment: &Enrichment) -> proto::Ticket {
    if enrichment.attributes.is_empty() {
        return ticket;
    }
    let attributes = encode::to_struct(&enrichment.attributes);
    let mut fields = BytesMut::from(ticket.into_fields());
    prost::encoding::message::encode(TICKET_ATTRIBUTES, &attributes, &mut fields);
    fields.freeze().into()
}

/// Longest name of a pool in spans and log lines, in bytes.
const MAX_POOL: usize = 128;

/// Number of the field `Ticket.ticket_attributes`.
const TICKET_ATTRIBUTES: u32 = 5;
