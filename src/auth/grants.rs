//! Whether a token grants a permission: by itself, or by the roles it names.

use std::collections::HashSet;
use std::sync::Arc;

use futures_util::future::join_all;
use tokio::time::Instant;

use super::claims::{Claims, NamespaceRole};
use super::directory::{Answer, Directory};
use super::iam::Iam;
use super::permission::{Permission, fill_placeholders};
use super::refusal::Refusal;

/// Maximum number of roles that are fetched for one verdict: a token can name a thousand.
const MAX_FETCHES: usize = 32;
/// Number of roles that are fetched at the same time.
const PARALLEL_FETCHES: usize = 4;

/// The permissions of roles and the studios of namespaces, as IAM has them.
pub(super) struct Grants {
    roles: Arc<Directory<NamespaceRole, Vec<Permission>>>,
    /// Studio namespace by game namespace.
    studios: Arc<Directory<String, String>>,
}

impl Grants {
    /// Asks `iam`; `on_change` is called when an answer in use has changed.
    pub(super) fn new(
        iam: &Arc<dyn Iam>,
        on_change: impl Fn() + Clone + Send + Sync + 'static,
    ) -> Self {
        let (of_roles, of_studios) = (Arc::clone(iam), Arc::clone(iam));
        let roles = Directory::new(
            move |role: NamespaceRole| {
                let iam = Arc::clone(&of_roles);
                Box::pin(async move { iam.role(&role).await })
            },
            on_change.clone(),
        );
        let studios = Directory::new(
            move |namespace: String| {
                let iam = Arc::clone(&of_studios);
                Box::pin(async move { iam.studio_of(&namespace).await })
            },
            on_change,
        );
        Self {
            roles: Arc::new(roles),
            studios: Arc::new(studios),
        }
    }

    /// Asks again for the answers in use that came before `since`.
    ///
    /// # Errors
    ///
    /// If a request fails. Another call with the same `since` continues from there.
    pub(super) async fn refresh(&self, since: Instant) -> Result<(), ()> {
        self.roles.refresh(since).await?;
        self.studios.refresh(since).await
    }

    /// Checks that the token grants `required`. Roles are fetched only if its own permissions do
    /// not grant it.
    ///
    /// # Errors
    ///
    /// If it does not ([`Refusal::InsufficientPermission`]), or if a role that could grant it is
    /// not known ([`Refusal::IamUnavailable`]).
    pub(super) async fn check(
        &self,
        claims: &Claims,
        required: &Permission,
        namespace: Option<&str>,
    ) -> Result<(), Refusal> {
        let required = Permission {
            resource: fill_placeholders(&required.resource, namespace, claims.user()).into_owned(),
            actions: required.actions,
        };
        if self.cover(&claims.permissions, &required).await {
            return Ok(());
        }
        let mut to_ask = Vec::new();
        let mut all_known = true;
        // Each once: a token can name a role a thousand times, and a role have many permissions.
        let roles: HashSet<NamespaceRole> = roles_of(claims, namespace).collect();
        for role in roles {
            match self.roles.known(&role) {
                Some(Answer::Found(granted))
                    if self.role_covers(&role, &granted, claims, &required).await =>
                {
                    return Ok(());
                }
                Some(Answer::Found(_) | Answer::Absent) => {}
                Some(Answer::Unknown) => all_known = false,
                None => to_ask.push(role),
            }
        }
        all_known &= to_ask.len() <= MAX_FETCHES;
        to_ask.truncate(MAX_FETCHES);
        for roles in to_ask.chunks(PARALLEL_FETCHES) {
            let answers = join_all(roles.iter().map(|role| self.roles.get(role))).await;
            for (role, answer) in roles.iter().zip(answers) {
                match answer {
                    Answer::Found(granted)
                        if self.role_covers(role, &granted, claims, &required).await =>
                    {
                        return Ok(());
                    }
                    Answer::Found(_) | Answer::Absent => {}
                    Answer::Unknown => all_known = false,
                }
            }
        }
        Err(if all_known {
            Refusal::InsufficientPermission
        } else {
            Refusal::IamUnavailable
        })
    }

    /// Whether the permissions of a role, filled in for its holder, cover `required`.
    async fn role_covers(
        &self,
        role: &NamespaceRole,
        granted: &[Permission],
        claims: &Claims,
        required: &Permission,
    ) -> bool {
        let filled: Vec<Permission> = granted
            .iter()
            .filter(|granted| granted.actions.cover(required.actions))
            .map(|granted| Permission {
                resource: fill_placeholders(
                    &granted.resource,
                    Some(&role.namespace),
                    claims.user(),
                )
                .into_owned(),
                actions: granted.actions,
            })
            .collect();
        self.cover(&filled, required).await
    }

    /// Whether one of the permissions covers `required`. Studios that a studio grant depends on are
    /// fetched; one that is not known does not match.
    async fn cover(&self, granted: &[Permission], required: &Permission) -> bool {
        let mut to_ask = HashSet::new();
        let covered = granted.iter().any(|granted| {
            granted.covers(required, &mut |namespace| {
                let known = self.studios.known(&namespace.to_owned());
                if known.is_none() {
                    to_ask.insert(namespace.to_owned());
                }
                studio(known?)
            })
        });
        if covered || to_ask.is_empty() {
            return covered;
        }
        for namespace in &to_ask {
            self.studios.get(namespace).await;
        }
        granted.iter().any(|granted| {
            granted.covers(required, &mut |namespace| {
                studio(self.studios.known(&namespace.to_owned())?)
            })
        })
    }
}

fn studio(answer: Answer<String>) -> Option<String> {
    match answer {
        Answer::Found(studio) => Some(studio.as_str().to_owned()),
        Answer::Absent | Answer::Unknown => None,
    }
}

/// The roles a token names: those per namespace if it is a user's, then those of the server's
/// namespace.
fn roles_of<'a>(
    claims: &'a Claims,
    namespace: Option<&'a str>,
) -> impl Iterator<Item = NamespaceRole> + 'a {
    let per_namespace = claims
        .namespace_roles
        .iter()
        .filter(|_| claims.user().is_some())
        .cloned();
    let plain = namespace.into_iter().flat_map(|namespace| {
        claims.roles.iter().map(move |role_id| NamespaceRole {
            role_id: role_id.clone(),
            namespace: namespace.to_owned(),
        })
    });
    per_namespace
        .chain(plain)
        .filter(|role| !role.role_id.is_empty())
}
