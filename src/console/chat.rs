//! A chat channel in a terminal, in which several people can speak.
//!
//! A line is `alice: /lock status env/prod` or `bob: press Approve`. It uses the same commands as
//! Discord, only the edge differs. A line without a name is by the person who spoke last.

mod board;
mod complete;
mod guess;
mod hints;
mod input;
mod parse;
mod pen;
mod people;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use async_trait::async_trait;

pub use self::board::Board;
use self::complete::{Offered, Offers};
use self::guess::{meant, nearest};
use self::hints::Hints;
pub use self::input::Input;
use self::input::Read;
use self::parse::{Said, first_word, parse, speaker};
use self::people::{PEOPLE, number, other_than};
use crate::command::{Audience, Command};
use crate::commands::{Asker, Reply, answer};
use crate::context::Context;
use crate::error::GivenUp;
use crate::message::{Form, Message, Text};
use crate::people::{Actor, ChannelId, EventId, GuildId, MessageId, Person, Place, Room, UserId};
use crate::ports::Acceptance;
use crate::words::terminal as words;

/// Most names offered for completion.
const COMPLETIONS: usize = 100;

/// The only channel.
const HERE: Place = Place { guild: GuildId::new(1), channel: ChannelId::new(1) };

/// A chat with its people and their open forms.
pub struct Chat {
    context: Context,
    board: Arc<Board>,
    /// Who spoke last.
    speaker: String,
    /// Everyone who has spoken or can be expected to, by name in lower case.
    people: BTreeSet<String>,
    /// The form that each person has not answered yet.
    forms: HashMap<UserId, Form>,
    /// Who was asked something by the last answer, and may answer in the next line without
    /// `answer`.
    asked: Option<UserId>,
    hints: Hints,
    /// The number of the last event.
    last: u64,
}

/// The speaker of a line, by name and number.
#[derive(Clone)]
struct Speaker {
    name: String,
    id: UserId,
}

