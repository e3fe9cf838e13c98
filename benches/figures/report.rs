//! The table of figures, and the statistics of a series of measurements.

use std::fmt;
use std::time::Duration;

use comfy_table::Table;
use comfy_table::presets::ASCII_MARKDOWN;

/// The target of a figure.
#[derive(Clone, Copy)]
pub enum Target {
    /// The ratio of the two measurements must be at most this.
    AtMost(f64),
    /// The ratio of the two measurements must be at least this.
    AtLeast(f64),
    /// The measurement itself must be under this, in this unit. There is nothing to compare with.
    Under(f64, &'static str),
    /// No target: the figure explains another one.
    None,
}

/// The figures so far.
#[derive(Default)]
pub struct Report {
    rows: Vec<[String; 6]>,
    notes: Vec<&'static str>,
}

impl Report {
    /// Adds a figure: what was measured, what it is compared with, and the value for the target.
    pub fn figure(
        &mut self,
        what: &str,
        target: Target,
        measured: String,
        compared: String,
        value: f64,
    ) {
        let ratio = format!("{value:.2} x");
        let (wanted, ratio, reached) = match target {
            Target::AtMost(limit) => (format!("at most {limit} x"), ratio, Some(value <= limit)),
            Target::AtLeast(limit) => (format!("at least {limit} x"), ratio, Some(value >= limit)),
            Target::Under(limit, unit) => {
                (format!("under {limit} {unit}"), String::new(), Some(value < limit))
            }
            Target::None => (String::new(), ratio, None),
        };
        let verdict = reached.map_or("", |reached| if reached { "reached" } else { "missed" });
        let row = [what.to_owned(), wanted, measured, compared, ratio, verdict.to_owned()];
        // A run takes minutes, so this shows the progress.
        eprintln!("{what}: {}", row[2]);
        self.rows.push(row);
    }

    /// Adds a line under the table.
    pub fn note(&mut self, note: &'static str) {
        self.notes.push(note);
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = Table::new();
        table.load_style(ASCII_MARKDOWN).set_header([
            "figure",
            "target",
            "Locktender",
            "compared with",
            "ratio",
            "",
        ]);
        table.add_rows(&self.rows);
        writeln!(f, "{table}")?;
        for (at, note) in self.notes.iter().enumerate() {
            let space = if at == 0 { "\n" } else { "" };
            writeln!(f, "{space}- {note}")?;
        }
        Ok(())
    }
}

/// The value below which this share of a series is.
pub fn quantile(series: &[Duration], share: f64) -> Duration {
    let mut sorted = series.to_vec();
    sorted.sort_unstable();
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a series has some hundred values, and the share is between 0 and 1"
    )]
    let at = ((sorted.len() - 1) as f64 * share).round() as usize;
    sorted[at]
}

/// The median of a series.
pub fn median(series: &[Duration]) -> Duration {
    quantile(series, 0.5)
}

/// `value` divided by `base`.
pub fn ratio(value: Duration, base: Duration) -> f64 {
    value.as_secs_f64() / base.as_secs_f64()
}

/// A duration in milliseconds, formatted for the table.
pub fn ms(duration: Duration) -> String {
    format!("{:.2} ms", duration.as_secs_f64() * 1e3)
}
