use tonic::Code;
use tower::{Layer, Service};

use super::*;
use crate::layers::testing::{Answer, Part, Parts, call, request, response, rpc};
use crate::telemetry::testing::{metrics, value};

const PANICS: &str = "t_rpc_panics_total";

#[tokio::test]
async fn a_panic_before_the_response_is_internal() {
    let metrics = metrics();
    let answer = Answer(|_| -> Response<Parts> { panic!("secret detail") });
    let mut service = CatchPanic::new(rpc(&metrics)).layer(answer);
    let status = call(&mut service, request("/a.B/Unary", &[]))
        .await
        .expect("a status");
    assert_eq!(status.code(), Code::Internal);
    assert!(!status.message().contains("secret"));
    assert_eq!(value(&metrics, PANICS), 1.0);
}

#[tokio::test]
async fn a_panic_in_the_future_is_internal() {
    #[derive(Clone)]
    struct Late;
    impl Service<()> for Late {
        type Response = Response<Parts>;
        type Error = std::convert::Infallible;
        type Future = std::pin::Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>>>>;
        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
            Poll::Ready(Ok(()))
        }
        fn call(&mut self, (): ()) -> Self::Future {
            Box::pin(async { panic!("late") })
        }
    }
    let metrics = metrics();
    let Ok(response) = CatchPanic::new(rpc(&metrics)).layer(Late).call(()).await;
    let status = Status::from_header_map(response.headers()).expect("a status");
    assert_eq!(status.code(), Code::Internal);
    assert!(response.body().is_end_stream());
    assert_eq!(value(&metrics, PANICS), 1.0);
}

#[tokio::test]
async fn a_panic_in_the_stream_ends_it_with_internal() {
    let metrics = metrics();
    let answer = Answer(|_| response(vec![Part::Data(b"12345"), Part::Panic]));
    let mut service = CatchPanic::new(rpc(&metrics)).layer(answer);
    let status = call(&mut service, request("/a.B/Stream", &[]))
        .await
        .expect("a status");
    assert_eq!(status.code(), Code::Internal);
    assert_eq!(value(&metrics, PANICS), 1.0);
}

#[tokio::test]
async fn what_goes_well_is_not_touched() {
    let metrics = metrics();
    let answer = Answer(|_| response(vec![Part::Data(b"1"), Part::Status(Status::ok("fine"))]));
    let mut service = CatchPanic::new(rpc(&metrics)).layer(answer);
    let status = call(&mut service, request("/a.B/Unary", &[]))
        .await
        .expect("a status");
    assert_eq!((status.code(), status.message()), (Code::Ok, "fine"));
    assert_eq!(value(&metrics, PANICS), 0.0);
}
