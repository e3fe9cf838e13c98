//! The people of the chat.

use crate::people::UserId;

/// Who can speak at the start. The first one speaks in a line without a name.
pub(super) const PEOPLE: [&str; 3] = ["alice", "bob", "carol"];

/// A person who may approve what this one requests.
pub(super) fn other_than(name: &str) -> &'static str {
    if number(name) == number(PEOPLE[1]) { PEOPLE[0] } else { PEOPLE[1] }
}

/// The number of a person, the same in every run: the 64-bit FNV-1a hash of the name. `Bob` and
/// `bob` are one person, so one cannot approve the other's request.
pub(super) fn number(name: &str) -> UserId {
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
