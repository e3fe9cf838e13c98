//! A screen of a terminal that is redrawn in place.

use std::io::{self, Write};

/// The terminal's other screen, without a cursor.
const OPEN: &str = "\x1b[?1049h\x1b[?25l";
const CLOSE: &str = "\x1b[?25h\x1b[?1049l";

/// The terminal's other screen. The first one, with all that was on it, comes back when this is dropped.
#[derive(Debug)]
pub struct Screen<W: Write> {
    out: W,
    drawn: Option<String>,
}

impl<W: Write> Screen<W> {
    /// Takes the screen.
    ///
    /// # Errors
    /// If the terminal is gone.
    pub fn open(mut out: W) -> io::Result<Self> {
        out.write_all(OPEN.as_bytes())?;
        out.flush()?;
        Ok(Self { out, drawn: None })
    }

    /// Draws these lines in place of the last ones, and nothing if they are the same. Writes over what is there,
    /// without clearing it first, so that nothing flickers.
    ///
    /// # Errors
    /// If the terminal is gone.
    pub fn draw(&mut self, frame: String) -> io::Result<()> {
        if self.drawn.as_ref() == Some(&frame) {
            return Ok(());
        }
        let lines = frame.replace('\n', "\x1b[K\r\n");
        self.out.write_all(format!("\x1b[H{lines}\x1b[K\x1b[J").as_bytes())?;
        self.out.flush()?;
        self.drawn = Some(frame);
        Ok(())
    }

    /// Draws the next lines even if they are the same: the terminal has changed what it shows.
    pub fn forget(&mut self) {
        self.drawn = None;
    }
}

impl<W: Write> Drop for Screen<W> {
    fn drop(&mut self) {
        // A terminal that is gone needs no cursor.
        let _ = self.out.write_all(CLOSE.as_bytes()).and_then(|()| self.out.flush());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_screen_is_drawn_over_and_given_back() {
        let mut out = Vec::new();
        let mut screen = Screen::open(&mut out).unwrap();
        for frame in ["a\nb", "a\nb", "c"] {
            screen.draw(frame.to_owned()).unwrap();
        }
        screen.forget();
        screen.draw("c".to_owned()).unwrap();
        drop(screen);
        let c = "\x1b[Hc\x1b[K\x1b[J";
        let expected = format!("{OPEN}\x1b[Ha\x1b[K\r\nb\x1b[K\x1b[J{c}{c}{CLOSE}");
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
