//! Reads the `.env` file.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::settings::SettingsError;

/// A `.env` file that others on this machine can use, and its permissions.
#[must_use]
pub fn exposed() -> Option<(PathBuf, u32)> {
    let path = path()?;
    let mode = path.metadata().ok()?.permissions().mode() & 0o777;
    (mode & 0o077 != 0).then_some((path, mode))
}

/// The `.env` file that [`read`] reads.
fn path() -> Option<PathBuf> {
    let beside_program =
        std::env::current_exe().ok().and_then(|program| Some(program.parent()?.join(".env")));
    let candidates = [Some(PathBuf::from(".env")), beside_program];
    candidates.into_iter().flatten().find(|path| path.is_file())
}

/// Reads a `.env` from the working directory, or else from the program's directory, into the
/// environment. Variables that are already set stay.
///
/// # Errors
/// If a line cannot be read. The error never shows the line, which may contain a secret.
pub fn read() -> Result<(), SettingsError> {
    let Some(path) = path() else {
        return Ok(());
    };
    dotenvy::from_path(&path).map_err(|error| {
        let file = path.display();
        SettingsError::DotEnv(match &error {
            dotenvy::Error::LineParse(rest, _) => match wrong_line(&path, rest) {
                Some((number, Some(name))) => format!(
                    "Line {number} of {file}, {name}, cannot be read: put its value in quotes."
                ),
                Some((number, None)) => format!(
                    "Line {number} of {file} is not of the form NAME=value: correct or remove it."
                ),
                None => {
                    format!("A line in {file} is not of the form NAME=value: correct or remove it.")
                }
            },
            _ => format!("{file} cannot be read: check its permissions."),
        })
    })
}

/// The number of the line that ends with this text, and the variable that it sets.
fn wrong_line(path: &Path, rest: &str) -> Option<(usize, Option<String>)> {
    let text = std::fs::read_to_string(path).ok()?;
    let mut lines = text.lines().enumerate();
    let (at, line) = lines.find(|(_, line)| line.trim_end().ends_with(rest.trim_end()))?;
    let is_name = |name: &&str| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    let name = line.split_once('=').map(|(name, _)| name.trim()).filter(is_name);
    Some((at + 1, name.map(str::to_owned)))
}
