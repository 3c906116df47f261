//! One stream, one tick: parameters, then tickets, then the half-close.
//!
//! The answers are a `Stream` that reads the requests when it is polled. So there is no task and no
//! channel between reading and matching: while a client does not read its matches, its tickets are
//! not read either, and the flow control of HTTP/2 makes it wait.

mod finish;
pub(super) mod intake;
mod report;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::BytesMut;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinHandle;
use tokio::time::{Instant, Sleep};
use tokio_stream::Stream;
use tonic::{Code, Request, Status, Streaming};
use tracing::Span;
use tracing::field::Empty;

use super::memory::{CallMemory, Ledger, NoRoom};
use super::metrics::{MESSAGE_REFUSED, TickKind, TickRecord};
use super::outbox::Outbox;
use super::recording::Recording;
use super::shared::Shared;
use super::tick::Purpose;
use super::{oversized, status};
use crate::matching::{Flow, MatchLogic};
use crate::proto::Opaque;
use crate::telemetry::facts::RpcFacts;
use intake::Intake;

/// Messages that are read at a time before other tasks of the thread get their turn.
const BATCH: usize = 256;

/// Bytes after which they get it earlier: small messages may be compressed large ones.
const BATCH_BYTES: usize = 1 << 20;

/// Bytes that a stream reads between two questions to the memory budget, which all streams ask; and what
/// a message counts for beside its own, as it becomes a ticket.
const ROOM: usize = 16 << 10;
const ROOM_OF_EACH: usize = 640;

/// The answers to one stream.
pub(super) struct TickStream<P: Purpose, L: MatchLogic> {
    shared: Arc<Shared<L>>,
    requests: Streaming<Opaque>,
    /// Where the layers around the service read what the call was about.
    facts: Option<Arc<RpcFacts>>,
    out: Outbox<P::Answer>,
    /// Where answers are encoded.
    buffer: BytesMut,
    state: State<P>,
    /// What it holds.
    memory: Ledger,
    /// Bytes of messages that were read since the task last gave others their turn.
    read: usize,
    /// Bytes that may be read before the memory budget is asked again.
    room: usize,
    /// When to check again whether the stream has been idle for too long. How long it may be open in
    /// all is for the layers around the service.
    alarm: Pin<Box<Sleep>>,
    /// Whether a message came since the alarm was set.
    active: bool,
    /// From the parameters to the end, below the call's span.
    span: Span,
    opened: Instant,
    /// Whether the tick's end has been recorded.
    recorded: bool,
    /// What is kept of it for a capture.
    recording: Option<Box<Recording>>,
}

enum State<P: Purpose> {
    /// No parameters yet.
    Opening,
    /// Tickets come in.
    Reading { tick: P::Tick, intake: Box<Intake> },
    /// The stream failed; the matches made before go out first.
    Failed(Status),
    /// A thread makes the last matches.
    Finishing {
        answers: UnboundedReceiver<P::Answer>,
        /// What it recorded; `None` if matching panicked.
        thread: JoinHandle<Option<TickRecord>>,
    },
    /// There are no more answers.
    Ended,
}

enum Step<T> {
    /// The state has changed: take another step.
    Again,
    /// An answer from the thread.
    Answer(T),
    /// The last answer has been sent.
    End,
}

impl<P: Purpose, L: MatchLogic> TickStream<P, L> {
    /// A stream of answers to these requests.
    pub(super) fn new(shared: Arc<Shared<L>>, request: Request<Streaming<Opaque>>) -> Self {
        let facts = request.extensions().get().cloned();
        let mut out = Outbox::new(shared.metrics.tick_begins(P::KIND));
        if let Some(id) = request
            .metadata()
            .get("x-ab-traceid")
            .and_then(|id| id.to_str().ok())
        {
            id.clone_into(&mut out.record.ab_trace_id);
        }
        let memory: Option<&CallMemory> = request.extensions().get();
        let memory = memory.cloned().unwrap_or_else(|| shared.memory.open(1, 0));
        let now = Instant::now();
        let idle = now + shared.limits.idle_timeout();
        Self {
            requests: request.into_inner(),
            facts,
            out,
            buffer: BytesMut::new(),
            state: State::Opening,
            memory: Ledger::new(memory),
            read: 0,
            room: 0,
            alarm: Box::pin(tokio::time::sleep_until(idle)),
            active: false,
            span: Span::none(),
            opened: now,
            recorded: false,
            recording: begin(&shared, P::KIND),
            shared,
        }
    }

