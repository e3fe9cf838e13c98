"""Deploys the templates of deploy/cloudformation to moto, and compares what is there with deploy/iam and with the
tables that `locktender migrate` makes.

    cloudformation.py LOCKTENDER

moto takes no point-in-time recovery, no encryption and no time to live from a template. Those are read from it.
"""

import ast
import subprocess
import sys
import urllib.request

import boto3
from cfnlint.decode import decode

from common import (
    BOT_ROLE, BUCKETS, EXTERNAL_ID, LOCK_TABLES, OTHER_ROLES, REGION, ROOT, TABLES,
    listed, moto, normal, policy, run, same, trust,
)

ELSEWHERE = "us-west-2"
PROGRAM = sys.argv[1]


def template(name):
    return (ROOT / f"deploy/cloudformation/{name}.yaml").read_text()


def parameters(**values):
    return [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()]


def what_it_watches(rows, lockfiles):
    watched = {"StateBucketArns": ",".join(BUCKETS), "Lockfiles": str(lockfiles).lower()}
    return watched | ({"LockTableArns": ",".join(LOCK_TABLES)} if rows else {})


def deploy(aws, name, **values):
    aws("cloudformation").create_stack(
        StackName=name, TemplateBody=template(name), Capabilities=["CAPABILITY_NAMED_IAM"],
        Parameters=parameters(**values),
    )
    stack = aws("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
    same("the stack's status", "CREATE_COMPLETE", stack["StackStatus"])
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}


def managed_policy(aws, arn):
    version = aws("iam").get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    found = aws("iam").get_policy_version(PolicyArn=arn, VersionId=version)
    return normal(found["PolicyVersion"]["Document"])


def check_policies(aws, address):
    """Every kind of storage, each in a stack of its own."""
    for rows, lockfiles, others in [(True, True, False), (True, False, True), (False, True, False)]:
        given = what_it_watches(rows, lockfiles) | ({"OtherRoles": ",".join(OTHER_ROLES)} if others else {})
        outputs = deploy(aws, "locktender", **given)
        wanted = policy("bot", rows=rows, lockfiles=lockfiles, others=others)
        same("the bot's policy", wanted, managed_policy(aws, outputs["PolicyArn"]))
        wanted = policy("doctor", rows=rows)
        same("the doctor's policy", wanted, managed_policy(aws, outputs["DoctorPolicyArn"]))
        wanted = policy("migrate")
        same("the policy of the migrations", wanted, managed_policy(aws, outputs["MigratePolicyArn"]))
        same("the bot's role", BOT_ROLE, outputs["RoleArn"])
        attached = aws("iam").list_attached_role_policies(RoleName="locktender")["AttachedPolicies"]
        wanted = sorted([outputs["PolicyArn"], outputs["DoctorPolicyArn"]])
        same("the policies of the role", wanted, sorted(it["PolicyArn"] for it in attached))
        inline = aws("iam").list_role_policies(RoleName="locktender")["PolicyNames"]
        same("the inline policies of the role", [], inline)
        reset(address)

        deploy(aws, "backend", BotRoleArn=BOT_ROLE, ExternalId=EXTERNAL_ID, **what_it_watches(rows, lockfiles))
        role = aws("iam").get_role(RoleName="locktender")["Role"]
        same("the trust of the other role", trust(), normal(role["AssumeRolePolicyDocument"]))
        names = aws("iam").list_role_policies(RoleName="locktender")["PolicyNames"]
        same("the inline policies of the other role", 1, len(names))
        found = aws("iam").get_role_policy(RoleName="locktender", PolicyName=names[0])
        wanted = policy("backend", rows=rows, lockfiles=lockfiles)
        document = found["PolicyDocument"]
        # moto gives back an inline policy of a template as Python writes it.
        document = ast.literal_eval(document) if isinstance(document, str) else document
        same("the policy of the other role", wanted, normal(document))
        reset(address)


def check_trust(aws, address):
    """The roles, by where the bot runs."""
    for service, actions, profile in [
        ("ec2.amazonaws.com", ["sts:AssumeRole"], True),
        ("ecs-tasks.amazonaws.com", ["sts:AssumeRole"], False),
        ("pods.eks.amazonaws.com", ["sts:AssumeRole", "sts:TagSession"], False),
    ]:
        outputs = deploy(aws, "locktender", TrustedService=service, **what_it_watches(True, True))
        same(f"whether {service} has an instance profile", profile, "InstanceProfileName" in outputs)
        same(f"whether {service} has a role for the migrations", not profile, "MigrateRoleArn" in outputs)
        for role in ["locktender"] if profile else ["locktender", "locktender-migrate"]:
            found = aws("iam").get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]["Statement"]
            found = [(it["Effect"], it["Principal"], listed(it["Action"])) for it in found]
            same(f"the trust of {role}", [("Allow", {"Service": service}, actions)], found)
        if not profile:
            attached = aws("iam").list_attached_role_policies(RoleName="locktender-migrate")["AttachedPolicies"]
            same("the policies of the migrations", [outputs["MigratePolicyArn"]], [it["PolicyArn"] for it in attached])
        reset(address)


