"""Builds the manifests of deploy/kubernetes, compares them with Kubernetes' own schemas, and asserts what they promise.

    kubernetes.py LOCKTENDER
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import kubernetes_validate
import yaml

from common import ROOT, Differs, known_settings, run, same, version

FOLDER = ROOT / "deploy/kubernetes"
PROGRAM = sys.argv[1]
# The oldest version that the page promises, and the newest whose schemas there are.
VERSIONS = ["1.27", kubernetes_validate.latest_version()]
# A resource of the Prometheus operator, which Kubernetes has no schema of.
FOREIGN = ["ServiceMonitor"]
# What a Secret may add to the settings.
SECRETS = {"locktender", "locktender-migrate"}


def build(folder):
    """The resources of an overlay, by kind and name."""
    tool = ["kustomize", "build"] if shutil.which("kustomize") else ["kubectl", "kustomize"]
    done = subprocess.run([*tool, folder], capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        raise Differs(f"{' '.join(tool)} {folder}: {done.stderr}")
    found = [it for it in yaml.safe_load_all(done.stdout) if it]
    named = {(it["kind"], it["metadata"]["name"]): it for it in found}
    same("the number of names of resources", len(found), len(named))
    return named


def with_all_options(scratch):
    """The overlay with everything that it only mentions: monitoring, and roles for service accounts."""
    copy = Path(scratch) / "kubernetes"
    shutil.copytree(FOLDER, copy)
    file = copy / "eks/kustomization.yaml"
    file.write_text(re.sub(r"^#(?! )|^#(?=  )", "", file.read_text(), flags=re.M))
    return build(copy / "eks")


def check_schemas(resources):
    for (kind, name), resource in resources.items():
        if kind in FOREIGN:
            continue
        for version in VERSIONS:
            try:
                kubernetes_validate.validate(resource, version, strict=True)
            except (kubernetes_validate.ValidationError, kubernetes_validate.SchemaNotFoundError) as error:
                raise Differs(f"{kind} {name} is not valid in Kubernetes {version}: {error}")


def pods(resources):
    """The templates of pods, by the resource that has them."""
    return {key: it["spec"]["template"] for key, it in resources.items() if "template" in it.get("spec", {})}


def only(what, values):
    same(f"the number of {what}", 1, len(values))
    return values[0]


def check_pod(key, template, resources):
    what, spec = " ".join(key), template["spec"]
    container = only(f"containers of {what}", spec["containers"])
    same(f"the init containers of {what}", [], spec.get("initContainers", []))
    # Pod Security's level `restricted`, and a root that nothing is written to.
    for host in ("hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace"):
        same(f"{host} of {what}", None, spec.get(host))
    user = {"runAsNonRoot": True, "runAsUser": 65532, "runAsGroup": 65532, "seccompProfile": {"type": "RuntimeDefault"}}
    same(f"the user of {what}", user, spec["securityContext"])
    rights = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
    same(f"the rights of {what}", rights, container["securityContext"])
    same(f"whether {what} gets a token of Kubernetes", False, spec["automountServiceAccountToken"])
    same(f"the volumes of {what}", [["configMap", "name"]], [sorted(it) for it in spec["volumes"]])
    same(f"whether {what} has a limit of memory", True, "memory" in container["resources"]["limits"])
    same(f"whether {what} has a limit of CPU", False, "cpu" in container["resources"]["limits"])
    same(f"the command of {what}", None, container.get("command"))
    # No variables of services, of which some would begin with LOCKTENDER_.
    same(f"the service links of {what}", False, spec["enableServiceLinks"])
    same(f"the version of the image of {what}", version(), container["image"].rpartition(":")[2])
    same(f"the account of {what}", True, ("ServiceAccount", spec["serviceAccountName"]) in resources)

    named = [volume["configMap"]["name"] for volume in spec["volumes"]]
    for source in container["envFrom"]:
        if "secretRef" in source:
            same(f"whether {source} is a known secret", True, source["secretRef"]["name"] in SECRETS)
        else:
            named.append(source["configMapRef"]["name"])
    for name in named:
        same(f"whether {what} has its ConfigMap {name}", True, ("ConfigMap", name) in resources)
    same(f"what of {what} sets variables by itself", None, container.get("env"))


def check_bot(resources, settings):
    deployment = resources["Deployment", "locktender"]["spec"]
    same("the replicas", 2, deployment["replicas"])
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}
    same("the strategy", rolling, deployment["strategy"])
    spec = deployment["template"]["spec"]
    same("whether a stop may take 20 s", True, spec["terminationGracePeriodSeconds"] >= 20)
    spread = {it["topologyKey"]: it["whenUnsatisfiable"] for it in spec["topologySpreadConstraints"]}
    wanted = {"kubernetes.io/hostname": "DoNotSchedule", "topology.kubernetes.io/zone": "ScheduleAnyway"}
    same("the spread of the replicas", wanted, spread)

    container = spec["containers"][0]
    same("what the bot runs", ["run"], container["args"])
    port = only("ports", container["ports"])
    same("the port", settings["LOCKTENDER_HTTP_ADDR"], f"0.0.0.0:{port['containerPort']}")
    probes = {"startupProbe": "/healthz", "livenessProbe": "/healthz", "readinessProbe": "/readyz"}
    for probe, path in probes.items():
        same(f"the {probe}", {"path": path, "port": port["name"]}, container[probe]["httpGet"])

    service = resources["Service", "locktender"]["spec"]
    same("the port of the service", port["name"], only("ports of the service", service["ports"])["targetPort"])
    budget = resources["PodDisruptionBudget", "locktender"]["spec"]
    same("how many may be away", 1, budget["maxUnavailable"])
    labels = deployment["template"]["metadata"]["labels"]
    for what, selector in [("the deployment", deployment["selector"]["matchLabels"]), ("the service", service["selector"]),
                           ("the disruption budget", budget["selector"]["matchLabels"])]:
        same(f"the pods of {what}", labels, selector)


def check_migrations(resources):
    job = resources["Job", "locktender-migrate"]["spec"]["template"]["spec"]
    same("what the job runs", ["migrate"], job["containers"][0]["args"])
    accounts = {template["spec"]["serviceAccountName"] for template in pods(resources).values()}
    same("the accounts", {"locktender", "locktender-migrate"}, accounts)
    secrets = [it["secretRef"]["name"] for it in job["containers"][0]["envFrom"] if "secretRef" in it]
    same("the secrets of the job, which needs no token", ["locktender-migrate"], secrets)


def check_network(resources):
    """No pod of ours is reached, or reaches anything, except as the policies say together."""
    policies = {name: it["spec"] for (kind, name), it in resources.items() if kind == "NetworkPolicy"}
    same("who is let in", [], policies["locktender"]["ingress"])
    everywhere = [(port["protocol"], port["port"]) for rule in policies["locktender"]["egress"] for port in rule["ports"]]
    same("what is let out to everywhere", [("UDP", 53), ("TCP", 53), ("TCP", 443)], everywhere)
    same("the directions", ["Ingress", "Egress"], policies["locktender"]["policyTypes"])
    for name, policy in policies.items():
        for key, template in pods(resources).items():
            labels, selector = template["metadata"]["labels"], policy["podSelector"]["matchLabels"]
            is_for = "bot" if name == "locktender-metrics" else labels["app.kubernetes.io/component"]
            wanted = labels | {"app.kubernetes.io/component": is_for}
            same(f"the pods of {name} among {key}", True, selector.items() <= wanted.items())
    identity = policies["locktender-pod-identity"]["egress"]
    addresses = [to["ipBlock"]["cidr"] for to in only("rules of Pod Identity", identity)["to"]]
    same("the agent of Pod Identity", ["169.254.170.23/32", "fd00:ec2::23/128"], addresses)


def settings_of(resources):
    found = [it["data"] for (kind, name), it in resources.items() if name.startswith("locktender-settings-")]
    return only("ConfigMaps of settings", found)


def check_settings(resources):
    """The names of the settings are the program's own, and the program takes their values."""
    settings = settings_of(resources)
    same("settings that there are not", [], sorted(set(settings) - known_settings()))
    same("settings that are secret", [], [name for name in settings if "TOKEN" in name or "KEY_ID" in name])
    file = next(it["data"] for (kind, name), it in resources.items() if name.startswith("locktender-file-"))
    mounted = resources["Deployment", "locktender"]["spec"]["template"]["spec"]["containers"][0]["volumeMounts"][0]
    path = f"{mounted['mountPath']}/{only('files', list(file))}"
    same("the path of the file", path, settings["LOCKTENDER_CONFIG"])
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "locktender.toml"
        copy.write_text(*file.values())
        environment = settings | {"LOCKTENDER_CONFIG": str(copy), "PATH": os.environ["PATH"]}
        done = subprocess.run(
            [PROGRAM, "config", "check"], env=environment, cwd=folder, capture_output=True, text=True, timeout=60,
        )
        same(f"the exit code of config check ({done.stdout}{done.stderr})", 0, done.returncode)


