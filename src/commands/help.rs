//! `/lock help`: what the bot does.

use super::Context;
use crate::message::Message;
use crate::words::help::help;

pub(super) fn run(context: &Context) -> Message {
    help(&context.reading.catalog, &context.policies)
}
