//! Entries of the audit trail as lines for people, programs and spreadsheets.

use serde_json::Value;

use super::csv::cell;
use crate::audit::{Entry, canonical};
use crate::text::{LONG, clip, clip_middle, visible};

/// Columns of the spreadsheet export: the header, the field, and the part of the field.
const COLUMNS: [(&str, &str, Option<&str>); 16] = [
    ("path", "path", None),
    ("seq", "seq", None),
    ("state", "state", None),
    ("at", "at", None),
    ("action", "action", None),
    ("actor_id", "actor", Some("id")),
    ("actor_name", "actor", Some("name")),
    ("request", "request", None),
    ("lock_id", "lock", Some("id")),
    ("lock_who", "lock", Some("who")),
    ("lock_operation", "lock", Some("operation")),
    ("lock_created", "lock", Some("created")),
    ("reason", "reason", None),
    ("detail", "detail", None),
    ("prev", "prev", None),
    ("hash", "hash", None),
];

/// The heading of the [`audit_line`] lines.
#[must_use]
pub(super) fn audit_list_heading() -> String {
    columns(["STATE PATH", "SEQ", "TIME", "ACTION", "BY", "LOCK ID", "REASON"])
}

/// An entry as one line for people. The columns have fixed widths, because entries arrive one by
/// one. A longer value shifts the rest of its line.
#[must_use]
pub(super) fn audit_line(entry: &Entry) -> String {
    columns([
        &clip_middle(&visible(entry.path()), LONG),
        &entry.seq().to_string(),
        &shown(entry.text("at")),
        &shown(entry.text("action")),
        &shown(entry.text_of("actor", "name")),
        &shown(entry.text_of("lock", "id")),
        &words(entry),
    ])
}

/// A field, or `-` where there is none.
pub(super) fn shown(text: Option<&str>) -> String {
    match text {
        None | Some("") => "-".to_owned(),
        Some(text) => clip(&visible(text), LONG),
    }
}

/// The reason that a person gave, and further facts.
pub(super) fn words(entry: &Entry) -> String {
    let words = [entry.text("reason"), entry.text("detail")].into_iter().flatten();
    words.map(|words| shown(Some(words))).collect::<Vec<_>>().join(" · ")
}

fn columns([path, seq, at, action, by, lock, words]: [&str; 7]) -> String {
    // A time has 24 characters, a lock ID 36, the longest action 19.
    let line =
        format!("{path:<44}  {seq:>4}  {at:<24}  {action:<19}  {by:<16}  {lock:<36}  {words}");
    line.trim_end().to_owned()
}

/// An entry as one line of JSON with all stored fields, known or not, in the canonical form of RFC
/// 8785. Without its `hash`, the line is the text whose SHA-256 is `hash`.
#[must_use]
pub fn audit_jsonl(entry: &Entry) -> String {
    canonical(entry.fields())
}

/// The heading of the [`audit_csv`] lines.
#[must_use]
pub fn audit_csv_heading() -> String {
    COLUMNS.map(|(name, ..)| name).join(",")
}

