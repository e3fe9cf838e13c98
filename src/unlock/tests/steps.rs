//! The next step of a release, for every lock that it can find.

use super::*;

fn said_event(event: &Event<'_>) -> String {
    match event {
        Event::Released => "released".to_owned(),
        Event::ReleasedAndRetaken(_) => "released, and retaken".to_owned(),
        Event::LockChanged(Found::Gone) => "already free".to_owned(),
        Event::LockChanged(Found::Other(_)) => "changed hands, nothing removed".to_owned(),
        Event::ChangedMidway { lockfile, .. } => format!("changed hands, removed by {lockfile:?}"),
        Event::Failed(why) => format!("failed: {why}"),
        Event::FailedMidway { why, left } => format!("failed, {left:?} left: {why}"),
        event => format!("{event:?}"),
    }
}

fn said_step(step: &Step) -> String {
    match step {
        Step::DeleteLockfile { row: true } => "delete the lockfile, then the row".to_owned(),
        Step::DeleteLockfile { row: false } => "delete the lockfile".to_owned(),
        Step::DeleteRow(fate) => format!("delete the row, {}", said_fate(fate)),
        Step::End(event) => format!("end: {}", said_event(event)),
    }
}

fn said_fate(fate: &LockfileFate) -> String {
    match fate {
        LockfileFate::Absent => "no lockfile".to_owned(),
        LockfileFate::Removed(by) => format!("lockfile removed by {by:?}"),
        LockfileFate::Replaced(_) => "lockfile replaced".to_owned(),
        LockfileFate::Refused(_) => "lockfile refused".to_owned(),
    }
}

