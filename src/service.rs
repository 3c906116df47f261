//! The five calls: decode, drive the core, encode.

mod decode;
mod encode;
mod limits;
mod metrics;
mod outbox;
mod seen;
mod shared;
mod status;
mod stream;
mod tick;

use std::fmt;
use std::sync::Arc;

use bytes::BytesMut;
use tonic::codec::CompressionEncoding;
use tonic::codegen::BoxStream;
use tonic::{Request, Response, Status, Streaming, async_trait};

use crate::clock::Clock;
use crate::matching::{Enrichment, MatchLogic, Ticket};
use crate::proto::match_function_server::{MatchFunction, MatchFunctionServer};
use crate::proto::{
    self, BackfillResponse, EnrichTicketRequest, EnrichTicketResponse, GetStatCodesRequest,
    MatchResponse, Opaque, Rules, StatCodesResponse, ValidateTicketRequest, ValidateTicketResponse,
};
use crate::telemetry::facts::RpcFacts;

pub use limits::Limits;
pub use metrics::ServiceMetrics;

use self::decode::Known;
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
        Self {
            shared: Arc::new(Shared::new(logic, limits, clock, metrics)),
        }
    }

    /// The service as tonic serves it: gzip understood, messages bounded.
    pub fn into_server(self) -> MatchFunctionServer<Self> {
        let maximum = self.shared.limits.max_message_bytes as usize;
        MatchFunctionServer::new(self)
            .max_decoding_message_size(maximum)
            // A match repeats its tickets, and each of them has passed the bound on the way in.
            .max_encoding_message_size(usize::MAX)
            .accept_compressed(CompressionEncoding::Gzip)
            .send_compressed(CompressionEncoding::Gzip)
    }

    /// Reads the ticket of a unary call; an absent one counts as empty, as in proto3.
    fn ticket(
        &self,
        ticket: Option<&proto::Ticket>,
        facts: Option<&RpcFacts>,
    ) -> Result<Ticket, Status> {
        let body = ticket
            .map(|ticket| ticket.fields().clone())
            .unwrap_or_default();
        decode::ticket(
            body,
            &Limits::unary_needs(),
            &self.shared.limits,
            &mut Known::default(),
        )
        .inspect_err(|_| self.shared.metrics.refused(MESSAGE_REFUSED, facts))
        .map_err(|fault| status::undecodable("ticket", &fault))
    }

    fn rules(&self, rules: Option<&Rules>, facts: Option<&RpcFacts>) -> Result<L::Rules, Status> {
        self.shared
            .rules(rules)
            .inspect_err(|_| self.shared.metrics.refused(RULESET_REFUSED, facts))
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
        let rules = self.rules(request.into_inner().rules.as_ref(), facts.as_deref())?;
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
        let rules = self.rules(request.rules.as_ref(), facts)?;
        let ticket = self.ticket(request.ticket.as_ref(), facts)?;
        let verdict = self.shared.logic.validate_ticket(&rules, &ticket);
        if let Err(fault) = &verdict {
            self.shared.metrics.refused(fault.as_str(), facts);
            tracing::info!(
                reason = fault.as_str(),
                ticket_id = &*ticket.id,
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
        let rules = self.rules(request.rules.as_ref(), facts)?;
        let sent = request
            .ticket
            .ok_or_else(|| status::invalid_field("ticket", "there is no `ticket` to enrich"))?;
        let ticket = self.ticket(Some(&sent), facts)?;
        let enrichment = self.shared.logic.enrich_ticket(&rules, &ticket);
        let ticket = Some(enriched(sent, &enrichment));
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

/// Number of the field `Ticket.ticket_attributes`.
const TICKET_ATTRIBUTES: u32 = 5;
