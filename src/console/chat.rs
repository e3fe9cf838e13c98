//! A chat channel in a terminal, in which several people can speak.
//!
//! A line is `alice: /lock status env/prod` or `bob: press Approve`. It uses the same commands as
//! Discord, only the edge differs.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;

use super::parse::{Said, parse, speaker};
use super::{Board, Input};
use crate::command::{Audience, Command};
use crate::commands::{Asker, Reply, answer};
use crate::context::Context;
use crate::error::GivenUp;
use crate::message::{Form, Message};
use crate::people::{Actor, ChannelId, EventId, GuildId, MessageId, Person, Place, Room, UserId};
use crate::ports::Acceptance;
use crate::text::visible;
use crate::words::terminal as words;

/// Most names offered for completion.
const COMPLETIONS: usize = 100;

/// The only channel.
const HERE: Place = Place { guild: GuildId::new(1), channel: ChannelId::new(1) };

/// A chat with its open forms.
pub struct Chat {
    context: Context,
    board: Arc<Board>,
    /// The form that each person has not answered yet.
    forms: HashMap<UserId, Form>,
    /// The number of the last event.
    last: u64,
}

/// The speaker, by name and number.
#[derive(Clone, Copy)]
struct Speaker<'l> {
    name: &'l str,
    id: UserId,
}

/// A person at the terminal always waits for the result, so an answer is always accepted.
struct Waits;

#[async_trait]
impl Acceptance for Waits {
    async fn accept(&self) -> Result<(), GivenUp> {
        Ok(())
    }
}

impl Chat {
    /// A new chat.
    #[must_use]
    pub fn new(context: Context, board: Arc<Board>) -> Self {
        Self { context, board, forms: HashMap::new(), last: 0 }
    }

    /// Answers each line until the input ends or a person types `quit`. After each line, `look`
    /// checks the locks for changes.
    ///
    /// # Errors
    /// When the input cannot be read or the output cannot be written.
    pub async fn run(&mut self, input: &mut Input, look: impl AsyncFn()) -> std::io::Result<()> {
        loop {
            let Some(line) = input.next_line(self.completions(input).await).await? else {
                return Ok(());
            };
            let (name, words) = speaker(&line);
            // A terminal already shows the typed line. A pipe does not, so its reader could not
            // match the answers.
            if !input.is_terminal() && !words.is_empty() {
                self.board.print(&format!("{name}: {}", visible(words)))?;
            }
            match parse(words) {
                Said::Quit => return Ok(()),
                said => self.answer(Speaker { name, id: number(name) }, said).await?,
            }
            look().await;
        }
    }

    async fn answer(&mut self, by: Speaker<'_>, said: Said) -> std::io::Result<()> {
        let (command, pressed) = match said {
            Said::Nothing => return Ok(()),
            Said::Command(command) => (command, None),
            Said::Press(label) => match self.board.button(by.id, &label) {
                Some((message, command)) => (command, Some(message)),
                None => return self.say_to(by, words::no_button(&label), None),
            },
            Said::Answer(text) => match self.filled(by, text) {
                Ok(command) => (command, None),
                Err(message) => return self.say_to(by, *message, None),
            },
            Said::Else | Said::Quit => return self.say_to(by, words::manners(), None),
        };
        let actor = Actor {
            person: Person { id: by.id, name: by.name.to_owned() },
            is_bot: false,
            // Everyone may approve. The rules still prevent one person from doing it alone.
            roles: self.context.policies.general().approver_roles.clone(),
            place: HERE,
            room: Room::default(),
        };
        let asker = Asker { actor: &actor, event: self.event(), acceptance: &Waits };
        let asked = Ok(command);
        // The future is large, because a release has many steps.
        match Box::pin(answer(&asked, &asker, &self.context)).await.said {
            None | Some(Ok(Reply::Silent)) => Ok(()),
            Some(Ok(Reply::Message { message, audience: Audience::Channel })) => {
                let mark = pressed.map(|_| "(in place of the message before)");
                self.board.say(mark, message, None, pressed)
            }
            Some(Ok(Reply::Message { message, audience: Audience::Asker })) => {
                self.say_to(by, message, pressed)
            }
            Some(Ok(Reply::Form(form))) => {
                let question = words::question(&form, by.name);
                self.forms.insert(by.id, form);
                self.say_to(by, question, None)
            }
            Some(Err(message)) => self.say_to(by, message, None),
        }
    }

    /// Shows a message to one person, in place of the pressed message if that is replaced.
    fn say_to(
        &self,
        by: Speaker<'_>,
        message: Message,
        instead_of: Option<MessageId>,
    ) -> std::io::Result<()> {
        let mark = format!("(only {} sees this)", by.name);
        self.board.say(Some(&mark), message, Some(by.id), instead_of)
    }

    /// The command of the person's open form with this text, or a message that says what is wrong.
    fn filled(&mut self, by: Speaker<'_>, text: String) -> Result<Command, Box<Message>> {
        let Some(form) = self.forms.remove(&by.id) else {
            return Err(Box::new(words::asked_nothing()));
        };
        if form.required && text.is_empty() {
            let question = words::question(&form, by.name);
            self.forms.insert(by.id, form);
            return Err(Box::new(question));
        }
        Ok(form.command.filled(text))
    }

    /// The number of the next event. A repeated number would count as a duplicate, and requests are
    /// named by it. The clock keeps the numbers of this run apart from those that an earlier run
    /// stored in a file.
    fn event(&mut self) -> EventId {
        let now = self.context.reading.clock.now().timestamp_micros();
        self.last = u64::try_from(now).unwrap_or_default().max(self.last + 1);
        EventId::new(self.last)
    }

    async fn completions(&self, input: &Input) -> Vec<String> {
        if !input.is_terminal() {
            return Vec::new();
        }
        let Some(known) = self.context.reading.directory.known().await else {
            return Vec::new();
        };
        let states = known.matching("", COMPLETIONS).into_iter().cloned();
        states.map(|state| self.context.reading.shown(state).name.to_string()).collect()
    }
}

/// The number of a person, the same in every run: the 64-bit FNV-1a hash of the name. `Bob` and
/// `bob` are one person, so one cannot approve the other's request.
fn number(name: &str) -> UserId {
    let hash = name.to_lowercase().bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    UserId::new(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_person_however_it_is_written() {
        assert_eq!(number("bob"), UserId::new(0x004d_4419_134a_0a54));
        assert_eq!(number("Bob"), number("bob"));
        assert_ne!(number("alice"), number("bob"));
    }
}
