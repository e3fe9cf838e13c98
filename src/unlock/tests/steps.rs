//! The next step of a release, for every lock that it can find.

use super::*;

fn said_event(event: &Event<'_>) -> String {
    match event {
        Event::Released => "released".to_owned(),
        Event::ReleasedAndRetaken(_) => "released, and retaken".to_owned(),
        Event::LockChanged(Found::Gone) => "already free".to_owned(),
        Event::LockChanged(Found::Other(_)) => "changed hands, nothing removed".to_owned(),
        Event::ChangedMidway { half, by, .. } => {
            format!("changed hands, {} removed by {by:?}", said_half(*half))
        }
        Event::Failed(why) => format!("failed: {why}"),
        Event::FailedMidway { why, left } => format!("failed, {left:?} left: {why}"),
        event => format!("{event:?}"),
    }
}

fn said_half(half: Store) -> &'static str {
    match half {
        Store::DynamoDb => "row",
        Store::S3 => "lockfile",
    }
}

fn said_step(step: &Step) -> String {
    match step {
        Step::Delete(half) => format!("delete the {}", said_half(*half)),
        Step::DeleteRowWithEnd(fate) => {
            format!("delete the row with the record, {}", said_fate(fate))
        }
        Step::End(event) => format!("end: {}", said_event(event)),
    }
}

fn said_fate(fate: &Fate) -> String {
    match fate {
        Fate::Absent => "no lockfile".to_owned(),
        Fate::Removed(by) => format!("lockfile removed by {by:?}"),
        Fate::Replaced(_) => "lockfile replaced".to_owned(),
        Fate::Refused(_) => "lockfile refused".to_owned(),
    }
}

/// A request for this lock that is being released, and the same one after it was resumed.
fn begun(lock: &LockState, table: Distance) -> [UnlockRequest; 2] {
    let guarantees = Guarantees { table, ..Guarantees::default() };
    let first = approve_by(&request_for(lock), &bob(), 1, guarantees).unwrap().next;
    let resumed = decide(&first, Event::Resume(guarantees), &policy(1), minute(6)).unwrap().next;
    [first, resumed]
}

