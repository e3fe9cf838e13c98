//! The people and roles that a message pings.

use std::collections::BTreeSet;

use twilight_model::channel::message::{AllowedMentions, MentionType};
use twilight_model::id::Id;

use super::model::{RoleId, UserId};

/// A target of a ping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ping {
    Everyone,
    Here,
    Role(RoleId),
    User(UserId),
}

impl Ping {
    pub(super) fn role(&self) -> Option<RoleId> {
        match self {
            Self::Role(role) => Some(*role),
            _ => None,
        }
    }

    pub(super) fn user(&self) -> Option<UserId> {
        match self {
            Self::User(user) => Some(*user),
            _ => None,
        }
    }

    pub(super) fn is_general(&self) -> bool {
        matches!(self, Self::Everyone | Self::Here)
    }
}

/// The targets that the text names and `allowed` permits. Without `allowed`, all targets that it names.
///
/// Code spans and backslashes do not prevent a ping here. Discord's documentation does not promise that
/// they do, so a bot must not rely on them.
pub(super) fn allowed_pings(content: &str, allowed: Option<&AllowedMentions>) -> BTreeSet<Ping> {
    let mut pings = named(content);
    if let Some(allowed) = allowed {
        pings.retain(|ping| match ping {
            Ping::Everyone | Ping::Here => allowed.parse.contains(&MentionType::Everyone),
            Ping::Role(role) => {
                allowed.parse.contains(&MentionType::Roles) || allowed.roles.contains(role)
            }
            Ping::User(user) => {
                allowed.parse.contains(&MentionType::Users) || allowed.users.contains(user)
            }
        });
    }
    pings
}

fn named(content: &str) -> BTreeSet<Ping> {
    let mut pings = BTreeSet::new();
    if content.contains("@everyone") {
        pings.insert(Ping::Everyone);
    }
    if content.contains("@here") {
        pings.insert(Ping::Here);
    }
    for (at, opening) in content.match_indices("<@") {
        let rest = &content[at + opening.len()..];
        let Some((inside, _)) = rest.split_once('>') else {
            continue;
        };
        if let Some(role) = inside.strip_prefix('&') {
            pings.extend(digits(role).map(|id| Ping::Role(Id::new(id))));
        } else {
            let user = inside.strip_prefix('!').unwrap_or(inside);
            pings.extend(digits(user).map(|id| Ping::User(Id::new(id))));
        }
    }
    pings
}

fn digits(text: &str) -> Option<u64> {
    let id = text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?;
    id.filter(|&id| id != 0)
}
