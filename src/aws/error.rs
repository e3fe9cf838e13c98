//! Turns AWS errors into sentences that say what to do next.

mod trouble;

use std::error::Error;
use std::sync::Arc;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

pub(super) use self::trouble::Trouble;
pub(super) use self::trouble::is_refused;
use crate::error::{Fault, FaultKind};
use crate::lock::Access;
use crate::text::visible;

/// How a session reaches AWS, for the sentences of its errors.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::aws) struct Reached {
    /// The region of its tables and buckets.
    pub(in crate::aws) region: String,
    /// What differs from the bot's own tables.
    pub(in crate::aws) access: Access,
}

/// The table or bucket that a request goes to, as error sentences name it.
#[derive(Clone, Debug)]
pub(super) struct Subject {
    thing: Thing,
    name: String,
    reached: Reached,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Thing {
    LockTable,
    Bucket,
    /// The bot's own table, or its audit trail.
    OwnTable,
    /// The identity behind the credentials.
    Identity,
}

impl Subject {
    pub(super) fn lock_table(name: &str, reached: &Reached) -> Self {
        Self { thing: Thing::LockTable, name: name.to_owned(), reached: reached.clone() }
    }

    pub(super) fn own_table(name: &str, reached: &Reached) -> Self {
        Self { thing: Thing::OwnTable, name: name.to_owned(), reached: reached.clone() }
    }

    pub(super) fn bucket(name: &str, reached: &Reached) -> Self {
        Self { thing: Thing::Bucket, name: name.to_owned(), reached: reached.clone() }
    }

    pub(super) fn identity(reached: &Reached) -> Self {
        Self { thing: Thing::Identity, name: String::new(), reached: reached.clone() }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Converts an SDK error to a fault. `allow` is a clause that names the missing permission.
    pub(super) fn fault<E>(&self, allow: &str, error: SdkError<E, HttpResponse>) -> Fault
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        let trouble = Trouble::of(&error);
        self.sentence(allow, &trouble, Some(Box::new(error)))
    }

    /// Like [`fault`](Self::fault), for an error that several reads share.
    pub(super) fn shared_fault<E>(
        &self,
        allow: &str,
        error: &Arc<SdkError<E, HttpResponse>>,
    ) -> Fault
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        self.sentence(allow, &Trouble::of(&**error), Some(Box::new(error.clone())))
    }

    /// The fault for an answer that broke off or came too late.
    pub(super) fn unreachable(&self, error: impl Error + Send + Sync + 'static) -> Fault {
        self.sentence("", &Trouble::Unreachable, Some(Box::new(error)))
    }

    /// The fault for a table that is still busy after the last retry.
    pub(super) fn throttled(&self) -> Fault {
        self.sentence("", &Trouble::Throttled, None)
    }

    /// The fault for a request that could not be built, or for an answer that this version does not
    /// understand.
    pub(super) fn unexpected(&self, error: impl Error + Send + Sync + 'static) -> Fault {
        self.sentence("", &Trouble::Unexpected, Some(Box::new(error)))
    }

    /// The fault for one item, with the key `pk`, `sk`, that this version cannot read.
    pub(super) fn item_not_understood(
        &self,
        pk: &str,
        sk: &str,
        source: impl Error + Send + Sync + 'static,
    ) -> Fault {
        Fault {
            kind: FaultKind::NotUnderstood,
            subject: format!("The item `{pk}`, `{sk}` of the table `{}`", self.name),
            remedy:
                "a newer version wrote it, or it was changed by hand; the runbook says what to \
                     do with it"
                    .to_owned(),
            source: Some(Box::new(source)),
        }
    }

    /// The fault for a table with the wrong key schema.
    pub(super) fn has_another_key(&self) -> Fault {
        self.sentence("", &Trouble::NotALockTable, None)
    }

