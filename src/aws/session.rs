//! How AWS is reached: region, credentials, endpoints, and how long an answer may take.

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

use crate::aws::http::LazyHttp;
use crate::aws::reads::Reads;
use crate::error::{Fault, FaultKind};

/// The region that a double of AWS is told; it takes any.
const ANY_REGION: &str = "us-east-1";

/// How long an answer of AWS may take.
///
/// A person waits for it. `DynamoDB` and S3 normally answer within 50 ms, so a second try after
/// [`attempt`](Self::attempt) is worth more than a longer wait for the first; and a person is told
/// after [`operation`](Self::operation) at the latest, while the answer is still of use.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For a connection to be made, TLS not counted.
    pub connect: Duration,
    /// For one try, from finding credentials to the answer's last byte.
    pub attempt: Duration,
    /// For all tries of one request and the waits between them.
    pub operation: Duration,
}

/// The way to AWS that all clients share. Making one and its clients does no network I/O.
#[derive(Clone, Debug)]
pub struct Session {
    sdk: SdkConfig,
    region: String,
    patience: Patience,
    reads: Reads,
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
    /// What the environment and the profile say, by the SDK's own rules: `AWS_REGION`,
    /// `AWS_PROFILE`, `AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_DYNAMODB`, `AWS_ENDPOINT_URL_S3` and the
    /// rest. Where neither names a region, the EC2 metadata service is asked once: that is the only
    /// network I/O here, and elsewhere than on EC2 it costs a second before the error.
    ///
    /// # Errors
    /// [`FaultKind::NoRegion`] when none of them names a region.
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
        Ok(Self::of(sdk, region.to_string(), patience))
    }

    /// A double of AWS at one address, such as `http://127.0.0.1:8000`, which takes any credentials.
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
        Self::of(sdk, ANY_REGION.to_owned(), patience)
    }

    fn of(sdk: SdkConfig, region: String, patience: Patience) -> Self {
        let reads = Reads::new(aws_sdk_dynamodb::Client::new(&sdk));
        Self { sdk, region, patience, reads }
    }

    /// The region in which tables and buckets are looked for.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.region
    }

    pub(super) fn patience(&self) -> Patience {
        self.patience
    }

    pub(super) fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        self.reads.client()
    }

    /// The reads of single items, which all tables share.
    pub(super) fn reads(&self) -> Reads {
        self.reads.clone()
    }

    pub(super) fn s3(&self) -> aws_sdk_s3::Client {
        let config = aws_sdk_s3::config::Builder::from(&self.sdk)
            // Other stores and loopback doubles have no host name for each bucket.
            .force_path_style(self.endpoint_of("S3").is_some())
            // A lock record is compared byte for byte with what is stored before it is acted upon;
            // a checksum would add nothing, and not every compatible store has one.
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
            .build();
        aws_sdk_s3::Client::from_conf(config)
    }

    /// Whether a double of `DynamoDB` is asked: only doubles speak plain HTTP.
    pub(super) fn has_dynamodb_double(&self) -> bool {
        self.endpoint_of("DynamoDB").is_some_and(|endpoint| endpoint.starts_with("http:"))
    }

    /// The configured endpoint that requests to a service go to; the SDK keeps to itself what it
    /// found, so this asks in the same way (`aws_sdk_s3::config`, "`service_config_key`").
    fn endpoint_of(&self, service: &str) -> Option<String> {
        let key = ServiceConfigKey::builder()
            .service_id(service)
            .env("AWS_ENDPOINT_URL")
            .profile("endpoint_url")
            .build();
        let of_service = || self.sdk.service_config()?.load_config(key.ok()?);
        of_service().or_else(|| self.sdk.endpoint_url().map(str::to_owned))
    }
}

/// The metadata service of the EC2 instance that this may be running on, asked briefly.
fn metadata_service(http: &LazyHttp) -> ImdsRegionProvider {
    let client = aws_config::imds::Client::builder()
        .configure(&ProviderConfig::without_region().with_http_client(http.clone()))
        .max_attempts(1)
        .connect_timeout(Duration::from_millis(500))
        .read_timeout(Duration::from_millis(500));
    ImdsRegionProvider::builder().imds_client(client.build()).build()
}

/// Pinned: a new behaviour of the SDK comes in with a commit here, not with an update.
fn behavior() -> BehaviorVersion {
    BehaviorVersion::v2026_01_12()
}

/// Three tries. The waits between them are random, up to 0.2 s and 0.4 s: the SDK's own first wait
/// of up to 1 s is meant for batch work, and here a person waits.
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

/// Each try has its limit, and so has the reading of a lockfile. The SDK's own watch over slow streams would
/// take another timer for each request, and setting one wakes a thread.
fn stalls() -> StalledStreamProtectionConfig {
    StalledStreamProtectionConfig::disabled()
}

/// Credentials are found within the first try, and must not use all of it: else a machine that has
/// none would be told that AWS cannot be reached.
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

    /// What is told where the credentials come from this; the endpoint is never asked.
    async fn told<F>(credentials: impl Fn() -> F + Send + Sync + 'static) -> String
    where
        F: Future<Output = Result> + Send + 'static,
    {
        let patience = Patience { attempt: Duration::from_millis(200), ..Patience::default() };
        let session = Session::at("http://127.0.0.1:9", patience);
        let provider = SharedCredentialsProvider::new(provide_credentials_fn(credentials));
        let sdk = session.sdk.into_builder().credentials_provider(provider).build();
        let table = LockTable::new(&Session::of(sdk, session.region, patience), "locks");
        let path = StatePath::parse("states/a").unwrap();
        table.get(&path).await.unwrap_err().to_string()
    }

    #[tokio::test]
    async fn without_credentials_a_person_is_told_where_they_come_from() {
        let none = told(|| async { Err(CredentialsError::not_loaded("nothing configured")) }).await;
        assert_snapshot!(none, @"The lock table `locks` did not accept the AWS credentials: none could be had; set AWS_PROFILE or AWS_ACCESS_KEY_ID, or give this host a role");
        // Away from EC2, its metadata service may refuse, and may not answer at all.
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
