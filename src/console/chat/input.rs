//! The source of the chat's lines: a person at a terminal, or a pipe.

use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;

use rustyline::completion::{Completer, Pair};
use rustyline::config::BellStyle;
use rustyline::error::ReadlineError;
use rustyline::history::MemHistory;
use rustyline::{
    CompletionType, Config, Editor, ExternalPrinter, Helper, Highlighter, Hinter, Validator,
};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader, Stdin};

use super::complete::{Offers, complete};

/// Longest line from a pipe, in bytes. A longer line is read as several.
const LINE_LIMIT: u64 = 64 * 1024;

/// A source of lines.
pub enum Input {
    /// A pipe or a file.
    Pipe(BufReader<Stdin>),
    /// A person at a terminal.
    Terminal(Terminal),
}

/// A terminal with line editing, history and completion.
pub struct Terminal {
    /// `None` while a line is read, and after a panic in that.
    editor: Option<Box<Editor<Completion, MemHistory>>>,
    /// Whether a line is being typed.
    typing: Arc<AtomicBool>,
}

/// What was read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Read {
    Line(String),
    /// The person cancelled the line with Ctrl-C.
    Cancelled,
    End,
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
        let config = Config::builder()
            .completion_type(CompletionType::List)
            .completion_show_all_if_ambiguous(true)
            .bell_style(BellStyle::None)
            .auto_add_history(true)
            .build();
        let mut editor = Editor::with_history(config, MemHistory::new()).map_err(into_io)?;
        editor.set_helper(Some(Completion::default()));
        Ok(Self::Terminal(Terminal { editor: Some(Box::new(editor)), typing: Arc::default() }))
    }

    /// Whether a person is typing and already sees the typed line.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        matches!(self, Self::Terminal(_))
    }

    /// A writer that prints above the line being typed. `None` if the input is not a terminal or
    /// the output goes elsewhere.
    pub fn printer(&mut self) -> Option<Box<dyn Write + Send>> {
        let Self::Terminal(terminal) = self else { return None };
        let editor = terminal.editor.as_mut()?;
        let printer = editor.create_external_printer().ok()?;
        let mut above = editor.create_external_printer().ok()?;
        let (queue, queued) = mpsc::channel();
        // Ends with the process, or with the terminal.
        std::thread::spawn(move || queued.iter().try_for_each(|lines| above.print(lines)));
        Some(Box::new(Above { printer, queue, typing: terminal.typing.clone() }))
    }

    /// The next line, after a prompt, plain and painted. A pipe has no prompt.
    ///
    /// # Errors
    /// When the input cannot be read.
    pub(super) async fn next_line(
        &mut self,
        prompt: (String, String),
        offers: Offers,
    ) -> std::io::Result<Read> {
        match self {
            Self::Pipe(pipe) => {
                let mut bytes = Vec::new();
                let read = pipe.take(LINE_LIMIT).read_until(b'\n', &mut bytes).await?;
                if read == 0 {
                    return Ok(Read::End);
                }
                Ok(Read::Line(String::from_utf8_lossy(&bytes).into_owned()))
            }
            Self::Terminal(terminal) => terminal.next_line(prompt, offers).await,
        }
    }
}

impl Terminal {
    async fn next_line(
        &mut self,
        prompt: (String, String),
        offers: Offers,
    ) -> std::io::Result<Read> {
        let Some(mut editor) = self.editor.take() else {
            return Ok(Read::End);
        };
        if let Some(completion) = editor.helper_mut() {
            completion.offers = offers;
        }
        self.typing.store(true, Ordering::SeqCst);
        // A person may take any time to type, and this must not block anything else.
        let read = tokio::task::spawn_blocking(move || {
            let line = editor.readline(&prompt);
            (editor, line)
        })
        .await;
        self.typing.store(false, Ordering::SeqCst);
        let (editor, line) = read.map_err(std::io::Error::other)?;
        self.editor = Some(editor);
        match line {
            Ok(line) => Ok(Read::Line(line)),
            Err(ReadlineError::Interrupted) => Ok(Read::Cancelled),
            Err(ReadlineError::Eof) => Ok(Read::End),
            Err(error) => Err(into_io(error)),
        }
    }
}

/// Prints whole lines above the line that is being typed. While a person types, they go through a
/// queue: the editor takes them between two keys, and who writes must not wait for a key.
struct Above<P> {
    printer: P,
    queue: mpsc::Sender<String>,
    typing: Arc<AtomicBool>,
}

impl<P: ExternalPrinter> Write for Above<P> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let lines = String::from_utf8_lossy(bytes).into_owned();
        if self.typing.load(Ordering::SeqCst) {
            self.queue.send(lines).map_err(std::io::Error::other)?;
        } else {
            self.printer.print(lines).map_err(into_io)?;
        }
        Ok(bytes.len())
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

/// What a line is completed with.
#[derive(Default, Helper, Hinter, Highlighter, Validator)]
pub(super) struct Completion {
    offers: Offers,
}

impl Completer for Completion {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        position: usize,
        _: &rustyline::Context<'_>,
    ) -> rustyline::Result<(usize, Vec<Pair>)> {
        let (start, all) = complete(&line[..position], &self.offers);
        let pair = |one: String| Pair { display: one.trim_end().to_owned(), replacement: one };
        Ok((start, all.into_iter().map(pair).collect()))
    }
}
