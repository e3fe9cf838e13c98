//! Health and metrics over HTTP, of the real program with a fake Discord and an embedded `DynamoDB`.

mod hostile;
mod list;
mod page;
mod probe;
mod readiness;
mod sentences;
