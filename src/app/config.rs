//! `locktender config check`: what the settings mean, without a question to AWS or Discord.

use super::output::{print, stdout_output};
use super::{AppError, Success};
use crate::console::sections;
use crate::error::Refusal;
use crate::lock::{BackendStores, Catalog, NameError, State, StatePath, is_lock_id, pasted};
use crate::settings::{Settings, SettingsError};
use crate::words::config::{self as words, Meaning, Section};

/// Prints what the settings and the file mean, or what they mean for one state.
///
/// # Errors
/// If a setting or the file is wrong, or the text is not a state's name.
pub fn check_config(settings: &Settings, explain: Option<&str>) -> Result<Success, AppError> {
    let lines: Vec<usize> = settings
        .file()?
        .map(|file| file.policies.iter().map(|policy| policy.line).collect())
        .unwrap_or_default();
    let is_missing = |problem: &SettingsError| matches!(problem, SettingsError::Missing { .. });
    let (missing, wrong): (Vec<_>, Vec<_>) = settings.problems().into_iter().partition(is_missing);
    if !wrong.is_empty() {
        return Err(AppError::Mistakes(wrong));
    }
    let missing: Vec<String> = missing.iter().map(ToString::to_string).collect();
    let policies = settings.policies_over(settings.policy_so_far()?)?;
    let backends = match (settings.backends(), explain) {
        (Err(SettingsError::Missing { .. }), None) => Vec::new(),
        (backends, _) => backends?,
    };
    let meaning = Meaning {
        file: settings.file_name(),
        backends: &backends,
        policies: &policies,
        lines: &lines,
        holders: &settings.holders()?,
        report_at: settings.report_at()?,
        unused: &settings.unused()?,
        missing: &missing,
    };
    let said = match explain {
        None => words::overview(&meaning),
        Some(typed) => explained(typed, &meaning)?,
    };
    print(&sections(&said, stdout_output()))?;
    Ok(Success::Fine)
}

/// Every state that a text most likely means, each with its rules.
fn explained(typed: &str, meaning: &Meaning<'_>) -> Result<Vec<Section>, AppError> {
    if is_lock_id(pasted(typed)) {
        return Err(AppError::Refused(words::lock_id_not_explained()));
    }
    let backends = meaning.backends.iter().map(BackendStores::backend).cloned();
    let catalog = Catalog::new(backends.collect());
    let (likeliest, others) = meanings(&catalog, typed)?;
    let stores = |state: &State| {
        meaning.backends.iter().find(|stores| stores.backend().name == state.backend)
    };
    let mut sections: Vec<Section> = likeliest
        .iter()
        .filter_map(|state| Some(words::explained(state, stores(state)?, meaning)))
        .collect();
    if !others.is_empty() {
        sections.push(words::also(&others));
    }
    Ok(sections)
}

/// The likeliest states of a text, each in the backend whose rules it fits best, and the paths of the others.
fn meanings(catalog: &Catalog, typed: &str) -> Result<(Vec<State>, Vec<StatePath>), AppError> {
    let refused = |error| {
        let typed = typed.to_owned();
        AppError::from(Refusal::BadName { typed, error, nearest: None })
    };
    let meanings = catalog.meanings(typed).map_err(refused)?;
    match &meanings.refusal {
        // These two say that a look has to decide, and this takes none.
        None | Some(NameError::KeyOrBucket { .. } | NameError::WhichBackend { .. }) => {}
        Some(error) => return Err(refused(error.clone())),
    }
    let mut likeliest: Vec<State> = Vec::new();
    for state in meanings.ranks(|_| false).next().unwrap_or_default() {
        if likeliest.iter().all(|before| before.path != state.path) {
            likeliest.push(state);
        }
    }
    let is_new = |path: &&StatePath| likeliest.iter().all(|state| state.path != **path);
    // A full path leaves nothing to guess.
    let others = meanings.paths().filter(|_| meanings.in_full.is_none()).filter(is_new);
    let others = others.cloned().collect();
    Ok((likeliest, others))
}