    fn sentence(
        &self,
        allow: &str,
        trouble: &Trouble,
        source: Option<Box<dyn Error + Send + Sync>>,
    ) -> Fault {
        let Self { thing, name, reached: Reached { region, access } } = self;
        let subject = match thing {
            Thing::LockTable => format!("The lock table `{name}`"),
            Thing::OwnTable => format!("The table `{name}`"),
            Thing::Bucket => format!("The bucket `{name}`"),
            Thing::Identity => "AWS STS".to_owned(),
        };
        // Tables in several accounts may have one name.
        let subject = match (&access.role_arn, &access.profile) {
            (Some(role), _) => format!("{subject}, reached by the role {},", visible(role)),
            (None, Some(profile)) => {
                format!("{subject}, reached by the profile {},", visible(profile))
            }
            (None, None) => subject,
        };
        let region_setting = match (&access.region, &access.profile) {
            (Some(_), _) => "region in the configuration file",
            (None, Some(_)) => "the region of the profile",
            (None, None) => "AWS_REGION",
        };
        let (kind, remedy) = match trouble {
            Trouble::NoCredentials | Trouble::BadCredentials if access.role_arn.is_some() => {
                (FaultKind::Credentials, not_assumed(access))
            }
            Trouble::NoCredentials | Trouble::BadCredentials if access.profile.is_some() => {
                (FaultKind::Credentials, no_profile(access))
            }
            Trouble::Denied => (FaultKind::Denied, allow.to_owned()),
            Trouble::NoCredentials => (
                FaultKind::Credentials,
                "none were found; set AWS_PROFILE or AWS_ACCESS_KEY_ID, or give this host a role"
                    .to_owned(),
            ),
            Trouble::Expired => (
                FaultKind::Credentials,
                "they have expired; renew them, as with `aws sso login`".to_owned(),
            ),
            Trouble::BadCredentials => (
                FaultKind::Credentials,
                "check AWS_PROFILE or AWS_ACCESS_KEY_ID and its secret, and this host's clock"
                    .to_owned(),
            ),
            Trouble::Throttled => (
                FaultKind::Throttled,
                match thing {
                    Thing::LockTable | Thing::OwnTable => {
                        "try again in a minute, and raise its capacity if it stays"
                    }
                    Thing::Bucket | Thing::Identity => "try again in a minute",
                }
                .to_owned(),
            ),
            Trouble::Unreachable => (
                FaultKind::Unreachable,
                format!(
                    "check the network, the region ({region}) and {}, then try again",
                    if access.endpoint.is_some() { "the endpoint" } else { "AWS_ENDPOINT_URL" }
                ),
            ),
            Trouble::Missing => (
                FaultKind::Missing,
                match thing {
                    Thing::LockTable => format!("check its name, and that it is in {region}"),
                    Thing::OwnTable => format!(
                        "run `locktender migrate`, or check its name and that it is in {region}"
                    ),
                    Thing::Bucket | Thing::Identity => "check its name".to_owned(),
                },
            ),
            Trouble::WrongRegion(actual) => (
                FaultKind::WrongRegion,
                match actual {
                    Some(actual) => format!("set {region_setting}, now {region}, to {actual}"),
                    None => format!("set {region_setting}, now {region}, to the bucket's own"),
                },
            ),
            Trouble::NotALockTable => match thing {
                Thing::OwnTable => (
                    FaultKind::Unexpected,
                    "its key is not what `locktender migrate` makes; set another name for it"
                        .to_owned(),
                ),
                Thing::LockTable | Thing::Bucket | Thing::Identity => {
                    (FaultKind::NotALockTable, "its key must be the string LockID".to_owned())
                }
            },
            Trouble::Archived => (
                FaultKind::Denied,
                "the object is archived; restore it, or remove it by hand".to_owned(),
            ),
            Trouble::Unexpected => (
                FaultKind::Unexpected,
                "try again in a minute; the log has what it said".to_owned(),
            ),
        };
        Fault { kind, subject, remedy, source }
    }
}

/// The remedy for a role that could not be assumed.
fn not_assumed(access: &Access) -> String {
    let id = match access.external_id {
        Some(_) => "and its external ID",
        None => "which may demand an external ID",
    };
    format!(
        "the role could not be assumed; allow sts:AssumeRole on it to this bot, and check its trust \
         policy, {id}"
    )
}

/// The remedy for a profile without usable credentials.
fn no_profile(access: &Access) -> String {
    let profile = visible(access.profile.as_deref().unwrap_or_default());
    format!("check the profile {profile} in the AWS configuration files of this host")
}
