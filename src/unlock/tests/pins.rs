//! A lock is the pinned lock only if every byte of every record is the same.

use super::*;

#[test]
fn the_lock_there_now_is_the_pinned_one_or_another() {
    let same_json = RECORD.replacen("{\"ID\":", "{ \"ID\":", 1);
    let at = |row, lockfile| LockState::from_stores(BOTH, row, lockfile);
    let (pinned_row, pinned_file) = (|| Some(row(RECORD)), || Some(lockfile(RECORD, "e1")));
    let written_again = lockfile(RECORD, "e1").record;
    let written_again =
        StoredLock::new(written_again, Some(minute(-1))).with_etag(Some("e1".to_owned()));
    let missing = || Some(row_without_info());
    let binary = |byte: u8| Some(lockfile([0xff, byte], "e1"));
    let alone = |row| LockState::from_stores(ROW, row, None);
    let cases = vec![
        ("both, untouched", at(pinned_row(), pinned_file()), at(pinned_row(), pinned_file())),
        ("both, row gone", at(pinned_row(), pinned_file()), at(None, pinned_file())),
        ("both, lockfile gone", at(pinned_row(), pinned_file()), at(pinned_row(), None)),
        ("both, both gone", at(pinned_row(), pinned_file()), LockState::Free),
        (
            "both, another holder",
            at(pinned_row(), pinned_file()),
            at(Some(row(OTHER)), Some(lockfile(OTHER, "e2"))),
        ),
        ("both, another row", at(pinned_row(), pinned_file()), at(Some(row(OTHER)), pinned_file())),
        (
            "both, row gone and another lockfile",
            at(pinned_row(), pinned_file()),
            at(None, Some(lockfile(OTHER, "e2"))),
        ),
        (
            "both, lockfile with another ETag",
            at(pinned_row(), pinned_file()),
            at(pinned_row(), Some(lockfile(RECORD, "e2"))),
        ),
        (
            "both, lockfile written again",
            at(pinned_row(), pinned_file()),
            at(pinned_row(), Some(written_again)),
        ),
        ("row of two, untouched", at(pinned_row(), None), at(pinned_row(), None)),
        ("row of two, a lockfile came", at(pinned_row(), None), at(pinned_row(), pinned_file())),
        ("lockfile of two, a row came", at(None, pinned_file()), at(pinned_row(), pinned_file())),
        ("row alone, untouched", row_alone(), alone(pinned_row())),
        ("row alone, equal JSON of other bytes", row_alone(), alone(Some(row(&same_json)))),
        ("row alone, another holder", row_alone(), alone(Some(row(OTHER)))),
        ("row alone, unreadable now", row_alone(), alone(Some(row("{")))),
        ("row alone, Info gone", row_alone(), alone(missing())),
        ("row alone, gone", row_alone(), LockState::Free),
        ("no Info, untouched", alone(missing()), alone(missing())),
        ("no Info, empty Info now", alone(missing()), alone(Some(row("")))),
        ("unreadable, untouched", alone(Some(row("{"))), alone(Some(row("{")))),
        ("unreadable, otherwise unreadable", alone(Some(row("{"))), alone(Some(row("[")))),
        ("no text, untouched", at(None, binary(1)), at(None, binary(1))),
        ("no text, other bytes", at(None, binary(1)), at(None, binary(2))),
    ];
    let mut table = String::new();
    for (what, pinned, now) in &cases {
        let pinned = Pinned::new(pinned).unwrap();
        let replaced = match pinned.replaced_by(now) {
            None => "the same",
            Some(Found::Gone) => "gone",
            Some(Found::Other(found)) if *found == *now => "another",
            Some(Found::Other(_)) => "not what is there",
        };
        let remains = match pinned.remains(now) {
            Ok(Remains { row, lockfile }) => format!("row {row}, lockfile {lockfile}"),
            Err(Found::Other(found)) if *found == *now => "foreign".to_owned(),
            Err(found) => format!("{found:?}"),
        };
        table += &format!("{what}: {replaced}; of it there: {remains}\n");
    }
    insta::assert_snapshot!(table, @"
    both, untouched: the same; of it there: row true, lockfile true
    both, row gone: another; of it there: row false, lockfile true
    both, lockfile gone: another; of it there: row true, lockfile false
    both, both gone: gone; of it there: row false, lockfile false
    both, another holder: another; of it there: foreign
    both, another row: another; of it there: foreign
    both, row gone and another lockfile: another; of it there: foreign
    both, lockfile with another ETag: another; of it there: foreign
    both, lockfile written again: another; of it there: foreign
    row of two, untouched: the same; of it there: row true, lockfile false
    row of two, a lockfile came: another; of it there: foreign
    lockfile of two, a row came: another; of it there: foreign
    row alone, untouched: the same; of it there: row true, lockfile false
    row alone, equal JSON of other bytes: another; of it there: foreign
    row alone, another holder: another; of it there: foreign
    row alone, unreadable now: another; of it there: foreign
    row alone, Info gone: another; of it there: foreign
    row alone, gone: gone; of it there: row false, lockfile false
    no Info, untouched: the same; of it there: row true, lockfile false
    no Info, empty Info now: another; of it there: foreign
    unreadable, untouched: the same; of it there: row true, lockfile false
    unreadable, otherwise unreadable: another; of it there: foreign
    no text, untouched: the same; of it there: row false, lockfile true
    no text, other bytes: another; of it there: foreign
    ");
}

#[test]
fn a_lock_may_have_a_lockfile_where_lockfiles_are_in_use() {
    let cases = [
        (ROW, Some(row(RECORD)), None, false),
        (BOTH, Some(row(RECORD)), None, true),
        (BOTH, Some(row(RECORD)), Some(lockfile(RECORD, "e1")), true),
        (LOCKFILE, None, Some(lockfile(RECORD, "e1")), true),
    ];
    for (expected, row, file, may_have) in cases {
        let pinned = Pinned::new(&LockState::from_stores(expected, row, file)).unwrap();
        assert_eq!(pinned.may_have_lockfile(), may_have, "{expected:?}");
    }
}
