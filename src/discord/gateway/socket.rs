//! A websocket to Discord's gateway. Each wait has a limit here or at the caller.

use std::time::Duration;

use futures::StreamExt;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::http::Uri;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, client_async_tls};

/// Time limit for connecting, including TLS and the websocket handshake.
const CONNECT: Duration = Duration::from_secs(10);

/// Time limit for one of several addresses, so that the next one is tried in time.
const ACCEPT: Duration = Duration::from_secs(3);

/// Time limit for sending a payload. A connection that accepts no data is dead.
const SEND: Duration = Duration::from_secs(5);

/// An open websocket. Dropping it ends the connection.
pub(super) struct Socket {
    stream: Stream,
}

type Stream = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// How the other side ended the connection.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum End {
    /// With a close frame, with its code if it had one.
    Closed(Option<u16>),
    /// In another way. The text is from the operating system or the websocket library.
    Broken(String),
}

impl Socket {
    /// Connects to a gateway's base address, such as `wss://gateway.discord.gg`.
    pub(super) async fn open(base: &str) -> Result<Self, String> {
        let uri = versioned(base).ok_or_else(|| format!("{base:?} is no gateway's address"))?;
        // On the heap. Otherwise the bot would keep the handshake's buffers for its whole life.
        match timeout(CONNECT, Box::pin(connect(&uri))).await {
            Ok(stream) => Ok(Self { stream: stream? }),
            Err(_) => Err("no connection in time".to_owned()),
        }
    }

    /// The next payload. The library answers pings while it waits.
    ///
    /// Cancel safe: dropping the future loses nothing.
    pub(super) async fn receive(&mut self) -> Result<Utf8Bytes, End> {
        loop {
            match self.stream.next().await {
                Some(Ok(Message::Text(text))) => return Ok(text),
                // The connection also ends with a close frame that has no code.
                Some(Ok(Message::Close(frame))) => {
                    return Err(End::Closed(frame.map(|frame| frame.code.into())));
                }
                // Discord sends compressed payloads only on request.
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(End::Broken(error.to_string())),
                None => return Err(End::Broken("the connection was closed".to_owned())),
            }
        }
    }

    /// Sends a payload.
    pub(super) async fn send(&mut self, payload: String) -> Result<(), End> {
        self.write(Message::text(payload)).await
    }

    /// Sends a close frame with this code, without waiting for the answer.
    pub(super) async fn close(&mut self, code: u16) -> Result<(), End> {
        let frame = CloseFrame { code: code.into(), reason: Utf8Bytes::default() };
        self.write(Message::Close(Some(frame))).await
    }

    async fn write(&mut self, message: Message) -> Result<(), End> {
        use futures::SinkExt;
        match timeout(SEND, self.stream.send(message)).await {
            Ok(sent) => sent.map_err(|error| End::Broken(error.to_string())),
            Err(_) => Err(End::Broken("the connection takes nothing".to_owned())),
        }
    }
}

/// The address with the bot's gateway version and encoding.
fn versioned(base: &str) -> Option<Uri> {
    let base: Uri = base.parse().ok()?;
    Uri::builder()
        .scheme(base.scheme_str()?)
        .authority(base.authority()?.as_str())
        .path_and_query(format!("{}?v=10&encoding=json", base.path()))
        .build()
        .ok()
}

async fn connect(uri: &Uri) -> Result<Stream, String> {
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("ws") { 80 } else { 443 });
    let addresses = lookup_host((host, port)).await.map_err(|error| error.to_string())?;
    let mut failure = format!("{host} has no address");
    for address in addresses {
        match timeout(ACCEPT, TcpStream::connect(address)).await {
            Ok(Ok(tcp)) => {
                let made = client_async_tls(uri.clone(), tcp).await;
                return made.map(|(stream, _)| stream).map_err(|error| error.to_string());
            }
            Ok(Err(error)) => failure = error.to_string(),
            Err(_) => failure = format!("{address} does not accept"),
        }
    }
    Err(failure)
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;
    use tokio::net::TcpListener;

    use super::*;

    #[test]
    fn the_address_keeps_its_path_and_gets_a_version() {
        let versioned = |base| versioned(base).map(|uri| uri.to_string());
        for (base, expected) in [
            ("wss://gateway.discord.gg", Some("wss://gateway.discord.gg/?v=10&encoding=json")),
            ("wss://gateway.discord.gg/", Some("wss://gateway.discord.gg/?v=10&encoding=json")),
            ("ws://127.0.0.1:8080/gw?v=9", Some("ws://127.0.0.1:8080/gw?v=10&encoding=json")),
            ("ws://[::1]:8080", Some("ws://[::1]:8080/?v=10&encoding=json")),
            ("gateway.discord.gg", None),
            ("", None),
        ] {
            assert_eq!(versioned(base).as_deref(), expected, "{base}");
        }
    }

    #[tokio::test]
    async fn wss_is_spoken_with_tls() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("wss://{}", listener.local_addr().unwrap());
        let (opened, first) = tokio::join!(Socket::open(&base), async {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.read_u8().await.unwrap()
        });
        assert_eq!(first, 0x16, "a TLS handshake begins with 0x16");
        assert!(opened.is_err());
    }
}