def locktender(address, region, *arguments):
    environment = {
        "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": region,
        "AWS_ENDPOINT_URL": address, "LOCKTENDER_STATE_BUCKET": "states", "LOCKTENDER_LOCK_TABLE": "locks",
    }
    # In `/`, so that a `.env` of whoever runs this does not count.
    done = subprocess.run(
        [PROGRAM, *arguments], env=environment, cwd="/", capture_output=True, text=True, timeout=60,
    )
    return done.returncode, done.stdout + done.stderr


def tables(aws, region):
    """What DynamoDB says of the two tables, without what differs from table to table."""
    found = {}
    for name in TABLES:
        table = aws("dynamodb", region).describe_table(TableName=name)["Table"]
        kept = ("KeySchema", "LocalSecondaryIndexes", "GlobalSecondaryIndexes", "StreamSpecification")
        found[name] = {key: table.get(key) for key in kept} | {
            "BillingMode": table.get("BillingModeSummary"),
            "Attributes": sorted(it["AttributeName"] + it["AttributeType"] for it in table["AttributeDefinitions"]),
        }
    return found


def expiry(aws, region, name):
    described = aws("dynamodb", region).describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    return described.get("AttributeName") if described["TimeToLiveStatus"] == "ENABLED" else None


def check_tables(aws, address):
    deploy(aws, "locktender", **what_it_watches(True, True))
    before = tables(aws, REGION)
    both = sorted(TABLES.values())

    code, said = locktender(address, REGION, "migrate", "--check")
    same(f"the exit code of migrate --check on the stack's tables ({said})", 1, code)
    code, said = locktender(address, REGION, "migrate")
    same(f"the exit code of migrate on the stack's tables ({said})", 0, code)
    code, said = locktender(address, REGION, "migrate", "--check")
    same(f"the exit code of migrate --check after it ({said})", 0, code)
    same("what migrate leaves of the stack's tables", before, tables(aws, REGION))
    records = aws("dynamodb").scan(TableName="locktender")["Items"]
    same("what migrate writes", both, sorted(record["sk"]["S"] for record in records))
    same("what migrate writes to the trail", 0, aws("dynamodb").scan(TableName="locktender-audit")["Count"])

    code, said = locktender(address, ELSEWHERE, "migrate")
    same(f"the exit code of migrate without a stack ({said})", 0, code)
    same("the tables of the stack, compared with those of migrate", tables(aws, ELSEWHERE), before)

    parsed, faults = decode(str(ROOT / "deploy/cloudformation/locktender.yaml"))
    same("the faults of the template", [], faults)
    names = {"Table": "locktender", "AuditTable": "locktender-audit"}
    for resource, name in names.items():
        protected = aws("dynamodb").describe_table(TableName=name)["Table"]
        same(f"the deletion protection of {name}", True, protected["DeletionProtectionEnabled"])
        written = parsed["Resources"][resource]
        for keep in ("DeletionPolicy", "UpdateReplacePolicy"):
            same(f"{keep} of {name}", "Retain", written.get(keep))
        written = written["Properties"]
        recovery = {"PointInTimeRecoveryEnabled": True}
        same(f"the recovery of {name}", recovery, written.get("PointInTimeRecoverySpecification"))
        same(f"the encryption of {name}", {"SSEEnabled": True}, written.get("SSESpecification"))
        attribute = expiry(aws, ELSEWHERE, name)
        wanted = {"AttributeName": attribute, "Enabled": True} if attribute else None
        same(f"the time to live of {name}", wanted, written.get("TimeToLiveSpecification"))


def reset(address):
    """Removes everything from moto."""
    urllib.request.urlopen(urllib.request.Request(f"{address}/moto-api/reset", method="POST")).close()


def check():
    with moto() as address:
        def aws(service, region=REGION):
            return boto3.client(service, region_name=region, endpoint_url=address)

        check_policies(aws, address)
        check_trust(aws, address)
        check_tables(aws, address)
    return "the stacks have the policies of deploy/iam and the tables of migrations"


run(check)
