//! All changes that an attacker with write access to the table can make to a trail.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::Map;

use super::*;

fn check(entries: &[Entry], mut verifier: Verifier) -> Result<Verified, Broken> {
    for entry in entries {
        verifier.check(entry);
    }
    verifier.finish()
}

/// Verifies a trail without a checkpoint.
fn verify(entries: &[Entry]) -> Result<Verified, Broken> {
    check(entries, Verifier::default())
}

/// Verifies a trail with a checkpoint of the original trail.
fn verify_against_checkpoint(entries: &[Entry]) -> Result<Verified, Broken> {
    check(entries, Verifier::against(verify(&trail()).unwrap().heads.into()))
}

/// An entry with changed fields and an unchanged `hash` field.
fn edited(entry: &Entry, edit: impl FnOnce(&mut Map<String, Value>)) -> Entry {
    let mut fields = entry.fields().clone();
    edit(&mut fields);
    Entry::read(fields)
}

/// An entry with changed fields and the matching hash.
fn forged(entry: &Entry, edit: impl FnOnce(&mut Map<String, Value>)) -> Entry {
    let entry = edited(entry, edit);
    edited(&entry, |fields| {
        fields.insert("hash".to_owned(), json!(entry.computed_hash().as_str()));
    })
}

fn set(field: &str, value: Value) -> impl FnOnce(&mut Map<String, Value>) {
    let field = field.to_owned();
    move |fields| {
        fields.insert(field, value);
    }
}

#[test]
fn a_trail_as_it_was_written_holds() {
    let whole = trail();
    let verified = verify_against_checkpoint(&whole).unwrap();
    assert_eq!(verified.entries, 8);
    assert_eq!(verified.heads[PROD], Tail::at(&whole[3]));
    assert_eq!(verified.heads[TEST], Tail::at(&whole[7]));
    // The order of the chains, and entries added after the checkpoint, do not matter.
    let (prod, test) = whole.split_at(4);
    let mut mixed: Vec<Entry> = test.iter().zip(prod).flat_map(|(t, p)| [t, p]).cloned().collect();
    assert_eq!(verify_against_checkpoint(&mixed), Ok(verified.clone()));
    mixed.extend(Tail::at(&whole[3]).append(&[draft(PROD, Action::Opened, 60)]));
    assert_eq!(verify_against_checkpoint(&mixed).unwrap().entries, 9);
    assert_eq!(verify(&[]).unwrap().entries, 0);
    let digest = digest(&verified.heads);
    let lines = [(&whole[3], PROD), (&whole[7], TEST)];
    let lines = lines.map(|(entry, path)| format!("{} 4 {path}\n", entry.hash())).concat();
    assert_eq!((digest, verified.digest()), (Hash::of(&lines), Hash::of(&lines)));
}

#[test]
fn an_edit_of_any_field_is_found_in_its_entry() {
    let whole = trail();
    let fields = whole[2].fields();
    let inner = |of: &'static str| {
        let names = fields[of].as_object().unwrap().keys();
        names.map(move |name| (of, Some(name.clone())))
    };
    let outer = fields.keys().map(|name| (name.as_str(), None));
    let mut tried = 0;
    for (field, part) in outer.chain(inner("lock")).chain(inner("actor")) {
        for value in [json!("x"), json!(null), json!(8_000), json!({"a": 1}), json!(["x"])] {
            let entry = edited(&whole[2], |fields| match &part {
                None => fields[field] = value.clone(),
                Some(part) => fields[field][part] = value.clone(),
            });
            let mut trail = whole.clone();
            trail[2] = entry;
            let broken = verify(&trail).unwrap_err();
            // A changed path or number moves the entry elsewhere. Other edits are found in their place.
            if field != "path" && !(field == "seq" && value.is_number()) {
                assert_eq!((broken.seq, broken.wrong), (3, Wrong::Edited), "{field} {part:?}");
                assert_eq!(broken.path, PROD);
            }
            tried += 1;
        }
    }
    assert_eq!(tried, 5 * (12 + 4 + 2));
}

/// A change to a trail.
type Tamper = fn(&mut Vec<Entry>);