def check():
    with tempfile.TemporaryDirectory() as scratch:
        plain, full = build(FOLDER / "eks"), with_all_options(scratch)
    same("what the options add", {("ServiceMonitor", "locktender"), ("NetworkPolicy", "locktender-metrics")}, full.keys() - plain.keys())
    for resources in (plain, full):
        check_schemas(resources)
        for (kind, name), resource in resources.items():
            wanted = None if kind == "Namespace" else "locktender"
            same(f"the namespace of {kind} {name}", wanted, resource["metadata"].get("namespace"))
        for key, template in pods(resources).items():
            check_pod(key, template, resources)
        check_bot(resources, settings_of(resources))
        check_migrations(resources)
        check_network(resources)
        check_settings(resources)
    level = plain["Namespace", "locktender"]["metadata"]["labels"]["pod-security.kubernetes.io/enforce"]
    same("the level of the namespace", "restricted", level)
    for account in ("locktender", "locktender-migrate"):
        role = full["ServiceAccount", account]["metadata"]["annotations"]["eks.amazonaws.com/role-arn"]
        same(f"the role of {account}", f"arn:aws:iam::111122223333:role/{account}", role)
    monitor = full["ServiceMonitor", "locktender"]["spec"]
    service = full["Service", "locktender"]
    same("the service of the monitor", True, monitor["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items())
    endpoint = only("endpoints", monitor["endpoints"])
    same("the endpoint", ("/metrics", service["spec"]["ports"][0]["name"]), (endpoint["path"], endpoint["port"]))
    return f"the manifests are valid in Kubernetes {' and '.join(VERSIONS)}, without privileges, and the bot takes their settings"


run(check)
