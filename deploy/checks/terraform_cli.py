"""Runs a module of deploy/terraform that needs no provider."""

import json
import os
import subprocess

from common import Differs


def terraform(module, folder, *arguments):
    command = ["terraform", f"-chdir={module}", *arguments]
    environment = {"PATH": os.environ["PATH"], "TF_DATA_DIR": folder, "TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        raise Differs(f"{' '.join(command)}: {done.stdout}{done.stderr}")
    return done.stdout


def apply(module, folder, values):
    """The outputs of the module with these values. What Terraform writes goes into the folder."""
    terraform(module, folder, "init", "-backend=false", "-input=false")
    variables, state = f"{folder}/values.tfvars.json", f"{folder}/state"
    with open(variables, "w") as file:
        json.dump(values, file)
    terraform(module, folder, "apply", "-auto-approve", "-input=false", f"-state={state}", f"-var-file={variables}")
    outputs = json.loads(terraform(module, folder, "output", "-json", f"-state={state}"))
    return {name: output["value"] for name, output in outputs.items()}
