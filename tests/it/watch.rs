//! What is seen of all locks, remembered and announced.

#[cfg(unix)]
mod announcing;
mod hands;
mod lines;
mod odd_items;
mod passes;
mod verdicts;
