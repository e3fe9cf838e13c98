//! The terminal edge: the demo's chat, and messages as text.

mod audit;
mod board;
mod chat;
mod csv;
mod doctor;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzz;
mod input;
mod parse;
mod render;
mod report;
mod table;

pub use audit::{audit_csv, audit_csv_heading, audit_jsonl, audit_line, audit_list_heading};
pub use board::Board;
pub use chat::Chat;
pub use doctor::diagnosis;
pub use input::Input;
pub use render::{Style, text};
pub use report::{report_csv, report_text};
pub use table::table;
