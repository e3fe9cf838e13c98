//! The terminal edge: the demo's chat, and messages as text.

mod audit;
mod board;
mod chat;
mod complete;
mod csv;
mod doctor;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzz;
mod guess;
mod hints;
mod input;
mod parse;
mod pen;
mod people;
mod render;
mod report;
mod report_svg;
mod table;
mod wrap;

pub use audit::{audit_csv, audit_csv_heading, audit_jsonl, audit_line, audit_list_heading};
pub use board::Board;
pub use chat::Chat;
pub use doctor::diagnosis;
pub use input::Input;
pub use render::{Style, text};
pub use report::{report_csv, report_text};
pub use report_svg::report_svg;
pub use table::table;
