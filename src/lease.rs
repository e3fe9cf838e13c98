//! The lease: which of the replicas is connected to Discord.
//!
//! No promise about locks stands on it: conditional writes keep those, also with two replicas connected. The
//! lease saves a second look at every lock, a second answer to every click, and its holder can be named.
//!
//! No two clocks are compared. The holder writes a new version every few seconds, and counts on its own clock
//! how long the last write lasts. A replica that waits counts on its own clock since when it has seen no new
//! version. Times in here are durations on the clock of one process.

use std::time::Duration;

/// How long a write of the holder lasts.
pub const LASTS: Duration = Duration::from_secs(9);

/// The holder counts this much less, since two clocks do not run at quite the same rate.
const MARGIN: Duration = Duration::from_millis(500);

/// No holder is waited for longer than this, whatever the stored lease says.
const LONGEST: Duration = Duration::from_secs(30);

/// The stored lease.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Lease {
    /// Goes up with every write.
    pub version: u64,
    /// The replica that has written it.
    pub holder: Replica,
    /// How long the holder needs no other write.
    pub lasts: Duration,
    /// Whether the holder has given it up.
    pub is_free: bool,
    /// Whether Discord delivers interactions to the holder.
    pub is_connected: bool,
}

/// A replica, as the lease names it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Replica {
    /// A random name, another one for each start.
    pub id: String,
    /// The name of its machine, for people.
    pub host: String,
    /// Its process, where another process of the same machine could find out that it has ended.
    pub process: Option<Process>,
}

/// A process of a machine.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Process {
    /// The boot of the machine and the space of its process ids. Equal only where the ids mean the same.
    pub space: String,
    /// The process id.
    pub pid: u32,
}

/// The result of a read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Stored {
    /// No replica has ever held it.
    Nothing,
    /// An item that this version does not understand, and its version as far as that is a number.
    Odd(Option<String>),
    /// The lease.
    Lease(Lease),
}

/// What a write expects to replace. Otherwise another replica was faster, and nothing is written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Replaces {
    /// Nothing.
    Nothing,
    /// The lease with this version.
    Version(u64),
    /// An item that is not understood, and its version as far as that is a number.
    Odd(Option<String>),
}

/// What a waiting replica has seen of the lease so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Vigil {
    /// What was read last, and when it was read first.
    seen: Option<(Replaces, Duration)>,
}

impl Vigil {
    /// Judges what was read at `now`. Returns what to replace if this replica may take the lease.
    ///
    /// `has_ended` says whether a process is known to have ended. It is `false` for one that is not known.
    pub fn look(
        &mut self,
        stored: &Stored,
        me: &Replica,
        now: Duration,
        has_ended: impl FnOnce(&Process) -> bool,
    ) -> Option<Replaces> {
        let (read, lasts, is_left) = match stored {
            Stored::Nothing => (Replaces::Nothing, Duration::ZERO, true),
            Stored::Odd(version) => (Replaces::Odd(version.clone()), LASTS, false),
            Stored::Lease(Lease { version, holder, lasts, is_free, .. }) => {
                // A replica finds its own lease if it was not told that it had taken it.
                let is_left = *is_free || holder.id == me.id;
                let is_left = is_left || holder.process.as_ref().is_some_and(has_ended);
                (Replaces::Version(*version), (*lasts).min(LONGEST), is_left)
            }
        };
        let since = match &self.seen {
            Some((seen, since)) if *seen == read => *since,
            _ => now,
        };
        self.seen = Some((read.clone(), since));
        (is_left || now.saturating_sub(since) >= lasts).then_some(read)
    }
}

impl Lease {
    /// The lease that `holder` writes in place of another one.
    #[must_use]
    pub fn taken(holder: Replica, replaces: &Replaces) -> Self {
        let version = match replaces {
            Replaces::Nothing | Replaces::Odd(_) => 1,
            Replaces::Version(version) => version + 1,
        };
        Self { version, holder, lasts: LASTS, is_free: false, is_connected: false }
    }

    /// A lease that is not stored, for a replica that goes on without one. No stored lease has its version.
    #[must_use]
    pub fn without(holder: Replica) -> Self {
        Self { version: 0, ..Self::taken(holder, &Replaces::Nothing) }
    }

    /// The holder's next write.
    #[must_use]
    pub fn renewed(&self, is_connected: bool) -> Self {
        Self { version: self.version + 1, is_connected, ..self.clone() }
    }

