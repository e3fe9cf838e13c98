//! A terminal: the program writes to one side, and the test reads what arrives at the other.

use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use rustix::fs::{Mode, OFlags, open};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use super::deadline::Deadline;

/// A terminal of a size. It ends when the last program that has it ends.
pub struct Pty {
    ours: OwnedFd,
    written: Arc<Mutex<Vec<u8>>>,
}

impl Pty {
    /// A terminal with so many columns and rows.
    pub fn new(columns: u16, rows: u16) -> Self {
        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&ours).unwrap();
        unlockpt(&ours).unwrap();
        let pty = Self { ours, written: Arc::default() };
        pty.resize(columns, rows);
        pty
    }

    /// The side of the program.
    pub fn side(&self) -> Stdio {
        let name = ptsname(&self.ours, Vec::new()).unwrap();
        let side = open(name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
        // Reading fails while nobody has the other side, so it starts here.
        let (mut ours, written) =
            (File::from(self.ours.try_clone().unwrap()), self.written.clone());
        std::thread::spawn(move || {
            let mut some = [0; 4096];
            while let Ok(count @ 1..) = ours.read(&mut some) {
                written.lock().unwrap().extend_from_slice(&some[..count]);
            }
        });
        side.into()
    }

    /// Gives it another size. It tells no program, since it is no controlling terminal.
    pub fn resize(&self, columns: u16, rows: u16) {
        let size = Winsize { ws_col: columns, ws_row: rows, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&self.ours, size).unwrap();
    }

    /// What was written so far.
    pub fn written(&self) -> String {
        String::from_utf8_lossy(&self.written.lock().unwrap()).into_owned()
    }

    /// Waits until what was written has this.
    ///
    /// # Panics
    /// If it does not come in time.
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
}
