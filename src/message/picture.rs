//! A picture as data.

use crate::watch::{LockReport, NotRead, Timeline};

/// A picture that goes with a message. It shows what the words say, so an edge that has no pictures leaves it out.
#[derive(Clone, Debug, PartialEq)]
pub enum Picture {
    /// The holds of one state.
    Timeline(Box<Timeline>),
    /// The figures of a week.
    Week {
        /// The figures.
        report: Box<LockReport>,
        /// What could not be read for them.
        not_read: Vec<NotRead>,
    },
}
