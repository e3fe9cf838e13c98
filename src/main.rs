//! The command line: parse, call, exit code.

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use locktender::app::{self, AppError, Success};
use locktender::settings::{Call, Cli, ConfigCall};
use locktender::{dotenv, telemetry};

fn main() -> ExitCode {
    match run() {
        Ok(Success::Fine) => ExitCode::SUCCESS,
        Ok(Success::ConditionFails) => ExitCode::from(1),
        Ok(Success::Unknown) => ExitCode::from(2),
        Ok(Success::NotRead) => ExitCode::from(3),
        // The reader closed the pipe, so it needs no more output.
        Err(AppError::Io(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => {
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("locktender: {error}");
            if let Some(cause) = error.cause() {
                eprintln!("  it said: {cause}");
            }
            ExitCode::from(error.exit_code())
        }
    }
}

fn run() -> Result<Success, AppError> {
    let dotenv = dotenv::read();
    let Cli { call, settings } = Cli::parse();
    let dotenv = match &call {
        // It says what is wrong with the settings.
        Call::Doctor { .. } => dotenv.err(),
        #[cfg(feature = "embedded")]
        Call::Demo { .. } => None,
        // These two read no setting.
        Call::Completions { .. } | Call::Man => None,
        _ => dotenv.map(|()| None)?,
    };
    match settings.log() {
        Ok((filter, format)) => telemetry::start(filter, format),
        Err(_) if matches!(call, Call::Doctor { .. } | Call::Completions { .. } | Call::Man) => {}
        Err(error) => return Err(error.into()),
    }
    // A single read needs no second thread, and starts faster without one.
    let mut runtime = if matches!(call, Call::Status { .. } | Call::List { .. }) {
        tokio::runtime::Builder::new_current_thread()
    } else {
        tokio::runtime::Builder::new_multi_thread()
    };
    let runtime = runtime.enable_all().build()?;
    let done = runtime.block_on(async {
        match call {
            Call::Run { migrate } => app::run(&settings, migrate).await,
            #[cfg(feature = "embedded")]
            Call::Demo { db } => app::demo(db.as_deref()).await,
            Call::Status { state, json, exit_code } => {
                app::status(&settings, &state, json, exit_code).await
            }
            Call::List { filter, watch: true, .. } => app::watch(&settings, &filter).await,
            Call::List { filter, json, .. } => app::list(&settings, &filter, json).await,
            Call::Audit { call } => app::audit(&settings, &call).await,
            Call::Report { days, format, svg } => {
                app::report(&settings, days, format, svg.as_deref()).await
            }
            Call::Config { call: ConfigCall::Check { explain } } => {
                app::check_config(&settings, explain.as_deref())
            }
            Call::Doctor { json } => app::doctor(&settings, dotenv, json).await,
            Call::Migrate { check: false } => app::migrate(&settings).await,
            Call::Migrate { check: true } => app::check_migrations(&settings).await,
            Call::Completions { shell } => app::completions(shell),
            Call::Man => app::manual(),
        }
    });
    // Does not wait for the remaining tasks: they have nothing left to do, and a read from a
    // terminal would never end.
    runtime.shutdown_timeout(Duration::ZERO);
    done
}