/// A command, and the message whose button was pressed for it.
struct Asked {
    command: Command,
    pressed: Option<MessageId>,
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
        Self {
            context,
            board,
            speaker: PEOPLE[0].to_owned(),
            people: PEOPLE.map(str::to_owned).into(),
            forms: HashMap::new(),
            asked: None,
            hints: Hints::default(),
            last: 0,
        }
    }

    /// Answers each line until the input ends or a person types `quit`. After each line, `look`
    /// checks the locks for changes.
    ///
    /// # Errors
    /// When the input cannot be read or the output cannot be written.
    pub async fn run(&mut self, input: &mut Input, look: impl AsyncFn()) -> std::io::Result<()> {
        if input.is_terminal() {
            self.board.print(&words::greeting(&self.speaker, other_than(&self.speaker)))?;
        }
        let mut was_cancelled = false;
        loop {
            let offers = if input.is_terminal() { self.offers().await } else { Offers::default() };
            let line = match input.next_line(self.board.prompt(&self.speaker), offers).await? {
                Read::Line(line) => line,
                Read::Cancelled if !was_cancelled => {
                    was_cancelled = true;
                    self.board.print(&[words::how_to_quit()])?;
                    continue;
                }
                Read::Cancelled | Read::End => return Ok(()),
            };
            was_cancelled = false;
            let (name, words) = speaker(&line);
            let by = self.speaks(name);
            // A terminal already shows the typed line. A pipe does not, so its reader could not
            // match the answers.
            if !input.is_terminal() && !words.is_empty() {
                self.board.echo(&by.name, words)?;
            }
            let next = match parse(words) {
                Said::Quit => return Ok(()),
                Said::Nothing => None,
                said => self.answer(&by, said, words).await?,
            };
            look().await;
            // A script needs no advice.
            if let Some(next) = next.filter(|_| input.is_terminal()) {
                self.board.print(&[next, Text::default()])?;
            }
        }
    }

    /// The speaker of a line: the person of this name, or the one who spoke last.
    fn speaks(&mut self, name: Option<&str>) -> Speaker {
        if let Some(name) = name {
            name.clone_into(&mut self.speaker);
            self.people.insert(name.to_lowercase());
        }
        Speaker { name: self.speaker.clone(), id: number(&self.speaker) }
    }

    /// Answers what a person says in this line. Returns what the person can do next, if that was
    /// not said before.
    async fn answer(
        &mut self,
        by: &Speaker,
        said: Said,
        line: &str,
    ) -> std::io::Result<Option<Text>> {
        let was_asked = self.asked.take() == Some(by.id);
        let Asked { command, pressed } = match self.understand(by, said, line, was_asked) {
            Ok(asked) => asked,
            Err(message) => {
                self.say_to(by, *message, None)?;
                return Ok(None);
            }
        };
        let actor = Actor {
            person: Person { id: by.id, name: by.name.clone() },
            is_bot: false,
            // Everyone may approve. The rules still prevent one person from doing it alone.
            roles: self.context.policies.general().approver_roles.clone(),
            place: HERE,
            room: Room::default(),
        };
        let asker = Asker { actor: &actor, event: self.event(), acceptance: &Waits };
        let asked = Ok(command);
        // The future is large, because a release has many steps.
        let reply = match Box::pin(answer(&asked, &asker, &self.context)).await.said {
            None => Reply::Silent,
            Some(Ok(reply)) => reply,
            Some(Err(message)) => {
                self.say_to(by, message, None)?;
                return Ok(None);
            }
        };
        let next = asked.ok().and_then(|command| self.hints.after(&by.name, &command, &reply));
        match reply {
            Reply::Silent => {}
            Reply::Message { message, audience: Audience::Channel } => {
                self.board.say(pressed.map(|_| words::IN_PLACE), message, None, pressed)?;
            }
            Reply::Message { message, audience: Audience::Asker } => {
                self.say_to(by, message, pressed)?;
            }
            Reply::Form(form) => {
                let question = self.ask(by, form);
                self.say_to(by, question, None)?;
            }
        }
        Ok(next)
    }

    /// The command that a person means, or a message that says what to type instead.
    fn understand(
        &mut self,
        by: &Speaker,
        said: Said,
        line: &str,
        was_asked: bool,
    ) -> Result<Asked, Box<Message>> {
        let asked = |command| Asked { command, pressed: None };
        match said {
            Said::Command(command) => return Ok(asked(command)),
            Said::Press(label) => return self.pressed(by, &label),
            Said::Answer(text) => return self.filled(by, text).map(asked),
            Said::Else | Said::Nothing | Said::Quit => {}
        }
        let labels = self.board.labels(by.id);
        if labels.iter().any(|label| label.eq_ignore_ascii_case(line)) {
            return self.pressed(by, line);
        }
        if was_asked {
            return self.filled(by, line.to_owned()).map(asked);
        }
        let is_first = |label: &&str| label.eq_ignore_ascii_case(first_word(line).0);
        let label = labels.iter().copied().find(is_first).or_else(|| nearest(line, labels));
        let meant = meant(line).or_else(|| label.map(|label| format!("press {label}")));
        Err(Box::new(meant.map_or_else(words::not_understood, |line| words::did_you_mean(&line))))
    }

    fn pressed(&self, by: &Speaker, label: &str) -> Result<Asked, Box<Message>> {
        let Some((message, command)) = self.board.button(by.id, label) else {
            let alike = nearest(label, self.board.labels(by.id));
            return Err(Box::new(words::no_button(label, alike)));
        };
        Ok(Asked { command, pressed: Some(message) })
    }

    /// The command of the person's open form with this text, or a message that says what is wrong.
    fn filled(&mut self, by: &Speaker, text: String) -> Result<Command, Box<Message>> {
        let Some(form) = self.forms.remove(&by.id) else {
            return Err(Box::new(words::asked_nothing()));
        };
        if form.required && text.is_empty() {
            return Err(Box::new(self.ask(by, form)));
        }
        Ok(form.command.filled(text))
    }

    /// Keeps the form until it is filled in. Returns it as a message.
    fn ask(&mut self, by: &Speaker, form: Form) -> Message {
        let question = words::question(&form, &by.name);
        self.asked = Some(by.id);
        self.forms.insert(by.id, form);
        question
    }

    /// Shows a message to one person, in place of the pressed message if that is replaced.
    fn say_to(
        &self,
        by: &Speaker,
        message: Message,
        instead_of: Option<MessageId>,
    ) -> std::io::Result<()> {
        self.board.say(Some(&words::only_seen_by(&by.name)), message, Some(by.id), instead_of)
    }

    /// The number of the next event. A repeated number would count as a duplicate, and requests are
    /// named by it. The clock keeps the numbers of this run apart from those that an earlier run
    /// stored in a file.
    fn event(&mut self) -> EventId {
        let now = self.context.reading.clock.now().timestamp_micros();
        self.last = u64::try_from(now).unwrap_or_default().max(self.last + 1);
        EventId::new(self.last)
    }

    /// What can be completed in the next line.
    async fn offers(&self) -> Offers {
        let known = self.context.reading.directory.known().await;
        let states = known.iter().flat_map(|known| known.matching("", COMPLETIONS)).cloned();
        let states = states.map(|state| self.context.reading.shown(state).name.to_string());
        let offered = |name: &str| {
            let id = number(name);
            // The example of a long answer is only an example.
            let form = self.forms.get(&id).filter(|form| !form.long);
            Offered {
                buttons: self.board.labels(id),
                answer: form.map(|form| form.example.clone()),
            }
        };
        let people = self.people.iter().map(|name| (name.clone(), offered(name)));
        Offers {
            speaker: self.speaker.clone(),
            people: people.collect::<BTreeMap<_, _>>(),
            stranger: offered(""),
            states: states.collect(),
        }
    }
}
