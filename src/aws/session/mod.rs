//! How to reach AWS: region, credentials, endpoints and timeouts.

mod reach;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::identity::IdentityCache;
use aws_config::imds::region::ImdsRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::ProfileFileRegionProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_s3::config::ResponseChecksumValidation;
use aws_types::service_config::ServiceConfigKey;

use crate::aws::error::Reached;
use crate::aws::http::LazyHttp;
use crate::aws::measured::Measured;
use crate::aws::reads::Reads;
use crate::error::{Fault, FaultKind};
use crate::lock::Access;

/// The region for an AWS double, which accepts any.
const ANY_REGION: &str = "us-east-1";

/// How long an AWS answer may take.
///
/// A person waits for it. `DynamoDB` and S3 normally answer within 50 ms, so after
/// [`attempt`](Self::attempt) a retry is better than more waiting. After
/// [`operation`](Self::operation) the person gets an error while it is still useful.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Limit for opening a connection, without TLS.
    pub connect: Duration,
    /// Limit for one try, from finding credentials to the last byte of the answer.
    pub attempt: Duration,
    /// Limit for all tries of one request, including the pauses between them.
    pub operation: Duration,
}

/// The AWS configuration that all clients share. Creating it and its clients does no network I/O,
/// except as [`from_environment`](Self::from_environment) says.
#[derive(Clone, Debug)]
pub struct Session {
    sdk: SdkConfig,
    reached: Reached,
    patience: Patience,
    reads: Reads,
    /// The sessions of backends that are reached in another way.
    others: Arc<HashMap<Access, Session>>,
    /// Whether its S3 keeps conditions, although it is not AWS's own.
    is_trusted: bool,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(2),
            attempt: Duration::from_secs(4),
            operation: Duration::from_secs(12),
        }
    }
}

