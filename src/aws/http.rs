//! The HTTP client of the AWS SDK, with nothing done before a request needs it and a bounded number of
//! connections.
//!
//! The SDK's own client reads and parses the machine's root certificates whenever a service client
//! is made, some milliseconds each time. `locktender status` makes one, asks once and ends, so here
//! the certificates are read on the first `https` request, and never for an `http` endpoint.

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

/// Most requests under way at once, and most idle connections: the SDK's client opens a connection for each
/// request that finds none free. Each may take some 100 KiB of buffers for as long as the bot runs. At 20 ms
/// a request, 32 at once answer 300 questions in 0.2 s.
const CONNECTIONS: usize = 32;

/// An HTTP client whose connections are shared by every service client that is given a clone.
#[derive(Clone, Debug, Default)]
pub(super) struct LazyHttp {
    connectors: Arc<Mutex<HashMap<Timeouts, SharedHttpConnector>>>,
}

/// The body of an answer, whose connection is in use until it is read.
struct Answer {
    body: Pin<Box<SdkBody>>,
    _connection: OwnedSemaphorePermit,
}

/// What tells connectors apart: the credential providers ask for other timeouts than the services.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Timeouts {
    connect: Option<Duration>,
    read: Option<Duration>,
}

/// One pool of connections for each scheme, made when it is first needed.
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
        // The map is whole after every statement, so a panic elsewhere does not spoil it.
        self.connectors
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(timeouts)
            .or_insert_with(|| {
                SharedHttpConnector::new(ByScheme {
                    settings: settings.clone(),
                    // No more of the components than this: they hold the client itself.
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
    /// For AWS itself: the machine's root certificates, and the proxy that `HTTPS_PROXY` names.
    fn https(&self) -> SharedHttpConnector {
        let connector = self
            .builder()
            .proxy_config(ProxyConfig::from_env())
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .build();
        SharedHttpConnector::new(connector)
    }

    /// For what speaks plain HTTP: the metadata services of EC2 and ECS, and doubles of AWS on this
    /// machine or network. None of them is reached through a proxy, and none has a certificate.
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
