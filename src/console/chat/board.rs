//! The channel of the terminal chat. All messages pass through here one after the other. They are
//! kept so that they can be changed and their buttons pressed.

use std::io::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::pen::Pen;
use crate::command::Command;
use crate::console::{Style, text};
use crate::message::{Message, Text};
use crate::people::{ChannelId, MessageId, UserId};
use crate::ports::{Channels, Undelivered};
use crate::text::visible;

/// Number of kept messages. A dropped one counts as deleted: it cannot be changed or pressed any
/// more.
const KEPT: usize = 200;

/// The channel of a chat. Posts and answers use one lock, so that no message is written into the
/// middle of another.
pub struct Board {
    pen: Pen,
    /// Never locked across an await.
    page: Mutex<Page>,
}

struct Page {
    out: Box<dyn Write + Send>,
    /// In the order of their last writing.
    shown: Vec<Shown>,
    /// The number of the newest message.
    last: u64,
}

/// A message that has been written.
struct Shown {
    id: MessageId,
    message: Message,
    /// The only person who sees it. `None` for everyone.
    only: Option<UserId>,
    /// Detects a second post of the message.
    nonce: Option<String>,
}

impl Board {
    /// An empty channel. Message numbers start from its start time, so they differ from the numbers
    /// stored by an earlier run.
    #[must_use]
    pub fn new(style: Style, started: DateTime<Utc>, out: Box<dyn Write + Send>) -> Self {
        let last = u64::try_from(started.timestamp_micros()).unwrap_or_default();
        let page = Mutex::new(Page { out, shown: Vec::new(), last });
        Self { pen: Pen::new(style), page }
    }

    /// Breaks later lines to fit this many columns. `None` for no limit.
    #[must_use]
    pub fn fitting(self, width: fn() -> Option<usize>) -> Self {
        Self { pen: self.pen.fitting(width), ..self }
    }

    /// Sends later output to another writer.
    pub fn write_to(&self, out: Box<dyn Write + Send>) {
        self.page().out = out;
    }

    /// Writes lines that are not a message.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn print(&self, texts: &[Text]) -> std::io::Result<()> {
        self.page().print(&self.pen.texts(texts))
    }

    /// Writes what a person says, for readers who did not see it typed.
    pub(super) fn echo(&self, name: &str, words: &str) -> std::io::Result<()> {
        let name = self.pen.speaker(name, ":");
        self.page().print(&format!("{name} {}\n", visible(words)))
    }

    /// The prompt of a person, plain and painted.
    pub(super) fn prompt(&self, name: &str) -> (String, String) {
        let plain = Pen::new(Style::Plain).speaker(name, ">");
        (plain + " ", self.pen.speaker(name, ">") + " ")
    }

    /// Writes a message under the line `mark`, and replaces the message `instead_of`. If `only` is
    /// set, only that person sees it.
    pub(super) fn say(
        &self,
        mark: Option<&str>,
        message: Message,
        only: Option<UserId>,
        instead_of: Option<MessageId>,
    ) -> std::io::Result<()> {
        let mut page = self.page();
        page.print(&self.pen.message(mark, &message))?;
        page.shown.retain(|shown| Some(shown.id) != instead_of);
        // An answer can be changed only by its buttons.
        if !message.buttons.is_empty() {
            page.keep(message, only, None);
        }
        Ok(())
    }

    /// Finds the newest message that this person sees with an enabled button of this label. Returns
    /// that message and the button's command.
    pub(super) fn button(&self, by: UserId, label: &str) -> Option<(MessageId, Command)> {
        let page = self.page();
        let seen = |shown: &&Shown| shown.only.is_none_or(|only| only == by);
        page.shown.iter().rev().filter(seen).find_map(|shown| {
            let mut enabled = shown.message.buttons.iter().filter(|button| button.enabled);
            let button = enabled.find(|button| button.label.eq_ignore_ascii_case(label))?;
            Some((shown.id, button.command.clone()))
        })
    }

    /// The labels that this person can press, of the newest message first.
    pub(super) fn labels(&self, by: UserId) -> Vec<&'static str> {
        let page = self.page();
        let seen = page.shown.iter().rev().filter(|shown| shown.only.is_none_or(|only| only == by));
        let mut labels = Vec::new();
        for button in seen.flat_map(|shown| &shown.message.buttons) {
            if button.enabled && !labels.contains(&button.label) {
                labels.push(button.label);
            }
        }
        labels
    }

    /// The page is consistent between two calls, so a poisoned lock can be used again.
    fn page(&self) -> MutexGuard<'_, Page> {
        self.page.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Page {
    fn print(&mut self, lines: &str) -> std::io::Result<()> {
        self.out.write_all(lines.as_bytes())?;
        self.out.flush()
    }

    fn keep(&mut self, message: Message, only: Option<UserId>, nonce: Option<String>) -> MessageId {
        self.last += 1;
        let id = MessageId::new(self.last);
        self.shown.push(Shown { id, message, only, nonce });
        if self.shown.len() > KEPT {
            self.shown.remove(0);
        }
        id
    }
}

