//! The exact bytes stored for a lock, and their parsed content.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer};
use serde_json::error::Category;
use serde_json::{Map, Value};

use super::Operation;

/// Longest record that is parsed, in bytes. A real record is under 1 KiB, but a lockfile is an S3
/// object of any size. A request keeps two records in one `DynamoDB` item (limit 400 KiB), as JSON
/// that can need six bytes for one byte of the record.
pub const RECORD_LIMIT: usize = 16 * 1024;

/// The exact bytes stored for a lock: the `Info` string of its row, or the body of its lockfile.
///
/// Never serialised again: a release compares these bytes with the stored ones.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct LockRecord(Vec<u8>);

/// The UUID-shaped `ID` inside a record, which `terraform force-unlock` takes.
///
/// Terraform makes it from 16 random bytes, without a version nibble. Other tools write IDs of any
/// shape, so any text that is not empty counts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LockId(String);

/// The content of a readable record (Terraform's `statemgr.LockInfo`).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LockInfo {
    /// The lock ID.
    pub id: LockId,
    /// What the holder was doing.
    pub operation: Operation,
    /// The holder, `user@host`. Either side may be empty.
    pub who: String,
    /// Version of the tool. It does not tell Terraform from `OpenTofu`.
    pub version: String,
    /// When the lock was taken, by the holder's clock. `None` if it is absent, before 1970 or after
    /// 2199.
    pub created: Option<DateTime<Utc>>,
    /// Free text. The command-line tools leave it empty.
    pub info: String,
    /// The state path as the holder wrote it.
    pub path: String,
}

/// Why a stored record cannot be read. The lock still counts as held. Each text is a clause that
/// continues "Its holder is unknown: ".
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Flaw {
    /// The row has neither an `Info` nor a `Digest`.
    #[error("the row has no Info")]
    Missing,
    /// The row has a `Digest` and no `Info`, at the `LockID` of a state, where no digest belongs.
    #[error("the row has a Digest and no Info, as if a digest was put at the wrong key")]
    DigestOnly,
    /// The row has no `Info`, and its `Digest` is not a string or is too long. The text is
    /// `DynamoDB`'s name of the `Digest`'s type.
    #[error("the row has no Info, and its Digest (type {0}) is not one of Terraform's")]
    OddDigest(&'static str),
    /// The row's `Info` is not a string. The text is `DynamoDB`'s name of its type.
    #[error("the row's Info is of type {0}, not a string")]
    NotAString(&'static str),
    /// The record has no bytes.
    #[error("the record is empty")]
    Empty,
    /// The record is longer than [`RECORD_LIMIT`].
    #[error("the record is {0} bytes long, more than any lock's")]
    TooLarge(u64),
    /// The lockfile is listed but could not be fetched. The reason is a sentence.
    #[error("the lockfile could not be fetched ({0})")]
    Unread(String),
    /// The bytes are not UTF-8.
    #[error("the record is not text")]
    NotText,
    /// The text is not JSON.
    #[error("the record is not JSON")]
    NotJson,
    /// The JSON is not the object of a lock. The reason is the parser's.
    #[error("the record's JSON is not a lock: {0}")]
    NotALock(String),
    /// The lock has no ID.
    #[error("the record has no lock ID")]
    NoId,
}

impl LockRecord {
    /// Wraps the bytes as they are stored.
    #[must_use]
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    /// The exact bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The record as text for display. Bytes that are not UTF-8 become a replacement character.
    #[must_use]
    pub fn to_text(&self) -> String {
        String::from_utf8_lossy(&self.0).into_owned()
    }

    /// Parses the record like Go's `json.Unmarshal` in Terraform: absent fields are empty, unknown
    /// fields are ignored, and a field of the wrong type makes the record unreadable.
    ///
    /// # Errors
    /// Why the record cannot be read. Time and depth of the parsing are bounded for any bytes.
    pub fn parse(&self) -> Result<LockInfo, Flaw> {
        if self.0.is_empty() {
            return Err(Flaw::Empty);
        }
        if self.0.len() > RECORD_LIMIT {
            return Err(Flaw::TooLarge(self.0.len() as u64));
        }
        let text = std::str::from_utf8(&self.0).map_err(|_| Flaw::NotText)?;
        let wire = Wire::read(text).map_err(|error| match error.classify() {
            Category::Data => Flaw::NotALock(error.to_string()),
            Category::Syntax | Category::Eof | Category::Io => Flaw::NotJson,
        })?;
        if wire.id.is_empty() {
            return Err(Flaw::NoId);
        }
        Ok(LockInfo {
            id: LockId(wire.id),
            operation: Operation::new(wire.operation),
            who: wire.who,
            version: wire.version,
            created: wire.created.filter(is_plausible),
            info: wire.info,
            path: wire.path,
        })
    }
}

/// Go encodes an unset time as year 1. A lock cannot be from after 2199 either, and adding a
/// duration to such a time could overflow.
fn is_plausible(created: &DateTime<Utc>) -> bool {
    const YEAR_2200: i64 = 7_258_118_400;
    (1..YEAR_2200).contains(&created.timestamp())
}

// Records are untrusted and may be large, so a log line contains only their length.
impl fmt::Debug for LockRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LockRecord({} bytes)", self.0.len())
    }
}

