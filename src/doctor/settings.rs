//! The settings that `run` would refuse, and a `.env` file that others can read.

use super::{Code, Diagnosis, Finding, shown};

/// A mistake in the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SettingFlaw {
    /// A setting has no value.
    Missing {
        /// Its variable.
        variable: String,
        /// What it must be set to.
        wanted: String,
    },
    /// A setting has a value that cannot be used.
    Wrong {
        /// Its variable, or the file that it is in.
        subject: String,
        /// What is wrong with it, and what is right, as a sentence.
        what: String,
    },
    /// The configuration file cannot be used.
    File {
        /// Its first mistake.
        what: String,
    },
    /// Variables of the environment's backend are set, and the file has backends.
    Unused {
        /// The variables.
        variables: Vec<String>,
    },
    /// Others on this machine can read the `.env` file.
    Readable {
        /// The file.
        file: String,
        /// Its permissions.
        mode: u32,
    },
}

/// The findings about the settings.
#[must_use]
pub fn of_settings(flaws: &[SettingFlaw]) -> Diagnosis {
    if flaws.is_empty() {
        return Diagnosis::default().checked("settings", "All settings can be used.");
    }
    flaws.iter().fold(Diagnosis::default(), |diagnosis, flaw| diagnosis.finding(finding(flaw)))
}

fn finding(flaw: &SettingFlaw) -> Finding {
    match flaw {
        SettingFlaw::Missing { variable, wanted } => Finding {
            code: Code::SettingMissing,
            subject: variable.clone(),
            what: format!("{variable} is not set."),
            why: "The bot does not start without it.".to_owned(),
            remedy: format!("Set it to {wanted}."),
        },
        SettingFlaw::Wrong { subject, what } => Finding {
            code: Code::SettingWrong,
            subject: shown(subject),
            what: super::sentence(what.trim_end_matches('.')),
            why: "The bot does not start with it.".to_owned(),
            remedy: "Correct it. The README explains every setting.".to_owned(),
        },
        SettingFlaw::File { what } => Finding {
            code: Code::SettingWrong,
            subject: "LOCKTENDER_CONFIG".to_owned(),
            what: super::advice(first_line(what)),
            why: "The bot does not start with a file that has a mistake.".to_owned(),
            remedy: "Correct it. This draws every mistake at its place:\nlocktender config check"
                .to_owned(),
        },
        SettingFlaw::Unused { variables } => Finding {
            code: Code::SettingUnused,
            subject: variables.join(", "),
            what: "They are set, and have no effect.".to_owned(),
            why: "The configuration file has backends, so the backend of the variables does not count."
                .to_owned(),
            remedy: "Remove them, or write this backend into the file.".to_owned(),
        },
        SettingFlaw::Readable { file, mode } => {
            let file = shown(file);
            Finding {
                code: Code::DotenvReadable,
                what: format!("Others on this machine can use the file {file} (mode {mode:03o})."),
                why: "It may contain the bot token and AWS credentials.".to_owned(),
                remedy: format!("Let only the bot's user read it:\nchmod 600 '{file}'"),
                subject: file,
            }
        }
    }
}

/// The first mistake in a file, as the program draws it.
fn first_line(drawn: &str) -> &str {
    let line = drawn.lines().next().unwrap_or_default();
    line.strip_prefix("error: ").unwrap_or(line).trim_end_matches('.')
}
