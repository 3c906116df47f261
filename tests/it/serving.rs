//! The services beside MatchFunction, and how the server ends.

use std::time::Duration;

use match_function::app::Ended;
use match_function::proto::match_function_client::MatchFunctionClient;
use match_function::proto::{GetStatCodesRequest, SERVICE};
use tokio_stream::StreamExt;
use tonic::Code;
use tonic::codec::CompressionEncoding;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::{v1, v1alpha};

use crate::support::{all, ids, open, parameters, start, ticket};

fn health_of(service: &str) -> HealthCheckRequest {
    HealthCheckRequest {
        service: service.to_owned(),
    }
}

#[tokio::test]
async fn health_is_told_for_the_server_and_for_the_service() {
    let server = start(&[]);
    let mut health = HealthClient::new(server.channel().await);
    // Answered as soon as the first call is.
    server
        .client()
        .await
        .get_stat_codes(GetStatCodesRequest::default())
        .await
        .unwrap();
    for service in ["", SERVICE] {
        let status = health
            .check(health_of(service))
            .await
            .unwrap()
            .into_inner()
            .status();
        assert_eq!(status, ServingStatus::Serving, "{service:?}");
    }
    let unknown = health.check(health_of("unknown")).await.unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound);
}

#[tokio::test]
async fn reflection_lists_the_services_in_both_versions() {
    let server = start(&[]);
    let expected = [
        "accelbyte.matchmaking.matchfunction.MatchFunction",
        "grpc.health.v1.Health",
    ];

    let mut client =
        v1::server_reflection_client::ServerReflectionClient::new(server.channel().await);
    let request = v1::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(v1::server_reflection_request::MessageRequest::ListServices(
            String::new(),
        )),
    };
    let answers = client
        .server_reflection_info(tokio_stream::once(request))
        .await
        .unwrap();
    let answer = all(answers.into_inner())
        .await
        .unwrap()
        .remove(0)
        .message_response
        .unwrap();
    let v1::server_reflection_response::MessageResponse::ListServicesResponse(list) = answer else {
        panic!("no list: {answer:?}");
    };
    let names: Vec<_> = list
        .service
        .into_iter()
        .map(|service| service.name)
        .collect();
    assert!(
        expected
            .iter()
            .all(|name| names.iter().any(|other| other == name)),
        "{names:?}"
    );

    let mut client =
        v1alpha::server_reflection_client::ServerReflectionClient::new(server.channel().await);
    let request = v1alpha::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(
            v1alpha::server_reflection_request::MessageRequest::FileContainingSymbol(
                SERVICE.to_owned(),
            ),
        ),
    };
    let answers = client
        .server_reflection_info(tokio_stream::once(request))
        .await
        .unwrap();
    let answer = all(answers.into_inner())
        .await
        .unwrap()
        .remove(0)
        .message_response
        .unwrap();
    let v1alpha::server_reflection_response::MessageResponse::FileDescriptorResponse(files) =
        answer
    else {
        panic!("no file: {answer:?}");
    };
    assert!(!files.file_descriptor_proto.is_empty());
}

#[tokio::test]
async fn both_can_be_switched_off() {
    let server = start(&["--enable-health-check=off", "--enable-reflection=off"]);
    let health = HealthClient::new(server.channel().await)
        .check(health_of(""))
        .await;
    assert_eq!(health.unwrap_err().code(), Code::Unimplemented);
    let mut client =
        v1::server_reflection_client::ServerReflectionClient::new(server.channel().await);
    let none = client.server_reflection_info(tokio_stream::empty()).await;
    assert_eq!(none.unwrap_err().code(), Code::Unimplemented);
}

#[tokio::test]
async fn gzip_is_understood() {
    let server = start(&[]);
    let mut client = MatchFunctionClient::new(server.channel().await)
        .send_compressed(CompressionEncoding::Gzip)
        .accept_compressed(CompressionEncoding::Gzip);
    let requests = [parameters("{}"), ticket("a"), ticket("b")];
    let answers = client
        .make_matches(tokio_stream::iter(requests))
        .await
        .unwrap();
    assert_eq!(answers.metadata().get("grpc-encoding").unwrap(), "gzip");
    assert_eq!(ids(&all(answers.into_inner()).await.unwrap()), [["a", "b"]]);
}

#[tokio::test]
async fn a_signal_lets_a_running_stream_finish() {
    let server = start(&[]);
    let mut health = HealthClient::new(server.channel().await);
    let mut watch = health.watch(health_of("")).await.unwrap().into_inner();
    assert_eq!(
        watch.next().await.unwrap().unwrap().status(),
        ServingStatus::Serving
    );

    let mut client = server.client().await;
    let (sender, requests) = open();
    let mut answers = client.make_matches(requests).await.unwrap().into_inner();
    for request in [parameters("{}"), ticket("a"), ticket("b"), ticket("c")] {
        sender.send(request).await.unwrap();
    }
    assert_eq!(ids(&[answers.next().await.unwrap().unwrap()]), [["a", "b"]]);

    server.signal();
    assert_eq!(
        watch.next().await.unwrap().unwrap().status(),
        ServingStatus::NotServing
    );
    assert!(
        watch.next().await.is_none(),
        "a watch would hold the server up"
    );
    sender.send(ticket("d")).await.unwrap();
    drop(sender);
    assert_eq!(ids(&all(answers).await.unwrap()), [["c", "d"]]);
    assert_eq!(server.ended().await, Ended::Drained);
}

#[tokio::test]
async fn a_stream_that_does_not_end_is_cut_after_the_grace_period() {
    let server = start(&["--shutdown-grace-second=0"]);
    let mut client = server.client().await;
    let (sender, requests) = open();
    let _answers = client.make_matches(requests).await.unwrap();
    sender.send(parameters("{}")).await.unwrap();
    server.signal();
    assert_eq!(server.ended().await, Ended::OutOfTime);
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    let server = start(&["--shutdown-grace-second=3600"]);
    let mut client = server.client().await;
    let (_sender, requests) = open();
    let _answers = client.make_matches(requests).await.unwrap();
    server.signal();
    server.signal();
    let ended = tokio::time::timeout(Duration::from_secs(60), server.ended()).await;
    assert_eq!(ended.expect("not after the grace period"), Ended::Forced);
}
