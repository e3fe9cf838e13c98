//! `locktender doctor`, and the checks of `/lock doctor`.

use std::sync::Arc;

use super::output::{print, print_json, stdout_output};
use super::{AppError, Success};
use crate::aws::{AwsLocks, AwsStoreChecks, Examined, LedgerTables, Session};
use crate::clock::SystemClock;
use crate::console::diagnosis;
use crate::doctor::{
    BucketCheck, Diagnosis, DiagnosisJson, DigestsCheck, Doctor, LocksCheck, ServerCheck,
    SessionCheck, SettingFlaw, TableCheck, no_session, no_token, of_settings,
};
use crate::dotenv;
use crate::error::Fault;
use crate::lock::BackendStores;
use crate::ports::ExamineServer;
use crate::settings::{Settings, SettingsError};
use crate::unlock::Policies;

/// What is there to be examined.
pub(super) struct Patient<'p> {
    /// The mistakes in the settings.
    pub(super) flaws: Vec<SettingFlaw>,
    /// The session, ready for the backends.
    pub(super) session: Result<Session, Fault>,
    /// The bot's own tables.
    pub(super) tables: LedgerTables,
    /// The backends.
    pub(super) backends: &'p [BackendStores],
    /// Their locks, where they are read already.
    pub(super) locks: Option<Arc<AwsLocks>>,
    /// The Discord server. `None` without a token.
    pub(super) server: Option<Arc<dyn ExamineServer>>,
    /// The rules. `None` if their settings are wrong.
    pub(super) policies: Option<Policies>,
}

impl Patient<'_> {
    /// The doctor with all checks.
    pub(super) fn doctor(self) -> Doctor {
        let mut known = of_settings(&self.flaws);
        if let Err(fault) = &self.session {
            known.add(no_session(fault));
        }
        if self.server.is_none() {
            known.add(no_token());
        }
        let mut doctor = Doctor::new(Arc::new(SystemClock), known);
        if let Ok(session) = &self.session {
            let Examined { sessions, tables, buckets } =
                Examined::connect(session, &self.tables, self.backends);
            doctor.add_all(sessions.into_iter().map(SessionCheck));
            doctor.add_all(tables.into_iter().map(TableCheck));
            let checks = Arc::new(AwsStoreChecks::connect(session, self.tables.clone()));
            let check = |bucket| BucketCheck { bucket, checks: checks.clone() };
            doctor.add_all(buckets.into_iter().map(check));
            let connect = || Arc::new(AwsLocks::connect(session, self.backends.to_vec()));
            let locks = self.locks.unwrap_or_else(connect);
            doctor.add_all(locks.digests().into_iter().map(DigestsCheck));
            add_locks(&mut doctor, &locks);
        }
        if let Some(server) = self.server {
            doctor.add(ServerCheck { server, policies: self.policies });
        }
        doctor
    }
}

/// Adds the checks of the locks, by groups of backends that share no table and no bucket.
pub(super) fn add_locks(doctor: &mut Doctor, locks: &AwsLocks) {
    let is_only = locks.backends().len() < 2;
    for group in locks.groups() {
        let backends = if is_only { Vec::new() } else { group.backends() };
        doctor.add(LocksCheck { locks: Arc::new(group), backends });
    }
}

/// The mistakes in the settings, and of the `.env` file.
pub(super) fn flaws(settings: &Settings, dotenv: Option<SettingsError>) -> Vec<SettingFlaw> {
    let flaw = |error| match error {
        SettingsError::Missing { variable, wanted } => {
            SettingFlaw::Missing { variable: variable.to_owned(), wanted: wanted.to_owned() }
        }
        SettingsError::Wrong { variable, problem } => SettingFlaw::Wrong {
            subject: variable.to_owned(),
            what: format!("{variable} {problem}"),
        },
        SettingsError::File(what) => SettingFlaw::File { what },
        SettingsError::DotEnv(what) => SettingFlaw::Wrong { subject: ".env".to_owned(), what },
    };
    let exposed = dotenv::exposed()
        .map(|(file, mode)| SettingFlaw::Readable { file: file.display().to_string(), mode });
    let unused = settings.unused().unwrap_or_default();
    let unused = unused.into_iter().map(str::to_owned).collect::<Vec<_>>();
    let unused = (!unused.is_empty()).then_some(SettingFlaw::Unused { variables: unused });
    let problems = settings.problems().into_iter().chain(dotenv).map(flaw);
    problems.chain(unused).chain(exposed).collect()
}

/// Prints a diagnosis. What is wrong counts more than what could not be looked at.
pub(super) fn report(found: &Diagnosis, json: bool) -> Result<Success, AppError> {
    if json {
        print_json(&DiagnosisJson::from(found))?;
    } else {
        print(&diagnosis(found, stdout_output()))?;
    }
    Ok(match found {
        _ if !found.findings.is_empty() => Success::ConditionFails,
        _ if !found.not_checked.is_empty() => Success::NotRead,
        _ => Success::Fine,
    })
}
