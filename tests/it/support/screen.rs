//! A terminal that a test types into and reads like a person.

use std::fs::File;
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use vt100::Parser;

use super::deadline::Deadline;

/// More lines than a test prints, so that nothing scrolls away.
const ROWS: NonZeroU16 = NonZeroU16::new(400).unwrap();

/// A pseudoterminal, and what is to be seen on it.
pub struct Screen {
    keyboard: File,
    /// Keeps the terminal open while no program has it.
    line: File,
    path: PathBuf,
    seen: Arc<Mutex<Parser>>,
    bytes: Arc<Mutex<Vec<u8>>>,
}

impl Screen {
    /// An empty terminal of this many columns.
    pub fn new(columns: u16) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let path = PathBuf::from(ptsname(&master, Vec::new()).unwrap().into_string().unwrap());
        let line = File::options().read(true).write(true).open(&path).unwrap();
        let size = Winsize { ws_row: ROWS.get(), ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&line, size).unwrap();
        let keyboard = File::from(master);
        let mut output = keyboard.try_clone().unwrap();
        let wide = NonZeroU16::new(columns).unwrap();
        let seen = Arc::new(Mutex::new(Parser::new(ROWS, wide, 0)));
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let (shows, keeps) = (seen.clone(), bytes.clone());
        // Ends when the last program and the test have closed the terminal.
        std::thread::spawn(move || {
            let mut page = [0; 4096];
            while let Ok(read @ 1..) = output.read(&mut page) {
                keeps.lock().unwrap().extend(&page[..read]);
                shows.lock().unwrap().process(&page[..read]);
            }
        });
        Self { keyboard, line, path, seen, bytes }
    }

    /// Where a program opens it to read.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where a program writes to it.
    pub fn output(&self) -> Stdio {
        self.line.try_clone().unwrap().into()
    }

    /// Types these keys.
    pub fn types(&self, keys: &str) {
        (&self.keyboard).write_all(keys.as_bytes()).unwrap();
    }

    /// All lines, without blanks at their ends.
    pub fn text(&self) -> String {
        let seen = self.seen.lock().unwrap();
        let lines = seen.screen().contents();
        lines.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
    }

    /// Whether anything is or was coloured or bold.
    pub fn is_painted(&self) -> bool {
        let bytes = self.bytes.lock().unwrap();
        let text = String::from_utf8_lossy(&bytes);
        text.split("\x1b[").skip(1).any(|code| {
            code.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';').starts_with('m')
        })
    }

    /// Types a line, and waits for the next prompt. Returns the lines from the one typed on.
    pub async fn enter(&self, line: &str, prompt: &str) -> String {
        let before = self.text().lines().count();
        self.types(&format!("{line}\r"));
        let text =
            self.until(|text| text.lines().count() > before && text.lines().last() == Some(prompt));
        let text = text.await;
        let lines: Vec<&str> = text.lines().skip(before - 1).collect();
        lines[..lines.len() - 1].join("\n")
    }

    /// Waits until the last line is this one. Returns all lines.
    pub async fn ends_in(&self, line: &str) -> String {
        self.until(|text| text.lines().last() == Some(line)).await
    }

    /// Waits until the lines are as they should be.
    pub async fn until(&self, is_so: impl Fn(&str) -> bool) -> String {
        let deadline = Deadline::generous();
        loop {
            let text = self.text();
            if is_so(&text) {
                return text;
            }
            assert!(deadline.look_again().await, "this stays on the screen:\n{text}");
        }
    }
}
