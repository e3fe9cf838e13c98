//! Posts and changes messages outside of the answers to interactions.
//!
//! serenity's errors leave out the answer's headers, which say how long to wait. So these requests
//! are built by serenity but sent by a separate client that reads the whole answer. That client has
//! no rate limiter that sleeps: a request that must wait goes back to the courier, which knows what
//! else it can do meanwhile.

use std::collections::HashMap;
use std::num::NonZeroU64;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use reqwest::header::HeaderMap;
use reqwest::{Client, StatusCode};
use serde::Serialize;
use serde_json::{Value, json};
use serenity::all::{CreateAttachment, LightMethod, RatelimitingBucket, Request, Route};
use serenity::http::{Multipart, MultipartUpload};
use tokio::time::Instant;
use tracing::warn;

use super::Connection;
use super::connection::{ANSWER, number};
use super::failure::{Failure, unsent};
use super::picture::attachment;
use super::render::Rendered;
use crate::message::Message;
use crate::people::{ChannelId, MessageId};
use crate::ports::{Channels, Undelivered};

/// The client for posts, and the rate limits of channels.
pub struct Poster {
    connection: Connection,
    client: Client,
    /// When each used-up rate limit ends, from Discord's last answer.
    full: Mutex<HashMap<RatelimitingBucket, Instant>>,
}

impl Poster {
    /// Posts over this connection, with an HTTP client of its own.
    #[must_use]
    pub fn new(connection: Connection) -> Self {
        Self { connection, client: Client::default(), full: Mutex::default() }
    }

    /// Sends a request about a channel, and gives the answer if it is a success.
    async fn send_once(
        &self,
        (method, route): (LightMethod, Route<'_>),
        body: &(impl Serialize + Sync),
        file: Option<&CreateAttachment>,
    ) -> Result<Value, Failure> {
        let bucket = route.ratelimiting_bucket();
        if let Some(after) = self.full_for(&bucket) {
            return Err(Failure::full(after));
        }
        let http = self.connection.shared_http();
        let body =
            serde_json::to_string(body).map_err(|_| unsent("it cannot be written as JSON"))?;
        let request = Request::new(route, method);
        let request = match file {
            None => request.body(Some(body.into_bytes())),
            Some(file) => request.multipart(Some(Multipart {
                upload: MultipartUpload::Attachments(vec![file.clone()]),
                payload_json: Some(body),
                fields: Vec::new(),
            })),
        };
        let request = request
            .build(&self.client, http.token(), http.proxy.as_deref())
            .map_err(|_| unsent("there is no address for it"))?;
        let answer = request.timeout(ANSWER).send().await.map_err(|error| Failure::from(&error))?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        if status != StatusCode::TOO_MANY_REQUESTS {
            self.note(bucket, &headers);
        }
        let body = answer.bytes().await.map_err(|error| Failure::from(&error))?;
        let body = serde_json::from_slice(&body).ok();
        if status.is_success() {
            return Ok(body.unwrap_or_default());
        }
        Err(Failure::of(status, &headers, body.as_ref()))
    }

    /// How long a channel's rate limit lasts.
    fn full_for(&self, bucket: &RatelimitingBucket) -> Option<Duration> {
        let full = self.full.lock().unwrap_or_else(PoisonError::into_inner);
        let until = full.get(bucket)?.checked_duration_since(Instant::now())?;
        (!until.is_zero()).then_some(until)
    }

    /// Notes whether this request used up the rate limit.
    fn note(&self, bucket: RatelimitingBucket, headers: &HeaderMap) {
        let header = |name| headers.get(name)?.to_str().ok();
        let is_last = header("x-ratelimit-remaining") == Some("0");
        let reset = header("x-ratelimit-reset-after").filter(|_| is_last);
        let reset =
            reset.and_then(|seconds| Duration::try_from_secs_f64(seconds.parse().ok()?).ok());
        let until = reset.and_then(|reset| Instant::now().checked_add(reset));
        let mut full = self.full.lock().unwrap_or_else(PoisonError::into_inner);
        match until {
            Some(until) => full.insert(bucket, until),
            None => full.remove(&bucket),
        };
    }

    /// Sends a request, and once more if the thread is archived and can be opened again.
    ///
    /// Discord opens an archived thread itself when a message is posted, and refuses all other
    /// changes there. Opening a thread needs the permission to post in it, unless the thread is
    /// locked.
    async fn send(
        &self,
        channel: NonZeroU64,
        request: (LightMethod, Route<'_>),
        body: &(impl Serialize + Sync),
        file: Option<&CreateAttachment>,
    ) -> Result<Value, Undelivered> {
        let sent = self.send_once(request, body, file).await;
        let archived = match sent {
            Err(failure) if failure.is_archived() => failure,
            sent => return Ok(sent?),
        };
        let open = (LightMethod::Patch, Route::Channel { channel_id: channel.into() });
        let opened = self.send_once(open, &json!({ "archived": false }), None).await;
        match opened {
            Ok(_) => Ok(self.send_once(request, body, file).await?),
            // A failure that can be retried later stays one. Otherwise people must open the thread.
            Err(failure) if failure.passes() => Err(failure.into()),
            Err(_) => Err(archived.into()),
        }
    }
}

/// The picture of a message, if it has one that can be drawn.
async fn drawn(message: &Message) -> Option<CreateAttachment> {
    match attachment(message.picture.clone()?).await {
        Ok(picture) => Some(picture),
        Err(why) => {
            warn!(%why, "a picture was not drawn");
            None
        }
    }
}

/// Whether Discord wants no request at the moment.
fn is_limited(undelivered: &Undelivered) -> bool {
    matches!(
        undelivered,
        Undelivered::Later { after: Some(_), .. } | Undelivered::Everywhere { .. }
    )
}

#[async_trait]
impl Channels for Poster {
    async fn post(
        &self,
        channel: ChannelId,
        message: &Message,
        nonce: &str,
    ) -> Result<MessageId, Undelivered> {
        let post = Rendered::new(message).post(nonce);
        let channel = number(channel.get()).ok_or_else(Failure::no_channel)?;
        let request = (LightMethod::Post, Route::ChannelMessages { channel_id: channel.into() });
        let posted = match drawn(message).await {
            None => self.send(channel, request, &post, None).await?,
            Some(picture) => {
                let with_picture = post.clone().add_file(picture.clone());
                match self.send(channel, request, &with_picture, Some(&picture)).await {
                    // The words matter more: perhaps the bot may post here, but no files, or a proxy takes none. If
                    // the first post was taken after all, the nonce prevents a second one.
                    Err(refused) if !is_limited(&refused) => {
                        warn!(channel, %refused, "a picture was not taken");
                        self.send(channel, request, &post, None).await?
                    }
                    posted => posted?,
                }
            }
        };
        let id = posted["id"].as_str().and_then(|id| id.parse().ok());
        // A proxy may answer anything. The nonce prevents a duplicate message on retry.
        Ok(id.map(MessageId::new).ok_or_else(|| unsent("the answer has no message in it"))?)
    }

    async fn edit(
        &self,
        channel: ChannelId,
        id: MessageId,
        message: &Message,
    ) -> Result<(), Undelivered> {
        let change = Rendered::new(message).change();
        let channel = number(channel.get()).ok_or_else(Failure::no_channel)?;
        let id = number(id.get()).ok_or(Undelivered::MessageGone)?;
        let route = Route::ChannelMessage { channel_id: channel.into(), message_id: id.into() };
        self.send(channel, (LightMethod::Patch, route), &change, None).await.map(|_| ())
    }
}
