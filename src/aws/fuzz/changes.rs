//! Changes a real item as the bytes of an input say.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::Value;

use super::items::REAL;
use crate::aws::values::Item;

/// Values that replace a real value.
pub(super) const ODD: [&str; 22] = [
    "null",
    "true",
    "0",
    "-1",
    "0.5",
    "18446744073709551615",
    "9007199254740992",
    "4294967295",
    "-9223372036854775808",
    "\"\"",
    "\"é\"",
    "\"\u{1f512}\"",
    "\"@\"",
    "\"/\"",
    "\"18446744073709551615\"",
    "\"+262142-12-31T23:59:59.999999999Z\"",
    "\"-262143-01-01T00:00:00Z\"",
    "\"0000000000000000000000000000000000000000000000000000000000000000\"",
    "\"my-bucket/env/prod/terraform.tfstate\"",
    "{\"closed\":{}}",
    "{\"1\":4294967295,\"2\":4294967295}",
    "[]",
];

/// Adds the JSON pointers of all values in a JSON value.
pub(super) fn places(value: &Value, at: &str, places: &mut Vec<String>) {
    places.push(at.to_owned());
    let mut inside = |key: &str, value: &Value| {
        let key = key.replace('~', "~0").replace('/', "~1");
        self::places(value, &format!("{at}/{key}"), places);
    };
    match value {
        Value::Object(object) => object.iter().for_each(|(key, value)| inside(key, value)),
        Value::Array(values) => {
            values.iter().enumerate().for_each(|(key, value)| inside(&key.to_string(), value));
        }
        _ => {}
    }
}

/// Numbers from an input. It never ends: after its last byte come zeros.
struct Numbers<'b>(&'b [u8]);

impl Numbers<'_> {
    fn next(&mut self) -> usize {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        usize::from(*first)
    }

    /// One of as many things.
    fn below(&mut self, count: usize) -> usize {
        let number = self.next() * 256 + self.next();
        number % count.max(1)
    }
}

/// A real item with up to three attributes changed or removed. What is left of the input becomes the text of another.
pub(super) fn changed_item(bytes: &[u8]) -> Item {
    let mut numbers = Numbers(bytes);
    let mut item = REAL[numbers.next() % REAL.len()].clone();
    for _ in 0..numbers.next() % 4 {
        let Some(name) = attribute(&item, &mut numbers) else { break };
        let way = numbers.next() % 11;
        if let (Some(value), 0..10) = (item.remove(&name), way) {
            item.insert(name, changed(&value, way, &mut numbers));
        }
    }
    if let Some(name) = attribute(&item, &mut numbers)
        && !numbers.0.is_empty()
    {
        item.insert(name, AttributeValue::S(String::from_utf8_lossy(numbers.0).into_owned()));
    }
    item
}

fn attribute(item: &Item, numbers: &mut Numbers<'_>) -> Option<String> {
    let mut names: Vec<&String> = item.keys().collect();
    names.sort();
    let at = numbers.next().checked_rem(names.len())?;
    names.get(at).map(|name| (*name).clone())
}

/// An attribute with one inner value replaced, cut off, or replaced completely.
fn changed(value: &AttributeValue, way: usize, numbers: &mut Numbers<'_>) -> AttributeValue {
    let odd = ODD[numbers.next() % ODD.len()];
    let odd_value: Value = serde_json::from_str(odd).unwrap_or_default();
    let AttributeValue::S(written) = value else {
        return AttributeValue::N(odd.to_owned());
    };
    match (way, serde_json::from_str::<Value>(written)) {
        (0..=5, Ok(mut json)) => {
            let mut all = Vec::new();
            places(&json, "", &mut all);
            if let Some(inside) = json.pointer_mut(&all[numbers.below(all.len())]) {
                *inside = odd_value;
            }
            AttributeValue::S(json.to_string())
        }
        (6, _) => {
            let cut: Vec<char> = written.chars().collect();
            AttributeValue::S(cut[..numbers.below(cut.len() + 1)].iter().collect())
        }
        (7, _) => AttributeValue::N(odd.to_owned()),
        (8, _) => AttributeValue::Bool(true),
        _ => AttributeValue::S(odd_value.as_str().map_or(odd.to_owned(), str::to_owned)),
    }
}