    /// The holder's last write.
    #[must_use]
    pub fn given_up(&self) -> Self {
        Self { is_free: true, ..self.renewed(self.is_connected) }
    }

    /// For how long the holder is sure of it, from the moment at which it began this write.
    #[must_use]
    pub fn sure_for(&self) -> Duration {
        self.lasts.saturating_sub(MARGIN)
    }
}

impl Stored {
    /// The lease, if this replica holds it. Its version may be another one than the replica knows, if it was not
    /// told that a write was carried out.
    #[must_use]
    pub fn held_by(self, me: &Replica) -> Option<Lease> {
        match self {
            Self::Lease(lease) if lease.holder.id == me.id && !lease.is_free => Some(lease),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replica(id: &str, process: Option<Process>) -> Replica {
        Replica { id: id.to_owned(), host: "vm".to_owned(), process }
    }

    fn process() -> Process {
        Process { space: "boot".to_owned(), pid: 7 }
    }

    fn held(version: u64) -> Lease {
        Lease { version, ..Lease::taken(replica("other", Some(process())), &Replaces::Nothing) }
    }

    /// What a vigil says of these reads, one a second.
    fn says(reads: impl IntoIterator<Item = Stored>, has_ended: bool) -> Vec<Option<Replaces>> {
        let (mut vigil, me) = (Vigil::default(), replica("me", None));
        let look =
            |(second, stored)| vigil.look(&stored, &me, Duration::from_secs(second), |_| has_ended);
        (0..).zip(reads).map(look).collect()
    }

    #[test]
    fn a_lease_is_free_where_nobody_holds_it_or_its_holder_has_surely_ended() {
        assert_eq!(says([Stored::Nothing], false), [Some(Replaces::Nothing)]);
        let given_up = Stored::Lease(held(4).given_up());
        assert_eq!(says([given_up], false), [Some(Replaces::Version(5))]);
        let mine = Lease { holder: replica("me", None), ..held(4) };
        assert_eq!(says([Stored::Lease(mine)], false), [Some(Replaces::Version(4))]);
        assert_eq!(says([Stored::Lease(held(4))], true), [Some(Replaces::Version(4))]);
        assert_eq!(says([Stored::Lease(held(4))], false), [None]);
    }

    #[test]
    fn a_lease_is_taken_only_after_it_has_stayed_the_same_for_its_whole_time() {
        let same = says(vec![Stored::Lease(held(4)); 11], false);
        assert!(same[..9].iter().all(Option::is_none));
        assert_eq!(same[9..], [Some(Replaces::Version(4)), Some(Replaces::Version(4))]);
        // Each new version restarts the wait, even a lower one.
        let renewed = (0..40).map(|second| Stored::Lease(held(second / 8)));
        assert!(says(renewed, false).iter().all(Option::is_none));
        let back = (0..16).map(|second| Stored::Lease(held(if second < 8 { 9 } else { 1 })));
        assert!(says(back, false).iter().all(Option::is_none));
    }

    #[test]
    fn what_is_odd_is_waited_for_but_not_for_ever() {
        for version in [None, Some("-1".to_owned())] {
            let odd = says(vec![Stored::Odd(version.clone()); 10], true);
            assert!(odd[..9].iter().all(Option::is_none));
            assert_eq!(odd[9], Some(Replaces::Odd(version)));
        }
        let forever = Lease { lasts: Duration::from_secs(u64::MAX), ..held(4) };
        let waited = says(vec![Stored::Lease(forever); 31], false);
        assert_eq!(waited[29..], [None, Some(Replaces::Version(4))]);
    }

    #[test]
    fn every_write_has_another_version_and_only_the_holder_finds_its_lease() {
        let taken = Lease::taken(replica("me", None), &Replaces::Version(4));
        let versions = [&taken, &taken.renewed(true), &taken.renewed(true).given_up()];
        assert_eq!(versions.map(|lease| lease.version), [5, 6, 7]);
        assert!(taken.sure_for() < taken.lasts);

        let (me, other) = (replica("me", None), replica("other", None));
        let of = |lease: Lease, replica| Stored::Lease(lease).held_by(replica).is_some();
        assert!(of(taken.clone(), &me) && !of(taken.clone(), &other));
        assert!(!of(taken.given_up(), &me));
        assert_eq!(Stored::Nothing.held_by(&me), None);
        // A replica that goes on without a lease cannot renew the one of another.
        assert_ne!(Lease::without(me).version, Lease::taken(other, &Replaces::Nothing).version);
    }
}
