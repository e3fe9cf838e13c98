//! Reads tables and their values, and collects what is wrong with them.

use std::collections::BTreeSet;
use std::ops::Range;

use chrono::TimeDelta;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::mistakes::{Mistake, Mistakes, quoted};
use crate::lock::is_invisible;
use crate::settings::checked::id;
use crate::settings::duration::{duration, duration_or_zero};

/// How alike a misspelt key and a known one must be, from 0 to 1.
const ALIKE: f64 = 0.6;

/// Longest word that is compared with known ones, in bytes.
const LONGEST_LIKE: usize = 64;

/// How many known words a sentence lists.
const LISTED: usize = 12;

/// Longest text, in bytes. No S3 key, and so no state's name, is longer.
const TEXT_LIMIT: usize = 1024;

/// A table whose keys are known.
pub(super) struct Table<'t> {
    /// Its name, as in `[[backend]]`.
    name: &'static str,
    /// The place of its heading.
    pub(super) at: Range<usize>,
    entries: &'t DeTable<'t>,
}

/// The value of a key.
pub(super) struct Entry<'t> {
    key: &'static str,
    value: &'t Spanned<DeValue<'t>>,
}

/// Every table of this name, in the order of the file.
pub(super) fn tables<'t>(
    document: &'t DeTable<'t>,
    name: &'static str,
    keys: &[&str],
    mistakes: &mut Mistakes,
) -> Vec<Table<'t>> {
    let Some((key, value)) = document.get_key_value(name) else {
        return Vec::new();
    };
    let values: Vec<_> =
        value.get_ref().as_array().into_iter().flat_map(|all| all.iter()).collect();
    if !value.get_ref().is_array() {
        let what = format!("`{name}` must be a list of tables");
        mistakes.add_with(key.span(), what, format!("write [[{name}]], with two brackets"));
    }
    let mut tables = Vec::new();
    for value in values {
        match value.get_ref().as_table() {
            Some(entries) => {
                check_keys(entries, keys, &format!("[[{name}]] has no key"), mistakes);
                tables.push(Table { name, at: value.span(), entries });
            }
            None => mistakes.add(value.span(), format!("each `{name}` must be a table")),
        }
    }
    tables
}

/// Reports every key that is not known, with the nearest one that is. `unknown` begins the sentence.
pub(super) fn check_keys(
    entries: &DeTable<'_>,
    known: &[&str],
    unknown: &str,
    mistakes: &mut Mistakes,
) {
    for key in entries.keys() {
        let written = key.get_ref().as_ref();
        if !known.contains(&written) {
            let remedy = nearest(written, known.iter().copied()).map_or_else(
                || format!("there is {}", listed(known.iter().copied())),
                |key| format!("did you mean `{key}`?"),
            );
            let what = format!("{unknown} {}", quoted(written));
            mistakes.add_with(key.span(), what, remedy);
        }
    }
}

/// The most similar of the known words, if one is similar enough.
pub(super) fn nearest<'k>(written: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    // The comparison takes memory in proportion to the length.
    if written.len() > LONGEST_LIKE {
        return None;
    }
    let alike = known.map(|key| (strsim::normalized_damerau_levenshtein(written, key), key));
    let best = alike.max_by(|(a, _), (b, _)| a.total_cmp(b));
    best.filter(|(likeness, _)| *likeness >= ALIKE).map(|(_, key)| key)
}

/// Known words in a sentence.
pub(super) fn listed<'k>(known: impl Iterator<Item = &'k str>) -> String {
    let mut words: Vec<String> = known.take(LISTED + 1).map(|key| format!("`{key}`")).collect();
    if words.len() > LISTED {
        words.truncate(LISTED);
        words.push("…".to_owned());
    }
    words.join(", ")
}

impl<'t> Table<'t> {
    /// The value of a key, if it is there.
    pub(super) fn get(&self, key: &'static str) -> Option<Entry<'t>> {
        self.entries.get(key).map(|value| Entry { key, value })
    }

    /// The value of a key that must be there.
    pub(super) fn required(&self, key: &'static str, mistakes: &mut Mistakes) -> Option<Entry<'t>> {
        let entry = self.get(key);
        if entry.is_none() {
            mistakes.add(self.at.clone(), format!("[[{}]] needs the key `{key}`", self.name));
        }
        entry
    }

    /// The text of a key, if it is there.
    pub(super) fn text(&self, key: &'static str, mistakes: &mut Mistakes) -> Option<String> {
        self.get(key)?.text(mistakes).map(str::to_owned)
    }
}

impl<'t> Entry<'t> {
    /// The place of the value.
    pub(super) fn at(&self) -> Range<usize> {
        self.value.span()
    }

    /// A text that is not empty.
    pub(super) fn text(&self, mistakes: &mut Mistakes) -> Option<&'t str> {
        let text = self.text_or_empty(mistakes)?;
        if text.is_empty() {
            let what = format!("`{}` is empty", self.key);
            mistakes.add_with(self.at(), what, "give it a value, or remove the key");
            return None;
        }
        Some(text)
    }

    /// A text without the blanks around it, which may be empty.
    pub(super) fn text_or_empty(&self, mistakes: &mut Mistakes) -> Option<&'t str> {
        let Some(text) = self.value.get_ref().as_str() else {
            self.is_not(mistakes, "a string", None);
            return None;
        };
        if let Some(c) = text.chars().find(|&c| is_invisible(c)) {
            let number = u32::from(c);
            mistakes.add(
                self.at(),
                format!("`{}` has the invisible character U+{number:04X}", self.key),
            );
            return None;
        }
        if text.len() > TEXT_LIMIT {
            let what = format!("`{}` is longer than {TEXT_LIMIT} bytes", self.key);
            mistakes.add(self.at(), what);
            return None;
        }
        Some(text.trim())
    }

