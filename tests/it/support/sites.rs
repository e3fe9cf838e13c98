//! Two backends in two accounts: `main` beside the bot's own tables, and `team` elsewhere, behind a proxy.

use std::sync::Arc;

use locktender::aws::AwsLocks;
use locktender::finding::Reading;
use locktender::lock::{Access, Catalog, StatePath};
use locktender::unlock::Policies;
use locktender::workers::{LiveDirectory, Lookout};

use super::dynamodb::{BUCKET, DynamoDb, TABLE, backend, record};
use super::given::NOW;
use super::office::{Hands, Office, memory, policy};
use super::proxy::{Fate, Proxy};

/// The bucket of the backend `team`.
pub const TEAM_BUCKET: &str = "team-states";

/// The two backends, and an office whose bot knows both.
pub struct Sites {
    pub office: Office,
    /// The account of the backend `team`.
    pub team: DynamoDb,
    /// The way to that account.
    pub proxy: Proxy,
    pub names: Arc<LiveDirectory>,
    pub locks: Arc<AwsLocks>,
}

impl Sites {
    pub async fn open() -> Self {
        Box::pin(Self::with(policy(1).into())).await
    }

    pub async fn with(policies: Policies) -> Self {
        let (db, team) = tokio::join!(DynamoDb::start(), DynamoDb::start());
        let proxy = Proxy::start(&team.endpoint()).await;
        let far = Access { endpoint: Some(proxy.endpoint()), ..Access::default() };
        let team_backend = backend("team", TEAM_BUCKET, Some(TABLE), false).reached_by(far);
        let backends = vec![backend("main", BUCKET, Some(TABLE), false), team_backend];
        let session = db.session().for_backends(&backends).await;
        let locks = Arc::new(AwsLocks::connect(&session, backends.clone()));
        let names = Arc::new(LiveDirectory::new(locks.clone()).with_memory(memory(&session)));
        let time = Arc::new(Hands::at(NOW));
        let reading = Reading {
            catalog: Catalog::new(backends.iter().map(|b| b.backend().clone()).collect()),
            locks: locks.clone(),
            directory: names.clone(),
            clock: time.clone(),
        };
        let office = Office::over(db, &session, &backends, reading, policies, time).await;
        Self { office, team, proxy, names, locks }
    }

    /// Takes the lock of a state of `main`.
    pub async fn lock_main(&self, state: &str) {
        self.office.db.lock(&format!("{state}/terraform.tfstate")).await;
    }

    /// Takes the lock of a state of `team`.
    pub async fn lock_team(&self, state: &str) {
        let path = StatePath::new(TEAM_BUCKET, &format!("{state}/terraform.tfstate")).unwrap();
        assert!(self.team.sandbox.lock(&path, &record(&path)).await.unwrap());
    }

    /// Reads the names of the states, as the bot does when it starts.
    pub async fn learn(&self) {
        self.names.refresh().await.unwrap();
    }

    /// From now on, the account of `team` refuses every request.
    pub fn team_is_down(&self) {
        self.proxy.rule(|_| Fate::Answer(403, DENIED.to_owned()));
    }

    pub fn team_is_up(&self) {
        self.proxy.rule(|_| Fate::Pass);
    }

    /// The lookouts as the bot starts them: one for each group of backends.
    pub fn lookouts(&self) -> Vec<Lookout> {
        let lookout = |locks| {
            let interval = std::time::Duration::from_secs(5);
            Lookout::new(self.office.context.clone(), Arc::new(locks), interval)
        };
        self.locks.groups().into_iter().map(lookout).collect()
    }
}

pub const DENIED: &str =
    r#"{"__type":"com.amazon.coral.service#AccessDeniedException","Message":"no"}"#;
