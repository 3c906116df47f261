//! Generated from `proto/matchFunction.proto`, where the comments are.

tonic::include_proto!("accelbyte.matchmaking.matchfunction");
