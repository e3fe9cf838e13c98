//! The baseline: the least work with which a serenity bot can answer from a `DynamoDB` row.
//!
//! It reads the option of the command, does one strongly consistent `GetItem`, and answers with one
//! message that contains the row's `Info` unchanged. It is this executable again, in its own
//! process.
//!
//! It shares with Locktender: serenity with the same features and no intents, the AWS SDK with
//! credentials, region and endpoint from the environment, Tokio's multi-threaded runtime, the
//! system's allocator, and the build profile. The differences put Locktender at a disadvantage,
//! except for the last:
//!
//! - it checks no server, keeps no state names, parses no record, detects no typing errors,
//!   registers no command, and has no deadline, embed or button,
//! - it writes no log, while Locktender writes one line an interaction to a file,
//! - it never reads root certificates, since its HTTP client trusts none and `http` needs none,
//! - its executable also contains the benches and the doubles, but uses almost none of that code.

use aws_config::BehaviorVersion;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::SharedHttpClient;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use serenity::all::{
    ClientBuilder, CommandInteraction, Context, CreateInteractionResponse,
    CreateInteractionResponseMessage, EventHandler, GatewayIntents, HttpBuilder, Interaction,
    ResolvedOption, ResolvedValue,
};
use serenity::async_trait;

/// The argument that makes this executable the bare bot.
pub const ARGUMENT: &str = "bare-bot";

/// The whole bot.
struct Bare {
    dynamodb: Client,
    table: String,
    bucket: String,
}

/// Connects and answers until it is killed.
pub async fn run() {
    let variable = |name: &str| std::env::var(name).unwrap();
    let aws = aws_config::defaults(BehaviorVersion::v2026_01_12()).http_client(http_client());
    let handler = Bare {
        dynamodb: Client::new(&aws.load().await),
        table: variable("LOCKTENDER_LOCK_TABLE"),
        bucket: variable("LOCKTENDER_STATE_BUCKET"),
    };
    let http = HttpBuilder::new(variable("DISCORD_TOKEN"))
        .proxy(variable("DISCORD_API_URL"))
        .ratelimiter_disabled(true)
        .build();
    let client = ClientBuilder::new_with_http(http, GatewayIntents::empty()).event_handler(handler);
    client.await.unwrap().start().await.unwrap();
}

/// An SDK HTTP client for plain `http`.
pub fn http_client() -> SharedHttpClient {
    let no_roots = TlsContext::builder().with_trust_store(TrustStore::empty()).build().unwrap();
    aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .tls_context(no_roots)
        .build_https()
}

#[async_trait]
impl EventHandler for Bare {
    async fn interaction_create(&self, gateway: Context, interaction: Interaction) {
        if let Interaction::Command(asked) = interaction {
            let content = self.answer(&asked).await;
            let message = CreateInteractionResponseMessage::new().content(content);
            let response = CreateInteractionResponse::Message(message);
            asked.create_response(&gateway.http, response).await.unwrap();
        }
    }
}

impl Bare {
    async fn answer(&self, asked: &CommandInteraction) -> String {
        let [ResolvedOption { value: ResolvedValue::SubCommand(options), .. }] =
            &*asked.data.options()
        else {
            panic!("a command that no bench sends");
        };
        let [ResolvedOption { value: ResolvedValue::String(state), .. }] = &**options else {
            panic!("a command that no bench sends");
        };
        let key = format!("{}/{state}/terraform.tfstate", self.bucket);
        let row = self
            .dynamodb
            .get_item()
            .table_name(&self.table)
            .key("LockID", AttributeValue::S(key))
            .consistent_read(true)
            .send();
        match row.await.unwrap().item.as_ref().and_then(|item| item.get("Info")) {
            Some(AttributeValue::S(info)) => format!("{state} is locked: {info}"),
            _ => format!("{state} is free"),
        }
    }
}
