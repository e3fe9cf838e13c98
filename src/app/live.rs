//! `locktender list --watch`: the held locks, kept up to date in a terminal.

use std::io::stdout;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{MissedTickBehavior, interval, sleep};

use super::output::{is_screen, print, size, stdout_output};
use super::{AppError, Success, command_line};
use crate::commands::{self, LiveList};
use crate::console::{Live, Output, Screen};
use crate::lock::Backend;
use crate::settings::Settings;
use crate::words::listed as words;

/// How often the screen is brought up to date, since ages grow. It is written only where that changes it.
const TICK: Duration = Duration::from_secs(1);

/// The size of a terminal that does not say its own.
const USUAL: (usize, usize) = (80, 24);

/// Looks at all locks again and again, and shows them until a signal ends it. The last table then stays in the
/// terminal.
///
/// # Errors
/// As [`list`](super::list), if the first look fails, and if standard output is no terminal.
pub async fn watch(settings: &Settings, filter: &str) -> Result<Success, AppError> {
    if !is_screen(&stdout()) {
        return Err(AppError::Refused(words::NO_SCREEN.to_owned()));
    }
    let every = settings.poll_interval()?;
    let reading = command_line(settings).await?;
    let clock = reading.clock.clone();
    let mut ends = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()]
        .into_iter()
        .map(signal)
        .collect::<Result<Vec<Signal>, _>>()?;
    let mut end = std::pin::pin!(async move {
        futures::future::select_all(ends.iter_mut().map(|end| Box::pin(end.recv()))).await;
    });
    let mut resized = signal(SignalKind::window_change())?;
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let backends = reading.catalog.backends().iter().map(|Backend { name, .. }| name.clone());
    let mut list = LiveList::new(backends, clock.now());
    // A first look that fails is told as it is without --watch.
    let first = tokio::select! {
        first = commands::list(&reading, filter) => first?,
        () = &mut end => return Ok(Success::Fine),
    };
    list.take(Ok(first), clock.now());
    let mut screen = Screen::open(stdout())?;
    loop {
        let next = async {
            sleep(every).await;
            commands::list(&reading, filter).await
        };
        let mut next = std::pin::pin!(next);
        loop {
            let ((width, rows), output) = (size(&stdout()).unwrap_or(USUAL), stdout_output());
            // The last column stays free: terminals differ in what they do behind it.
            let output = Output { width: Some(width.saturating_sub(1)), ..output };
            let live = Live { filter, every, output };
            screen.draw(live.frame(&list, clock.now(), rows))?;
            tokio::select! {
                looked = &mut next => {
                    list.take(looked, clock.now());
                    break;
                }
                _ = ticks.tick() => {}
                _ = resized.recv() => screen.forget(),
                () = &mut end => {
                    drop(screen);
                    print(&live.rest(&list, clock.now()))?;
                    return Ok(Success::Fine);
                }
            }
        }
    }
}