    fn step(&mut self, cx: &mut Context<'_>) -> Poll<Result<Step<P::Answer>, Status>> {
        match &mut self.state {
            State::Ended => Poll::Ready(Ok(Step::End)),
            State::Failed(status) => Poll::Ready(Err(std::mem::replace(status, Status::ok("")))),
            State::Finishing { answers, thread } => match ready!(answers.poll_recv(cx)) {
                Some(answer) => Poll::Ready(Ok(Step::Answer(answer))),
                None => {
                    let finished = ready!(Pin::new(thread).poll(cx));
                    self.state = State::Ended;
                    match finished {
                        Ok(Some(record)) => self.out.record.join(record),
                        // The panic hook has logged its message.
                        Ok(None) | Err(_) => return Poll::Ready(Err(status::panicked())),
                    }
                    Poll::Ready(Ok(Step::Again))
                }
            },
            State::Opening | State::Reading { .. } => {
                let polled = match self.poll_room(cx) {
                    Poll::Ready(Ok(())) => Pin::new(&mut self.requests).poll_next(cx),
                    Poll::Ready(Err(why)) => return Poll::Ready(Err(status::no_room(why))),
                    Poll::Pending => Poll::Pending,
                };
                let read = match polled {
                    Poll::Pending if self.holds_tickets() => self.flush(),
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(request) => {
                        self.active = true;
                        match request {
                            Some(Ok(request)) => self.take(request),
                            Some(Err(status)) => {
                                let most = self.shared.limits.max_message_bytes;
                                Err(oversized::one_code(status, most))
                            }
                            None => self.half_closed(),
                        }
                    }
                };
                match read {
                    Ok(Flow::Go) => {}
                    Ok(Flow::Stop) => self.state = State::Ended,
                    Err(status) => {
                        self.tell_of_ruleset(cx, &status);
                        self.fail(status);
                    }
                }
                Poll::Ready(Ok(Step::Again))
            }
        }
    }

    /// Whether there is memory to read on.
    fn poll_room(&mut self, cx: &Context<'_>) -> Poll<Result<(), NoRoom>> {
        if self.room > 0 {
            return Poll::Ready(Ok(()));
        }
        let polled = self.memory.poll_room(cx);
        if let Poll::Ready(Ok(())) = polled {
            self.room = ROOM;
        }
        polled
    }

    fn take(&mut self, request: Opaque) -> Result<Flow, Status> {
        let bytes = request.fields().len();
        self.read += bytes;
        self.room = self.room.saturating_sub(bytes + ROOM_OF_EACH);
        if let Some(recording) = &mut self.recording {
            recording.request(request.fields());
        }
        let request = self.memory.message(request);
        let Self {
            shared,
            out,
            state,
            span,
            memory,
            opened: since,
            facts,
            ..
        } = self;
        let taken = match state {
            State::Opening => {
                *since = Instant::now();
                *span = tracing::info_span!(
                    "tick",
                    tick_id = Empty,
                    match_pool = Empty,
                    tickets = Empty,
                    answers = Empty
                );
                memory.rules(bytes);
                let opened = intake::open::<P, L>(shared, request, &mut out.record);
                if let Some(facts) = facts {
                    out.record.identify(facts);
                }
                opened.map(|(tick, intake)| {
                    let intake = Box::new(intake);
                    *state = State::Reading { tick, intake };
                    false
                })
            }
            State::Reading { intake, .. } => {
                intake.take::<P>(request, &shared.limits, &mut out.record)
            }
            State::Failed(_) | State::Finishing { .. } | State::Ended => Ok(false),
        };
        let flush = taken.inspect_err(|status| {
            if status.code() == Code::InvalidArgument {
                out.record.refused.get_or_insert(MESSAGE_REFUSED);
            }
        })?;
        if let Some(recording) = &mut self.recording {
            recording.decide(&self.out.record);
            if recording.is_over() {
                self.recording = None;
            }
        }
        if flush { self.flush() } else { Ok(Flow::Go) }
    }

