//! The edge towards a terminal: the demo's chat, and messages as text.

mod chat;
mod input;
mod parse;
mod render;
mod table;

pub use chat::Chat;
pub use input::Input;
pub use render::{Style, text};
pub use table::table;
