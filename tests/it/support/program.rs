//! The program as a person starts it, in a clean environment.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::{NamedTempFile, TempDir};

use super::leash::Leash;
#[cfg(unix)]
use super::screen::Screen;

/// The program, with only the variables that a test sets.
pub struct Program {
    binary: PathBuf,
    home: TempDir,
    variables: Vec<(String, String)>,
}

/// The result of a run.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Program {
    /// The program in an empty folder, with no variable set.
    pub fn new() -> Self {
        let binary = env!("CARGO_BIN_EXE_locktender").into();
        Self { binary, home: TempDir::new().unwrap(), variables: Vec::new() }
    }

    /// Another version of the program, in place of the one that is tested.
    pub fn of_version(mut self, binary: &Path) -> Self {
        binary.clone_into(&mut self.binary);
        self
    }

    /// The program with a double of AWS at this address, its states in the bucket `states`.
    pub fn at(endpoint: &str) -> Self {
        Self::new()
            .set("AWS_ENDPOINT_URL", endpoint)
            .set("AWS_REGION", "us-east-1")
            .set("AWS_ACCESS_KEY_ID", "test")
            .set("AWS_SECRET_ACCESS_KEY", "test")
            .set("LOCKTENDER_STATE_BUCKET", "states")
    }

    /// The same program with the same variables, in another empty folder.
    pub fn same(&self) -> Self {
        let (binary, variables) = (self.binary.clone(), self.variables.clone());
        Self { binary, home: TempDir::new().unwrap(), variables }
    }

    /// Sets an environment variable.
    pub fn set(mut self, variable: &str, value: &str) -> Self {
        self.variables.push((variable.to_owned(), value.to_owned()));
        self
    }

    /// Its working directory.
    pub fn folder(&self) -> &Path {
        self.home.path()
    }

    /// Starts it with an empty input. Dropping the returned leash ends it.
    pub fn start(&self, arguments: &[&str]) -> Leash {
        self.start_reading(Path::new("/dev/null"), arguments, |command| command)
    }

    /// Starts it with one variable set to another value.
    pub fn start_with(&self, (variable, value): (&str, &str), arguments: &[&str]) -> Leash {
        let input = Path::new("/dev/null");
        self.start_reading(input, arguments, |command| command.env(variable, value))
    }

    /// Starts it with another standard output.
    pub fn start_writing(&self, stdout: impl Into<Stdio>, arguments: &[&str]) -> Leash {
        self.start_reading(Path::new("/dev/null"), arguments, |command| command.stdout(stdout))
    }

    /// Starts it on a terminal.
    #[cfg(unix)]
    pub fn start_on(&self, screen: &Screen, arguments: &[&str]) -> Leash {
        self.start_reading(screen.path(), arguments, |command| {
            command.stdout(screen.output()).stderr(screen.output())
        })
    }

    /// Starts it with another standard error.
    pub fn start_telling(&self, stderr: impl Into<Stdio>, arguments: &[&str]) -> Leash {
        self.start_reading(Path::new("/dev/null"), arguments, |command| command.stderr(stderr))
    }

    /// Runs it to its end with an empty input.
    pub async fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with(arguments, "").await
    }

    /// Runs it to its end with this on its standard input.
    pub async fn run_with(&self, arguments: &[&str], input: &str) -> Ran {
        let mut file = NamedTempFile::new().unwrap();
        file.write_all(input.as_bytes()).unwrap();
        let mut running = self.start_reading(file.path(), arguments, |command| command);
        let status = running.wait().await;
        Ran { code: status.code(), stdout: running.stdout(), stderr: running.stderr() }
    }

    fn start_reading(
        &self,
        input: &Path,
        arguments: &[&str],
        configure: impl FnOnce(&mut Command) -> &mut Command,
    ) -> Leash {
        Leash::spawn_reading(input, &self.binary, |command| {
            command
                .args(arguments)
                .env_clear()
                .env("HOME", self.home.path())
                .envs(self.variables.iter().map(|(name, value)| (name, value)))
                .current_dir(self.home.path());
            configure(command)
        })
    }
}
