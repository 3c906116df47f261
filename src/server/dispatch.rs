//! One service before the router.
//!
//! tonic's router is axum's: it looks for the path of each call in a tree of patterns, and puts the
//! call into two boxes. That is 5 % of what a unary call costs, and nearly all calls are for one
//! service.

use std::convert::Infallible;
use std::task::{Context, Poll, ready};

use futures_util::future::Either;
use http::Request;
use tonic::body::Body;
use tonic::server::NamedService;
use tower::Service;

/// Gives the calls of one service to it, and all others to a router.
#[derive(Debug, Clone)]
pub struct Dispatch<S, R> {
    service: S,
    others: R,
}

impl<S: NamedService, R> Dispatch<S, R> {
    /// This service, and what answers every other path.
    pub fn new(service: S, others: R) -> Self {
        Self { service, others }
    }

    /// Whether a path is a method of the service.
    fn is_own(path: &str) -> bool {
        let method = path
            .strip_prefix('/')
            .and_then(|path| path.strip_prefix(S::NAME));
        method.is_some_and(|method| method.starts_with('/'))
    }
}

impl<S, R, T> Service<Request<Body>> for Dispatch<S, R>
where
    S: Service<Request<Body>, Response = T, Error = Infallible> + NamedService,
    R: Service<Request<Body>, Response = T, Error = Infallible>,
{
    type Response = T;
    type Error = Infallible;
    type Future = Either<S::Future, R::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        let Ok(()) = ready!(self.service.poll_ready(cx));
        self.others.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        if Self::is_own(request.uri().path()) {
            Either::Left(self.service.call(request))
        } else {
            Either::Right(self.others.call(request))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Named;

    impl NamedService for Named {
        const NAME: &'static str = "a.b.Named";
    }

    #[test]
    fn methods_of_the_service_are_told_by_their_whole_name() {
        let is_own = Dispatch::<Named, ()>::is_own;
        assert!(is_own("/a.b.Named/Method"));
        assert!(is_own("/a.b.Named/"));
        for other in [
            "/a.b.Named",
            "/a.b.NamedToo/Method",
            "/b.Named/Method",
            "a.b.Named/Method",
            "/",
            "",
        ] {
            assert!(!is_own(other), "{other}");
        }
    }
}
