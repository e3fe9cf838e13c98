//! Cells of comma-separated values, as spreadsheets read them.

use crate::text::visible;

/// First characters of a cell that a spreadsheet takes for a formula. Some spreadsheets read the
/// wide forms like the narrow ones.
const FORMULA: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];

/// A text as a cell, quoted as in RFC 4180.
///
/// A cell that starts with `=`, `+`, `-` or `@` gets a `'` in front, because a spreadsheet would run it as a
/// formula. Invisible characters, including tabs and line breaks, are written as their numbers.
pub(super) fn cell(text: &str) -> String {
    let mut cell = visible(text);
    if cell.starts_with(FORMULA) {
        cell.insert(0, '\'');
    }
    if cell.contains(['"', ',']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for (text, written) in [
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("＝1", "'＝1"),
            ("=a,\"b\"", "\"'=a,\"\"b\"\"\""),
            ("\t=1", "\\u{9}=1"),
            ("\r=1", "\\u{d}=1"),
            ("a=1", "a=1"),
            ("", ""),
        ] {
            assert_eq!(cell(text), written);
        }
    }
}
