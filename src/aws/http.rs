//! The HTTP client of the AWS SDK: it loads nothing before a request needs it, and limits the
//! number of connections.
//!
//! The SDK's own client reads and parses the machine's root certificates whenever a service client
//! is made, which takes some milliseconds. `locktender status` makes a client, sends a few requests
//! and ends. So this client reads the certificates on the first `https` request, and never for an
//! `http` endpoint.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use aws_sdk_dynamodb::config::SharedAsyncSleep;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_http_client::{Connector, ConnectorBuilder};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Limit on concurrent requests, and on idle connections. The SDK's client opens a new connection if no
/// idle one is left, and each connection may keep some 100 KiB of buffers as long as the bot runs. At 20 ms
/// a request, 32 connections answer 300 requests in 0.2 s.
const CONNECTIONS: usize = 32;

/// An HTTP client. All service clients that get a clone of it share its connections.
#[derive(Clone, Debug, Default)]
pub(super) struct LazyHttp {
    connectors: Arc<Mutex<HashMap<Timeouts, SharedHttpConnector>>>,
}

/// The body of an answer. It occupies its connection until it is dropped.
struct Answer {
    body: Pin<Box<SdkBody>>,
    _connection: OwnedSemaphorePermit,
}

/// The key of a connector. Credential providers use other timeouts than the services.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Timeouts {
    connect: Option<Duration>,
    read: Option<Duration>,
}

/// One connection pool for each scheme, made on first use.
#[derive(Debug)]
struct ByScheme {
    settings: HttpConnectorSettings,
    sleep: Option<SharedAsyncSleep>,
    plain: OnceLock<SharedHttpConnector>,
    secure: OnceLock<SharedHttpConnector>,
    free: Arc<Semaphore>,
}

impl HttpClient for LazyHttp {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let timeouts =
            Timeouts { connect: settings.connect_timeout(), read: settings.read_timeout() };
        // Every statement leaves the map consistent, so a lock that was poisoned by a panic is
        // still usable.
        self.connectors
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(timeouts)
            .or_insert_with(|| {
                SharedHttpConnector::new(ByScheme {
                    settings: settings.clone(),
                    // Keeps only this part: the components contain this client, so keeping them all
                    // would make a reference cycle.
                    sleep: components.sleep_impl(),
                    plain: OnceLock::new(),
                    secure: OnceLock::new(),
                    free: Arc::new(Semaphore::new(CONNECTIONS)),
                })
            })
            .clone()
    }
}

impl HttpConnector for ByScheme {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let connector = if request.uri().starts_with("https:") {
            self.secure.get_or_init(|| self.https()).clone()
        } else {
            match self.plain() {
                Ok(connector) => connector.clone(),
                Err(error) => return HttpConnectorFuture::ready(Err(error)),
            }
        };
        let free = self.free.clone();
        HttpConnectorFuture::new(async move {
            let connection = free.acquire_owned().await;
            let connection =
                connection.map_err(|error| ConnectorError::other(error.into(), None))?;
            let mut answer = connector.call(request).await?;
            let body = Box::pin(answer.take_body());
            *answer.body_mut() = SdkBody::from_body_1_x(Answer { body, _connection: connection });
            Ok(answer)
        })
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = aws_smithy_types::body::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        self.body.as_mut().poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        Body::size_hint(&*self.body)
    }
}

impl ByScheme {
    /// For AWS itself: uses the machine's root certificates, and the proxy in `HTTPS_PROXY`.
    fn https(&self) -> SharedHttpConnector {
        let connector = self
            .builder()
            .proxy_config(ProxyConfig::from_env())
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .build();
        SharedHttpConnector::new(connector)
    }

    /// For endpoints that speak plain HTTP: the metadata services of EC2 and ECS, and AWS doubles
    /// on this machine or network. They need neither a proxy nor certificates.
    fn plain(&self) -> Result<&SharedHttpConnector, ConnectorError> {
        if let Some(connector) = self.plain.get() {
            return Ok(connector);
        }
        let no_roots = TlsContext::builder()
            .with_trust_store(TrustStore::empty())
            .build()
            .map_err(|error| ConnectorError::user(error.into()))?;
        let provider = Provider::Rustls(CryptoMode::Ring);
        Ok(self.plain.get_or_init(|| {
            let connector = self.builder().tls_provider(provider).tls_context(no_roots).build();
            SharedHttpConnector::new(connector)
        }))
    }

    fn builder(&self) -> ConnectorBuilder {
        let mut builder = Connector::builder()
            .connector_settings(self.settings.clone())
            .pool_max_idle_per_host(CONNECTIONS);
        builder.set_sleep_impl(self.sleep.clone());
        builder
    }
}
