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

/// More lines than a test prints.
const ROWS: u16 = 400;

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
    /// An empty terminal of this many columns, and so many rows that nothing scrolls away.
    pub fn new(columns: u16) -> Self {
        Self::sized(columns, ROWS)
    }

    /// An empty terminal of this many columns and rows.
    pub fn sized(columns: u16, rows: u16) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let path = PathBuf::from(ptsname(&master, Vec::new()).unwrap().into_string().unwrap());
        let line = File::options().read(true).write(true).open(&path).unwrap();
        let keyboard = File::from(master);
        let mut output = keyboard.try_clone().unwrap();
        let [high, wide] = [rows, columns].map(|size| NonZeroU16::new(size).unwrap());
        let seen = Arc::new(Mutex::new(Parser::new(high, wide, 0)));
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
        let screen = Self { keyboard, line, path, seen, bytes };
        screen.resize(columns, rows);
        screen
    }

    /// Gives it another size. No program is told, since it is no controlling terminal.
    pub fn resize(&self, columns: u16, rows: u16) {
        let size = Winsize { ws_col: columns, ws_row: rows, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&self.line, size).unwrap();
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

    /// All that was written to it, with what moves the cursor and colours.
    pub fn written(&self) -> String {
        String::from_utf8_lossy(&self.bytes.lock().unwrap()).into_owned()
    }

    /// Whether anything is or was coloured or bold.
    pub fn is_painted(&self) -> bool {
        self.written().split("\x1b[").skip(1).any(|code| {
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

    /// Waits until what was written has this.
    pub async fn shows(&self, what: &str) -> String {
        let deadline = Deadline::generous();
        loop {
            let written = self.written();
            if written.contains(what) {
                return written;
            }
            assert!(deadline.look_again().await, "no {what:?} in {written:?}");
        }
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
