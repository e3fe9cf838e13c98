//! A folder in which the blocks of a story run, one after the other, with the real programs.

use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, TempDir};

use super::blocks::{Block, blocks, root};
use super::list::{Held, Story, held};
use super::rehearsal::executable;
use crate::support::e2e;
use crate::support::leash::Leash;
use crate::support::program::Ran;

/// In place of cargo, which would build what is built already. `cargo run -- …` is the program.
const CARGO: &str = r#"#!/bin/sh
[ "$1" != run ] || { shift 2; exec locktender "$@"; }
"#;

/// The blocks of a story, and the folder in which they run.
pub struct Stage {
    home: TempDir,
    /// Where the blocks run, if not at home.
    elsewhere: Option<PathBuf>,
    variables: Vec<(String, String)>,
    words: Vec<(String, String)>,
    left: Vec<Block>,
}

impl Stage {
    /// A stage with the program, the files of the repository that the pages name, and no setting.
    pub fn of(story: Story) -> Self {
        let home = tempfile::tempdir().unwrap();
        let program = Path::new(env!("CARGO_BIN_EXE_locktender"));
        let at = |path: &str| {
            let path = home.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            path
        };
        for path in ["bin/locktender", "target/release/locktender"] {
            symlink(program, at(path)).unwrap();
        }
        for file in [".env.example", "locktender.example.toml", "deploy"] {
            symlink(root().join(file), at(file)).unwrap();
        }
        for (name, script) in [("cargo", CARGO), ("stty", "#!/bin/sh\n")] {
            executable(&at(&format!("bin/{name}")), script);
        }
        let is_of = |block: &Block| matches!(held(block), Ok(Held::Here(it)) if it == story);
        let left = blocks().into_iter().filter(is_of).collect();
        Self { home, elsewhere: None, variables: Vec::new(), words: Vec::new(), left }
    }

    /// Adds the command line of AWS. `None` where it is missing, or another program is.
    pub fn with_aws(self, others: &[&str]) -> Option<Self> {
        if others.iter().any(|name| e2e::tool(name).is_none()) {
            return None;
        }
        self.with("aws")
    }

    /// Adds a program that `.ci/run` installs. `None` where it is missing.
    pub fn with(self, name: &str) -> Option<Self> {
        let installed = root().join(".venv/bin").join(name);
        let program = if installed.exists() { installed } else { e2e::tool(name)? };
        symlink(program, self.home.path().join("bin").join(name)).unwrap();
        Some(self)
    }

    /// Sets an environment variable.
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Uses this address as AWS.
    pub fn at(self, endpoint: &str) -> Self {
        let settings = [
            ("AWS_ENDPOINT_URL", endpoint),
            ("AWS_REGION", "us-east-1"),
            ("AWS_DEFAULT_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("AWS_PAGER", ""),
        ];
        settings.into_iter().fold(self, |stage, (name, value)| stage.set(name, value))
    }

    /// Serves the states of the pages.
    pub fn serving(self) -> Self {
        self.set("LOCKTENDER_STATE_BUCKET", "my-states")
            .set("LOCKTENDER_LOCK_TABLE", "terraform-locks")
    }

    /// Runs the blocks in another folder.
    pub fn within(self, folder: &Path) -> Self {
        Self { elsewhere: Some(folder.to_owned()), ..self }
    }

    /// Replaces a word of the pages that stands for the reader's own.
    pub fn say(mut self, word: &str, own: &str) -> Self {
        self.words.push((word.to_owned(), own.to_owned()));
        self
    }

    /// The folder in which the blocks run.
    pub fn folder(&self) -> &Path {
        self.elsewhere.as_deref().unwrap_or(self.home.path())
    }

    /// Takes the only block of a page that has this text.
    pub fn take(&mut self, page: &str, with: &str) -> Block {
        let is_it = |block: &Block| block.page == page && block.text.contains(with);
        let at = self.left.iter().position(is_it);
        let at = at.unwrap_or_else(|| panic!("{page} has no block with {with:?} for this story"));
        self.left.remove(at)
    }

    /// Runs a block that has to succeed.
    pub async fn play(&mut self, page: &str, with: &str) -> Ran {
        let block = self.take(page, with);
        let ran = self.run(&block.text, "").await;
        assert_eq!(ran.code, Some(0), "{}: {ran:?}", block.place());
        ran
    }

    /// Runs some lines to their end, with this on standard input.
    pub async fn run(&self, lines: &str, input: &str) -> Ran {
        let mut file = NamedTempFile::new().unwrap();
        file.write_all(input.as_bytes()).unwrap();
        let mut running = self.start(lines, file.path());
        let status = running.wait().await;
        Ran { code: status.code(), stdout: running.stdout(), stderr: running.stderr() }
    }

    /// Starts some lines. Dropping the leash ends them.
    pub fn start(&self, lines: &str, input: &Path) -> Leash {
        let own = |lines: String, (word, own): &(String, String)| lines.replace(word, own);
        let lines = self.words.iter().fold(lines.to_owned(), own);
        let outside = std::env::var("PATH").unwrap();
        let path = format!("{}:{outside}", self.home.path().join("bin").display());
        Leash::spawn_reading(input, "/bin/sh", |command| {
            command
                .args(["-e", "-c", &lines])
                .env_clear()
                .env("PATH", path)
                .env("HOME", self.home.path())
                .env("TF_IN_AUTOMATION", "1")
                .env("CHECKPOINT_DISABLE", "1")
                .envs(self.variables.iter().map(|(name, value)| (name, value)))
                .current_dir(self.folder())
        })
    }

    /// Asserts that every block of the story was taken.
    #[track_caller]
    pub fn end(self) {
        let left: Vec<String> = self.left.iter().map(Block::place).collect();
        assert!(left.is_empty(), "the story does not run {left:?}");
    }
}
