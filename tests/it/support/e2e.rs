//! Entry to the end-to-end tests. They are skipped where their tools are missing.

use std::collections::BTreeSet;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::moto::Moto;
use super::store::{Bucket, LockTable};
use super::terraform::{Backend, WorkingDir};

/// The variable that names the `moto_server` to use instead of the one found.
const MOTO_SERVER: &str = "LOCKTENDER_MOTO_SERVER";

/// The variable that turns a skip into a failure when it is `1`.
const REQUIRE: &str = "LOCKTENDER_REQUIRE_E2E";

/// The number of another account than moto's default one.
const FOREIGN: &str = "222222222222";

/// Where the backend keeps its lock records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Locking {
    /// `dynamodb_table`.
    Row,
    /// `use_lockfile`.
    Lockfile,
    /// Both, as in the middle of a migration.
    Both,
}

/// The Terraform program and a running moto.
pub struct Bench {
    terraform: PathBuf,
    pub moto: &'static Moto,
}

/// The bench, or `None` where a tool is missing. The test then returns, and so passes.
///
/// ```ignore
/// let Some(bench) = e2e::bench().await else { return };
/// ```
///
/// # Panics
/// If a tool is missing and `LOCKTENDER_REQUIRE_E2E` is `1`.
pub async fn bench() -> Option<Bench> {
    let terraform = tool("terraform")?;
    let server = moto_server()?;
    Some(Bench { terraform, moto: Moto::shared(&server).await })
}

/// The `moto_server` to start, on the same terms as [`bench`].
pub fn moto_server() -> Option<PathBuf> {
    found_or_skip("moto_server", find_moto_server())
}

/// A program on the search path, on the same terms as [`bench`].
pub fn tool(name: &str) -> Option<PathBuf> {
    found_or_skip(name, find(name))
}

impl Bench {
    /// A new bucket for this test.
    pub async fn bucket(&self) -> Bucket {
        Bucket::create(self.moto.endpoint(), unique("states")).await
    }

    /// A new lock table for this test.
    pub async fn lock_table(&self) -> LockTable {
        LockTable::create(self.moto.endpoint(), unique("locks")).await
    }

    /// A backend with a new bucket, and a new table if it locks by row. The test may change the other
    /// fields before Terraform reads them.
    pub async fn backend(&self, locking: Locking) -> Backend {
        Backend {
            endpoint: self.moto.endpoint(),
            bucket: self.bucket().await,
            key: "prod/network/terraform.tfstate".to_owned(),
            workspace_key_prefix: None,
            dynamodb_table: match locking {
                Locking::Row | Locking::Both => Some(self.lock_table().await),
                Locking::Lockfile => None,
            },
            use_lockfile: locking != Locking::Row,
            role_arn: None,
        }
    }

    /// A backend in another account, reached by a role. Its lock table has this name, whatever tables of that
    /// name other accounts have.
    pub async fn foreign_backend(&self, table: &str, use_lockfile: bool) -> Backend {
        let endpoint = self.moto.endpoint().in_account(FOREIGN);
        Backend {
            bucket: Bucket::create(endpoint, unique("states")).await,
            dynamodb_table: Some(LockTable::create(endpoint, table).await),
            key: "pay/network/terraform.tfstate".to_owned(),
            use_lockfile,
            role_arn: Some(format!("arn:aws:iam::{FOREIGN}:role/locktender")),
            ..self.backend(Locking::Row).await
        }
    }

    /// An initialised working directory on that backend.
    pub async fn working_dir(&self, backend: &Backend) -> WorkingDir {
        WorkingDir::init(&self.terraform, backend).await
    }
}

/// A name that no other test has: the tests of one process share a moto.
fn unique(kind: &str) -> String {
    static NEXT: AtomicUsize = AtomicUsize::new(1);
    format!("{kind}-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Prints what is missing once per process. It writes to stderr directly, because the test runner hides
/// the output of a passing test.
fn found_or_skip(tool: &str, found: Option<PathBuf>) -> Option<PathBuf> {
    static SAID: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    if found.is_none() {
        let required = std::env::var_os(REQUIRE).is_some_and(|value| value == "1");
        assert!(!required, "{tool} not found, and {REQUIRE}=1");
        if SAID.lock().expect("nobody panics with the lock").insert(tool.to_owned()) {
            let _ = writeln!(std::io::stderr(), "skipped: {tool} not found");
        }
    }
    found
}

fn find_moto_server() -> Option<PathBuf> {
    if let Some(server) = std::env::var_os(MOTO_SERVER) {
        let server = PathBuf::from(server);
        assert!(is_executable(&server), "{MOTO_SERVER} names no program: {}", server.display());
        return Some(server);
    }
    let installed_here = Path::new(env!("CARGO_MANIFEST_DIR")).join(".venv/bin/moto_server");
    is_executable(&installed_here).then_some(installed_here).or_else(|| find("moto_server"))
}

fn find(tool: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|dir| dir.join(tool))
        .find(|candidate| is_executable(candidate))
}

fn is_executable(path: &Path) -> bool {
    path.metadata().is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}
