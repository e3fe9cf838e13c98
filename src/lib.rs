pub mod clock;
pub mod error;
pub mod lock;
pub mod ports;
