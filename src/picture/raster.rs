//! Turns SVG into PNG in this process, with fonts that the program brings along.

use std::sync::{Arc, LazyLock};

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::fontdb::Database;
use resvg::usvg::{Options, Tree};

/// How many pixels a unit of the SVG has, so that letters are sharp on a phone.
pub const SCALE: u16 = 2;

/// Why there is no picture. It is for the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotDrawn(pub String);

/// The fonts. Those of the machine are not used, so a picture is the same everywhere.
static FONTS: LazyLock<Arc<Database>> = LazyLock::new(|| {
    let mut fonts = Database::new();
    fonts.load_font_data(include_bytes!("font/NotoSans-Regular.ttf").to_vec());
    fonts.load_font_data(include_bytes!("font/NotoSans-Bold.ttf").to_vec());
    fonts.set_sans_serif_family("Noto Sans");
    Arc::new(fonts)
});

/// An SVG picture as PNG.
///
/// # Errors
/// If it is no SVG, or too large.
pub fn png(svg: &str) -> Result<Vec<u8>, NotDrawn> {
    let options = Options { fontdb: Arc::clone(&FONTS), ..Options::default() };
    let tree = Tree::from_str(svg, &options).map_err(|error| NotDrawn(error.to_string()))?;
    let size = tree.size().to_int_size().scale_by(f32::from(SCALE));
    let pixels = size.and_then(|size| Pixmap::new(size.width(), size.height()));
    let mut pixels = pixels.ok_or_else(|| NotDrawn("its size is no size".to_owned()))?;
    let scale = Transform::from_scale(f32::from(SCALE), f32::from(SCALE));
    resvg::render(&tree, scale, &mut pixels.as_mut());
    pixels.encode_png().map_err(|error| NotDrawn(error.to_string()))
}
