//! Looks at all locks, the holds that the bot stores, and the announcements.

#[cfg(unix)]
mod announcing;
mod hands;
mod lines;
mod odd_items;
mod passes;
mod verdicts;
