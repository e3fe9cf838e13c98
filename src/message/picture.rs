//! A picture as data.

use crate::watch::Timeline;

/// A picture that goes with a message. It shows what the words say, so an edge that has no pictures leaves it out.
#[derive(Clone, Debug, PartialEq)]
pub enum Picture {
    /// The holds of one state.
    Timeline(Box<Timeline>),
}
