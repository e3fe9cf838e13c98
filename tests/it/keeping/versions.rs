//! What this version writes is still what an earlier one reads, so an upgrade can be taken back.

use std::collections::BTreeSet;
use std::env;
use std::path::PathBuf;

use serde_json::Value;

use super::alongside::predecessor;
use super::kept::{Item, Kept, as_json, files};
use super::recording::recorded;

/// The variable that names the file into which the predecessor's recording is written.
const RECORD: &str = "LOCKTENDER_RECORD";

/// Attributes with JSON whose names are data.
const NAMES_ARE_DATA: [&str; 2] = ["heads", "refused"];

/// Every kind of item with each of its attributes and, where one has JSON, each of its fields.
fn forms(kept: &Kept) -> BTreeSet<String> {
    let mut forms = BTreeSet::new();
    for (table, items) in &kept.tables {
        for item in items {
            // `checkpoint#TIME#DIGEST` is a `checkpoint#`, and `checkpoint` is another kind.
            let kind = |pk: &str| pk.find('#').map_or(pk.to_owned(), |end| pk[..=end].to_owned());
            let kind = item.get("pk").map_or(String::new(), |pk| kind(pk.as_s().unwrap()));
            add(&mut forms, &format!("{table} {kind}"), &fields(item));
        }
    }
    forms
}

/// An item as JSON, with the JSON in its texts in place of the texts.
fn fields(item: &Item) -> Value {
    let mut fields = as_json(item);
    for (name, value) in fields.as_object_mut().unwrap() {
        let inner = value["S"].as_str().and_then(|text| serde_json::from_str::<Value>(text).ok());
        if let Some(inner) = inner.filter(|inner| inner.is_object() || inner.is_array())
            // The record of a lock is not of the bot's making.
            && name != "Info"
        {
            value["S"] = inner;
        }
    }
    fields
}

fn add(forms: &mut BTreeSet<String>, at: &str, value: &Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let at = format!("{at}.{name}");
                forms.insert(at.clone());
                if !NAMES_ARE_DATA.contains(&name.as_str()) {
                    add(forms, &at, value);
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| add(forms, &format!("{at}[]"), item)),
        _ => {}
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_this_version_writes_has_every_field_that_earlier_ones_wrote() {
    let record = env::var_os(RECORD).map(PathBuf::from);
    let other = record.as_ref().map(|_| predecessor().expect("a program that is recorded"));
    let kept = recorded(other.as_deref()).await;
    if let Some(file) = record {
        kept.write(&file);
        return;
    }
    let now = forms(&kept);
    for file in files() {
        let then = forms(&Kept::read(&file));
        let gone: Vec<_> = then.difference(&now).collect();
        assert!(gone.is_empty(), "{} has {gone:#?}", file.display());
    }
}
