//! Canonical JSON (RFC 8785), so that everyone computes the same hash of it.

use serde_json::{Map, Value};

/// Initial capacity in bytes, enough for most entries.
const USUAL: usize = 1_024;

/// Writes an object as RFC 8785 requires: no blanks, keys ordered by UTF-16 code units, strings
/// with the fewest escapes.
///
/// Only integers follow the RFC, because `serde_json` formats fractions differently. Entries
/// contain no fractions.
#[must_use]
pub fn canonical(object: &Map<String, Value>) -> String {
    let mut written = String::new();
    write_members(&mut written, object.iter().collect());
    written
}

/// [`canonical`] without one member of the object.
pub(super) fn canonical_without(member: &str, object: &Map<String, Value>) -> String {
    let mut written = String::with_capacity(USUAL);
    write_members(&mut written, object.iter().filter(|(key, _)| *key != member).collect());
    written
}

fn write(out: &mut String, value: &Value) {
    match value {
        Value::Object(object) => write_members(out, object.iter().collect()),
        Value::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write(out, item);
            }
            out.push(']');
        }
        Value::String(text) => write_text(out, text),
        Value::Null => out.push_str("null"),
        scalar => out.push_str(&scalar.to_string()),
    }
}

fn write_text(out: &mut String, text: &str) {
    if text.bytes().any(|byte| byte < b' ' || byte == b'"' || byte == b'\\') {
        // serde_json escapes like ECMAScript, as the RFC requires.
        out.push_str(&Value::from(text).to_string());
    } else {
        out.push('"');
        out.push_str(text);
        out.push('"');
    }
}

fn write_members(out: &mut String, mut members: Vec<(&String, &Value)>) {
    members.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
    out.push('{');
    for (at, (key, value)) in members.into_iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        write_text(out, key);
        out.push(':');
        write(out, value);
    }
    out.push('}');
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_form_is_that_of_the_rfc() {
        // The strings and the order of keys are from RFC 8785, sections 3.2.2.2 and 3.2.3.
        let cases = [
            (
                json!({"b": 1, "a": [true, null, {"d": "x", "c": -2}]}),
                r#"{"a":[true,null,{"c":-2,"d":"x"}],"b":1}"#,
            ),
            (
                json!({"s": "\u{20ac}$\u{0f}\nA'B\"\\\"/"}),
                "{\"s\":\"\u{20ac}$\\u000f\\nA'B\\\"\\\\\\\"/\"}",
            ),
            (
                json!({"\u{20ac}": 1, "\r": 2, "\u{fb33}": 3, "1": 4, "\u{1f600}": 5, "\u{80}": 6, "\u{f6}": 7}),
                "{\"\\r\":2,\"1\":4,\"\u{80}\":6,\"\u{f6}\":7,\"\u{20ac}\":1,\"\u{1f600}\":5,\"\u{fb33}\":3}",
            ),
            // An export has every stored digit, where the RFC would round to a double.
            (
                json!({"n": [9_007_199_254_740_993_u64, u64::MAX, i64::MIN]}),
                r#"{"n":[9007199254740993,18446744073709551615,-9223372036854775808]}"#,
            ),
            (
                json!({"\u{2028}": "\u{2029}\u{7f}\u{1f}\t\u{8}"}),
                "{\"\u{2028}\":\"\u{2029}\u{7f}\\u001f\\t\\b\"}",
            ),
            // A text of one kind alone that has to be escaped.
            (
                json!({"a": "\"", "b": "\\", "c": "x\"", "d": "\u{1}"}),
                r#"{"a":"\"","b":"\\","c":"x\"","d":"\u0001"}"#,
            ),
            (json!({}), "{}"),
        ];
        for (value, written) in cases {
            assert_eq!(canonical(value.as_object().unwrap()), written);
        }
    }
}
