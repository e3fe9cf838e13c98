//! The terminal edge: the demo's chat, and messages as text.

mod audit;
mod chains;
mod chat;
mod csv;
mod doctor;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzz;
mod list;
mod live;
mod render;
mod report;
mod screen;
mod sections;
mod table;
mod width;
mod wrap;

pub use audit::{audit_csv, audit_csv_heading, audit_jsonl};
pub use chains::Chains;
pub use chat::{Board, Chat, Input};
pub use doctor::diagnosis;
pub use list::lock_table;
pub use live::Live;
pub use render::{Style, text};
pub use report::{report_csv, report_text};
pub use screen::Screen;
pub(crate) use sections::sections;
pub use sections::{answer_text, verdict};
pub use width::Output;
