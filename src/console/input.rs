//! The source of the chat's lines: a person at a terminal, or a pipe.

use std::io::{IsTerminal, Write};

use rustyline::completion::{Completer, Pair};
use rustyline::error::ReadlineError;
use rustyline::history::MemHistory;
use rustyline::{
    CompletionType, Config, Editor, ExternalPrinter, Helper, Highlighter, Hinter, Validator,
};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader, Stdin};

/// Longest line from a pipe, in bytes. A longer line is read as several.
const LINE_LIMIT: u64 = 64 * 1024;

/// A source of lines.
pub enum Input {
    /// A pipe or a file.
    Pipe(BufReader<Stdin>),
    /// A person at a terminal, with line editing, history and completion.
    Terminal(Box<Option<Editor<Completion, MemHistory>>>),
}

impl Input {
    /// Standard input, from a terminal or a pipe.
    ///
    /// # Errors
    /// When the terminal cannot be set up.
    pub fn stdin() -> std::io::Result<Self> {
        if !std::io::stdin().is_terminal() {
            return Ok(Self::Pipe(BufReader::new(tokio::io::stdin())));
        }
        let config = Config::builder().completion_type(CompletionType::List).build();
        let mut editor = Editor::with_history(config, MemHistory::new()).map_err(into_io)?;
        editor.set_helper(Some(Completion::default()));
        Ok(Self::Terminal(Box::new(Some(editor))))
    }

    /// Whether a person is typing and already sees the typed line.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        matches!(self, Self::Terminal(_))
    }

    /// A writer that prints above the line being typed. `None` if the input is not a terminal or
    /// the output goes elsewhere.
    pub fn printer(&mut self) -> Option<Box<dyn Write + Send>> {
        let Self::Terminal(slot) = self else { return None };
        let printer = (**slot).as_mut()?.create_external_printer().ok()?;
        Some(Box::new(Above(printer)))
    }

    /// The next line. `None` at the end of input. `states` are offered for completion.
    ///
    /// # Errors
    /// When the input cannot be read.
    pub async fn next_line(&mut self, states: Vec<String>) -> std::io::Result<Option<String>> {
        match self {
            Self::Pipe(pipe) => {
                let mut bytes = Vec::new();
                let read = pipe.take(LINE_LIMIT).read_until(b'\n', &mut bytes).await?;
                Ok((read > 0).then(|| String::from_utf8_lossy(&bytes).into_owned()))
            }
            Self::Terminal(slot) => {
                let Some(mut editor) = slot.take() else {
                    return Ok(None);
                };
                if let Some(completion) = editor.helper_mut() {
                    completion.states = states;
                }
                // A person may take any time to type, and this must not block anything else.
                let (editor, line) = tokio::task::spawn_blocking(move || {
                    let line = editor.readline("> ");
                    if let Ok(line) = &line {
                        // History is optional, so an error here does not stop the chat.
                        let _ = editor.add_history_entry(line);
                    }
                    (editor, line)
                })
                .await
                .map_err(std::io::Error::other)?;
                **slot = Some(editor);
                match line {
                    Ok(line) => Ok(Some(line)),
                    // The person cancelled the line.
                    Err(ReadlineError::Interrupted) => Ok(Some(String::new())),
                    Err(ReadlineError::Eof) => Ok(None),
                    Err(error) => Err(into_io(error)),
                }
            }
        }
    }
}

/// Prints whole lines above the line that is being typed.
struct Above<P>(P);

impl<P: ExternalPrinter> Write for Above<P> {
    fn write(&mut self, lines: &[u8]) -> std::io::Result<usize> {
        self.0.print(String::from_utf8_lossy(lines).into_owned()).map_err(into_io)?;
        Ok(lines.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn into_io(error: ReadlineError) -> std::io::Error {
    match error {
        ReadlineError::Io(error) => error,
        error => std::io::Error::other(error),
    }
}

/// The words after `/lock`, with a trailing blank if a state follows.
const SUBCOMMANDS: [&str; 10] = [
    "status ",
    "list",
    "unlock ",
    "deny ",
    "withdraw ",
    "watch ",
    "unwatch ",
    "watches",
    "history ",
    "help",
];

/// Completes the words of a chat line. The last word is a state's name.
#[derive(Default, Helper, Hinter, Highlighter, Validator)]
pub struct Completion {
    states: Vec<String>,
}

impl Completer for Completion {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        position: usize,
        _: &rustyline::Context<'_>,
    ) -> rustyline::Result<(usize, Vec<Pair>)> {
        let typed = &line[..position];
        let start = typed.rfind(' ').map_or(0, |at| at + 1);
        let word = &typed[start..];
        let before = typed[..start].trim_end();
        let is_of_a_state = SUBCOMMANDS.iter().any(|subcommand| {
            subcommand.ends_with(' ') && before.ends_with(&format!("/lock {}", subcommand.trim()))
        });
        let candidates: Vec<&str> = if is_of_a_state {
            self.states.iter().map(String::as_str).collect()
        } else if before.ends_with("/lock") {
            SUBCOMMANDS.to_vec()
        } else if word.starts_with('/') {
            vec!["/lock "]
        } else {
            vec![]
        };
        let pairs = candidates
            .into_iter()
            .filter(|candidate| candidate.starts_with(word))
            .map(|candidate| Pair {
                display: candidate.to_owned(),
                replacement: candidate.to_owned(),
            })
            .collect();
        Ok((start, pairs))
    }
}
