//! The check of callers: started with its metrics, or left out with a warning.

use std::sync::Arc;

use crate::auth::{self, Auth, AuthMetrics, Options};
use crate::telemetry::metrics::Registrar;
use crate::telemetry::propagation;

use super::AppError;

/// Starts the check of callers. `None`, with a warning in the log, if the settings switch it off.
pub(super) fn start(
    settings: &auth::Settings,
    app_name: &str,
    metrics: &Registrar,
) -> Result<Option<Auth>, AppError> {
    if !settings.enabled() {
        tracing::warn!(
            "access tokens are NOT checked: every client that reaches the port can call \
             (PLUGIN_GRPC_SERVER_AUTH_ENABLED, ENABLE_INTERCEPTOR_AUTH)"
        );
        return Ok(None);
    }
    let options = Options {
        inject_headers: Some(Arc::new(propagation::inject_current)),
        metrics: Arc::new(AuthMetrics::register(metrics)?),
        ..Options::default()
    };
    Ok(Some(Auth::start(settings, app_name, options)?))
}
