//! The doctor: looks at the set-up, and says what is wrong and what to do about it.
//!
//! One file is one check. A check gets facts from a port, and makes findings of them without I/O. All checks run
//! at the same time, and none can delay or hide another.

mod bucket;
mod code;
mod digests;
mod json;
mod locks;
mod permissions;
mod safety;
mod server;
mod session;
mod settings;
mod table;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::FutureExt;
use futures::future::{Either, join_all, select};

pub use self::bucket::BucketCheck;
pub use self::code::{Code, Severity};
pub use self::digests::DigestsCheck;
pub use self::json::DiagnosisJson;
pub use self::locks::LocksCheck;
pub use self::server::{ServerCheck, no_token};
pub use self::session::{SessionCheck, no_session};
pub use self::settings::{SettingFlaw, of_settings};
pub use self::table::TableCheck;
use crate::error::Fault;
use crate::lock::BackendName;
use crate::ports::{Clock, TableUse};
use crate::text::{LONG, clip, visible};

/// How long a check may take. All of them together take no longer, since they run at the same time.
pub const LIMIT: Duration = Duration::from_secs(4);

/// Something that is wrong. Its texts are whole sentences, with texts from outside made [`visible`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What kind of finding it is.
    pub code: Code,
    /// What it is about, such as a table.
    pub subject: String,
    /// What is wrong.
    pub what: String,
    /// Why it matters.
    pub why: String,
    /// What to do. A command or a policy statement to paste is on a line of its own.
    pub remedy: String,
}

/// Something that could not be looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotChecked {
    /// What.
    pub subject: String,
    /// Why not, and what to do.
    pub why: String,
}

/// Something that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// What.
    pub subject: String,
    /// What is known of it now.
    pub found: String,
}

/// The result of one check, or of all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnosis {
    /// What is wrong, the worst first.
    pub findings: Vec<Finding>,
    /// What could not be looked at.
    pub not_checked: Vec<NotChecked>,
    /// What was looked at.
    pub checked: Vec<Checked>,
}

/// A table, as findings name it.
struct Named {
    used_for: TableUse,
    name: String,
    subject: String,
}

/// One check.
#[async_trait]
pub trait Check: Send + Sync {
    /// What it looks at, for the sentence that it did not end.
    fn subject(&self) -> String;

    /// Looks.
    async fn examine(&self, clock: &dyn Clock) -> Diagnosis;
}

/// All checks.
pub struct Doctor {
    clock: Arc<dyn Clock>,
    known: Diagnosis,
    checks: Vec<Box<dyn Check>>,
}

impl Doctor {
    /// A doctor without checks, who knows this already.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, known: Diagnosis) -> Self {
        Self { clock, known, checks: Vec::new() }
    }

    /// Adds a check.
    pub fn add(&mut self, check: impl Check + 'static) {
        self.checks.push(Box::new(check));
    }

    /// Adds checks.
    pub fn add_all<C: Check + 'static>(&mut self, checks: impl IntoIterator<Item = C>) {
        for check in checks {
            self.add(check);
        }
    }

    /// Runs all checks at the same time, each for at most [`LIMIT`].
    pub async fn examine(&self) -> Diagnosis {
        let mut all = self.known.clone();
        for one in join_all(self.checks.iter().map(|check| self.limited(&**check))).await {
            all.add(one);
        }
        all.findings.sort_by(|a, b| {
            (a.code.severity(), a.code, &a.subject).cmp(&(b.code.severity(), b.code, &b.subject))
        });
        all
    }

    async fn limited(&self, check: &dyn Check) -> Diagnosis {
        let examine = AssertUnwindSafe(check.examine(&*self.clock)).catch_unwind();
        match select(examine.boxed(), self.clock.pass(LIMIT)).await {
            Either::Left((Ok(diagnosis), _)) => diagnosis,
            Either::Left((Err(_), _)) => {
                let why = "The check failed because of a bug: report it with what the log says.";
                Diagnosis::default().not_checked(check.subject(), why)
            }
            Either::Right(_) => {
                let why = format!("The check did not end within {} s.", LIMIT.as_secs());
                Diagnosis::default().not_checked(check.subject(), why)
            }
        }
    }
}

impl Diagnosis {
    /// Whether everything was looked at, and nothing is wrong.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.findings.is_empty() && self.not_checked.is_empty()
    }

    /// Adds another result. What both say, such as that the clock is off, is said once.
    pub fn add(&mut self, other: Self) {
        add_new(&mut self.findings, other.findings);
        add_new(&mut self.not_checked, other.not_checked);
        add_new(&mut self.checked, other.checked);
    }

    fn with(mut self, other: Self) -> Self {
        self.add(other);
        self
    }

    fn finding(mut self, finding: Finding) -> Self {
        self.findings.push(finding);
        self
    }

    fn not_checked(mut self, subject: impl Into<String>, why: impl Into<String>) -> Self {
        self.not_checked.push(NotChecked { subject: subject.into(), why: why.into() });
        self
    }

    fn checked(mut self, subject: impl Into<String>, found: impl Into<String>) -> Self {
        self.checked.push(Checked { subject: subject.into(), found: found.into() });
        self
    }

    /// Adds that something could not be looked at because of a fault.
    fn fault(self, subject: impl Into<String>, fault: &Fault) -> Self {
        self.not_checked(subject, sentence(&fault.to_string()))
    }
}

fn add_new<T: PartialEq>(to: &mut Vec<T>, from: Vec<T>) {
    for one in from {
        if !to.contains(&one) {
            to.push(one);
        }
    }
}

/// A text from outside, as it is shown in a sentence.
fn shown(text: &str) -> String {
    clip(&visible(text), LONG)
}

/// A clause as a sentence.
fn sentence(clause: &str) -> String {
    format!("{}.", clip(&visible(clause), 3 * LONG))
}

/// A remedy of a fault as a sentence.
fn advice(remedy: &str) -> String {
    let mut letters = remedy.chars();
    let first = letters.next().map(|first| first.to_uppercase().collect::<String>());
    sentence(&format!("{}{}", first.unwrap_or_default(), letters.as_str()))
}

/// ` of main, team-b`, or nothing for the only backend.
fn of(backends: &[BackendName]) -> String {
    let names: Vec<&str> = backends.iter().map(BackendName::as_str).collect();
    if names.is_empty() { String::new() } else { format!(" of {}", clip(&names.join(", "), LONG)) }
}

/// A statement of an IAM policy, to paste.
fn statement(actions: &[String], resource: &str) -> String {
    // A map would sort the fields, and people know them in this order.
    let json = |value: &serde_json::Value| value.to_string();
    let (actions, resource) = (json(&actions.into()), json(&resource.into()));
    format!(r#"{{"Effect":"Allow","Action":{actions},"Resource":{resource}}}"#)
}
