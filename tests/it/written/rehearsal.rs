//! What a block would call. The shell runs it with stand-ins in place of programs, which only write down how they were
//! called. So the shell itself splits the words, and a name without a stand-in is found.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::blocks::{Block, root};

/// Writes down its name and its arguments, and says what the commands after it need to go on.
const STAND_IN: &str = r#"#!/bin/sh
between=$(printf '\037')
call=${0##*/}
for word in "$@"; do call=$call$between$word; done
# In one write, since the parts of a pipe run at the same time.
printf '%s\036' "$call" >> "$CALLS"
case "$*" in get-caller-identity*) echo 111122223333 ;; esac
"#;

/// The programs that the pages call, except those of [`TOOLS`].
const STAND_INS: [&str; 21] = [
    "apt-get",
    "aws",
    "bash",
    "cargo",
    "cosign",
    "curl",
    "docker",
    "gh",
    "journalctl",
    "jq",
    "kubectl",
    "locktender",
    "promtool",
    "python3",
    "stty",
    "sudo",
    "sudoedit",
    "systemctl",
    "terraform",
    "pip",
    "render",
];

/// Where the pages call a program by its path.
const PATHS: [&str; 3] = ["target/release/locktender", ".venv/bin/pip", "docs/pictures/render"];

/// Small programs that every system has. They run as they are, in the folder of the rehearsal.
const TOOLS: [&str; 17] = [
    "cat",
    "chmod",
    "comm",
    "cp",
    "cut",
    "diff",
    "head",
    "install",
    "ls",
    "md5sum",
    "mkdir",
    "rm",
    "sed",
    "sha256sum",
    "sort",
    "tail",
    "tr",
];

/// The calls of a block, each a program and its arguments, in their order.
///
/// # Errors
/// What is wrong with the block, in one sentence.
pub fn rehearse(block: &Block) -> Result<Vec<Vec<String>>, String> {
    let place = block.place();
    let folder = prepared();
    let calls = folder.path().join("calls");
    let shell = |options: &[&str]| {
        let mut shell = Command::new("/bin/sh");
        shell
            .args(options)
            .arg(&block.text)
            .current_dir(folder.path())
            .env_clear()
            .env("PATH", folder.path().join("bin"))
            .env("HOME", folder.path())
            .env("CALLS", &calls)
            .stdin(Stdio::null());
        shell.output().unwrap()
    };
    let checked = shell(&["-n", "-c"]);
    if !checked.status.success() {
        let said = String::from_utf8_lossy(&checked.stderr).into_owned();
        return Err(format!("{place}: /bin/sh does not understand it: {said}"));
    }
    // Files that an earlier block makes are not there, so a step may fail. Only the calls count.
    let ran = shell(&["-c"]);
    let said = String::from_utf8_lossy(&ran.stderr);
    if let Some(line) = said.lines().find(|line| line.contains("not found")) {
        return Err(format!(
            "{place}: it calls a program that STAND_INS of tests/it/written/rehearsal.rs does not have: {line}"
        ));
    }
    let calls = fs::read_to_string(calls).unwrap_or_default();
    let calls = calls.split_terminator('\u{1e}');
    Ok(calls.map(|call| call.split('\u{1f}').map(str::to_owned).collect()).collect())
}

/// A folder with the stand-ins, and with the files of the repository that the pages name.
fn prepared() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let bin = folder.path().join("bin");
    fs::create_dir(&bin).unwrap();
    for name in STAND_INS {
        executable(&bin.join(name), STAND_IN);
    }
    for path in PATHS {
        executable(&folder.path().join(path), STAND_IN);
    }
    for tool in TOOLS {
        let found = ["/usr/bin", "/bin"].map(|at| Path::new(at).join(tool));
        match found.iter().find(|path| path.exists()) {
            Some(found) => symlink(found, bin.join(tool)).unwrap(),
            // Such as md5sum on macOS.
            None => executable(&bin.join(tool), "#!/bin/sh\n"),
        }
    }
    for file in [".env.example", "deploy"] {
        symlink(root().join(file), folder.path().join(file)).unwrap();
    }
    folder
}

/// Writes a script that can be started.
pub fn executable(path: &Path, script: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, script).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}
