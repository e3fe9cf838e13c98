//! One bot for two AWS accounts. Its own tables and the states of `main` are in one. The states of `pay` are in
//! the other, which Terraform and the bot reach by a role. Both accounts have a lock table of the same name.

use serde_json::Value;

use crate::support::e2e::{self, Locking};
use crate::support::proxy::{Fate, Proxy, Seen};
use crate::support::site::{STATE, Site};
use crate::support::terraform::{Backend, WorkingDir};

/// The state in the other account.
const PAY: &str = "pay/network";

/// What a list says that lacks the other account.
const MISSING: &str = "The locks of pay are missing here. The lock table";

/// The bot, and a working directory in the other account.
struct Accounts {
    site: Site,
    pay: WorkingDir,
    /// In front of all of AWS. Only the bot goes through it.
    proxy: Proxy,
}

/// A `[[backend]]` of the settings file.
fn backend(name: &str, backend: &Backend) -> String {
    let table = &backend.dynamodb_table.as_ref().expect("a lock table").name;
    let role = backend.role_arn.as_ref().map(|role| format!("role_arn = '{role}'\n"));
    format!(
        "[[backend]]\nname = '{name}'\nbucket = '{}'\ndynamodb_table = '{table}'\n\
         use_lockfile = {}\n{}\n",
        backend.bucket.name,
        backend.use_lockfile,
        role.unwrap_or_default()
    )
}

/// Whether a request is made with the credentials of an assumed role.
fn is_by_role(seen: &Seen) -> bool {
    seen.access_key.starts_with("ASIA")
}

impl Accounts {
    async fn open(use_lockfile: bool) -> Option<Self> {
        let bench = e2e::bench().await?;
        let main = bench.backend(Locking::Row).await;
        let table = &main.dynamodb_table.as_ref().expect("a lock table").name;
        let other = bench.foreign_backend(table, use_lockfile).await;
        let pay = bench.working_dir(&other).await;
        pay.apply().await.expect_success();
        let proxy = Proxy::start(&bench.moto.endpoint().to_string()).await;
        let site = Site::closed(&bench, &main, &proxy.endpoint()).await;
        let file = site.program.folder().join("locktender.toml");
        std::fs::write(file, backend("main", &main) + &backend("pay", &other)).unwrap();
        let mut site = site
            .set("LOCKTENDER_CONFIG", "locktender.toml")
            .set("AWS_ENDPOINT_URL", &proxy.endpoint());
        site.start().await;
        Some(Self { site, pay, proxy })
    }

    /// The answer of `/lock list`.
    async fn list(&self) -> String {
        let site = &self.site;
        let list = site.alice.slash(site.channel, "list", &[]).await.settled().await;
        site.discord.world().text(&list.message())
    }

    /// Two people release the lock of a state.
    async fn release(&self, state: &str) {
        let card = self.site.ask(state).await;
        self.site.approve(&card, state).await;
        let closed = self.site.ended().await;
        let text = self.site.discord.world().text(&closed);
        assert!(text.contains("unlocked") && text.contains(state), "{text}");
    }

    /// The actions on the trail, by the state whose they are.
    async fn actions(&self, state: &str) -> Vec<String> {
        let exported = self.site.program.run(&["audit", "export"]).await.stdout;
        let entries = exported.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let of_state = entries.filter(|entry| entry["path"].as_str().unwrap().contains(state));
        of_state.map(|entry| entry["action"].as_str().unwrap().to_owned()).collect()
    }
}

#[tokio::test]
async fn one_bot_lists_and_releases_the_locks_of_two_accounts() {
    for use_lockfile in [false, true] {
        let Some(accounts) = Accounts::open(use_lockfile).await else { return };
        let Accounts { site, pay, proxy } = &accounts;
        let (ours, theirs) = (site.dir.apply_and_kill().await, pay.apply_and_kill().await);
        let list = accounts.list().await;
        for word in [STATE, PAY, "2 states are locked"] {
            assert!(list.contains(word), "{word} in {list}");
        }
        let said = site.program.run(&["list", "--json"]).await;
        assert!(said.stdout.contains(&ours.id()) && said.stdout.contains(&theirs.id()), "{said:?}");

        accounts.release(PAY).await;
        assert!(pay.lock_row().await.is_none() && pay.lockfile().await.is_none());
        assert!(pay.plan().await.success);
        let left = site.dir.lock_row().await.expect("the lock of the other account stays");
        assert_eq!(left.item, ours.row().item);
        accounts.release(STATE).await;
        assert!(site.dir.plan().await.success);

        let announced = site.announced(2).await;
        assert_eq!(announced.len(), 2, "{announced:#?}");
        for (state, text) in [PAY, STATE].iter().zip(&announced) {
            assert!(text.contains("is free") && text.contains(state), "{text}");
        }
        // The row of the other account is no part of the transaction.
        let in_steps = ["request.opened", "request.approved", "unlock.started", "unlock.done"];
        assert_eq!(accounts.actions("pay/network").await, in_steps);
        let at_once = ["request.opened", "request.approved", "unlock.done"];
        assert_eq!(accounts.actions("prod/network").await, at_once);
        let of_role: Vec<Seen> = proxy.seen().into_iter().filter(is_by_role).collect();
        let deletes = of_role.iter().filter(|seen| seen.what == "DeleteItem").count();
        assert_eq!(deletes, 1, "the role deletes the row");
        assert!(of_role.iter().all(|seen| seen.what != "TransactWriteItems"), "and writes nothing");
        accounts.site.close().await;
    }
}

#[tokio::test]
async fn an_account_that_fails_takes_nothing_from_the_other() {
    let Some(accounts) = Accounts::open(false).await else { return };
    let Accounts { site, pay, proxy } = &accounts;
    site.dir.apply_and_kill().await;
    let theirs = pay.apply_and_kill().await;
    accounts.list().await;
    // Its role works, and nothing in the account answers.
    proxy.rule(|seen| if is_by_role(seen) { Fate::Cut } else { Fate::Pass });

    let list = accounts.list().await;
    assert!(list.contains(STATE), "{list}");
    assert!(!list.contains(PAY), "{list}");
    assert!(list.contains(MISSING), "{list}");
    let said = site.program.run(&["list"]).await;
    assert!(said.stdout.contains(STATE) && !said.stdout.contains(PAY), "{said:?}");
    assert!(said.code == Some(3) && said.stderr.contains(MISSING), "{said:?}");
    let status = site.status(PAY).await;
    assert!(!status.contains("free"), "{status}");

    accounts.release(STATE).await;
    assert!(site.dir.plan().await.success);
    let announced = site.announced(1).await;
    assert_eq!(announced.len(), 1, "{announced:#?}");
    assert_eq!(pay.lock_row().await.expect("it stays").item, theirs.row().item);

    // When the account answers again, its lock is there, and can be released.
    proxy.rule(|_| Fate::Pass);
    assert!(accounts.list().await.contains(PAY));
    accounts.release(PAY).await;
    assert!(pay.plan().await.success);
    assert_eq!(site.announced(2).await.len(), 2);
    accounts.site.close().await;
}
