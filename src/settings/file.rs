//! The TOML file: several backends, rules by state, and the people behind holders.
//!
//! All mistakes are reported at once, each at its place.

mod backends;
mod load;
mod mistakes;
mod policies;
mod reader;

use std::path::Path;

use toml::de::DeTable;

pub use self::backends::BACKEND_KEYS;
use self::mistakes::{Mistakes, quoted};
pub use self::policies::{POLICY_KEYS, PolicyTable};
use self::reader::{Table, check_keys, tables};
use crate::lock::{BackendName, BackendStores};
use crate::people::{Holders, UserId, WhoGlob};

/// The tables of the file.
const TABLES: [&str; 3] = ["backend", "policy", "holder"];

/// The keys of a `[[holder]]`.
pub const HOLDER_KEYS: [&str; 2] = ["who", "discord_user"];

/// What a file says, without a mistake.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The backends. If there are none, the environment has the only one.
    pub backends: Vec<BackendStores>,
    /// The rules by state, in the order of the file.
    pub policies: Vec<PolicyTable>,
    /// The people behind holders.
    pub holders: Holders,
}

impl Config {
    /// Reads a file. `only` is the name of the environment's backend, which patterns may name if the
    /// file has no backend.
    ///
    /// # Errors
    /// Says why the file cannot be read, or draws every mistake in it.
    pub fn read(path: &Path, only: &BackendName) -> Result<Self, String> {
        Self::parse(&load::text(path)?, &path.display().to_string(), only)
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// Draws every mistake, with the name of the file.
    pub fn parse(text: &str, file: &str, only: &BackendName) -> Result<Self, String> {
        let mut mistakes = Mistakes::default();
        let (document, errors) = DeTable::parse_recoverable(text);
        for error in errors {
            let at = error.span().unwrap_or_default();
            mistakes.add(at, format!("this is not TOML: {}", error.message()));
        }
        // What is left of a broken document has mistakes that the file does not have.
        if !mistakes.is_empty() {
            return Err(mistakes.drawn(file, text));
        }
        let config = Self::of(document.get_ref(), text, only, &mut mistakes);
        if mistakes.is_empty() { Ok(config) } else { Err(mistakes.drawn(file, text)) }
    }

    fn of(document: &DeTable<'_>, text: &str, only: &BackendName, mistakes: &mut Mistakes) -> Self {
        check_keys(document, &TABLES, "the file has no table", mistakes);
        let found = tables(document, "backend", &BACKEND_KEYS, mistakes);
        let mut backends = backends::backends(&found, only, mistakes);
        if found.is_empty() {
            backends.names.push(only.clone());
        }
        let ends: Vec<usize> = text.match_indices('\n').map(|(at, _)| at).collect();
        let mut policies = Vec::new();
        for table in tables(document, "policy", &POLICY_KEYS, mistakes) {
            let line = 1 + ends.partition_point(|&end| end < table.at.start);
            policies.extend(policies::policy(&table, line, &backends.names, mistakes));
        }
        let mut holders = Vec::new();
        for table in tables(document, "holder", &HOLDER_KEYS, mistakes) {
            holders.extend(holder(&table, mistakes));
        }
        let holders = Holders::new(holders).unwrap_or_else(|error| {
            mistakes.add(0..0, format!("the patterns of all [[holder]] cannot be used: {error}"));
            Holders::default()
        });
        Self { backends: backends.usable, policies, holders }
    }
}

fn holder(table: &Table<'_>, mistakes: &mut Mistakes) -> Option<(WhoGlob, UserId)> {
    let who = table.required("who", mistakes).and_then(|entry| {
        let text = entry.text(mistakes)?;
        let what = |error| format!("{} is no pattern for holders: {error}", quoted(text));
        WhoGlob::new(text).map_err(|error| mistakes.add(entry.at(), what(error))).ok()
    });
    let person = table.required("discord_user", mistakes);
    let person = person.and_then(|entry| entry.id(UserId::new, mistakes));
    Some((who?, person?))
}
