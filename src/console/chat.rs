//! A chat channel in a terminal, in which several people can speak.
//!
//! A line is `alice: /lock status env/prod` or `bob: press Refresh`. What is asked goes through the
//! same commands as on Discord; only the edge is another.

use std::io::Write;

use super::parse::{Said, parse, speaker};
use super::{Input, Style, text};
use crate::command::{Audience, Command};
use crate::commands::{self, Context, Reply};
use crate::message::{Message, SHORT, Text, Tone, visible};

/// Names offered for completion at the terminal.
const COMPLETIONS: usize = 100;

/// One chat, with what has been said in it so far.
pub struct Chat<'w> {
    context: Context,
    style: Style,
    out: &'w mut dyn Write,
    /// Messages with buttons, oldest first.
    shown: Vec<Shown>,
    /// Lines so far: what a fault's reference is made of.
    lines: usize,
}

/// A message that can be pressed, and the only one who sees it, if it is not for everyone.
struct Shown {
    message: Message,
    only: Option<String>,
}

/// Who sees a message, and whether it takes another's place.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Note {
    None,
    Updated,
    OnlyAsker,
}

impl<'w> Chat<'w> {
    /// A chat in which nothing has been said.
    pub fn new(context: Context, style: Style, out: &'w mut dyn Write) -> Self {
        Self { context, style, out, shown: Vec::new(), lines: 0 }
    }

    /// Answers line by line until the input ends or somebody says `quit`.
    ///
    /// # Errors
    /// When the input cannot be read or the output cannot be written.
    pub async fn run(&mut self, input: &mut Input) -> std::io::Result<()> {
        loop {
            let Some(line) = input.next_line(self.completions(input).await).await? else {
                return Ok(());
            };
            let (speaker, words) = speaker(&line);
            // A terminal shows the line already; a pipe's reader would see answers to nothing.
            if !input.is_terminal() && !words.is_empty() {
                writeln!(self.out, "{speaker}: {}", visible(words))?;
            }
            match parse(words) {
                Said::Quit => return Ok(()),
                said => self.answer(speaker, said).await?,
            }
            self.out.flush()?;
        }
    }

    async fn answer(&mut self, speaker: &str, said: Said) -> std::io::Result<()> {
        self.lines += 1;
        let (command, note) = match said {
            Said::Nothing => return Ok(()),
            Said::Command(command) => (command, Note::None),
            Said::Press(label) => match self.button(speaker, &label) {
                Some(command) => (command, Note::Updated),
                None => return self.say(speaker, &no_button(&label), Note::OnlyAsker),
            },
            Said::Else | Said::Quit => return self.say(speaker, &manners(), Note::OnlyAsker),
        };
        let reference = format!("line {}", self.lines);
        match commands::answer(&Ok(command), &self.context, &reference).await.said {
            Ok(Reply { message, audience: Audience::Channel }) => {
                self.say(speaker, &message, note)?;
                self.shown.push(Shown { message, only: None });
            }
            Ok(Reply { message, audience: Audience::Asker }) => {
                self.say(speaker, &message, Note::OnlyAsker)?;
                self.shown.push(Shown { message, only: Some(speaker.to_owned()) });
            }
            Err(message) => self.say(speaker, &message, Note::OnlyAsker)?,
        }
        Ok(())
    }

    /// What the button of this label does, on the last message that this person sees it on.
    fn button(&self, speaker: &str, label: &str) -> Option<Command> {
        let seen = |shown: &&Shown| shown.only.as_ref().is_none_or(|only| only == speaker);
        self.shown.iter().rev().filter(seen).find_map(|shown| {
            let buttons = &shown.message.buttons;
            let fits = |label: &str, wanted: &str| label.eq_ignore_ascii_case(wanted);
            buttons.iter().find(|b| b.enabled && fits(b.label, label)).map(|b| b.command.clone())
        })
    }

    /// Writes a message, marked as to who sees it.
    fn say(&mut self, speaker: &str, message: &Message, note: Note) -> std::io::Result<()> {
        match note {
            Note::None => {}
            Note::Updated => writeln!(self.out, "  (in place of the message before)")?,
            Note::OnlyAsker => writeln!(self.out, "  (only {speaker} sees this)")?,
        }
        for line in text(message, self.style).lines() {
            writeln!(self.out, "  {line}")?;
        }
        writeln!(self.out)
    }

    async fn completions(&self, input: &Input) -> Vec<String> {
        if !input.is_terminal() {
            return Vec::new();
        }
        let Some(known) = self.context.directory.known().await else {
            return Vec::new();
        };
        known.matching("", COMPLETIONS).iter().map(|state| state.name.to_string()).collect()
    }
}

fn no_button(label: &str) -> Message {
    if label.is_empty() {
        return manners();
    }
    let sentence = Text::own("There is no button ")
        .quote(label, SHORT)
        .then(" to press: a button is what stands in brackets under a message.");
    Message::sentence(Tone::Plain, sentence)
}

fn manners() -> Message {
    Message::sentence(
        Tone::Plain,
        Text::own(
            "Nobody answers to that: type `alice: /lock status env/prod`, `/lock list`, \
             `/lock help`, `bob: press Refresh`, or `quit`.",
        ),
    )
}
