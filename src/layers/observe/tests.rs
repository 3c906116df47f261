use std::cell::RefCell;
use std::rc::Rc;

use super::*;
use crate::layers::testing::{
    Answer, Never, Part, call, poll_once, request, response, trailers_only,
};

/// Writes down what it sees.
#[derive(Clone, Debug, Default)]
struct Witness(Rc<RefCell<Vec<String>>>);

impl Witness {
    fn note(&self, what: impl Into<String>) {
        self.0.borrow_mut().push(what.into());
    }

    fn saw(&self) -> Vec<String> {
        self.0.take()
    }
}

struct Inside(Witness);

impl Drop for Inside {
    fn drop(&mut self) {
        self.0.note("left");
    }
}

impl Observer for Witness {
    type Call = Self;

    fn begin(&self, _request: &mut Request<Body>) -> Self {
        self.note("begin");
        self.clone()
    }
}

impl Call for Witness {
    type Entered = ();

    fn enter(&self) {}

    fn sent(&mut self, part: &Bytes) {
        self.note(format!("sent {}", part.len()));
    }

    fn end(&mut self, end: End<'_>) {
        let message = end.message().unwrap_or_default();
        self.note(format!("end {:?} {message}", end.code).trim_end());
    }
}

fn observed<S>(witness: &Witness, service: S) -> Observed<S, Witness> {
    Observe::new(witness.clone()).layer(service)
}

#[tokio::test]
async fn the_status_comes_from_the_trailers() {
    let witness = Witness::default();
    let parts = || {
        vec![
            Part::Data(b"12345"),
            Part::Status(Status::aborted("no luck")),
        ]
    };
    let mut service = observed(&witness, Answer(|_| response(parts())));
    let status = call(&mut service, request("/a.B/C", &[]))
        .await
        .expect("a status");
    assert_eq!(
        (status.code(), status.message()),
        (Code::Aborted, "no luck")
    );
    assert_eq!(witness.saw(), ["begin", "sent 5", "end Aborted no luck"]);
}

#[tokio::test]
async fn the_status_comes_from_the_headers_of_an_empty_response() {
    let witness = Witness::default();
    let mut service = observed(&witness, Answer(|_| trailers_only(Status::not_found("x"))));
    let status = call(&mut service, request("/a.B/C", &[]))
        .await
        .expect("a status");
    assert_eq!(status.code(), Code::NotFound);
    assert_eq!(witness.saw(), ["begin", "end NotFound x"]);
}

#[tokio::test]
async fn ok_is_ok() {
    let witness = Witness::default();
    let mut service = observed(
        &witness,
        Answer(|_| response(vec![Part::Status(Status::ok(""))])),
    );
    call(&mut service, request("/a.B/C", &[]))
        .await
        .expect("a status");
    assert_eq!(witness.saw(), ["begin", "end Ok"]);
}

#[tokio::test]
async fn without_a_status_the_outcome_is_unknown() {
    for parts in [
        || vec![],
        || vec![Part::Data(b"1")],
        || vec![Part::Error],
        || vec![Part::Error, Part::Status(Status::ok(""))],
    ] {
        let witness = Witness::default();
        let mut service = observed(&witness, Answer(|_| response(parts())));
        call(&mut service, request("/a.B/C", &[])).await;
        let saw = witness.saw();
        assert_eq!(
            saw.last().map(String::as_str),
            Some("end Unknown"),
            "{saw:?}"
        );
        assert_eq!(saw.iter().filter(|what| what.starts_with("end")).count(), 1);
    }
}

#[test]
fn a_call_dropped_before_its_response_is_cancelled() {
    let witness = Witness::default();
    let mut service = observed(&witness, Never);
    let mut future = service.call(request("/a.B/C", &[]));
    assert!(poll_once(&mut future).is_pending());
    drop(future);
    assert_eq!(witness.saw(), ["begin", "end Cancelled"]);
}