#[test]
fn a_release_goes_on_from_whatever_it_finds() {
    let file = |record, etag| Some(lockfile(record, etag));
    let (ours, theirs) = (file(RECORD, "e1"), file(OTHER, "e2"));
    let (our_row, their_row) = (Some(row(RECORD)), Some(row(OTHER)));
    let mut table = String::new();
    for (pinned, stores, pinned_row, pinned_file) in [
        ("a lockfile", LOCKFILE, &None, &ours),
        ("both", BOTH, &our_row, &ours),
        ("a row of two", BOTH, &our_row, &None),
        ("a lockfile of two", BOTH, &None, &ours),
    ] {
        table += &format!("{pinned}\n");
        let lock = LockState::from_stores(stores, pinned_row.clone(), pinned_file.clone());
        let pinned = Pinned::new(&lock).unwrap();
        let rows = [("our row", &our_row), ("their row", &their_row), ("no row", &None)];
        let files = [("our lockfile", &ours), ("their lockfile", &theirs), ("no lockfile", &None)];
        for (row_there, row) in rows
            .into_iter()
            .filter(|_| stores.row)
            .chain([("", &None)].into_iter().filter(|_| !stores.row))
        {
            for (file_there, file) in files {
                let now = LockState::from_stores(stores, row.clone(), file.clone());
                let first = said_step(&Step::next(&pinned, &now, false));
                let later = said_step(&Step::next(&pinned, &now, true));
                let there = format!("{row_there} {file_there}");
                table += &format!("  {}: {first}\n", there.trim());
                if later != first {
                    table += &format!("    it may have removed it: {later}\n");
                }
            }
        }
    }
    insta::assert_snapshot!(table, @"
    a lockfile
      our lockfile: delete the lockfile
      their lockfile: end: changed hands, nothing removed
        it may have removed it: end: released, and retaken
      no lockfile: end: already free
        it may have removed it: end: released
    both
      our row our lockfile: delete the lockfile, then the row
      our row their lockfile: end: changed hands, nothing removed
        it may have removed it: delete the row, lockfile replaced
      our row no lockfile: delete the row, no lockfile
        it may have removed it: delete the row, lockfile removed by ReleaseOrHolder
      their row our lockfile: end: changed hands, nothing removed
      their row their lockfile: end: changed hands, nothing removed
        it may have removed it: end: changed hands, removed by ReleaseOrHolder
      their row no lockfile: end: changed hands, nothing removed
        it may have removed it: end: changed hands, removed by ReleaseOrHolder
      no row our lockfile: delete the lockfile
      no row their lockfile: end: changed hands, nothing removed
        it may have removed it: end: changed hands, removed by ReleaseOrHolder
      no row no lockfile: end: already free
        it may have removed it: end: released
    a row of two
      our row our lockfile: end: changed hands, nothing removed
      our row their lockfile: end: changed hands, nothing removed
      our row no lockfile: delete the row, no lockfile
      their row our lockfile: end: changed hands, nothing removed
      their row their lockfile: end: changed hands, nothing removed
      their row no lockfile: end: changed hands, nothing removed
      no row our lockfile: end: changed hands, nothing removed
      no row their lockfile: end: changed hands, nothing removed
      no row no lockfile: end: already free
    a lockfile of two
      our row our lockfile: end: changed hands, nothing removed
      our row their lockfile: end: changed hands, nothing removed
        it may have removed it: end: released, and retaken
      our row no lockfile: end: changed hands, nothing removed
        it may have removed it: end: released, and retaken
      their row our lockfile: end: changed hands, nothing removed
      their row their lockfile: end: changed hands, nothing removed
        it may have removed it: end: released, and retaken
      their row no lockfile: end: changed hands, nothing removed
        it may have removed it: end: released, and retaken
      no row our lockfile: delete the lockfile
      no row their lockfile: end: changed hands, nothing removed
        it may have removed it: end: released, and retaken
      no row no lockfile: end: already free
        it may have removed it: end: released
    ");
}

#[test]
fn a_release_ends_as_what_became_of_both_halves() {
    let lock = || Box::new(LockState::from_stores(BOTH, Some(row(OTHER)), None));
    let mut table = String::new();
    for fate in [
        LockfileFate::Absent,
        LockfileFate::Removed(RemovedBy::Release),
        LockfileFate::Removed(RemovedBy::ReleaseOrHolder),
        LockfileFate::Replaced(lock()),
        LockfileFate::Refused("no s3:DeleteObject".to_owned()),
    ] {
        table += &format!("{}\n", said_fate(&fate));
        for (what, event) in [
            ("with the row", fate.ended_with_row()),
            ("without a row", fate.ended_without_row()),
            ("row gone", fate.row_changed(Found::Gone)),
            ("another row", fate.row_changed(Found::Other(lock()))),
            ("row left", fate.row_left("no dynamodb:DeleteItem")),
        ] {
            table += &format!("  {what}: {}\n", said_event(&event));
        }
    }
    insta::assert_snapshot!(table, @"
    no lockfile
      with the row: released
      without a row: released
      row gone: already free
      another row: changed hands, nothing removed
      row left: failed: the DynamoDB row was not released: no dynamodb:DeleteItem
    lockfile removed by Release
      with the row: released
      without a row: released
      row gone: released
      another row: changed hands, removed by Release
      row left: failed, Row left: the lockfile was released, the DynamoDB row was not: no dynamodb:DeleteItem
    lockfile removed by ReleaseOrHolder
      with the row: released
      without a row: released
      row gone: released
      another row: changed hands, removed by ReleaseOrHolder
      row left: failed, Row left: the lockfile was removed by this release or by its holder, the DynamoDB row was not: no dynamodb:DeleteItem
    lockfile replaced
      with the row: released, and retaken
      without a row: released, and retaken
      row gone: changed hands, removed by ReleaseOrHolder
      another row: changed hands, removed by ReleaseOrHolder
      row left: failed, Row left: the lockfile was removed by this release or by its holder, the DynamoDB row was not: no dynamodb:DeleteItem
    lockfile refused
      with the row: failed, Lockfile left: the DynamoDB row was released, the lockfile was not: no s3:DeleteObject
      without a row: failed: the lockfile was not released: no s3:DeleteObject
      row gone: failed: the lockfile was not released: no s3:DeleteObject
      another row: changed hands, nothing removed
      row left: failed: nothing was released: no s3:DeleteObject; no dynamodb:DeleteItem
    ");
}
