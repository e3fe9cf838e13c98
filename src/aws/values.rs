//! Converts between JSON and `DynamoDB` attributes.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value};

/// An item: its attributes by name.
pub(super) type Item = HashMap<String, AttributeValue>;

/// A string.
pub(super) fn text(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

/// An integer.
pub(super) fn number(number: impl std::fmt::Display) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

/// A time as text that sorts in time order.
pub(super) fn moment(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// The string in an attribute. `None` if it is missing or has another type.
pub(super) fn text_of<'i>(item: &'i Item, name: &str) -> Option<&'i str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

/// The integer in an attribute. `None` if it is missing or has another type.
pub(super) fn number_of(item: &Item, name: &str) -> Option<u64> {
    item.get(name)?.as_n().ok()?.parse().ok()
}

/// A JSON object as an item.
pub(super) fn item(fields: &Map<String, Value>) -> Item {
    fields.iter().map(|(name, value)| (name.clone(), attribute(value))).collect()
}

fn attribute(value: &Value) -> AttributeValue {
    match value {
        Value::Null => AttributeValue::Null(true),
        Value::Bool(value) => AttributeValue::Bool(*value),
        Value::Number(value) => number(value),
        Value::String(value) => text(value),
        Value::Array(values) => AttributeValue::L(values.iter().map(attribute).collect()),
        Value::Object(fields) => AttributeValue::M(item(fields)),
    }
}

/// An item as a JSON object. A type that JSON lacks becomes a text that names the type, so that it
/// never looks like a stored JSON value.
pub(super) fn fields(item: Item) -> Map<String, Value> {
    item.into_iter().map(|(name, attribute)| (name, value(attribute))).collect()
}

fn value(attribute: AttributeValue) -> Value {
    match attribute {
        AttributeValue::Null(_) => Value::Null,
        AttributeValue::Bool(value) => Value::Bool(value),
        AttributeValue::N(digits) => {
            digits.parse().map_or_else(|_| Value::String(format!("N({digits})")), Value::Number)
        }
        AttributeValue::S(text) => Value::String(text),
        AttributeValue::L(values) => values.into_iter().map(value).collect(),
        AttributeValue::M(item) => Value::Object(fields(item)),
        other => Value::String(format!("{other:?}")),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::primitives::Blob;
    use serde_json::json;

    use super::*;

    #[test]
    fn json_comes_back_as_it_went() {
        let json = json!({
            "text": "é\u{0}\"", "empty": "", "number": 18_446_744_073_709_551_615_u64,
            "less": -1, "nothing": null, "yes": true,
            "list": [1, "a", [null]], "nested": {"a": {"b": {}}},
        });
        let Value::Object(object) = json else { unreachable!() };
        assert_eq!(fields(item(&object)), object);
    }

    #[test]
    fn what_json_has_no_type_for_is_told_apart() {
        let odd = Item::from([
            ("bytes".to_owned(), AttributeValue::B(Blob::new("a"))),
            ("set".to_owned(), AttributeValue::Ss(vec!["a".to_owned()])),
        ]);
        for (name, value) in fields(odd) {
            assert!(value.as_str().is_some_and(|text| text != "a" && text.len() > 1), "{name}");
        }
    }
}
