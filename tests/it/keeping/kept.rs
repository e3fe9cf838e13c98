//! Tables and lockfiles as JSON: taken from the doubles, kept in a file, and put into other doubles.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use crate::support::dynamodb::{DynamoDb, TABLE, tables, text};
use crate::support::s3::S3;

/// An item of a table.
pub(super) type Item = HashMap<String, AttributeValue>;

/// All that the bot and its people left behind at one moment.
pub(super) struct Kept {
    /// The version that wrote it, as `--version` prints it.
    pub(super) program: String,
    /// When it was taken.
    pub(super) at: DateTime<Utc>,
    /// The items of each table.
    pub(super) tables: BTreeMap<String, Vec<Item>>,
    /// The objects of the bucket: key, body, `ETag`.
    pub(super) objects: Vec<(String, String, String)>,
}

/// The files with what earlier versions have written.
pub(super) fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/keeping/written");
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let mut files: Vec<PathBuf> =
        files.filter(|file| file.extension().is_some_and(|kind| kind == "json")).collect();
    files.sort();
    files
}

impl Kept {
    /// Takes everything out of the doubles.
    pub(super) async fn of(program: &str, at: DateTime<Utc>, db: &DynamoDb, s3: &S3) -> Self {
        let mut kept = BTreeMap::new();
        for table in [TABLE.to_owned(), tables().table, tables().audit_table] {
            let mut rows = db.rows(&table).await;
            rows.sort_by_key(|row| as_json(row).to_string());
            kept.insert(table, rows);
        }
        Self { program: program.to_owned(), at, tables: kept, objects: s3.all() }
    }

    /// Reads a file.
    pub(super) fn read(file: &Path) -> Self {
        let kept: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
        let string = |value: &Value| value.as_str().unwrap().to_owned();
        let items = |items: &Value| items.as_array().unwrap().iter().map(item).collect();
        let object = |object: &Value| {
            (string(&object["key"]), string(&object["body"]), string(&object["etag"]))
        };
        let kept_tables = kept["tables"].as_object().unwrap().iter();
        Self {
            program: string(&kept["program"]),
            at: kept["at"].as_str().unwrap().parse().unwrap(),
            tables: kept_tables.map(|(name, of)| (name.clone(), items(of))).collect(),
            objects: kept["objects"].as_array().unwrap().iter().map(object).collect(),
        }
    }

    /// Writes a file, an item a line.
    pub(super) fn write(&self, file: &Path) {
        let lines = |lines: Vec<Value>| {
            let lines: Vec<String> = lines.iter().map(|line| format!("    {line}")).collect();
            format!("[\n{}\n  ]", lines.join(",\n"))
        };
        let tables = self.tables.iter().map(|(name, items)| {
            format!("{}: {}", json!(name), lines(items.iter().map(as_json).collect()))
        });
        let objects = self
            .objects
            .iter()
            .map(|(key, body, etag)| json!({ "key": key, "body": body, "etag": etag }));
        let text = format!(
            "{{\n\"program\": {},\n\"at\": {},\n\"tables\": {{\n  {}\n}},\n\"objects\": {}\n}}\n",
            json!(self.program),
            json!(self.at),
            tables.collect::<Vec<_>>().join(",\n  "),
            lines(objects.collect()),
        );
        fs::write(file, text).unwrap();
    }

    /// Puts everything into doubles that have the tables.
    pub(super) async fn put(&self, db: &DynamoDb, s3: &S3) {
        for (table, items) in &self.tables {
            for item in items {
                let put = db.client.put_item().table_name(table).set_item(Some(item.clone()));
                put.send().await.unwrap();
            }
        }
        for (key, body, etag) in &self.objects {
            s3.put_as(key, body, etag);
        }
    }

    /// The items of the bot's own table with this kind of `pk`.
    pub(super) fn own(&self, kind: &str) -> Vec<&Item> {
        let items = self.tables[&tables().table].iter();
        items.filter(|item| item["pk"].as_s().unwrap().split('#').next() == Some(kind)).collect()
    }
}

/// An item as `DynamoDB`'s JSON, its attributes in the order of their names.
pub(super) fn as_json(item: &Item) -> Value {
    let attributes: BTreeMap<_, _> = item.iter().collect();
    let fields = attributes.into_iter().map(|(name, value)| (name.clone(), attribute_json(value)));
    Value::Object(fields.collect::<Map<_, _>>())
}

fn attribute_json(value: &AttributeValue) -> Value {
    match value {
        AttributeValue::S(string) => json!({ "S": string }),
        AttributeValue::N(number) => json!({ "N": number }),
        AttributeValue::Bool(bool) => json!({ "BOOL": bool }),
        AttributeValue::Null(_) => json!({ "NULL": true }),
        AttributeValue::M(map) => json!({ "M": as_json(map) }),
        other => panic!("the bot writes no {other:?}"),
    }
}

fn item(value: &Value) -> Item {
    let fields = value.as_object().unwrap().iter();
    fields.map(|(name, value)| (name.clone(), attribute(value))).collect()
}

fn attribute(value: &Value) -> AttributeValue {
    let (kind, value) = value.as_object().unwrap().iter().next().unwrap();
    match kind.as_str() {
        "S" => text(value.as_str().unwrap()),
        "N" => AttributeValue::N(value.as_str().unwrap().to_owned()),
        "BOOL" => AttributeValue::Bool(value.as_bool().unwrap()),
        "NULL" => AttributeValue::Null(true),
        "M" => AttributeValue::M(item(value)),
        other => panic!("the bot writes no {other}"),
    }
}