const TAMPERING: [(&str, Tamper); 19] = [
    ("a field added", |t| t[1] = edited(&t[1], set("note", json!("harmless")))),
    ("a field removed", |t| t[1] = edited(&t[1], |fields| drop(fields.remove("detail")))),
    ("its hash removed", |t| t[1] = edited(&t[1], |fields| drop(fields.remove("hash")))),
    ("two edited", |t| {
        t[3] = edited(&t[3], set("reason", json!("x")));
        t[1] = edited(&t[1], set("reason", json!("x")));
    }),
    ("the first deleted", |t| drop(t.remove(0))),
    ("one deleted", |t| drop(t.remove(2))),
    ("two deleted", |t| drop(t.drain(1..3))),
    ("one twice", |t| t.insert(2, t[1].clone())),
    ("one inserted, in its place by number", |t| {
        t.insert(2, forged(&t[1], set("seq", json!(3))));
    }),
    ("two swapped", |t| t.swap(1, 2)),
    ("two swapped and renumbered", |t| {
        let second = forged(&t[2], set("seq", json!(2)));
        t[2] = forged(&t[1], set("seq", json!(3)));
        t[1] = second;
    }),
    ("one moved to another chain", |t| {
        let to = |fields: &mut Map<_, _>| {
            (fields["path"], fields["seq"]) = (json!(PROD), json!(5));
        };
        t.insert(4, edited(&t[7], to));
    }),
    ("one moved to another chain with its hash recomputed", |t| {
        let moved = forged(&t[7], |fields| {
            (fields["path"], fields["seq"]) = (json!(PROD), json!(5));
        });
        t.insert(4, moved);
    }),
    ("an edit with its hash recomputed", |t| {
        t[1] = forged(&t[1], set("reason", json!("x")));
    }),
    ("the end cut off", |t| drop(t.drain(2..4))),
    ("a chain cut off", |t| drop(t.drain(4..))),
    ("everything cut off", Vec::clear),
    ("the last one rewritten", |t| t[3] = forged(&t[3], set("reason", json!("x")))),
    ("the end rewritten and longer", |t| {
        let rewritten = [Action::Denied, Action::Opened, Action::Denied];
        let rewritten = Tail::at(&t[1]).append(&rewritten.map(|action| draft(PROD, action, 9)));
        t.splice(2..4, rewritten);
    }),
];