impl LockId {
    /// The ID as the record writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a text looks like a lock ID of Terraform or `OpenTofu`: five groups of hex digits, as in
/// a UUID. Other tools write IDs of any shape.
#[must_use]
pub fn is_lock_id(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && groups.iter().all(|group| group.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

impl fmt::Display for LockId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The JSON of a record, with its keys in lower case.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Wire {
    #[serde(deserialize_with = "null_is_empty")]
    id: String,
    #[serde(deserialize_with = "null_is_empty")]
    operation: String,
    #[serde(deserialize_with = "null_is_empty")]
    info: String,
    #[serde(deserialize_with = "null_is_empty")]
    who: String,
    #[serde(deserialize_with = "null_is_empty")]
    version: String,
    created: Option<DateTime<Utc>>,
    #[serde(deserialize_with = "null_is_empty")]
    path: String,
}

impl Wire {
    /// Go ignores the case of keys, and takes the last value of a repeated key.
    fn read(text: &str) -> serde_json::Result<Self> {
        let written: Map<String, Value> = serde_json::from_str(text)?;
        let keys = written.into_iter().map(|(key, value)| (key.to_lowercase(), value));
        serde_json::from_value(Value::Object(keys.collect()))
    }
}

/// Go reads `null` as the empty string.
fn null_is_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const REAL: &str = r#"{"ID":"1f6e7bc2-0ede-e7d2-69ce-4a7141d98284","Operation":"OperationTypeApply","Info":"","Who":"root@vm","Version":"1.11.4","Created":"2026-11-23T08:50:21.532151069Z","Path":"my-bucket/env/prod/terraform.tfstate"}"#;

    fn parse(text: &str) -> Result<LockInfo, Flaw> {
        LockRecord::new(text).parse()
    }

    #[test]
    fn a_real_record_is_read_in_full() {
        let info = parse(REAL).unwrap();
        assert_eq!(info.id.as_str(), "1f6e7bc2-0ede-e7d2-69ce-4a7141d98284");
        assert_eq!(info.operation.label(), Some("apply"));
        assert_eq!(info.who, "root@vm");
        assert_eq!(info.version, "1.11.4");
        assert_eq!(info.path, "my-bucket/env/prod/terraform.tfstate");
        let created = info.created.unwrap();
        assert_eq!(created.to_rfc3339(), "2026-11-23T08:50:21.532151069+00:00");
    }

    #[test]
    fn zero_to_nine_fraction_digits_are_read() {
        for fraction in ["", ".5", ".53", ".532151069"] {
            let text = REAL.replace(".532151069", fraction);
            assert!(parse(&text).unwrap().created.is_some(), "{fraction}");
        }
    }

    #[test]
    fn go_escapes_are_read_back() {
        let info = parse(r#"{"ID":"a","Who":"\u003cscript\u003e \u0026 co@host"}"#).unwrap();
        assert_eq!(info.who, "<script> & co@host");
    }

    #[test]
    fn absent_null_and_unknown_fields_are_as_terraform_reads_them() {
        let info = parse(r#"{"ID":"a","Who":null,"Created":null,"Extra":[1,2]}"#).unwrap();
        assert_eq!((info.who.as_str(), info.created), ("", None));
    }

    #[test]
    fn keys_of_any_case_are_read_and_the_last_of_two_counts() {
        let info = parse(r#"{"id":"a","WHO":"x@y","who":"z@y","ID":"a"}"#).unwrap();
        assert_eq!((info.id.as_str(), info.who.as_str()), ("a", "z@y"));
        assert_eq!(parse(r#"{"ID":"a","ID":"b"}"#).unwrap().id.as_str(), "b");
    }

    #[test]
    fn a_time_that_nobody_set_is_unknown() {
        let info = parse(r#"{"ID":"a","Created":"0001-01-01T00:00:00Z"}"#).unwrap();
        assert_eq!(info.created, None);
    }

    #[test]
    fn a_time_that_no_lock_was_taken_at_is_unknown_and_the_lock_is_readable() {
        for (created, is_known) in [
            ("1970-01-01T00:00:00Z", false),
            ("1970-01-01T00:00:01Z", true),
            ("2199-12-31T23:59:59Z", true),
            ("2200-01-01T00:00:00Z", false),
            ("+262142-12-31T23:30:00Z", false),
            ("-262143-01-01T00:00:00Z", false),
        ] {
            let info = parse(&format!(r#"{{"ID":"a","Created":"{created}"}}"#)).unwrap();
            assert_eq!(info.created.is_some(), is_known, "{created}");
        }
    }

    #[test]
    fn what_is_not_a_lock_is_flawed_and_never_a_panic() {
        let deep = "[".repeat(10_000);
        let huge = "x".repeat(RECORD_LIMIT + 1);
        for text in [
            "",
            " ",
            "null",
            "[]",
            "5",
            "\"text\"",
            "{}",
            r#"{"ID":""}"#,
            r#"{"ID":5}"#,
            r#"{"ID":{"a":1}}"#,
            r#"{"ID":"a","Who":7}"#,
            r#"{"ID":"a","Created":"yesterday"}"#,
            r#"{"ID":"a""#,
            r#"{"ID":"a"} trailing"#,
            r#"["a","OperationTypeApply","","root@vm","1.11.4",null,""]"#,
            "\u{0}",
            &deep,
            &huge,
        ] {
            assert!(parse(text).is_err(), "{:?}", &text[..text.len().min(40)]);
        }
        assert_eq!(LockRecord::new([0xff, 0xfe]).parse(), Err(Flaw::NotText));
    }

    #[test]
    fn a_record_is_not_logged() {
        assert_eq!(format!("{:?}", LockRecord::new("secret")), "LockRecord(6 bytes)");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_flawed(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
            let _ = LockRecord::new(bytes).parse();
        }

        #[test]
        fn any_holder_survives_json(who in any::<String>(), id in ".+") {
            let text = serde_json::json!({"ID": id, "Who": who}).to_string();
            let info = parse(&text).unwrap();
            prop_assert_eq!(info.who, who);
            prop_assert_eq!(info.id.as_str(), id);
        }
    }
}