impl Session {
    /// Reads the environment and the profile by the SDK's own rules: `AWS_REGION`, `AWS_PROFILE`,
    /// `AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_DYNAMODB`, `AWS_ENDPOINT_URL_S3` and the rest. If
    /// neither names a region, this asks the EC2 metadata service once. That is the only network
    /// I/O here. Outside EC2 it delays the error by a second.
    ///
    /// # Errors
    /// [`FaultKind::NoRegion`] if none of them names a region.
    pub async fn from_environment() -> Result<Self, Fault> {
        let http = LazyHttp::default();
        let region = RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new())
            .or_else(ProfileFileRegionProvider::new())
            .or_else(metadata_service(&http))
            .region()
            .await
            .filter(|region| !region.as_ref().is_empty())
            .ok_or_else(no_region)?;
        let patience = Patience::default();
        let sdk = aws_config::defaults(behavior())
            .region(region.clone())
            .http_client(http)
            .retry_config(retries())
            .timeout_config(timeouts(patience))
            .identity_cache(identities(patience))
            .stalled_stream_protection(stalls())
            .load()
            .await;
        let reached = Reached { region: region.to_string(), access: Access::default() };
        Ok(Self::of_sdk(sdk, reached, patience))
    }

    /// A session for an AWS double at one address, such as `http://127.0.0.1:8000`. It accepts any
    /// credentials. Its S3 is trusted to keep conditions.
    #[must_use]
    pub fn at(endpoint: &str, patience: Patience) -> Self {
        let credentials = Credentials::new("locktender", "locktender", None, None, "double of AWS");
        let sdk = SdkConfig::builder()
            .behavior_version(behavior())
            .region(Region::from_static(ANY_REGION))
            .endpoint_url(endpoint)
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(LazyHttp::default())
            .retry_config(retries())
            .timeout_config(timeouts(patience))
            .identity_cache(identities(patience))
            .stalled_stream_protection(stalls())
            .build();
        let reached = Reached { region: ANY_REGION.to_owned(), access: Access::default() };
        Self { is_trusted: true, ..Self::of_sdk(sdk, reached, patience) }
    }

    fn of_sdk(sdk: SdkConfig, reached: Reached, patience: Patience) -> Self {
        let config = aws_sdk_dynamodb::config::Builder::from(&sdk).interceptor(Measured);
        let reads = Reads::new(aws_sdk_dynamodb::Client::from_conf(config.build()));
        Self { sdk, reached, patience, reads, others: Arc::default(), is_trusted: false }
    }

    /// How it reaches AWS, for the sentences of its errors.
    pub(super) fn reached(&self) -> &Reached {
        &self.reached
    }

    pub(super) fn patience(&self) -> Patience {
        self.patience
    }

    pub(super) fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        self.reads.client()
    }

    /// The reader of single items, which all tables share.
    pub(super) fn reads(&self) -> Reads {
        self.reads.clone()
    }

    pub(super) fn s3(&self) -> aws_sdk_s3::Client {
        let config = aws_sdk_s3::config::Builder::from(&self.sdk)
            // S3-compatible stores and loopback doubles have no host name for each bucket.
            .force_path_style(self.has_s3_address())
            // Before a release, the record is compared byte for byte with the approved one, so a
            // checksum would add nothing. Not every S3-compatible store sends one.
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
            .interceptor(Measured)
            .build();
        aws_sdk_s3::Client::from_conf(config)
    }

    /// The address of the store of lockfiles, if it is not AWS's own and may thus ignore conditions.
    pub(super) fn other_store(&self) -> Option<String> {
        self.other_address("S3").filter(|_| !self.is_trusted)
    }

    /// Whether S3 is reached at a configured address.
    pub(super) fn has_s3_address(&self) -> bool {
        self.endpoint_of("S3").is_some()
    }

    /// The address of a service, if it is not AWS's own.
    pub(super) fn other_address(&self, service: &str) -> Option<String> {
        self.endpoint_of(service).filter(|endpoint| !is_of_aws(endpoint))
    }

    pub(super) fn sts(&self) -> aws_sdk_sts::Client {
        let config = aws_sdk_sts::config::Builder::from(&self.sdk).interceptor(Measured);
        aws_sdk_sts::Client::from_conf(config.build())
    }

    /// Whether the `DynamoDB` endpoint is a double: only doubles speak plain HTTP.
    pub(super) fn has_dynamodb_double(&self) -> bool {
        self.endpoint_of("DynamoDB").is_some_and(|endpoint| endpoint.starts_with("http:"))
    }

    /// The configured endpoint of a service. The SDK does not expose the endpoint that it found, so
    /// this looks it up in the same way (`aws_sdk_s3::config`, "`service_config_key`").
    fn endpoint_of(&self, service: &str) -> Option<String> {
        if let Some(endpoint) = &self.reached.access.endpoint {
            return Some(endpoint.clone());
        }
        let key = ServiceConfigKey::builder()
            .service_id(service)
            .env("AWS_ENDPOINT_URL")
            .profile("endpoint_url")
            .build();
        let of_service = || self.sdk.service_config()?.load_config(key.ok()?);
        of_service().or_else(|| self.sdk.endpoint_url().map(str::to_owned))
    }
}

/// Whether an address is one of AWS's own: a regional, a private or a dual-stack endpoint.
fn is_of_aws(endpoint: &str) -> bool {
    let host = endpoint.split_once("://").map_or(endpoint, |(_, host)| host);
    let host = host.split(['/', ':', '?', '#']).next().unwrap_or_default();
    let domains = [".amazonaws.com", ".amazonaws.com.cn", ".api.aws"];
    domains.iter().any(|domain| host.to_ascii_lowercase().ends_with(domain))
}

/// The metadata service of the EC2 instance that this may run on, with short timeouts.
fn metadata_service(http: &LazyHttp) -> ImdsRegionProvider {
    let client = aws_config::imds::Client::builder()
        .configure(&ProviderConfig::without_region().with_http_client(http.clone()))
        .max_attempts(1)
        .connect_timeout(Duration::from_millis(500))
        .read_timeout(Duration::from_millis(500));
    ImdsRegionProvider::builder().imds_client(client.build()).build()
}

/// Pinned, so that new SDK behaviour arrives with a commit and not with an update.
fn behavior() -> BehaviorVersion {
    BehaviorVersion::v2026_01_12()
}

