//! A check that hangs or panics takes nothing from the others.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use locktender::doctor::{Check, Checked, Diagnosis, Doctor};
use locktender::ports::Clock;
use tokio::sync::watch;

use crate::support::given::NOW;

/// A clock whose waits end when all quick checks have ended.
struct Patient {
    left: Arc<watch::Sender<usize>>,
}

#[async_trait]
impl Clock for Patient {
    fn now(&self) -> DateTime<Utc> {
        NOW.parse().unwrap()
    }

    fn uptime(&self) -> Duration {
        Duration::ZERO
    }

    async fn pass(&self, _: Duration) {
        self.left.subscribe().wait_for(|left| *left == 0).await.map(drop).unwrap();
    }
}

enum Test {
    Quick(usize, Arc<watch::Sender<usize>>),
    Hangs,
    Panics,
}

#[async_trait]
impl Check for Test {
    fn subject(&self) -> String {
        match self {
            Self::Quick(number, _) => format!("backend {number}"),
            Self::Hangs => "the one that hangs".to_owned(),
            Self::Panics => "the one that panics".to_owned(),
        }
    }

    async fn examine(&self, _: &dyn Clock) -> Diagnosis {
        match self {
            Self::Quick(_, left) => {
                tokio::task::yield_now().await;
                left.send_modify(|left| *left -= 1);
                let checked = Checked { subject: self.subject(), found: "It is fine.".to_owned() };
                Diagnosis { checked: vec![checked], ..Diagnosis::default() }
            }
            Self::Hangs => std::future::pending().await,
            Self::Panics => panic!("a bug in a check"),
        }
    }
}

#[tokio::test]
async fn of_twenty_checks_one_that_hangs_and_one_that_panics_are_not_checked() {
    let left = Arc::new(watch::Sender::new(18));
    let clock = Patient { left: left.clone() };
    let mut doctor = Doctor::new(Arc::new(clock), Diagnosis::default());
    doctor.add(Test::Hangs);
    doctor.add(Test::Panics);
    doctor.add_all((0..18).map(|number| Test::Quick(number, left.clone())));
    let diagnosis = doctor.examine().await;
    assert_eq!(diagnosis.checked.len(), 18);
    let whys: Vec<String> =
        diagnosis.not_checked.iter().map(|it| format!("{}: {}", it.subject, it.why)).collect();
    assert_eq!(
        whys,
        [
            "the one that hangs: The check did not end within 4 s.",
            "the one that panics: The check failed because of a bug: report it with what the log \
             says.",
        ]
    );
}

#[tokio::test]
async fn all_checks_run_at_the_same_time() {
    /// Ends when all of them have begun.
    struct Together(Arc<AtomicUsize>, Arc<watch::Sender<bool>>);
    #[async_trait]
    impl Check for Together {
        fn subject(&self) -> String {
            "together".to_owned()
        }
        async fn examine(&self, _: &dyn Clock) -> Diagnosis {
            if self.0.fetch_add(1, Ordering::Relaxed) == 19 {
                self.1.send_replace(true);
            }
            self.1.subscribe().wait_for(|all| *all).await.map(drop).unwrap();
            Diagnosis::default()
        }
    }
    let (begun, all) = (Arc::new(AtomicUsize::new(0)), Arc::new(watch::Sender::new(false)));
    let never = Patient { left: Arc::new(watch::Sender::new(1)) };
    let mut doctor = Doctor::new(Arc::new(never), Diagnosis::default());
    doctor.add_all((0..20).map(|_| Together(begun.clone(), all.clone())));
    assert!(doctor.examine().await.is_healthy());
}
