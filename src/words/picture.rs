//! Pictures in words, for people who cannot see them.

use super::timeline;
use crate::message::Picture;

/// The name of a picture's file.
#[must_use]
pub fn file_name(of: &Picture) -> &'static str {
    match of {
        Picture::Timeline(_) => "timeline.png",
    }
}

/// What a picture shows, at most 1,024 characters.
#[must_use]
pub fn description(of: &Picture) -> String {
    match of {
        Picture::Timeline(of) => timeline::description(of),
    }
}
