pub mod clock;
pub mod commands;
pub mod error;
pub mod lock;
pub mod message;
pub mod ports;