/// Three tries, with random pauses of up to 0.2 s and 0.4 s. The SDK's default first pause of up to
/// 1 s suits batch work, but here a person waits.
fn retries() -> RetryConfig {
    RetryConfig::standard()
        .with_max_attempts(3)
        .with_initial_backoff(Duration::from_millis(200))
        .with_max_backoff(Duration::from_secs(2))
}

fn timeouts(patience: Patience) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(patience.connect)
        .operation_attempt_timeout(patience.attempt)
        .operation_timeout(patience.operation)
        .build()
}

/// Each try and each read of a lockfile already has a timeout. The SDK's own check for slow streams
/// would need another timer for each request, and setting a timer wakes a thread.
fn stalls() -> StalledStreamProtectionConfig {
    StalledStreamProtectionConfig::disabled()
}

/// Finding credentials is part of the first try and must not use up its time. Otherwise a machine
/// without credentials would report that AWS cannot be reached.
fn identities(patience: Patience) -> aws_sdk_dynamodb::config::SharedIdentityCache {
    IdentityCache::lazy().load_timeout(patience.attempt.mul_f32(0.75)).build()
}

fn no_region() -> Fault {
    Fault {
        kind: FaultKind::NoRegion,
        subject: "The AWS configuration".to_owned(),
        remedy: "set AWS_REGION, or region in the profile that AWS_PROFILE names".to_owned(),
        source: None,
    }
}

#[cfg(test)]
mod tests {
    use aws_credential_types::credential_fn::provide_credentials_fn;
    use aws_credential_types::provider::error::CredentialsError;
    use aws_credential_types::provider::{Result, SharedCredentialsProvider};
    use insta::assert_snapshot;

    use super::*;
    use crate::aws::locks::rows::LockTable;
    use crate::lock::StatePath;

    /// The error for these credentials. The endpoint is never called.
    async fn told<F>(credentials: impl Fn() -> F + Send + Sync + 'static) -> String
    where
        F: Future<Output = Result> + Send + 'static,
    {
        let patience = Patience { attempt: Duration::from_millis(200), ..Patience::default() };
        let session = Session::at("http://127.0.0.1:9", patience);
        let provider = SharedCredentialsProvider::new(provide_credentials_fn(credentials));
        let sdk = session.sdk.into_builder().credentials_provider(provider).build();
        let table = LockTable::new(&Session::of_sdk(sdk, session.reached, patience), "locks");
        let path = StatePath::parse("states/a").unwrap();
        table.get(&path).await.unwrap_err().to_string()
    }

    #[tokio::test]
    async fn without_credentials_a_person_is_told_where_they_come_from() {
        let none = told(|| async { Err(CredentialsError::not_loaded("nothing configured")) }).await;
        assert_snapshot!(none, @"The lock table `locks` did not accept the AWS credentials: none \
             were found; set AWS_PROFILE or AWS_ACCESS_KEY_ID, or give this host a role");
        // Outside EC2, the metadata service may refuse or not answer at all.
        let refused = || async { Err(CredentialsError::provider_error("403 Forbidden")) };
        assert_eq!(told(refused).await, none);
        assert_eq!(told(std::future::pending).await, none);
    }

    #[tokio::test]
    async fn credentials_that_cannot_be_used_are_told_from_missing_ones() {
        let expired =
            || async { Err(CredentialsError::provider_error("the SSO token has expired")) };
        assert_snapshot!(told(expired).await, @"The lock table `locks` did not accept the AWS credentials: they have expired; renew them, as with `aws sso login`");
        let broken = || async { Err(CredentialsError::invalid_configuration("no such profile")) };
        assert_snapshot!(told(broken).await, @"The lock table `locks` did not accept the AWS credentials: check AWS_PROFILE or AWS_ACCESS_KEY_ID and its secret, and this host's clock");
    }

    #[test]
    fn a_missing_region_says_where_to_set_it() {
        assert_snapshot!(no_region(), @"The AWS configuration names no region: set AWS_REGION, or region in the profile that AWS_PROFILE names");
    }
}
