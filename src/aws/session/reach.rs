//! Sessions for backends that are reached in another way than the bot's own tables.

use std::collections::HashMap;
use std::sync::Arc;

use aws_config::profile::{ProfileFileCredentialsProvider, ProfileFileRegionProvider};
use aws_config::provider_config::ProviderConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::{Region, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_types::origin::Origin;

use super::{Session, behavior, identities, retries, stalls, timeouts};
use crate::aws::error::Reached;
use crate::aws::http::LazyHttp;
use crate::lock::{Access, BackendStores, Distance};

/// The name of an assumed role's session, as the logs of AWS show it.
const ROLE_SESSION: &str = "locktender";

impl Session {
    /// The same session, ready for these backends. Does no network I/O: a role is assumed with the first request
    /// that needs it, so one that cannot be assumed affects only its backend.
    pub async fn for_backends(self, backends: &[BackendStores]) -> Self {
        let mut others = HashMap::new();
        for stores in backends {
            let access = stores.access();
            if !self.is_own(access) && !others.contains_key(access) {
                // On the heap: few backends need it, and every command waits for this.
                others.insert(access.clone(), Box::pin(self.reach(access)).await);
            }
        }
        Self { others: Arc::new(others), ..self }
    }

    /// The session for a backend. The backend must be one of those that
    /// [`for_backends`](Self::for_backends) was called with, or be reached as the bot's own tables.
    pub(in crate::aws) fn of(&self, access: &Access) -> &Self {
        self.others.get(access).unwrap_or(self)
    }

    /// How far the lock table of a backend that is reached in this way is from the bot's own tables.
    pub(in crate::aws) fn distance(&self, access: &Access) -> Distance {
        if self.is_own(access) { Distance::Near } else { Distance::Far }
    }

    /// Whether a backend is reached as the bot's own tables are, in the same account and region.
    fn is_own(&self, access: &Access) -> bool {
        let region = access.region.as_deref();
        let rest = Access { region: None, ..access.clone() };
        rest == Access::default() && region.is_none_or(|region| region == self.reached.region)
    }

    async fn reach(&self, access: &Access) -> Self {
        // A client of its own: a backend that hangs must not take the connections of the others.
        let http = LazyHttp::default();
        let sdk = if let Some(profile) = &access.profile {
            self.of_profile(profile, http).await
        } else {
            let identities = identities(self.patience);
            self.sdk.to_builder().http_client(http).identity_cache(identities).build()
        };
        let region = access.region.clone().map(Region::new).or_else(|| sdk.region().cloned());
        let region = region.unwrap_or_else(|| Region::new(self.reached.region.clone()));
        let mut sdk = sdk.into_builder().region(region.clone()).build();
        if let Some(role) = &access.role_arn {
            let provider = AssumeRoleProvider::builder(role).session_name(ROLE_SESSION);
            let provider = match &access.external_id {
                Some(id) => provider.external_id(id),
                None => provider,
            };
            let provider = provider.configure(&sdk).build().await;
            let provider = SharedCredentialsProvider::new(provider);
            sdk = sdk.into_builder().credentials_provider(provider).build();
        }
        if let Some(endpoint) = &access.endpoint {
            let mut builder = sdk.into_builder().endpoint_url(endpoint);
            // Otherwise the address from the environment would come first.
            builder.insert_origin("endpoint_url", Origin::shared_config());
            sdk = builder.build();
        }
        let reached = Reached { region: region.to_string(), access: access.clone() };
        Self::of_sdk(sdk, reached, self.patience)
    }

    /// The configuration by a profile. Its credentials come first, even if the environment has others.
    async fn of_profile(&self, profile: &str, http: LazyHttp) -> SdkConfig {
        let config = ProviderConfig::without_region().with_http_client(http.clone());
        let region = ProfileFileRegionProvider::builder().profile_name(profile).configure(&config);
        let region = region.build();
        let region = aws_config::meta::region::ProvideRegion::region(&region).await;
        let region = region.unwrap_or_else(|| Region::new(self.reached.region.clone()));
        let config = config.with_region(Some(region.clone()));
        let credentials =
            ProfileFileCredentialsProvider::builder().profile_name(profile).configure(&config);
        aws_config::defaults(behavior())
            .profile_name(profile)
            .region(region)
            .credentials_provider(credentials.build())
            .http_client(http)
            .retry_config(retries())
            .timeout_config(timeouts(self.patience))
            .identity_cache(identities(self.patience))
            .stalled_stream_protection(stalls())
            .load()
            .await
    }
}
