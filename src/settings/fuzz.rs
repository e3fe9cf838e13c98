//! What holds for the text of any configuration file.

use std::collections::BTreeSet;
use std::num::NonZeroU32;

use chrono::TimeDelta;

use super::Config;
use crate::lock::{BackendName, Catalog, StatePath, is_invisible};
use crate::unlock::{Asking, Policies, Policy};

/// A value that must never be shown.
const SECRET: &str = "hunter2-hunter2";

/// A file is understood, or all that is wrong with it is said without control characters and without the values of
/// keys that the file does not have.
pub fn settings_file(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let Ok(only) = BackendName::new("main") else { return };
    let read = |text: &str| Config::parse(text, "locktender.toml", &only);
    match read(&text) {
        Ok(config) => {
            understood(&config);
            assert!(read(&format!("{text}\n# end\n")).is_ok(), "a comment is a mistake");
        }
        Err(mistakes) => said(&mistakes),
    }
    if let Err(mistakes) = read(&format!("DISCORD_TOKEN = {SECRET}\n{text}")) {
        said(&mistakes);
        let is_shown = mistakes.contains(SECRET) && !text.contains(SECRET);
        assert!(!is_shown, "a secret is shown: {mistakes}");
    }
}

fn said(mistakes: &str) {
    assert!(mistakes.contains("locktender.toml"), "{mistakes}");
    let hidden = mistakes.chars().find(|&c| is_invisible(c) && !matches!(c, '\n' | '\t'));
    assert_eq!(hidden, None, "{mistakes:?}");
}

/// Every backend has a name of its own and a store, and every state has rules that ask for an approval.
fn understood(config: &Config) {
    let names: BTreeSet<&str> =
        config.backends.iter().map(|stores| stores.backend().name.as_str()).collect();
    assert_eq!(names.len(), config.backends.len(), "two backends have one name");
    for stores in &config.backends {
        let expected = stores.expected();
        assert!(expected.row || expected.lockfile, "nothing could be locked in it");
    }
    let general = general();
    let by_state = config.policies.iter().map(|policy| policy.over(&general)).collect();
    let catalog = Catalog::new(config.backends.iter().map(|it| it.backend().clone()).collect());
    let Ok(policies) = Policies::new(general).with(by_state) else { return };
    let policies = policies.named_by(catalog.clone());
    for backend in catalog.backends() {
        for key in ["env/prod/terraform.tfstate", "env:/blue/x", "*", "a-md5"] {
            let path = StatePath::new(&backend.bucket, key).ok();
            let Some(state) = path.and_then(|path| catalog.state_at(path)) else { continue };
            let policy = policies.of(&state);
            assert!((1..=10).contains(&policy.approvals.get()));
            assert!(
                policy.request_ttl > TimeDelta::zero() && policy.stale_after > TimeDelta::zero()
            );
        }
    }
    let _ = config.holders.of("root@vm");
}

fn general() -> Policy {
    Policy {
        approver_roles: BTreeSet::new(),
        approvals: NonZeroU32::MIN,
        request_ttl: TimeDelta::minutes(30),
        stale_after: TimeDelta::hours(2),
        announce: None,
        announce_min_hold: TimeDelta::zero(),
        asking: Asking::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fuzzing::each_seed;

    #[test]
    fn the_seeds_of_files_hold() {
        each_seed("settings_file", settings_file);
    }
}
