#!/bin/sh
# Makes a lock table with one stale lock in it, as a Terraform run leaves it that died. Once only: what is
# there stays.
set -eu

if ! aws dynamodb describe-table --table-name terraform-locks >/dev/null 2>&1; then
    aws dynamodb create-table --table-name terraform-locks --billing-mode PAY_PER_REQUEST \
        --attribute-definitions AttributeName=LockID,AttributeType=S \
        --key-schema AttributeName=LockID,KeyType=HASH >/dev/null
    aws dynamodb wait table-exists --table-name terraform-locks
    path=my-states/env/prod/terraform.tfstate
    created=$(date -u -d '4 hours ago' +%Y-%m-%dT%H:%M:%SZ)
    aws dynamodb put-item --table-name terraform-locks --item "$(
        cat <<ITEM
{
  "LockID": {"S": "$path"},
  "Info": {"S": "{\"ID\":\"1f6e7bc2-0ede-e7d2-69ce-4a7141d98284\",\"Operation\":\"OperationTypeApply\",\"Info\":\"\",\"Who\":\"jjoyner@ci-runner-04\",\"Version\":\"1.11.4\",\"Created\":\"$created\",\"Path\":\"$path\"}"}
}
ITEM
    )"
fi
echo "terraform-locks is there"
