//! Changes by an attacker with write access to the audit table, and how `audit verify` names them.

use aws_sdk_dynamodb::types::AttributeValue;
use locktender::audit::Entry;
use serde_json::json;

use super::{PROD, checkpoint, program, recorded};
use crate::support::dynamodb::text;
use crate::support::office::Office;
use crate::support::trail::{TrailTable, chain, forged};

/// A change to the trail. Its chain of `env/prod` has four entries.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Nothing,
    Edit,
    AddAField,
    EditWithItsHash,
    TakeTheHashAway,
    DeleteOne,
    DeleteTheFirst,
    Swap,
    SwapWithHashes,
    InsertACopy,
    InsertBetween,
    InsertBeforeTheFirst,
    ForgeTheNext,
    CutOff,
    CutOffAll,
    RewriteAll,
}

/// The chain, oldest first.
async fn prod(office: &Office) -> Vec<Entry> {
    let path = office.path("env/prod");
    let mut entries = office.context.trail.newest(&path, None, 10).await.unwrap();
    entries.reverse();
    entries
}

/// An entry with another `seq`. Nothing else is changed.
fn at(entry: &Entry, seq: u64) -> Entry {
    let mut fields = entry.fields().clone();
    fields.insert("seq".to_owned(), json!(seq));
    Entry::read(fields)
}

async fn tamper(office: &Office, deed: Deed) {
    let table = TrailTable::of(&office.db);
    let entries = prod(office).await;
    let reason = |entry: &Entry| {
        forged(entry, |fields| {
            fields.insert("reason".to_owned(), json!("because"));
        })
    };
    match deed {
        Deed::Nothing => {}
        Deed::Edit => table.set(PROD, 2, "reason", text("because")).await,
        Deed::AddAField => table.set(PROD, 2, "note", text("all was well")).await,
        Deed::EditWithItsHash => table.put(&reason(&entries[1])).await,
        Deed::TakeTheHashAway => table.set(PROD, 2, "hash", AttributeValue::Null(true)).await,
        Deed::DeleteOne => table.delete(PROD, 2).await,
        Deed::DeleteTheFirst => table.delete(PROD, 1).await,
        Deed::Swap => {
            table.put(&at(&entries[1], 3)).await;
            table.put(&at(&entries[2], 2)).await;
        }
        Deed::SwapWithHashes => {
            table.put(&forged(&at(&entries[1], 3), |_| {})).await;
            table.put(&forged(&at(&entries[2], 2), |_| {})).await;
        }
        Deed::InsertACopy => table.put(&at(&entries[3], 5)).await,
        Deed::InsertBetween => {
            table.put(&at(&entries[3], 5)).await;
            table.put(&at(&entries[2], 4)).await;
            table.put(&reason(&at(&entries[1], 3))).await;
        }
        Deed::InsertBeforeTheFirst => table.put(&forged(&at(&entries[0], 0), |_| {})).await,
        Deed::ForgeTheNext => {
            let next = forged(&at(&entries[3], 5), |fields| {
                fields.insert("prev".to_owned(), json!(entries[3].hash()));
            });
            table.put(&next).await;
        }
        Deed::CutOff => table.delete(PROD, 4).await,
        Deed::CutOffAll => {
            for seq in 1..=4 {
                table.delete(PROD, seq).await;
            }
        }
        Deed::RewriteAll => table.put_all(&chain(PROD, 4)).await,
    }
}

async fn verified(deed: Deed, with_checkpoint: bool) -> String {
    let office = recorded().await;
    if with_checkpoint {
        checkpoint(&office).await;
    }
    tamper(&office, deed).await;
    let program = program(&office.db);
    let ran = program.run(&["audit", "verify"]).await;
    assert_eq!(ran.stderr, "", "{deed:?}");
    // The chain of one state gives the same result alone.
    let alone = program.run(&["audit", "verify", "--state", "env/prod"]).await;
    assert_eq!(alone.code, ran.code, "{deed:?}");
    // The other chain is unchanged.
    let other = program.run(&["audit", "verify", "--state", "env/test"]).await;
    assert_eq!(other.code, Some(0), "{deed:?}: {other:?}");
    let code = ran.code.unwrap();
    assert_eq!(code == 0, ran.stdout.starts_with("The trail holds: "), "{deed:?}: {ran:?}");
    if code != 0 {
        assert_eq!(alone.stdout, ran.stdout, "{deed:?}");
    }
    let said = ran.stdout.lines().next().unwrap();
    format!("{code}  {said}")
}

#[tokio::test]
async fn verify_names_the_first_bad_entry() {
    let deeds = [
        Deed::Nothing,
        Deed::Edit,
        Deed::AddAField,
        Deed::EditWithItsHash,
        Deed::TakeTheHashAway,
        Deed::DeleteOne,
        Deed::DeleteTheFirst,
        Deed::Swap,
        Deed::SwapWithHashes,
        Deed::InsertACopy,
        Deed::InsertBetween,
        Deed::InsertBeforeTheFirst,
    ];
    let mut said = String::new();
    for deed in deeds {
        let without = verified(deed, false).await;
        // In these cases a checkpoint does not change the result.
        assert_eq!(verified(deed, true).await, without, "{deed:?}");
        said.push_str(&format!("{deed:?}\n  {without}\n"));
    }
    insta::assert_snapshot!(said);
}

#[tokio::test]
async fn what_only_a_checkpoint_can_see_it_sees() {
    let mut said = String::new();
    for deed in [Deed::CutOff, Deed::CutOffAll, Deed::RewriteAll, Deed::ForgeTheNext] {
        let (without, with) = (verified(deed, false).await, verified(deed, true).await);
        said.push_str(&format!("{deed:?}\n  without: {without}\n  with:    {with}\n"));
    }
    insta::assert_snapshot!(said);
}
