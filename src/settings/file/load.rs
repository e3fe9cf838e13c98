//! Gets the text of the file.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

use crate::text::visible;

/// Largest file, in bytes. A thousand backends and policies fit into a fifth of it.
const LIMIT: u64 = 1 << 20;

/// Reads the file, or says in one sentence why that is not possible.
pub(super) fn text(path: &Path) -> Result<String, String> {
    let shown = visible(&path.display().to_string());
    let file = File::open(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => format!("there is no file {shown}: correct LOCKTENDER_CONFIG"),
        ErrorKind::PermissionDenied => {
            format!("the file {shown} cannot be read: check its permissions")
        }
        _ => format!("the file {shown} cannot be opened: {error}"),
    })?;
    let mut bytes = Vec::new();
    let read = file.take(LIMIT + 1).read_to_end(&mut bytes);
    read.map_err(|error| match error.kind() {
        ErrorKind::IsADirectory => {
            format!("{shown} is a directory: set LOCKTENDER_CONFIG to a file in it")
        }
        _ => format!("the file {shown} cannot be read: {error}"),
    })?;
    if bytes.len() as u64 > LIMIT {
        return Err(format!(
            "the file {shown} is larger than 1 MiB, which no configuration is: correct \
             LOCKTENDER_CONFIG"
        ));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..at].split(|&byte| byte == b'\n').count();
        format!("the file {shown} is not UTF-8 at line {line}: save it as UTF-8")
    })
}