#[test]
fn the_first_bad_entry_is_named() {
    let mut table = String::new();
    for (what, tamper) in TAMPERING {
        let mut entries = trail();
        tamper(&mut entries);
        let found = |verified: Result<Verified, Broken>| match verified {
            Ok(_) => "nothing".to_owned(),
            Err(broken) => broken.to_string().replace("my-bucket/env", "…"),
        };
        let (alone, checkpoint) = (verify(&entries), verify_against_checkpoint(&entries));
        assert!(checkpoint.is_err(), "{what}");
        table += &format!("{what}\n  {}\n", found(alone.clone()));
        if alone != checkpoint {
            table += &format!("  with a checkpoint: {}\n", found(checkpoint));
        }
    }
    insta::assert_snapshot!(table, @"
    a field added
      entry 2 of …/prod/terraform.tfstate was edited: its fields do not give its hash
    a field removed
      entry 2 of …/prod/terraform.tfstate was edited: its fields do not give its hash
    its hash removed
      entry 2 of …/prod/terraform.tfstate was edited: its fields do not give its hash
    two edited
      entry 2 of …/prod/terraform.tfstate was edited: its fields do not give its hash
    the first deleted
      entry 1 of …/prod/terraform.tfstate is missing
    one deleted
      entry 3 of …/prod/terraform.tfstate is missing
    two deleted
      entry 2 of …/prod/terraform.tfstate is missing
    one twice
      entry 2 of …/prod/terraform.tfstate does not follow the entry before it: one of the two was inserted, moved or rewritten
    one inserted, in its place by number
      entry 3 of …/prod/terraform.tfstate does not follow the entry before it: one of the two was inserted, moved or rewritten
    two swapped
      entry 2 of …/prod/terraform.tfstate is missing
    two swapped and renumbered
      entry 2 of …/prod/terraform.tfstate does not follow the entry before it: one of the two was inserted, moved or rewritten
    one moved to another chain
      entry 5 of …/prod/terraform.tfstate was edited: its fields do not give its hash
    one moved to another chain with its hash recomputed
      entry 5 of …/prod/terraform.tfstate does not follow the entry before it: one of the two was inserted, moved or rewritten
    an edit with its hash recomputed
      entry 3 of …/prod/terraform.tfstate does not follow the entry before it: one of the two was inserted, moved or rewritten
    the end cut off
      nothing
      with a checkpoint: entry 3 of …/prod/terraform.tfstate was cut off: a checkpoint has seen it
    a chain cut off
      nothing
      with a checkpoint: entry 1 of …/test/terraform.tfstate was cut off: a checkpoint has seen it
    everything cut off
      nothing
      with a checkpoint: entry 1 of …/prod/terraform.tfstate was cut off: a checkpoint has seen it
    the last one rewritten
      nothing
      with a checkpoint: entry 4 of …/prod/terraform.tfstate was replaced: a checkpoint has seen another in its place
    the end rewritten and longer
      nothing
      with a checkpoint: entry 4 of …/prod/terraform.tfstate was replaced: a checkpoint has seen another in its place
    ");
}

/// A value that differs from `value`.
fn other(value: &Value, seed: u64) -> Value {
    match value {
        Value::String(text) if seed.is_multiple_of(2) && !text.is_empty() => {
            let at = usize::try_from(seed).unwrap() / 2 % text.chars().count();
            let flip = |(i, c): (usize, char)| {
                if i != at {
                    c
                } else if c == 'a' {
                    'b'
                } else {
                    'a'
                }
            };
            json!(text.chars().enumerate().map(flip).collect::<String>())
        }
        Value::String(text) => json!(format!("{text} ")),
        Value::Number(number) if seed.is_multiple_of(2) => json!(number.to_string()),
        Value::Number(number) => json!(number.as_u64().unwrap() + 1 + seed % 3),
        Value::Null => json!("x"),
        _ => Value::Null,
    }
}

proptest! {
    #[test]
    fn any_change_of_a_trail_is_found(
        how in 0..6_u8,
        at in 0..8_usize,
        to in 0..8_usize,
        field in 0..12_usize,
        seed: u64,
    ) {
        let whole = trail();
        let mut entries = whole.clone();
        match how {
            0 => drop(entries.remove(at)),
            1 => entries.insert(to, whole[at].clone()),
            2 => {
                // Swap within one chain, because there is no order between chains.
                let (at, to) = (at % 4, to % 4);
                prop_assume!(at != to);
                entries.swap(at, to);
            }
            3 => entries.truncate(at),
            4 => entries[at] = edited(&whole[at], set(&format!("field{field}"), json!(seed))),
            _ => {
                let name = whole[at].fields().keys().nth(field).unwrap().clone();
                let value = other(&whole[at].fields()[&name], seed);
                prop_assert_ne!(&value, &whole[at].fields()[&name]);
                entries[at] = edited(&whole[at], set(&name, value));
            }
        }
        prop_assert!(verify_against_checkpoint(&entries).is_err());
        prop_assert!(verify_against_checkpoint(&whole).is_ok());
    }

    #[test]
    fn segments_find_what_a_whole_scan_finds(
        deeds in prop::collection::vec((0..4_u8, 0..4_usize, 0..3_usize), 1..8),
        order in any::<prop::sample::Index>(),
        backwards: bool,
    ) {
        let path = |chain: usize| format!("my-bucket/{chain}/terraform.tfstate");
        let chains: Vec<Vec<Entry>> = (0..deeds.len()).map(|at| chain(&path(at))).collect();
        let checkpoint = Arc::new(verify(&chains.concat()).unwrap().heads);
        let mut segments = vec![Verifier::against(checkpoint.clone()); 3];
        let (mut edited_first, mut cut_off_first) = (None, None);
        let mut chains: Vec<_> = chains.into_iter().zip(&deeds).enumerate().collect();
        for (number, (chain, (deed, at, _))) in &mut chains {
            match deed {
                0 => {
                    chain[*at] = edited(&chain[*at], set("reason", json!("x")));
                    edited_first.get_or_insert((path(*number), *at as u64 + 1, Wrong::Edited));
                }
                1 => {
                    chain.truncate(*at);
                    cut_off_first.get_or_insert((path(*number), *at as u64 + 1, Wrong::CutOff));
                }
                _ => {}
            }
        }
        // Each segment may return its chains in any order.
        let turn = order.index(chains.len());
        chains.rotate_left(turn);
        for (_, (chain, (.., segment))) in &chains {
            for entry in chain {
                segments[*segment].check(entry);
            }
        }
        if backwards {
            segments.reverse();
        }
        let mut all = Verifier::against(checkpoint);
        for segment in segments {
            all.merge(segment);
        }
        let found = all.finish();
        let first = edited_first.or(cut_off_first);
        prop_assert_eq!(first.is_none(), found.is_ok());
        match found {
            Ok(verified) => {
                let whole: Vec<Entry> =
                    chains.into_iter().flat_map(|(_, (chain, _))| chain).collect();
                prop_assert_eq!(verify(&whole), Ok(verified.clone()));
                prop_assert_eq!(verified.entries, 4 * deeds.len() as u64);
            }
            Err(broken) => prop_assert_eq!(Some((broken.path, broken.seq, broken.wrong)), first),
        }
    }

    #[test]
    fn whatever_is_recorded_verifies_after_it_was_stored(
        texts in prop::collection::vec((any::<String>(), any::<String>(), 0..4_usize), 1..12),
    ) {
        let mut tail = Tail::default();
        let mut stored = Vec::new();
        for (name, reason, minute) in texts {
            let mut draft = draft(PROD, Action::Opened, i64::try_from(minute).unwrap());
            draft.actor = Some(Person { id: UserId::new(u64::MAX), name });
            draft.reason = Some(reason);
            let entries = tail.append(&[draft.clone(), draft]);
            tail = Tail::at(&entries[1]);
            stored.extend(entries.iter().map(|entry| serde_json::to_string(entry.fields()).unwrap()));
        }
        let read: Vec<Entry> =
            stored.iter().map(|line| Entry::read(serde_json::from_str(line).unwrap())).collect();
        let verified = verify(&read).unwrap();
        prop_assert_eq!(&verified.heads[PROD], &tail);
        let heads: Heads = serde_json::from_value(json!(verified.heads)).unwrap();
        prop_assert_eq!(digest(&heads), verified.digest());
    }

    #[test]
    fn any_entry_is_checked_without_a_panic(text in "\\{.*\\}|.*", seq: u64) {
        let fields = serde_json::from_str(&text).unwrap_or_default();
        let entry = edited(&Entry::read(fields), set("seq", json!(seq)));
        prop_assert!(verify(&[entry]).is_err());
    }
}
