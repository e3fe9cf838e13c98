"""Runs the part of deploy/terraform/service that needs no provider, has moto register its tasks, and asserts what they
promise. boto3 knows the API of ECS and refuses a name or a type that it does not have.

    service.py
"""

import json
import tempfile

import boto3

from common import ACCOUNT, BOT_ROLE, REGION, ROOT, known_settings, moto, normal, run, same, version
from terraform_cli import apply

MODULE = ROOT / "deploy/terraform/service/task"
LOG = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:locktender"
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:locktender-AbCdEf"
PARAMETER = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/team/locktender"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234"
OWN_IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/team/locktender"
OTHER_IMAGE = "registry.example.com/locktender"
SETTINGS = {"AWS_REGION": REGION, "LOCKTENDER_STATE_BUCKET": "states", "LOCKTENDER_LOG_FORMAT": "text"}


def outcome(folder, token, image, key=""):
    values = {
        "image": f"{image}:{version()}", "region": REGION, "log_group": "locktender", "log_group_arn": LOG,
        "environment": SETTINGS, "token_arn": token, "token_key_arn": key,
    }
    return {name: json.loads(value) for name, value in apply(MODULE, folder, values).items()}


def check_execution(folder):
    """What ECS may do: log, read the one secret, and fetch the one image."""
    log = {"Sid": "Log", "Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": [LOG + ":*"]}
    cases = [
        (SECRET, OTHER_IMAGE, "", "secretsmanager:GetSecretValue", SECRET),
        (SECRET + ":token::", OWN_IMAGE, KEY, "secretsmanager:GetSecretValue", SECRET),
        (PARAMETER, OWN_IMAGE, "", "ssm:GetParameters", PARAMETER),
    ]
    for token, image, key, action, resource in cases:
        wanted = {
            "Log": log,
            "Token": {"Sid": "Token", "Effect": "Allow", "Action": [action], "Resource": [resource]},
        }
        if key:
            wanted["TokenKey"] = {"Sid": "TokenKey", "Effect": "Allow", "Action": ["kms:Decrypt"], "Resource": [key]}
        if image == OWN_IMAGE:
            repository = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/team/locktender"
            fetch = sorted(["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"])
            wanted["Image"] = {"Sid": "Image", "Effect": "Allow", "Action": fetch, "Resource": [repository]}
            wanted["SignInToImages"] = {
                "Sid": "SignInToImages", "Effect": "Allow", "Action": ["ecr:GetAuthorizationToken"], "Resource": ["*"],
            }
        found = outcome(folder, token, image, key)
        same("what ECS may do", wanted, normal(found["execution"])["Statement"])
        secrets = found["bot"][0]["secrets"]
        same("the secrets of the bot", [{"name": "DISCORD_TOKEN", "valueFrom": token}], secrets)


def check_containers(folder):
    found = outcome(folder, SECRET, OTHER_IMAGE)
    with moto() as address:
        ecs = boto3.client("ecs", region_name=REGION, endpoint_url=address)
        for name in ("bot", "migrate"):
            task = ecs.register_task_definition(
                family=name, requiresCompatibilities=["FARGATE"], networkMode="awsvpc", cpu="256", memory="512",
                taskRoleArn=BOT_ROLE, executionRoleArn=BOT_ROLE, containerDefinitions=found[name],
            )["taskDefinition"]
            same(f"the number of containers of {name}", 1, len(task["containerDefinitions"]))
            container = task["containerDefinitions"][0]
            same(f"whether the root of {name} is read-only", True, container["readonlyRootFilesystem"])
            same(f"the user of {name}", "65532:65532", container["user"])
            same(f"the rights of {name}", {"drop": ["ALL"]}, container["linuxParameters"]["capabilities"])
            # A check of a container runs a program in it. There is none but the bot.
            same(f"the health check of {name}", None, container.get("healthCheck"))
            settings = {it["name"]: it["value"] for it in container["environment"]}
            wanted = {"LOCKTENDER_HTTP_ADDR": "0.0.0.0:8080"} | SETTINGS
            same(f"the settings of {name}", wanted, settings)
            same(f"settings of {name} that there are not", [], sorted(set(settings) - known_settings()))
            same(f"the log of {name}", "locktender", container["logConfiguration"]["options"]["awslogs-group"])
        same("what they run", [["run"], ["migrate"]], [found[name][0]["command"] for name in ("bot", "migrate")])
        same("the secrets of migrate", [], found["migrate"][0].get("secrets", []))
        same("whether a stop may take 20 s", True, found["bot"][0]["stopTimeout"] >= 20)


def check():
    with tempfile.TemporaryDirectory() as folder:
        check_execution(folder)
        check_containers(folder)
    return "ECS takes the tasks, which have no privileges, and may read one secret and fetch one image"


run(check)
