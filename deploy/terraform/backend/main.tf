# A role in an account that has locks, which the bot of another account takes.

module "documents" {
  source = "../documents"

  state_bucket_arns = var.state_bucket_arns
  lock_table_arns   = var.lock_table_arns
  lockfiles         = var.lockfiles
  bot_role_arn      = var.bot_role_arn
  external_id       = var.external_id
}

resource "aws_iam_role" "backend" {
  name               = var.role_name
  description        = "Locktender reads and releases the state locks of this account"
  assume_role_policy = module.documents.trust
}

resource "aws_iam_role_policy" "backend" {
  name   = "locktender"
  role   = aws_iam_role.backend.id
  policy = module.documents.backend
}
