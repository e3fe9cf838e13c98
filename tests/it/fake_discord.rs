//! The fake Discord itself, held to its promises by a small bot on the real client library.

mod bot;
mod commands;
mod deadlines;
mod gateway;
mod interactions;
mod messages;
mod people;
mod rest;