    fn holds_tickets(&self) -> bool {
        matches!(&self.state, State::Reading { intake, .. } if intake.holds_tickets())
    }

    /// Gives the tick what was read.
    fn flush(&mut self) -> Result<Flow, Status> {
        let State::Reading { tick, intake } = &mut self.state else {
            return Ok(Flow::Go);
        };
        intake.charge(&mut self.memory);
        let push = AssertUnwindSafe(|| intake.flush::<P>(tick, &mut self.out));
        // Unwind safe because the tick is dropped after a panic: what it left half done is never
        // read.
        catch_unwind(push).map_err(|_| status::panicked())
    }

    /// Ends the stream with an error, behind what the tickets before it led to.
    fn fail(&mut self, status: Status) {
        self.state = match self.flush() {
            Ok(Flow::Go) => State::Failed(status),
            Ok(Flow::Stop) => State::Ended,
            Err(panicked) => State::Failed(panicked),
        };
    }

    /// An error if the stream was idle for too long.
    fn poll_alarm(&mut self, cx: &mut Context<'_>) -> Poll<Status> {
        loop {
            ready!(self.alarm.as_mut().poll(cx));
            let reading = matches!(self.state, State::Opening | State::Reading { .. });
            if reading && !std::mem::take(&mut self.active) {
                let maximum = self.shared.limits.stream_idle_timeout_second;
                if let Some(why) = self.memory.held_back() {
                    return Poll::Ready(status::held_back(why, maximum));
                }
                return Poll::Ready(Status::deadline_exceeded(format!(
                    "no message was received for {maximum} s (STREAM_IDLE_TIMEOUT_SECOND)"
                )));
            }
            let idle = self.shared.limits.idle_timeout();
            self.alarm.as_mut().reset(Instant::now() + idle);
        }
    }
}

/// Begins to record a tick, if ticks are recorded.
fn begin<L>(shared: &Shared<L>, kind: TickKind) -> Option<Box<Recording>> {
    let recorder = shared.recorder.as_ref()?;
    Some(Box::new(recorder.begin(kind)))
}

impl<P: Purpose, L: MatchLogic> Unpin for TickStream<P, L> {}

impl<P: Purpose, L: MatchLogic> Stream for TickStream<P, L> {
    type Item = Result<P::Response, Status>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        this.memory.is_sent();
        this.read = 0;
        for _ in 0..BATCH {
            if this.read >= BATCH_BYTES {
                break;
            }
            if let Some(answer) = this.out.pop() {
                return Poll::Ready(Some(Ok(this.encode(answer))));
            }
            let failure = match this.step(cx) {
                Poll::Ready(Ok(Step::Again)) => continue,
                Poll::Ready(Ok(Step::Answer(answer))) => {
                    return Poll::Ready(Some(Ok(this.encode(answer))));
                }
                Poll::Ready(Ok(Step::End)) => {
                    this.out.record.finished = true;
                    this.report();
                    return Poll::Ready(None);
                }
                Poll::Ready(Err(status)) => status,
                Poll::Pending => ready!(this.poll_alarm(cx)),
            };
            this.abandon();
            this.report();
            return Poll::Ready(Some(Err(failure)));
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl<P: Purpose, L: MatchLogic> TickStream<P, L> {
    fn encode(&mut self, answer: P::Answer) -> P::Response {
        let response = P::encode(&answer, &mut self.buffer);
        if let Some(recording) = &mut self.recording {
            P::record(&answer, &response, recording);
        }
        for ticket in P::tickets(answer) {
            self.memory.send(&ticket);
            if let State::Reading { intake, .. } = &mut self.state {
                intake.keep(ticket);
            }
        }
        response
    }

    /// Drops the tick. A thread that works on it notices when it next sends an answer or asks for
    /// the flow.
    fn abandon(&mut self) {
        if let State::Finishing { thread, .. } = &self.state {
            thread.abort();
        }
        self.state = State::Ended;
    }
}

impl<P: Purpose, L: MatchLogic> Drop for TickStream<P, L> {
    fn drop(&mut self) {
        self.abandon();
        self.report();
    }
}
