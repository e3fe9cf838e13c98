//! Tests of the fake Discord itself, with a small bot on a real client library.

mod bot;
mod commands;
mod deadlines;
mod gateway;
mod interactions;
mod messages;
mod people;
mod rest;
