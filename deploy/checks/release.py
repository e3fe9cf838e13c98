"""Checks the workflows: their form, their shell, and that what they use is pinned. Runs the scripts of a release.

    release.py LOCKTENDER
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

from common import ROOT, Differs, run, same, version

PROGRAM = sys.argv[1]
BIN = Path(sys.executable).parent
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
SCRIPTS = [".ci/run", "deploy/check", "deploy/compose/lock.sh", "deploy/release/notes", "deploy/release/pages"]


def called(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=ROOT, **options)
    if done.returncode != 0:
        raise Differs(f"{' '.join(map(str, command))}: {done.stdout}{done.stderr}")
    return done.stdout


def check_form():
    called(BIN / "check-jsonschema", "--builtin-schema", "vendor.github-workflows", *WORKFLOWS)
    called(BIN / "check-jsonschema", "--builtin-schema", "vendor.dependabot", ".github/dependabot.yml")
    # What an attacker could do with them: injected text, too many rights, actions that can change.
    called(BIN / "zizmor", "--offline", "--quiet", "--min-severity", "medium", ".github")


def check_shell():
    shellcheck = BIN / "shellcheck"
    called(shellcheck, *SCRIPTS)
    for workflow in WORKFLOWS:
        for job, body in yaml.safe_load(workflow.read_text())["jobs"].items():
            for step in body.get("steps", []):
                if "run" in step:
                    # As GitHub runs it.
                    text = "#!/usr/bin/env bash\nset -eo pipefail\n" + step["run"]
                    try:
                        called(shellcheck, "-", input=text)
                    except Differs as differs:
                        raise Differs(f"{workflow.name}, {job}: {step['run']}{differs}")


def check_jobs():
    """A job has a limit of time, and a release gives each no more than it names."""
    release = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text())
    same("the rights of all jobs of a release", {}, release["permissions"])
    # GitHub names the group of a called workflow after the caller, and compares groups without case.
    group = release["concurrency"]["group"].lower()
    same("whether a release waits for its own call", False, group.startswith(f"{release['name']}-".lower()))
    for workflow in WORKFLOWS:
        for name, job in yaml.safe_load(workflow.read_text())["jobs"].items():
            same(f"whether {name} has a limit of time", True, "uses" in job or "timeout-minutes" in job)
    for name, job in release["jobs"].items():
        same(f"whether {name} may read", "read" if name != "publish" else "write", job["permissions"]["contents"])
    writers = {name for name, job in release["jobs"].items() if "write" in job["permissions"].values()}
    same("the jobs that may write", {"image", "publish-image", "publish"}, writers)


def check_notes(scratch):
    """The notes of a release are those of its version alone, and without them there is no release."""
    for path in ("deploy/release/notes", "Cargo.toml"):
        copy = Path(scratch) / path
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, copy)
    own, changelog = version(), Path(scratch) / "CHANGELOG.md"
    header = "# Changelog\n\n## [Unreleased]\n\n- later\n\n"
    older = "## [0.0.1] - 2026-01-01\n\n- older\n\n[0.0.1]: https://example.com\n"
    wrong = [(header + older, own), (f"{header}## [{own}]\n\n{older}", own), (f"{header}## [{own}]\n\n- it\n", own + "0")]
    for text, asked in wrong:
        changelog.write_text(text)
        done = subprocess.run([Path(scratch) / "deploy/release/notes", asked], capture_output=True, text=True)
        same(f"the end of notes of {asked} in {text}", (1, ""), (done.returncode, done.stdout))
    for rest in (older, "[x]: https://example.com\n"):
        changelog.write_text(f"{header}## [{own}] - 2026-11-28\n\n### Added\n\n- [it](x)\n\n{rest}")
        found = called(Path(scratch) / "deploy/release/notes", own)
        same("the notes", "### Added\n\n- [it](x)", found.strip())


def check_archive(scratch):
    """An archive has the program and the pages, and the same bytes each time."""
    made, program = [], Path(scratch) / "program" / "locktender"
    called("deploy/release/pages", PROGRAM, program.parent)
    for folder in ("one", "two"):
        environment = os.environ | {"SOURCE_DATE_EPOCH": "1700000000"}
        called("deploy/release/archive", program, "some-target", Path(scratch) / folder, env=environment)
        made.append(Path(scratch) / folder / f"locktender-{version()}-some-target.tar.gz")
    same("whether two archives are the same", True, made[0].read_bytes() == made[1].read_bytes())
    called("tar", "xzf", made[0], "-C", scratch)
    unpacked = Path(scratch) / f"locktender-{version()}-some-target"
    pages = {"README.md", "CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT", "OFL.txt", ".env.example",
             "locktender.example.toml"}
    pages |= {"locktender", "locktender.1", "locktender.bash", "locktender.zsh", "locktender.fish"}
    same("the files of an archive", pages, {it.name for it in unpacked.iterdir()})
    same("empty files in it", [], [it.name for it in unpacked.iterdir() if it.stat().st_size == 0])
    same("what the program in it says", f"locktender {version()}", called(unpacked / "locktender", "--version").strip())
    release = (ROOT / ".github/workflows/release.yml").read_text()
    for script in ("archive", "pages"):
        used = re.search(rf"^ +deploy/release/{script} ", release, re.M) is not None
        same(f"whether the workflow packs with {script}", True, used)


def check():
    check_form()
    check_shell()
    check_jobs()
    with tempfile.TemporaryDirectory() as scratch:
        check_notes(scratch)
    with tempfile.TemporaryDirectory() as scratch:
        check_archive(scratch)
    return "the workflows have the right form, and a release has its notes and archives"


run(check)
