//! The guard at the door: started, watched, and shown to operators.

use std::sync::Arc;

use crate::auth::{self, Auth, Class, Endpoint, Options, Refusal, Stats};
use crate::telemetry::Handles;
use crate::telemetry::metrics::AuthReading;
use crate::telemetry::propagation;

use super::AppError;

/// Starts the guard, or says loudly that there is none.
pub(super) fn start(
    settings: &auth::Settings,
    app_name: &str,
    handles: &Handles,
) -> Result<Option<Auth>, AppError> {
    if !settings.enabled() {
        tracing::warn!(
            "access tokens are NOT checked: everybody who reaches the port can call \
             (PLUGIN_GRPC_SERVER_AUTH_ENABLED, ENABLE_INTERCEPTOR_AUTH)"
        );
        return Ok(None);
    }
    let options = Options {
        inject_headers: Some(Arc::new(propagation::inject_current)),
        ..Options::default()
    };
    let auth = Auth::start(settings, app_name, options)?;
    let stats = auth.stats();
    handles.metrics.watch_auth(move || reading(&stats))?;
    Ok(Some(auth))
}

fn reading(stats: &Stats) -> AuthReading {
    let permits = [
        ("ok", "cached", stats.permits_cached()),
        ("ok", "verified", stats.permits_verified()),
    ];
    let refused = Refusal::ALL.map(|refusal| {
        let verdict = match refusal.class() {
            Class::Unauthenticated => "unauthenticated",
            Class::PermissionDenied => "permission_denied",
            Class::Unavailable => "unavailable",
        };
        (verdict, refusal.reason(), stats.refusals(refusal))
    });
    let of_endpoints = |count: fn(&Stats, Endpoint) -> u64| {
        Endpoint::ALL
            .map(|endpoint| (endpoint.name(), count(stats, endpoint)))
            .to_vec()
    };
    AuthReading {
        verdicts: permits.into_iter().chain(refused).collect(),
        iam_requests: of_endpoints(Stats::fetches),
        iam_failures: of_endpoints(Stats::fetch_failures),
        iam_ages: vec![
            ("jwks", stats.jwks_age_s()),
            ("revocation_list", stats.revocation_list_age_s()),
        ],
    }
}
