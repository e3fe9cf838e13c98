//! Pictures in words, for people who cannot see them.

use super::{timeline, weekly};
use crate::message::Picture;
use crate::text::clip;

/// Longest description of an attachment (Discord's reference of the attachment object).
const DESCRIPTION: usize = 1_024;

/// The name of a picture's file.
#[must_use]
pub fn file_name(of: &Picture) -> &'static str {
    match of {
        Picture::Timeline(_) => "timeline.png",
        Picture::Week { .. } => "report.png",
    }
}

/// What a picture shows, at most 1,024 characters.
#[must_use]
pub fn description(of: &Picture) -> String {
    match of {
        Picture::Timeline(of) => clip(&timeline::description(of), DESCRIPTION),
        Picture::Week { report, .. } => clip(&weekly::description(report), DESCRIPTION),
    }
}