#[async_trait]
impl Channels for Board {
    async fn post(
        &self,
        _: ChannelId,
        message: &Message,
        nonce: &str,
    ) -> Result<MessageId, Undelivered> {
        let mut page = self.page();
        let posted = |shown: &&Shown| shown.nonce.as_deref() == Some(nonce);
        if let Some(shown) = page.shown.iter().find(posted) {
            return Ok(shown.id);
        }
        // Who would be pinged on Discord. A terminal pings no one.
        let called = match (message.calls.is_empty(), message.pings.is_empty()) {
            (false, _) => ": @approvers",
            (true, false) => ": @those who wait",
            (true, true) => "",
        };
        let mark = format!("(locktender, to the channel{called})");
        page.print(&self.pen.message(Some(&mark), message)).map_err(|e| closed(&e))?;
        Ok(page.keep(message.clone(), None, Some(nonce.to_owned())))
    }

    /// A visible change is written again at the end, where people look.
    async fn edit(
        &self,
        _: ChannelId,
        id: MessageId,
        message: &Message,
    ) -> Result<(), Undelivered> {
        let page = &mut *self.page();
        let posted = |shown: &Shown| shown.id == id && shown.nonce.is_some();
        let at = page.shown.iter().position(posted).ok_or(Undelivered::MessageGone)?;
        let before = text(&page.shown[at].message, Style::Plain);
        page.shown[at].message = message.clone();
        if text(message, Style::Plain) == before {
            // The change is not visible, so nothing is written.
            return Ok(());
        }
        page.shown[at..].rotate_left(1);
        let written = self.pen.message(Some("(locktender, its card changed)"), message);
        page.print(&written).map_err(|e| closed(&e))
    }
}

/// The terminal was closed. Notices stored in a file are delivered at the next start.
fn closed(error: &std::io::Error) -> Undelivered {
    let why = format!("the terminal does not take it: {error}");
    Undelivered::Everywhere { after: None, why }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::message::{Text, Tone};
    use crate::people::RoleId;

    const HERE: ChannelId = ChannelId::new(1);
    const ALICE: UserId = UserId::new(1);
    const BOB: UserId = UserId::new(2);

    /// Keeps the output for the test.
    #[derive(Clone, Default)]
    struct Paper(Arc<Mutex<Vec<u8>>>);

    impl Paper {
        fn taken(&self) -> String {
            String::from_utf8(std::mem::take(&mut *self.0.lock().unwrap())).unwrap()
        }
    }

    impl Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn board() -> (Board, Paper) {
        let paper = Paper::default();
        let board = Board::new(Style::Plain, DateTime::UNIX_EPOCH, Box::new(paper.clone()));
        (board, paper)
    }

    fn card(says: &'static str, state: &str, enabled: bool) -> Message {
        let status = Command::Status { state: state.to_owned() };
        let mut message = Message::sentence(Tone::Held, Text::own(says));
        message.calls = vec![RoleId::new(7)];
        message.button("Approve", status, enabled)
    }

    fn pressed(board: &Board, by: UserId) -> Option<String> {
        let (_, command) = board.button(by, "approve")?;
        command.state().map(str::to_owned)
    }

    #[tokio::test]
    async fn a_card_is_posted_once_and_changed_in_sight() {
        let (board, paper) = board();
        let id = board.post(HERE, &card("wait", "a", true), "n1").await.unwrap();
        insta::assert_snapshot!(paper.taken(), @r"
          (locktender, to the channel: @approvers)
          wait
          [ Approve ]

        ");
        assert_eq!(board.post(HERE, &card("wait", "a", true), "n1").await, Ok(id));
        assert_eq!(board.edit(HERE, id, &card("wait", "b", true)).await, Ok(()));
        assert_eq!(paper.taken(), "", "nothing new is to be seen");
        assert_eq!(pressed(&board, BOB).as_deref(), Some("b"));

        assert_eq!(board.edit(HERE, id, &card("done", "b", false)).await, Ok(()));
        insta::assert_snapshot!(paper.taken(), @r"
          (locktender, its card changed)
          done

        ");
        assert_eq!(pressed(&board, BOB), None);
        let other = board.post(HERE, &card("wait", "c", true), "n2").await.unwrap();
        assert!(other > id);
    }

    #[tokio::test]
    async fn what_only_one_sees_only_one_presses() {
        let (board, _) = board();
        board.post(HERE, &card("all", "for all", true), "n").await.unwrap();
        board.say(None, card("one", "for alice", true), Some(ALICE), None).unwrap();
        assert_eq!(pressed(&board, ALICE).as_deref(), Some("for alice"));
        assert_eq!(pressed(&board, BOB).as_deref(), Some("for all"));
        let (id, _) = board.button(ALICE, "Approve").unwrap();
        board.say(None, card("one", "", false), Some(ALICE), Some(id)).unwrap();
        assert_eq!(pressed(&board, ALICE).as_deref(), Some("for all"), "the other was replaced");
    }

    #[tokio::test]
    async fn an_answer_and_a_forgotten_message_cannot_be_changed() {
        let (board, _) = board();
        let gone = Err(Undelivered::MessageGone);
        board.say(None, card("one", "", true), None, None).unwrap();
        let (answer, _) = board.button(ALICE, "Approve").unwrap();
        assert_eq!(board.edit(HERE, answer, &card("two", "", true)).await, gone);
        assert!(board.button(ALICE, "Approve").is_some(), "it stays as it was");
        let first = board.post(HERE, &card("first", "", true), "first").await.unwrap();
        for n in 0..KEPT {
            board.post(HERE, &card("more", "", true), &n.to_string()).await.unwrap();
        }
        assert_eq!(board.edit(HERE, first, &card("two", "", true)).await, gone);
    }
}
