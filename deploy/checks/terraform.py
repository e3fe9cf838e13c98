"""Runs the part of deploy/terraform that makes the policies, which needs no provider, and compares the outcome with
deploy/iam. Compares the tables, as they are written, with migrations.

    terraform.py
"""

import tempfile

import hcl2

from common import (
    ACCOUNT, BOT_ROLE, BUCKETS, EXTERNAL_ID, LOCK_TABLES, OTHER_ROLES, REGION, ROOT, TABLES,
    Differs, migration, normal, policy, run, same, trust,
)
from terraform_cli import apply

MODULE = ROOT / "deploy/terraform"


def documents(folder, rows, lockfiles, others, external_id=EXTERNAL_ID):
    values = {
        "state_bucket_arns": BUCKETS,
        "lock_table_arns": LOCK_TABLES if rows else [],
        "lockfiles": lockfiles,
        "other_role_arns": OTHER_ROLES if others else [],
        "table_arn": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/locktender",
        "audit_table_arn": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/locktender-audit",
        "bot_role_arn": BOT_ROLE,
        "external_id": external_id,
    }
    return {name: normal(document) for name, document in apply(MODULE / "documents", folder, values).items()}


def check_policies():
    with tempfile.TemporaryDirectory() as folder:
        for rows, lockfiles, others in [(True, True, False), (True, False, True), (False, True, False)]:
            found = documents(folder, rows, lockfiles, others)
            same("the bot's policy", policy("bot", rows, lockfiles, others), found["bot"])
            same("the doctor's policy", policy("doctor", rows), found["doctor"])
            same("the policy of the migrations", policy("migrate"), found["migrate"])
            same("the policy of the other role", policy("backend", rows, lockfiles), found["backend"])
            same("the trust of the other role", trust(), found["trust"])
        check_refused(folder, "Give lock_table_arns, set lockfiles", rows=False, lockfiles=False)
        for external_id in ["short", EXTERNAL_ID + '"']:
            check_refused(folder, "16 or more", rows=True, lockfiles=True, external_id=external_id)


def check_refused(folder, why, **given):
    try:
        documents(folder, others=False, **given)
    except Differs as refused:
        # Terraform breaks its lines.
        same(f"whether {given} is refused because of {why!r}", True, why in " ".join(str(refused).split()))
    else:
        raise Differs(f"{given} is not refused")


def plain(value):
    """What the parser gives, without the quotes of texts and the comments."""
    if isinstance(value, dict):
        return {key.strip('"'): plain(it) for key, it in value.items() if not key.startswith("__")}
    if isinstance(value, list):
        return [plain(it) for it in value]
    return value.strip('"') if isinstance(value, str) else value


def check_tables():
    with open(MODULE / "tables.tf") as file:
        blocks = plain(hcl2.load(file))["resource"]
    tables = {}
    for block in blocks:
        for name, body in block["aws_dynamodb_table"].items():
            tables[{"own": "locktender", "audit": "locktender-audit"}[name]] = body
    same("the tables", sorted(TABLES), sorted(tables))
    for name, table in tables.items():
        create, expire = migration(TABLES[name])
        keys = {key["KeyType"]: key["AttributeName"] for key in create["KeySchema"]}
        attributes = {it["AttributeName"]: it["AttributeType"] for it in create["AttributeDefinitions"]}
        wanted = {
            "hash_key": keys["HASH"],
            "range_key": keys["RANGE"],
            "billing_mode": create["BillingMode"],
            "attribute": attributes,
            "point_in_time_recovery": [{"enabled": True}],
            "server_side_encryption": [{"enabled": True}],
            "deletion_protection_enabled": True,
            "lifecycle": [{"prevent_destroy": True}],
        }
        if expire:
            time_to_live = expire["TimeToLiveSpecification"]
            wanted["ttl"] = [{"attribute_name": time_to_live["AttributeName"], "enabled": time_to_live["Enabled"]}]
        found = {key: value for key, value in table.items() if key != "name"}
        found["attribute"] = {it["name"]: it["type"] for it in found["attribute"]}
        same(f"the table {name}", wanted, found)


def check():
    check_policies()
    check_tables()
    return "the module has the policies of deploy/iam and the tables of migrations"


run(check)
