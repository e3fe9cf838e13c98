//! Reads the `.env` file.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

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
        let name = match &error {
            dotenvy::Error::LineParse(line, _) => line.split('=').next().filter(|name| {
                name.len() < line.len()
                    && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            }),
            _ => None,
        };
        let file = path.display();
        SettingsError::DotEnv(match (&error, name) {
            (dotenvy::Error::LineParse(..), Some(name)) => {
                format!("The line of {name} in {file} cannot be read: put its value in quotes.")
            }
            (dotenvy::Error::LineParse(..), None) => {
                format!("A line in {file} is not of the form NAME=value: mend or remove it.")
            }
            _ => format!("{file} cannot be read: check its permissions."),
        })
    })
}
