//! What runs each block of each page.

use super::Held::{Elsewhere, Here, Nowhere};
use super::{Entry, Story};

const TESTS: &str = "a test does not run the whole suite, or build the program again";
const CLUSTER: &str = "it needs a cluster";
const CONTAINERS: &str = "it needs a machine that runs containers";
const SYSTEMD: &str = "it changes the machine that it runs on";
const DRAWING: &str = "it needs Node, a browser and pngquant";
const RELEASE: &str = "it needs a release, and programs that check its signatures";
const PROVIDER: &str = "it needs Terraform's provider for AWS, and an account";

/// Every block of every page.
pub const LIST: &[Entry] = &[
    (
        "README.md",
        "cargo test",
        Nowhere { why: TESTS, commands: &["locktender demo", "cargo test"] },
    ),
    ("README.md", "<<'END'", Here(Story::Demo)),
    ("README.md", "cp .env.example .env", Here(Story::FirstStart)),
    ("README.md", "locktender run --migrate", Here(Story::FirstStart)),
    (
        "CONTRIBUTING.md",
        "cargo build --release",
        Nowhere { why: TESTS, commands: &["locktender demo", "cargo build"] },
    ),
    ("CONTRIBUTING.md", "cargo test\n", Nowhere { why: TESTS, commands: &["cargo test"] }),
    (
        "CONTRIBUTING.md",
        "pip install",
        Elsewhere {
            file: ".ci/run",
            text: "python3 -m venv --clear .venv",
            commands: &["python3 -m", "pip install"],
        },
    ),
    (
        "CONTRIBUTING.md",
        "LOCKTENDER_ALL_KILL_POINTS",
        Nowhere { why: TESTS, commands: &["cargo test"] },
    ),
    (
        "CONTRIBUTING.md",
        "LOCKTENDER_PREDECESSOR",
        Nowhere { why: TESTS, commands: &["cargo test"] },
    ),
    (
        "CONTRIBUTING.md",
        "LOCKTENDER_WRITE_PAGES",
        Nowhere { why: TESTS, commands: &["cargo test"] },
    ),
    (
        "CONTRIBUTING.md",
        "cargo insta review",
        Nowhere { why: "it asks a person", commands: &["cargo install", "cargo insta"] },
    ),
    (
        "CONTRIBUTING.md",
        "docs/pictures/render",
        Nowhere { why: DRAWING, commands: &["cargo test", "render"] },
    ),
    (
        "docs/pictures/README.md",
        "chromium pngquant",
        Nowhere { why: DRAWING, commands: &["apt-get install"] },
    ),
    (
        "docs/pictures/README.md",
        "docs/pictures/render",
        Nowhere { why: DRAWING, commands: &["cargo test", "render"] },
    ),
    (
        "docs/AUDIT.md",
        "#!/usr/bin/env bash",
        Elsewhere {
            file: "tests/it/audit/export.rs",
            text: "an_export_is_verified_without_this_program_as_the_documents_say",
            commands: &[],
        },
    ),
    ("docs/AUDIT.md", "select(.seq == 1", Here(Story::Trail)),
    ("docs/AUDIT.md", "then.jsonl", Here(Story::Trail)),
    ("docs/AUDIT.md", "before.jsonl", Here(Story::Backup)),
    ("docs/BACKUP.md", "update-continuous-backups", Here(Story::Backup)),
    ("docs/BACKUP.md", "export-table-to-point-in-time", Here(Story::Backup)),
    ("docs/BACKUP.md", "locktender audit export > now.jsonl", Here(Story::Backup)),
    ("docs/BACKUP.md", "--target-table-name locktender-audit-restored", Here(Story::Backup)),
    ("docs/BACKUP.md", "items() {", Here(Story::Backup)),
    ("docs/BACKUP.md", "done < lost.jsonl", Here(Story::Backup)),
    ("docs/BACKUP.md", "\"$table-restored\"", Here(Story::Backup)),
    (
        "docs/BACKUP.md",
        "--backup-type SYSTEM",
        Nowhere {
            why: "moto makes no backup of a table that is deleted",
            commands: &["aws dynamodb list-backups", "aws dynamodb restore-table-from-backup"],
        },
    ),
    ("docs/BACKUP.md", "update-time-to-live", Here(Story::Backup)),
    ("docs/BACKUP.md", "locktender migrate --check", Here(Story::Upgrade)),
    ("docs/BACKUP.md", "own=locktender", Here(Story::NewTrail)),
    (
        "docs/BENCHMARKS.md",
        "cargo bench --bench micro",
        Nowhere { why: "a figure needs the machine to itself", commands: &["cargo bench"] },
    ),
    ("docs/CALLS.md", "LOCKTENDER_WRITE_CALLS", Nowhere { why: TESTS, commands: &["cargo test"] }),
    ("docs/COMMANDS.md", "bash-completion", Here(Story::Shell)),
    (
        "docs/FUZZING.md",
        "cargo fuzz run",
        Nowhere { why: "it takes minutes", commands: &["cargo fuzz"] },
    ),
    ("docs/IAM.md", "put-role-policy", Here(Story::Policies)),
    (
        "docs/MUTANTS.md",
        "cargo mutants",
        Nowhere { why: "it takes an hour", commands: &["cargo mutants"] },
    ),
    ("docs/QUESTIONS.md", "force-unlock LOCK_ID", Here(Story::Terraform)),
    ("docs/QUESTIONS.md", "locktender status env/prod\n```", Here(Story::ByHand)),
    ("docs/QUESTIONS.md", "Info = :seen", Here(Story::ByHand)),
    ("docs/QUESTIONS.md", "--if-match", Here(Story::ByHand)),
    ("docs/QUESTIONS.md", "errored.tfstate", Here(Story::Terraform)),
    ("docs/QUESTIONS.md", "list-object-versions", Here(Story::Digest)),
    ("docs/QUESTIONS.md", "SET Digest", Here(Story::Digest)),
    ("docs/QUESTIONS.md", "-lock-timeout", Here(Story::Terraform)),
    ("docs/QUESTIONS.md", "--exit-code", Here(Story::ByHand)),
    ("docs/RUNBOOK.md", "\"lease\"", Here(Story::Lease)),
    ("docs/SETTINGS.md", "config check --explain", Here(Story::Settings)),
    ("docs/UPGRADING.md", "locktender migrate --check", Here(Story::Upgrade)),
    ("deploy/cloudformation/README.md", "cloudformation/locktender.yaml", Here(Story::Stacks)),
    ("deploy/cloudformation/README.md", "locktender migrate", Here(Story::Stacks)),
    ("deploy/cloudformation/README.md", "describe-stacks", Here(Story::Stacks)),
    ("deploy/cloudformation/README.md", "cloudformation/backend.yaml", Here(Story::Stacks)),
    (
        "deploy/compose/README.md",
        "up --build",
        Nowhere { why: CONTAINERS, commands: &["docker compose"] },
    ),
    (
        "deploy/container/README.md",
        "docker build -f",
        Elsewhere {
            file: ".github/workflows/ci.yml",
            text: "docker build -f deploy/container/Dockerfile -t locktender .",
            commands: &["docker build"],
        },
    ),
    ("deploy/container/README.md", "cp .env.example", Here(Story::Shell)),
    (
        "deploy/container/README.md",
        "locktender migrate",
        Nowhere { why: CONTAINERS, commands: &["docker run"] },
    ),
    (
        "deploy/container/README.md",
        "docker logs",
        Nowhere { why: CONTAINERS, commands: &["docker run", "docker logs"] },
    ),
    (
        "deploy/container/README.md",
        "docker buildx",
        Elsewhere {
            file: ".github/workflows/release.yml",
            text: "docker buildx build --platform \"$PLATFORM\" --file deploy/container/Dockerfile",
            commands: &["docker buildx"],
        },
    ),
    (
        "deploy/container/README.md",
        "cosign verify \"$image\"",
        Nowhere { why: RELEASE, commands: &["cosign verify", "gh attestation"] },
    ),
    (
        "deploy/container/README.md",
        "cosign verify-blob",
        Nowhere { why: RELEASE, commands: &["cosign verify-blob", "gh attestation"] },
    ),
    (
        "deploy/kubernetes/README.md",
        "create-pod-identity-association",
        Nowhere {
            why: CLUSTER,
            commands: &["aws sts get-caller-identity", "aws eks create-pod-identity-association"],
        },
    ),
    (
        "deploy/kubernetes/README.md",
        "kubectl kustomize",
        Elsewhere {
            file: "deploy/checks/kubernetes.py",
            text: "kustomize",
            commands: &["kubectl kustomize"],
        },
    ),
    (
        "deploy/kubernetes/README.md",
        "namespace.yaml",
        Nowhere { why: CLUSTER, commands: &["kubectl apply", "kubectl -n locktender create"] },
    ),
    (
        "deploy/kubernetes/README.md",
        "rollout status",
        Nowhere {
            why: CLUSTER,
            commands: &[
                "kubectl apply",
                "kubectl -n locktender wait",
                "kubectl -n locktender rollout",
            ],
        },
    ),
    (
        "deploy/kubernetes/README.md",
        "--ignore-not-found",
        Nowhere { why: CLUSTER, commands: &["kubectl apply", "kubectl -n locktender delete"] },
    ),
    ("deploy/monitoring/README.md", "/readyz", Here(Story::Probes)),
    ("deploy/monitoring/README.md", "promtool check config", Here(Story::Alerts)),
    (
        "deploy/systemd/README.md",
        "/usr/local/bin/",
        Nowhere { why: SYSTEMD, commands: &["cargo build", "sudo install"] },
    ),
    (
        "deploy/systemd/README.md",
        "sudoedit",
        Nowhere { why: SYSTEMD, commands: &["sudo install", "sudoedit /etc/locktender/.env"] },
    ),
    (
        "deploy/systemd/README.md",
        "sudo locktender migrate",
        Nowhere { why: SYSTEMD, commands: &["locktender config", "locktender migrate"] },
    ),
    (
        "deploy/systemd/README.md",
        "enable --now",
        Nowhere { why: SYSTEMD, commands: &["sudo systemctl", "journalctl -u"] },
    ),
    (
        "deploy/systemd/README.md",
        "systemd-creds",
        Nowhere { why: SYSTEMD, commands: &["sudo systemd-creds", "sudo systemctl"] },
    ),
    ("deploy/terraform/README.md", "locktender migrate", Here(Story::Stacks)),
    (
        "deploy/terraform/README.md",
        "terraform import",
        Nowhere { why: PROVIDER, commands: &["terraform import"] },
    ),
    ("deploy/terraform/service/README.md", "create-secret", Here(Story::Secret)),
    (
        "deploy/terraform/service/README.md",
        "aws logs tail",
        Nowhere { why: PROVIDER, commands: &["terraform output", "aws logs tail"] },
    ),
    (
        "deploy/terraform/service/README.md",
        "terraform apply -target",
        Nowhere { why: PROVIDER, commands: &["terraform apply", "terraform output"] },
    ),
];
