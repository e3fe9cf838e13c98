"""What the checks of the templates share: a moto server, and the documents that they compare."""

import json
import logging
import os
import re
import sys
from contextlib import contextmanager
from pathlib import Path

from moto.cloudformation import parsing
from moto.server import ThreadedMotoServer

ROOT = Path(__file__).resolve().parents[2]
ACCOUNT = "123456789012"
REGION = "eu-central-1"
TABLES = {"locktender": "0001_requests", "locktender-audit": "0002_audit_trail"}
LOCK_TABLES = [f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{name}" for name in ["locks", "more-locks"]]
BUCKETS = [f"arn:aws:s3:::{name}" for name in ["states", "more-states"]]
OTHER_ROLES = ["arn:aws:iam::444455556666:role/locktender"]
BOT_ROLE = f"arn:aws:iam::{ACCOUNT}:role/locktender"
EXTERNAL_ID = "correct-horse-battery"


class Differs(Exception):
    """Something is not as it has to be."""


def same(what, wanted, found):
    if wanted != found:
        show = lambda value: json.dumps(value, indent=1, sort_keys=True, default=str)
        raise Differs(f"{what} differs.\nwanted: {show(wanted)}\nfound: {show(found)}")


def version():
    """The version of the program, which is that of its images."""
    return re.search(r'^version = "(.+)"$', (ROOT / "Cargo.toml").read_text(), re.M).group(1)


def known_settings():
    """The names of the settings, and of the AWS SDK's that every deployment needs."""
    names = re.findall(r"^#?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.M)
    return {*names, "AWS_REGION"}


def listed(value):
    return sorted(value) if isinstance(value, list) else [value]


def normal(document):
    """A policy in one form, whether it has lists of one or single texts."""
    if isinstance(document, str):
        document = json.loads(document)
    statements = {}
    for statement in document["Statement"]:
        lists = {key: listed(statement[key]) for key in ("Action", "Resource") if key in statement}
        statements[statement["Sid"]] = statement | lists
    same("the number of names of statements", len(document["Statement"]), len(statements))
    return {"Version": document["Version"], "Statement": statements}


def policy(name, rows=True, lockfiles=True, others=False):
    """A policy of deploy/iam, filled in."""
    own = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/"
    placeholder = "arn:aws:dynamodb:REGION:ACCOUNT:table/"
    document = json.loads((ROOT / f"deploy/iam/{name}.json").read_text())
    kept = []
    for statement in document["Statement"]:
        if statement["Resource"] == placeholder + "LOCK_TABLE":
            if not rows:
                continue
            statement["Resource"] = LOCK_TABLES
        elif "STATE_BUCKET" in listed(statement["Resource"])[0]:
            if statement["Sid"] == "LockfilesOnly" and not lockfiles:
                continue
            resource = statement["Resource"]
            statement["Resource"] = [resource.replace("arn:aws:s3:::STATE_BUCKET", it) for it in BUCKETS]
        else:
            statement["Resource"] = [it.replace(placeholder, own) for it in listed(statement["Resource"])]
        kept.append(statement)
    if others:
        page = (ROOT / "docs/IAM.md").read_text()
        blocks = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", page, re.S)]
        statement = next(block for block in blocks if block["Sid"] == "OtherAccounts")
        kept.append(statement | {"Resource": OTHER_ROLES})
    return normal(document | {"Statement": kept})


def trust():
    text = (ROOT / "deploy/iam/trust.json").read_text()
    text = text.replace("arn:aws:iam::BOT_ACCOUNT:role/BOT_ROLE", BOT_ROLE)
    return normal(text.replace("EXTERNAL_ID", EXTERNAL_ID))


def migration(name):
    """The requests of a migration: of CreateTable, and of UpdateTimeToLive or None."""
    requests = json.loads((ROOT / f"migrations/{name}.json").read_text())["requests"]
    by_name = {key: value for request in requests for key, value in request.items()}
    same("the requests of a migration", True, set(by_name) <= {"CreateTable", "UpdateTimeToLive"})
    return by_name["CreateTable"], by_name.get("UpdateTimeToLive")


def clean_environment():
    """Removes the credentials, endpoints and proxies of whoever runs the checks."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "MOTO_", "LOCKTENDER_", "DISCORD_")) or name.lower().endswith("_proxy"):
            del os.environ[name]
    os.environ |= {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


@contextmanager
def moto():
    """A moto server, by its address. It ends with the block."""
    # CloudFormation leaves an AWS::NoValue out of a list. moto 5.2 leaves a null there.
    original = parsing.clean_json

    def clean_json(*arguments):
        cleaned = original(*arguments)
        return [it for it in cleaned if it is not None] if isinstance(cleaned, list) else cleaned

    parsing.clean_json = clean_json
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    # One line for each request would hide what the check says.
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server.start()
    try:
        yield "http://{}:{}".format(*server.get_host_and_port())
    finally:
        server.stop()


def run(check):
    """Runs a check and says in one line what holds."""
    clean_environment()
    try:
        print(check())
    except Differs as differs:
        sys.exit(f"{sys.argv[0]}: {differs}")
