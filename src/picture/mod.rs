//! Pictures: SVG that is laid out by hand (docs/adr/0042), and the same as PNG.

mod raster;
mod report;
mod svg;
mod timeline;

pub use raster::{NotDrawn, SCALE, png};
pub use report::report_svg;
pub use timeline::timeline_svg;

use crate::message::Picture;

/// A picture as PNG. It takes some 50 ms of computing, so call it where nothing waits.
///
/// # Errors
/// If it cannot be drawn.
pub fn drawn(picture: &Picture) -> Result<Vec<u8>, NotDrawn> {
    match picture {
        Picture::Timeline(timeline) => png(&timeline_svg(timeline)),
        Picture::Week { report, not_read } => png(&report::week_svg(report, not_read)),
    }
}
