//! The bot in Discord: its real client with a fake Discord that enforces Discord's rules, over an
//! embedded `DynamoDB`.

mod answers;
mod connections;
mod elsewhere;
mod finding;
mod hostile;
mod outages;
mod pictures;
mod posting;
mod process;
#[cfg(unix)]
mod process_config;
mod process_gateway;
mod scene;
mod slow;
mod timeline;
mod unlock;
mod unlock_clicks;
mod unlock_hostile;
mod unlock_outages;
#[cfg(unix)]
mod unlock_process;
mod unlock_refusals;
mod unlock_scene;
mod weekly;