#[tokio::test]
async fn a_call_dropped_in_its_response_is_cancelled() {
    let witness = Witness::default();
    let parts = || vec![Part::Data(b"12"), Part::Stall];
    let mut service = observed(&witness, Answer(|_| response(parts())));
    let Ok(response) = service.call(request("/a.B/C", &[])).await;
    let mut body = response.into_body();
    let waker = futures_util::task::noop_waker();
    let mut cx = Context::from_waker(&waker);
    assert!(Pin::new(&mut body).poll_frame(&mut cx).is_ready());
    assert!(Pin::new(&mut body).poll_frame(&mut cx).is_pending());
    drop(body);
    assert_eq!(witness.saw(), ["begin", "sent 2", "end Cancelled"]);
}

#[test]
fn a_call_dropped_after_its_deadline_is_told_apart() {
    let witness = Witness::default();
    let mut service = observed(&witness, Never);
    drop(service.call(request("/a.B/C", &[("grpc-timeout", "0n")])));
    drop(service.call(request("/a.B/C", &[("grpc-timeout", "1H")])));
    let saw = witness.saw();
    assert_eq!(
        saw,
        ["begin", "end DeadlineExceeded", "begin", "end Cancelled"]
    );
}

#[test]
fn what_the_call_does_when_dropped_comes_before_its_end() {
    struct Working(Option<Inside>);
    impl Future for Working {
        type Output = Result<Response<Body>, std::convert::Infallible>;
        fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
            assert!(self.0.is_some());
            Poll::Pending
        }
    }
    let witness = Witness::default();
    let inner = Working(Some(Inside(witness.clone())));
    let guard = Guard::new(witness.clone(), None);
    let mut future = ObservedFuture { inner, guard };
    assert!(poll_once(&mut future).is_pending());
    drop(future);
    assert_eq!(witness.saw(), ["left", "end Cancelled"]);
}

#[tokio::test]
async fn switched_off_it_changes_nothing() {
    let witness = Witness::default();
    let layer = Observe::new(Some(witness.clone()).filter(|_| false));
    let mut service = layer.layer(Answer(|_| trailers_only(Status::ok(""))));
    let status = call(&mut service, request("/a.B/C", &[]))
        .await
        .expect("a status");
    assert_eq!(status.code(), Code::Ok);
    assert_eq!(witness.saw(), [""; 0]);
}

#[tokio::test]
async fn the_first_of_two_is_around_the_second() {
    struct Named(&'static str, Witness);
    impl Call for Named {
        type Entered = ();

        fn enter(&self) {}

        fn end(&mut self, end: End<'_>) {
            self.1.note(format!("{} {:?}", self.0, end.code));
        }
    }
    #[derive(Clone)]
    struct Name(&'static str, Witness);
    impl Observer for Name {
        type Call = Named;

        fn begin(&self, _request: &mut Request<Body>) -> Named {
            self.1.note(self.0);
            Named(self.0, self.1.clone())
        }
    }
    let witness = Witness::default();
    let outer = Name("outer", witness.clone());
    let inner = Some(Name("inner", witness.clone()));
    let layer = Observe::new((outer, inner));
    let mut service = layer.layer(Answer(|_| trailers_only(Status::aborted(""))));
    call(&mut service, request("/a.B/C", &[]))
        .await
        .expect("a status");
    assert_eq!(
        witness.saw(),
        ["outer", "inner", "inner Aborted", "outer Aborted"]
    );
}

#[test]
fn deadlines_in_all_units_and_none_that_are_broken() {
    let read =
        |value: &str| asked_deadline(request("/a.B/C", &[("grpc-timeout", value)]).headers());
    assert_eq!(read("2H"), Some(Duration::from_secs(7200)));
    assert_eq!(read("3M"), Some(Duration::from_secs(180)));
    assert_eq!(read("99999999S"), Some(Duration::from_secs(99_999_999)));
    assert_eq!(read("5m"), Some(Duration::from_millis(5)));
    assert_eq!(read("5u"), Some(Duration::from_micros(5)));
    assert_eq!(read("5n"), Some(Duration::from_nanos(5)));
    for broken in ["", "S", "5", "-5S", "+5S", "5s", "999999999S", "5 S", "5SS"] {
        assert_eq!(read(broken), None, "{broken}");
    }
}
