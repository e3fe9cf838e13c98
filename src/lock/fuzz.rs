//! What holds for any record and for any typed text.

use serde_json::{Value, json};

use super::{
    Backend, BackendName, Catalog, LockInfo, LockRecord, LockState, Meanings, RECORD_LIMIT, State,
    StatePath, StoredLock, Stores, is_handle, is_lock_id, pasted,
};
use crate::fuzzing::texts;

/// A record is read as it is written or is flawed, and a store that has one is never free.
pub fn lock_record(bytes: &[u8]) {
    let record = LockRecord::new(bytes);
    assert_eq!(record.as_bytes(), bytes);
    let parsed = record.parse();
    assert_eq!(parsed, record.parse(), "the same bytes mean two things");
    match &parsed {
        Ok(info) => {
            assert!(bytes.len() <= RECORD_LIMIT && !info.id.as_str().is_empty());
            assert!(matches!(serde_json::from_slice(bytes), Ok(Value::Object(_))));
            assert_eq!(LockRecord::new(written(info)).parse().as_ref(), Ok(info));
        }
        Err(flaw) => assert!(!flaw.to_string().is_empty()),
    }
    for (row, lockfile) in [(true, false), (false, true), (true, true)] {
        let stored = |is_there: bool| is_there.then(|| StoredLock::new(record.clone(), None));
        let lock = LockState::from_stores(Stores { row, lockfile }, stored(row), stored(lockfile));
        assert_eq!(matches!(lock, LockState::Held(_)), parsed.is_ok());
        assert_eq!(matches!(lock, LockState::Unreadable(_)), parsed.is_err());
        assert_eq!(lock.info(), parsed.as_ref().ok());
        assert_eq!(lock.half(), None, "the same record in both stores is one lock");
    }
}

/// A record with this content.
fn written(info: &LockInfo) -> String {
    json!({
        "ID": info.id.as_str(), "Operation": info.operation.as_written(), "Info": info.info, "Who": info.who,
        "Version": info.version, "Created": info.created, "Path": info.path,
    })
    .to_string()
}

/// A typed text means only states that are served, and the name of each of these leads back to it. The first three
/// lines are the bucket, the key template and the workspace prefix of a backend, the rest is the text.
pub fn typed_name(bytes: &[u8]) {
    let [bucket, template, prefix, typed] = texts(bytes);
    let other = backend("other", &bucket, &template, &prefix);
    let main = || backend("main", "my-bucket", "{state}/terraform.tfstate", "env:");
    let plain = || backend("plain", "my-bucket", "{state}", "");
    let of =
        |backends: Vec<Option<Backend>>| Catalog::new(backends.into_iter().flatten().collect());
    let catalogs = [
        of(vec![main()]),
        of(vec![other.clone()]),
        of(vec![main(), other.clone()]),
        of(vec![other, plain(), main()]),
    ];
    for catalog in catalogs.iter().filter(|catalog| !catalog.backends().is_empty()) {
        means_what_it_says(catalog, &typed);
    }
}

fn backend(name: &str, bucket: &str, template: &str, prefix: &str) -> Option<Backend> {
    let key = template.parse().ok()?;
    assert_eq!(format!("{key}").parse().as_ref(), Ok(&key), "a template is not what it says");
    Backend::new(BackendName::new(name).ok()?, bucket, key, prefix).ok()
}

fn means_what_it_says(catalog: &Catalog, typed: &str) {
    assert!(typed.contains(pasted(typed)));
    let is_served =
        |path: &StatePath| catalog.backends().iter().any(|backend| backend.bucket == path.bucket());
    let _ = catalog.likenesses(typed);
    let meanings = match catalog.meanings(typed) {
        Ok(meanings) => meanings,
        Err(refusal) => return assert!(!refusal.to_string().is_empty()),
    };
    assert!(meanings.paths().all(is_served), "{typed:?} leaves the buckets that are served");
    if let Some(path) = &meanings.in_full {
        assert!(meanings.paths().any(|other| other == path));
    }
    for state in meanings.ranks(|_| true).flatten() {
        assert!(is_served(&state.path));
        leads_back(catalog, &state);
    }
    if let Ok(state) = catalog.resolve(typed) {
        assert_eq!(meanings.paths().next(), Some(&state.path));
    }
    if let Some(path) = StatePath::parse(typed).ok().filter(is_served) {
        let state = catalog.state_at(path.clone());
        assert_eq!(
            state.as_ref().map(|state| &state.path),
            Some(&path),
            "a served path has no state"
        );
    }
}

/// Asserts that the texts that stand for a state on a page or a button mean it, or a handle of it.
fn leads_back(catalog: &Catalog, state: &State) {
    assert_eq!(StatePath::parse(state.path.as_str()).as_ref(), Ok(&state.path));
    let known = catalog.state_at(state.path.clone());
    let at_home = known.filter(|known| known.backend == state.backend);
    for name in [state.name.as_str(), &state.short_name(), &state.short_path()] {
        if is_handle(name) || is_lock_id(name) {
            continue;
        }
        let meanings = catalog.meanings(name);
        let mut paths = meanings.iter().flat_map(Meanings::paths);
        match &at_home {
            Some(_) => assert_eq!(paths.next(), Some(&state.path), "{name:?} means another state"),
            // Several backends have its bucket, and its keys fit another one better.
            None => {
                assert!(paths.any(|path| *path == state.path), "{name:?} does not mean its state");
            }
        }
    }
    let is_short = |name: &str| name.encode_utf16().count() <= 80;
    assert!(is_short(&state.short_name()) && is_short(&state.short_path()));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fuzzing::each_seed;

    #[test]
    fn the_seeds_of_records_hold() {
        each_seed("lock_record", lock_record);
    }

    #[test]
    fn the_seeds_of_typed_names_hold() {
        each_seed("typed_name", typed_name);
    }
}
