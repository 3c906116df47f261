//! The guard at the door: started and counted, or left out with a warning.

use std::sync::Arc;

use crate::auth::{self, Auth, AuthMetrics, Options};
use crate::telemetry::metrics::Registrar;
use crate::telemetry::propagation;

use super::AppError;

/// Starts the guard; `None`, and a loud warning, where the settings have it off.
pub(super) fn start(
    settings: &auth::Settings,
    app_name: &str,
    metrics: &Registrar,
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
        metrics: Arc::new(AuthMetrics::register(metrics)?),
        ..Options::default()
    };
    Ok(Some(Auth::start(settings, app_name, options)?))
}