/// An entry as one line of CSV, quoted as in RFC 4180.
///
/// For reading, not for verifying: a cell changes what a spreadsheet would run as a formula. Fields that this version does not know are left out.
/// [`audit_jsonl`] has them.
#[must_use]
pub fn audit_csv(entry: &Entry) -> String {
    COLUMNS
        .map(|(_, field, part)| {
            let value = entry.fields().get(field);
            let value = match part {
                Some(part) => value.and_then(|value| value.get(part)),
                None => value,
            };
            match value {
                None | Some(Value::Null) => String::new(),
                Some(Value::String(text)) => cell(text),
                Some(other) => cell(&other.to_string()),
            }
        })
        .join(",")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::audit::Hash;

    fn entry(value: Value) -> Entry {
        let Value::Object(mut fields) = value else { panic!("{value} is no object") };
        let hash = Hash::of(canonical(&fields));
        fields.insert("hash".to_owned(), json!(hash.as_str()));
        Entry::read(fields)
    }

    fn denied() -> Entry {
        entry(json!({
            "seq": 12, "path": "my-bucket/env/prod/terraform.tfstate", "state": "env/prod",
            "at": "2026-11-23T12:00:00.123Z", "action": "request.denied",
            "actor": {"id": "18446744073709551615", "name": "bob"}, "request": "42",
            "lock": {"id": "1f6e7bc2-0ede-e7d2-69ce-4a7141d98284", "who": "jjoyner@ci, \"4\"",
                "operation": "OperationTypeApply", "created": null},
            "reason": "it is still running", "detail": "the job, too", "prev": Hash::zero(),
        }))
    }

    fn hostile(text: &str) -> Entry {
        entry(json!({
            "seq": "x", "path": text, "at": text, "action": text, "actor": {"name": text},
            "lock": {"id": text}, "reason": text, "detail": 7, "more": text,
        }))
    }

    #[test]
    fn a_line_is_for_people() {
        let expired = json!({
            "seq": 3, "path": "b/a", "at": "2026-11-23T12:30:00.000Z", "action": "request.expired",
            "actor": null, "lock": {"id": null}, "reason": null, "detail": null,
        });
        let lines = [audit_list_heading(), audit_line(&denied()), audit_line(&entry(expired))];
        insta::assert_snapshot!(lines.join("\n"), @r#"
        STATE PATH                                     SEQ  TIME                      ACTION               BY                LOCK ID                               REASON
        my-bucket/env/prod/terraform.tfstate            12  2026-11-23T12:00:00.123Z  request.denied       bob               1f6e7bc2-0ede-e7d2-69ce-4a7141d98284  it is still running · the job, too
        b/a                                              3  2026-11-23T12:30:00.000Z  request.expired      -                 -
        "#);
    }

    #[test]
    fn an_entry_is_one_line_whatever_is_in_it() {
        let text = format!("a\nb\r\u{1b}[2J\u{202e}\t{}", "x".repeat(3_000));
        let entry = hostile(&text);
        for line in [audit_line(&entry), audit_csv(&entry)] {
            assert!(!line.contains(char::is_control) && !line.contains('\u{202e}'), "{line}");
        }
        assert!(audit_line(&entry).chars().count() < 7 * (LONG + 2));
        assert_eq!(audit_jsonl(&entry).lines().count(), 1);
    }

    #[test]
    fn json_has_every_field_and_gives_the_hash() {
        for entry in [denied(), hostile("é\u{1f512}\"\\\n")] {
            let line = audit_jsonl(&entry);
            let mut read: serde_json::Map<String, Value> = serde_json::from_str(&line).unwrap();
            assert_eq!(&read, entry.fields());
            let hash = read.remove("hash").unwrap();
            assert_eq!(hash, json!(Hash::of(canonical(&read)).as_str()));
            let hash = format!("\"hash\":{hash},");
            assert_eq!(line.replacen(&hash, "", 1), canonical(&read), "only the hash is added");
        }
    }

    #[test]
    fn csv_is_quoted_where_it_must_be() {
        let lines = [audit_csv_heading(), audit_csv(&denied())];
        insta::assert_snapshot!(lines.join("\n"), @r#"
        path,seq,state,at,action,actor_id,actor_name,request,lock_id,lock_who,lock_operation,lock_created,reason,detail,prev,hash
        my-bucket/env/prod/terraform.tfstate,12,env/prod,2026-11-23T12:00:00.123Z,request.denied,18446744073709551615,bob,42,1f6e7bc2-0ede-e7d2-69ce-4a7141d98284,"jjoyner@ci, ""4""",OperationTypeApply,,it is still running,"the job, too",0000000000000000000000000000000000000000000000000000000000000000,3d3239a78872bfdba812db2edd1fea2385b5fdda10bd25f764520c198391a92b
        "#);
    }

    #[test]
    fn no_cell_is_a_formula() {
        assert!(audit_csv(&hostile("=1")).starts_with("'=1,x,,'=1,'=1,,'=1,,'=1,"));
    }
}
