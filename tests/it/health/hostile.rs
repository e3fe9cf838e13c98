//! Clients that mean harm keep neither the server nor the bot busy.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::probe::{ANY_PORT, Probe};
use crate::support::stand::Stand;

/// The answer to these bytes, as far as the server sends one.
async fn sent(probe: &Probe, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(probe.address).await.unwrap();
    // The server may close the connection before it has read all.
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn slow_clients_do_not_keep_others_out() {
    let stand = Stand::new().await.set(ANY_PORT.0, ANY_PORT.1);
    stand.start().await;
    let probe = Probe::of(&stand).await;
    let mut slow = Vec::new();
    for _ in 0..200 {
        let mut stream = TcpStream::connect(probe.address).await.unwrap();
        stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: a\r\nX-Slow: ").await.unwrap();
        slow.push(stream);
    }
    probe.says(200, "connected").await;
    // The bot has closed them: the oldest at once, the others when their time was over.
    for mut stream in slow {
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
    }
    let answer = stand.alice.slash(stand.channel, "help", &[]).await.settled().await;
    assert!(!stand.discord.world().text(&answer.message()).is_empty());
}

#[tokio::test]
async fn odd_requests_get_an_error_and_nothing_else() {
    let stand = Stand::new().await.set(ANY_PORT.0, ANY_PORT.1);
    stand.start().await;
    let probe = Probe::of(&stand).await;
    let status = |answer: &str| answer.split(' ').nth(1).unwrap_or_default().to_owned();
    for (bytes, expected) in [
        (b"GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n".to_vec(), "404"),
        (b"POST /readyz HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc".to_vec(), "405"),
        (b"DELETE /metrics HTTP/1.1\r\nHost: a\r\n\r\n".to_vec(), "405"),
        (b"\x16\x03\x01\x02\x00\x01\x00".to_vec(), "400"),
        ([b"GET /", &*vec![b'a'; 100_000], b" HTTP/1.1\r\n\r\n"].concat(), "431"),
        (
            [b"GET / HTTP/1.1\r\n".to_vec(), b"X-A: b\r\n".repeat(100), b"\r\n".to_vec()].concat(),
            "431",
        ),
    ] {
        let answer = sent(&probe, &bytes).await;
        let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(20)]).into_owned();
        assert!(status(&answer) == expected || answer.is_empty(), "{shown}: {answer}");
    }
    // A request as large as it likes: its body is not read.
    let endless = b"POST /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999999\r\n\r\n";
    assert_eq!(status(&sent(&probe, endless).await), "405");
    probe.says(200, "connected").await;
}
