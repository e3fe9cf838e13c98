//! The bot in Discord: a real serenity client against a fake Discord that enforces the real one's
//! rules, over an embedded `DynamoDB`.

mod answers;
mod elsewhere;
mod finding;
mod hostile;
mod outages;
mod process;
mod scene;
mod slow;
