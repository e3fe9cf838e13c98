# Fills the documents of deploy/iam in. It needs no provider, so it can be tested without AWS.

locals {
  row    = "arn:aws:dynamodb:REGION:ACCOUNT:table"
  suffix = "/*.tflock"

  # What stands for each placeholder. A resource that is not here is an error.
  arns = {
    "${local.row}/LOCK_TABLE"       = var.lock_table_arns
    "arn:aws:s3:::STATE_BUCKET"     = var.state_bucket_arns
    "${local.row}/locktender"       = [var.table_arn]
    "${local.row}/locktender-audit" = [var.audit_table_arn]
  }

  left_out = concat(
    length(var.lock_table_arns) > 0 ? [] : ["LockRows", "DescribeLockTable"],
    var.lockfiles ? [] : ["LockfilesOnly"],
  )

  statements = {
    for name in ["bot", "doctor", "migrate", "backend"] : name => [
      for statement in jsondecode(file("${path.module}/../../iam/${name}.json")).Statement :
      merge(statement, {
        Resource = flatten([
          for resource in flatten([statement.Resource]) : [
            for arn in local.arns[trimsuffix(resource, local.suffix)] :
            endswith(resource, local.suffix) ? "${arn}${local.suffix}" : arn
          ]
        ])
      })
      if !contains(local.left_out, statement.Sid)
    ]
  }

  # The statement of docs/IAM.md for locks in another account.
  other_accounts = [
    for roles in [var.other_role_arns] : {
      Sid      = "OtherAccounts"
      Effect   = "Allow"
      Action   = "sts:AssumeRole"
      Resource = roles
    } if length(roles) > 0
  ]

  trust = file("${path.module}/../../iam/trust.json")
}
