//! The command line: parse, call, exit code.

use std::process::ExitCode;

use clap::Parser;
use locktender::app::{self, AppError, Done};
use locktender::settings::{self, Call, Cli};
use locktender::telemetry;

fn main() -> ExitCode {
    match run() {
        Ok(Done::Fine) => ExitCode::SUCCESS,
        Ok(Done::ConditionFails) => ExitCode::from(1),
        // Whoever closed the pipe has what they wanted.
        Err(AppError::Io(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => {
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("locktender: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}

fn run() -> Result<Done, AppError> {
    settings::read_dotenv()?;
    let Cli { call, settings } = Cli::parse();
    let (filter, format) = settings.log()?;
    telemetry::start(filter, format).map_err(|problem| settings::wrong_log(&problem))?;
    // A single read needs no second thread, and starts sooner without.
    let mut runtime = if matches!(call, Call::Status { .. } | Call::List { .. }) {
        tokio::runtime::Builder::new_current_thread()
    } else {
        tokio::runtime::Builder::new_multi_thread()
    };
    runtime.enable_all().build()?.block_on(async {
        match call {
            Call::Run => app::run(&settings).await,
            #[cfg(feature = "embedded")]
            Call::Demo { db } => app::demo(db.as_deref()).await,
            Call::Status { state, json, exit_code } => {
                app::status(&settings, &state, json, exit_code).await
            }
            Call::List { filter, json } => app::list(&settings, &filter, json).await,
        }
    })
}