    /// `true` or `false`.
    pub(super) fn flag(&self, mistakes: &mut Mistakes) -> Option<bool> {
        let flag = self.value.get_ref().as_bool();
        if flag.is_none() {
            self.is_not(mistakes, "true or false, without quotes", None);
        }
        flag
    }

    /// A number for which `fits` gives a value.
    pub(super) fn number<T>(
        &self,
        wanted: &str,
        fits: impl FnOnce(u32) -> Option<T>,
        mistakes: &mut Mistakes,
    ) -> Option<T> {
        let integer = self.value.get_ref().as_integer();
        let number =
            integer.and_then(|number| u32::from_str_radix(number.as_str(), number.radix()).ok());
        let number = number.and_then(fits);
        if number.is_none() {
            self.is_not(mistakes, wanted, None);
        }
        number
    }

    /// A time such as `30m`.
    pub(super) fn time(&self, mistakes: &mut Mistakes) -> Option<TimeDelta> {
        self.time_by(duration, mistakes)
    }

    /// A time that may be zero.
    pub(super) fn time_or_zero(&self, mistakes: &mut Mistakes) -> Option<TimeDelta> {
        self.time_by(duration_or_zero, mistakes)
    }

    fn time_by(
        &self,
        read: fn(&str) -> Option<TimeDelta>,
        mistakes: &mut Mistakes,
    ) -> Option<TimeDelta> {
        let time = self.value.get_ref().as_str().and_then(|text| read(text.trim()));
        if time.is_none() {
            self.is_not(mistakes, r#"a time such as "90s", "30m", "2h" or "1d""#, None);
        }
        time
    }

    /// A Discord ID.
    pub(super) fn id<T>(&self, new: fn(u64) -> T, mistakes: &mut Mistakes) -> Option<T> {
        self.id_of(self.value, new, mistakes)
    }

    /// One or more Discord IDs. An empty list would allow everybody, or nobody.
    pub(super) fn ids<T: Ord>(
        &self,
        new: fn(u64) -> T,
        mistakes: &mut Mistakes,
    ) -> Option<BTreeSet<T>> {
        let Some(list) = self.value.get_ref().as_array() else {
            let example = match self.value.get_ref() {
                DeValue::String(id) => format!("[{}]", quoted(id)),
                DeValue::Integer(id) => format!("[{}]", quoted(id.as_str())),
                _ => r#"["123456789012345678"]"#.to_owned(),
            };
            self.is_not(mistakes, "a list of ids", Some(format!("write {example}")));
            return None;
        };
        if list.is_empty() {
            let what = format!("`{}` is an empty list", self.key);
            mistakes.add_with(
                self.at(),
                what,
                "name at least one id, or remove the key: then the general rule applies",
            );
            return None;
        }
        let ids = list.iter().map(|value| self.id_of(value, new, mistakes));
        // Every wrong one is reported, not only the first.
        let ids: Vec<Option<T>> = ids.collect();
        ids.into_iter().collect()
    }

    fn id_of<T>(
        &self,
        value: &Spanned<DeValue<'_>>,
        new: fn(u64) -> T,
        mistakes: &mut Mistakes,
    ) -> Option<T> {
        let what = format!("`{}` has an id that is not a string", self.key);
        match value.get_ref() {
            DeValue::String(text) => {
                let known = id(text.trim()).map(new);
                if known.is_none() {
                    let what = format!("{} is no Discord id", quoted(text));
                    let remedy = "an id is a number: in Discord, switch Developer Mode on, \
                         right-click, and choose Copy ID";
                    mistakes.add_with(value.span(), what, remedy);
                }
                known
            }
            DeValue::Integer(number) => {
                let remedy = format!("write it as a string: {}", quoted(number.as_str()));
                mistakes.add_with(value.span(), what, remedy);
                None
            }
            _ => {
                let remedy = r#"write it as a string: "123456789012345678""#;
                mistakes.add_with(value.span(), what, remedy);
                None
            }
        }
    }

    /// Reports that the value is not what the key needs.
    fn is_not(&self, mistakes: &mut Mistakes, wanted: &str, remedy: Option<String>) {
        let what = format!("`{}` must be {wanted}", self.key);
        mistakes.push(Mistake { what, at: self.at(), remedy, earlier: None });
    }
}
