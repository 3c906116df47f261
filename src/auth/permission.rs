//! Which granted permission covers a required one, by AGS's rules. Pure.
//!
//! A resource consists of tokens separated by `:`, for example
//! `NAMESPACE:emberfall:MMV2GRPCSERVICE`. Two tokens match if they are equal byte for byte, or if
//! the granted one is `*`. There is one exception, the studio grant: a token after `NAMESPACE` that
//! ends in `-` matches all games of that studio.

use std::borrow::Cow;

use serde::Deserialize;

/// A set of actions as bits: CREATE 1, READ 2, UPDATE 4, DELETE 8.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Actions(pub u32);

impl Actions {
    /// READ.
    pub const READ: Self = Self(2);

    /// Whether every needed bit is granted. One shared bit is not enough.
    pub const fn cover(self, needed: Self) -> bool {
        self.0 & needed.0 == needed.0
    }
}

/// A resource and what may be done with it, granted or required.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permission {
    /// Tokens split by `:`.
    pub resource: String,
    /// What may be done with it.
    pub actions: Actions,
}

/// Tells the studio namespace of a game namespace: `None` if the namespace is not known to be a
/// game, or its studio is not known.
pub type StudioOf<'a> = dyn FnMut(&str) -> Option<String> + 'a;

impl Permission {
    /// Whether this granted permission covers `required`.
    pub fn covers(&self, required: &Self, studio_of: &mut StudioOf<'_>) -> bool {
        self.actions.cover(required.actions)
            && resource_covers(&self.resource, &required.resource, studio_of)
    }
}

/// Whether the granted resource covers the required one; linear in their lengths, no allocation
/// unless a studio is looked up.
pub fn resource_covers(granted: &str, required: &str, studio_of: &mut StudioOf<'_>) -> bool {
    let mut granted = granted.split(':');
    let mut required = required.split(':');
    let (mut before_last, mut last) = (None, None);
    loop {
        match (granted.next(), required.next()) {
            (Some(grant), Some(need)) => {
                let matches = grant == need
                    || grant == "*"
                    || (last == Some("NAMESPACE") && studio_covers(grant, need, studio_of));
                if !matches {
                    return false;
                }
                (before_last, last) = (last, Some(grant));
            }
            (Some(grant), None) => return grant == "*" && granted.all(|rest| rest == "*"),
            // A wildcard at the end covers all that follows, but `NAMESPACE:*` and `USER:*` cover
            // only the namespace or the user.
            (None, Some(_)) => {
                return last == Some("*") && !matches!(before_last, Some("NAMESPACE" | "USER"));
            }
            (None, None) => return true,
        }
    }
}

/// Whether a token such as `lumen-` stands for the namespace.
fn studio_covers(grant: &str, namespace: &str, studio_of: &mut StudioOf<'_>) -> bool {
    let Some(studio) = grant.strip_suffix('-') else {
        return false;
    };
    let is_game_by_name = namespace.starts_with(grant) && namespace.matches('-').count() == 1;
    is_game_by_name
        || studio == namespace
        // An empty studio name would cover every game whose studio is unknown.
        || (!studio.is_empty() && studio_of(namespace).as_deref() == Some(studio))
}

/// Fills `{namespace}`, then `{userId}`, wherever they occur in exactly this spelling. `None`
/// leaves the placeholder as it is.
pub fn fill_placeholders<'a>(
    resource: &'a str,
    namespace: Option<&str>,
    user: Option<&str>,
) -> Cow<'a, str> {
    let mut filled = Cow::Borrowed(resource);
    for (placeholder, value) in [("{namespace}", namespace), ("{userId}", user)] {
        if let Some(value) = value
            && filled.contains(placeholder)
        {
            filled = Cow::Owned(filled.replace(placeholder, value));
        }
    }
    filled
}

#[cfg(test)]
mod tests;
