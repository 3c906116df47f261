//! Checks of `quality`.

use super::Lints;
use crate::matching::alliance::rules::ids::{QUALITY_AGS, QUALITY_HOLD};

impl Lints<'_> {
    pub(super) fn quality(&mut self) {
        let Some(quality) = &self.rules.quality else {
            return;
        };
        let text =
            "is no key of AGS: its validator takes it only with `enable_custom_match_function`";
        self.note(QUALITY_AGS, "quality", text);
        let Some(hold) = &quality.hold else {
            return;
        };
        let until_s = hold.until_ms / 1000;
        let expires_s = self.context.expires_s;
        if let Some(expires_s) = expires_s.filter(|expires_s| until_s >= i64::from(*expires_s)) {
            let text = format!(
                "is {until_s}, and tickets expire after {expires_s} s: some are put off until they do"
            );
            self.warn(QUALITY_HOLD, "quality.hold.until_s", text);
            self.help(
                "a third of the time after which tickets expire leaves them time to be matched",
            );
        }
        if hold.until_ms <= hold.tick_ms {
            let tick_s = hold.tick_ms as f64 / 1e3;
            let text = format!(
                "puts nothing off: a ticket is as old at its second tick, {tick_s} s after its first"
            );
            self.warn(QUALITY_HOLD, "quality.hold", text);
        }
    }
}