/// The next step for everything that a release of these locks may find.
fn steps(
    table: Distance,
    pins: &[(&str, Stores, &Option<StoredLock>, &Option<StoredLock>)],
) -> String {
    let file = |record, etag| Some(lockfile(record, etag));
    let rows = [("our row", Some(row(RECORD))), ("their row", Some(row(OTHER))), ("no row", None)];
    let files = [
        ("our lockfile", file(RECORD, "e1")),
        ("their lockfile", file(OTHER, "e2")),
        ("no lockfile", None),
    ];
    let used = |is_used: bool, halves: &[(&'static str, Option<StoredLock>); 3]| {
        if is_used { halves.to_vec() } else { vec![("", None)] }
    };
    let mut text = String::new();
    for (pinned, stores, pinned_row, pinned_file) in pins {
        text += &format!("{pinned}\n");
        let lock = LockState::from_stores(*stores, (*pinned_row).clone(), (*pinned_file).clone());
        let [begun, resumed] = begun(&lock, table);
        for (row_there, row) in used(stores.row, &rows) {
            for (file_there, file) in used(stores.lockfile, &files) {
                let now = LockState::from_stores(*stores, row.clone(), file.clone());
                let next = |request| said_step(&Step::next(request, &now, &Progress::of(request)));
                let (first, later) = (next(&begun), next(&resumed));
                let there = format!("{row_there} {file_there}");
                text += &format!("  {}: {first}\n", there.trim());
                if later != first {
                    text += &format!("    it may have removed it: {later}\n");
                }
            }
        }
    }
    text
}

#[test]
fn a_release_goes_on_from_whatever_it_finds() {
    let (ours, our_row) = (Some(lockfile(RECORD, "e1")), Some(row(RECORD)));
    let pins = [
        ("a lockfile", LOCKFILE, &None, &ours),
        ("both", BOTH, &our_row, &ours),
        ("a row of two", BOTH, &our_row, &None),
        ("a lockfile of two", BOTH, &None, &ours),
    ];
    let table = steps(Distance::Near, &pins);
    insta::assert_snapshot!(table, @"
    a lockfile
      our lockfile: delete the lockfile
      their lockfile: end: changed hands, nothing removed
        it may have removed it: end: released, and retaken
      no lockfile: end: already free
        it may have removed it: end: released
    both
      our row our lockfile: delete the lockfile
      our row their lockfile: end: changed hands, nothing removed
        it may have removed it: delete the row with the record, lockfile replaced
      our row no lockfile: delete the row with the record, no lockfile
        it may have removed it: delete the row with the record, lockfile removed by ReleaseOrHolder
      their row our lockfile: end: changed hands, nothing removed
      their row their lockfile: end: changed hands, nothing removed
        it may have removed it: end: changed hands, lockfile removed by ReleaseOrHolder
      their row no lockfile: end: changed hands, nothing removed
        it may have removed it: end: changed hands, lockfile removed by ReleaseOrHolder
      no row our lockfile: delete the lockfile
      no row their lockfile: end: changed hands, nothing removed
        it may have removed it: end: changed hands, lockfile removed by ReleaseOrHolder
      no row no lockfile: end: already free
        it may have removed it: end: released
    a row of two
      our row our lockfile: end: changed hands, nothing removed
      our row their lockfile: end: changed hands, nothing removed
      our row no lockfile: delete the row with the record, no lockfile
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
fn a_release_of_a_far_row_goes_on_from_whatever_it_finds() {
    let (ours, our_row) = (Some(lockfile(RECORD, "e1")), Some(row(RECORD)));
    let pins = [
        ("a row", ROW, &our_row, &None),
        ("both", BOTH, &our_row, &ours),
        ("a row of two", BOTH, &our_row, &None),
        ("a lockfile of two", BOTH, &None, &ours),
    ];
    insta::assert_snapshot!(steps(Distance::Far, &pins), @"
    a row
      our row: delete the row
      their row: end: changed hands, nothing removed
        it may have removed it: end: released, and retaken
      no row: end: already free
        it may have removed it: end: released
    both
      our row our lockfile: delete the lockfile
      our row their lockfile: end: changed hands, nothing removed
        it may have removed it: delete the row
      our row no lockfile: delete the row
      their row our lockfile: end: changed hands, nothing removed
        it may have removed it: end: changed hands, row removed by ReleaseOrHolder
      their row their lockfile: end: changed hands, nothing removed
        it may have removed it: end: released, and retaken
      their row no lockfile: end: changed hands, nothing removed
        it may have removed it: end: released, and retaken
      no row our lockfile: delete the lockfile
      no row their lockfile: end: changed hands, nothing removed
        it may have removed it: end: released, and retaken
      no row no lockfile: end: already free
        it may have removed it: end: released
    a row of two
      our row our lockfile: end: changed hands, nothing removed
      our row their lockfile: end: changed hands, nothing removed
      our row no lockfile: delete the row
      their row our lockfile: end: changed hands, nothing removed
        it may have removed it: end: released, and retaken
      their row their lockfile: end: changed hands, nothing removed
        it may have removed it: end: released, and retaken
      their row no lockfile: end: changed hands, nothing removed
        it may have removed it: end: released, and retaken
      no row our lockfile: end: changed hands, nothing removed
        it may have removed it: end: released, and retaken
      no row their lockfile: end: changed hands, nothing removed
        it may have removed it: end: released, and retaken
      no row no lockfile: end: already free
        it may have removed it: end: released
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

/// A release of this lock after its deletes met these fates: `Some(true)` for one that removed its record,
/// `Some(false)` for one that was refused.
fn after(lock: &LockState, lockfile: Option<bool>, row: Option<bool>) -> String {
    let [request, _] = begun(lock, Distance::Far);
    let (mut progress, mut left) = (Progress::of(&request), lock.clone());
    for (half, fate) in [(Store::S3, lockfile), (Store::DynamoDb, row)] {
        match fate {
            Some(true) => {
                progress.remove(half);
                left = left.without(half);
            }
            Some(false) => progress.refuse(half, format!("no delete of the {}", said_half(half))),
            None => {}
        }
    }
    said_step(&Step::next(&request, &left, &progress))
}

#[test]
fn a_release_of_a_far_row_says_what_became_of_each_half() {
    let mut table = String::new();
    for lockfile in [None, Some(true), Some(false)] {
        for row in [None, Some(true), Some(false)] {
            let fate = |fate| match fate {
                None => "there",
                Some(true) => "removed",
                Some(false) => "refused",
            };
            let end = after(&row_and_lockfile(), lockfile, row);
            table += &format!("lockfile {}, row {}: {end}\n", fate(lockfile), fate(row));
        }
    }
    for row in [true, false] {
        table += &format!("row alone: {}\n", after(&row_alone(), None, Some(row)));
    }
    insta::assert_snapshot!(table, @"
    lockfile there, row there: delete the lockfile
    lockfile there, row removed: delete the lockfile
    lockfile there, row refused: delete the lockfile
    lockfile removed, row there: delete the row
    lockfile removed, row removed: end: released
    lockfile removed, row refused: end: failed, Row left: the lockfile was released, the DynamoDB row was not: no delete of the row
    lockfile refused, row there: delete the row
    lockfile refused, row removed: end: failed, Lockfile left: the DynamoDB row was released, the lockfile was not: no delete of the lockfile
    lockfile refused, row refused: end: failed: nothing was released: no delete of the lockfile; no delete of the row
    row alone: end: released
    row alone: end: failed: the DynamoDB row was not released: no delete of the row
    ");
}

#[test]
fn a_release_ends_as_what_became_of_both_halves() {
    let lock = || Box::new(LockState::from_stores(BOTH, Some(row(OTHER)), None));
    let mut table = String::new();
    for fate in [
        Fate::Absent,
        Fate::Removed(RemovedBy::Release),
        Fate::Removed(RemovedBy::ReleaseOrHolder),
        Fate::Replaced(lock()),
        Fate::Refused("no s3:DeleteObject".to_owned()),
    ] {
        table += &format!("{}\n", said_fate(&fate));
        for (what, event) in [
            ("with the row", fate.ended_with_row()),
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
      row gone: already free
      another row: changed hands, nothing removed
      row left: failed: the DynamoDB row was not released: no dynamodb:DeleteItem
    lockfile removed by Release
      with the row: released
      row gone: released
      another row: changed hands, lockfile removed by Release
      row left: failed, Row left: the lockfile was released, the DynamoDB row was not: no dynamodb:DeleteItem
    lockfile removed by ReleaseOrHolder
      with the row: released
      row gone: released
      another row: changed hands, lockfile removed by ReleaseOrHolder
      row left: failed, Row left: the lockfile was removed by this release or by its holder, the DynamoDB row was not: no dynamodb:DeleteItem
    lockfile replaced
      with the row: released, and retaken
      row gone: changed hands, lockfile removed by ReleaseOrHolder
      another row: changed hands, lockfile removed by ReleaseOrHolder
      row left: failed, Row left: the lockfile was removed by this release or by its holder, the DynamoDB row was not: no dynamodb:DeleteItem
    lockfile refused
      with the row: failed, Lockfile left: the DynamoDB row was released, the lockfile was not: no s3:DeleteObject
      row gone: failed: the lockfile was not released: no s3:DeleteObject
      another row: changed hands, nothing removed
      row left: failed: nothing was released: no s3:DeleteObject; no dynamodb:DeleteItem
    ");
}
