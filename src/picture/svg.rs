//! The elements of a picture, written as SVG by hand.

use crate::text::visible;

/// The colours. Nothing is told by colour alone.
pub(super) const INK: &str = "#1f2328";
pub(super) const PALE: &str = "#59636e";
pub(super) const LINE: &str = "#d1d9e0";
pub(super) const HELD: &str = "#4269d0";
pub(super) const FORCED: &str = "#b35900";

/// How a text is written.
#[derive(Clone, Copy)]
pub(super) struct Lettering {
    pub(super) size: i64,
    pub(super) bold: bool,
    pub(super) anchor: Anchor,
}

/// Which end of a text is at its place.
#[derive(Clone, Copy)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

impl Lettering {
    /// Letters of this size, which begin at their place.
    pub(super) const fn of(size: i64) -> Self {
        Self { size, bold: false, anchor: Anchor::Start }
    }

    pub(super) const fn bold(self) -> Self {
        Self { bold: true, ..self }
    }

    pub(super) const fn anchored(self, anchor: Anchor) -> Self {
        Self { anchor, ..self }
    }
}

/// The elements of a picture so far.
#[derive(Default)]
pub(super) struct Svg(String);

impl Svg {
    /// Writes a text, which may be untrusted.
    pub(super) fn text(&mut self, (x, y): (i64, i64), as_: Lettering, text: &str) {
        self.element_of_text((x, y), as_, "", text);
    }

    /// Writes a text that stands on other elements, with a white edge.
    pub(super) fn text_on(&mut self, (x, y): (i64, i64), as_: Lettering, text: &str) {
        let edge =
            r##" stroke="#ffffff" stroke-width="4" stroke-linejoin="round" paint-order="stroke""##;
        self.element_of_text((x, y), as_, edge, text);
    }

    fn element_of_text(
        &mut self,
        (x, y): (i64, i64),
        Lettering { size, bold, anchor }: Lettering,
        more: &str,
        text: &str,
    ) {
        let weight = if bold { r#" font-weight="600""# } else { "" };
        let anchor = match anchor {
            Anchor::Start => "",
            Anchor::Middle => r#" text-anchor="middle""#,
            Anchor::End => r#" text-anchor="end""#,
        };
        let text = escaped(text);
        self.0.push_str(&format!(
            "<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\" fill=\"{INK}\"{weight}{anchor}{more}>{text}</text>\n"
        ));
    }

    pub(super) fn rect(&mut self, (x, y): (i64, i64), (width, height): (i64, i64), fill: &str) {
        self.0.push_str(&format!(
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" fill=\"{fill}\"/>\n"
        ));
    }

    pub(super) fn line(&mut self, (x1, y1): (i64, i64), (x2, y2): (i64, i64), colour: &str) {
        self.0.push_str(&format!(
            "<line x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\" stroke=\"{colour}\"/>\n"
        ));
    }

    /// The mark of a forced unlock.
    pub(super) fn diamond(&mut self, (x, y): (i64, i64)) {
        let (left, right, top, bottom) = (x - 5, x + 5, y - 6, y + 6);
        self.0.push_str(&format!(
            "<polygon points=\"{x},{top} {right},{y} {x},{bottom} {left},{y}\" fill=\"{FORCED}\"/>\n"
        ));
    }

    /// A filled shape with a white edge, so that it stands on other elements.
    pub(super) fn shape_on(&mut self, points: &[(i64, i64)], fill: &str) {
        let points: Vec<String> = points.iter().map(|(x, y)| format!("{x},{y}")).collect();
        self.0.push_str(&format!(
            "<polygon points=\"{}\" fill=\"{fill}\" stroke=\"#ffffff\" stroke-width=\"3\" \
             stroke-linejoin=\"round\" paint-order=\"stroke\"/>\n",
            points.join(" ")
        ));
    }

    /// The mark of a day without a record.
    pub(super) fn ring(&mut self, (x, y): (i64, i64)) {
        self.0.push_str(&format!(
            "<circle cx=\"{x}\" cy=\"{y}\" r=\"3\" fill=\"none\" stroke=\"{PALE}\"/>\n"
        ));
    }

    /// Defines slanted stripes that `rect` fills with as `url(#id)`.
    pub(super) fn stripes(&mut self, id: &str, ground: &str, colour: &str, width: i64) {
        self.0.push_str(&format!(
            "<pattern id=\"{id}\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" \
             patternTransform=\"rotate(45)\"><rect width=\"6\" height=\"6\" fill=\"{ground}\"/>\
             <rect width=\"{width}\" height=\"6\" fill=\"{colour}\"/></pattern>\n"
        ));
    }

    /// The whole picture, on a white ground.
    pub(super) fn finish(self, (width, height): (i64, i64), title: &str) -> String {
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\" role=\"img\" font-family=\"sans-serif\">\n\
             <title>{}</title>\n\
             <rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n{}</svg>\n",
            escaped(title),
            self.0
        )
    }
}

/// A text as XML. Characters that XML cannot hold are shown as unknown ones.
fn escaped(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    for c in visible(text).chars() {
        match c {
            '&' => written.push_str("&amp;"),
            '<' => written.push_str("&lt;"),
            '>' => written.push_str("&gt;"),
            '"' => written.push_str("&quot;"),
            '\'' => written.push_str("&#39;"),
            '\u{fffe}' | '\u{ffff}' => written.push('\u{fffd}'),
            c => written.push(c),
        }
    }
    written
}
