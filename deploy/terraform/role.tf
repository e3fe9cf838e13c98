module "documents" {
  source = "./documents"

  state_bucket_arns = var.state_bucket_arns
  lock_table_arns   = var.lock_table_arns
  lockfiles         = var.lockfiles
  other_role_arns   = var.other_role_arns
  table_arn         = aws_dynamodb_table.own.arn
  audit_table_arn   = aws_dynamodb_table.audit.arn
}

locals {
  trust = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = var.trusted_service }
      # A session of Pod Identity has tags.
      Action = var.trusted_service == "pods.eks.amazonaws.com" ? ["sts:AssumeRole", "sts:TagSession"] : ["sts:AssumeRole"]
    }]
  })
}

resource "aws_iam_policy" "bot" {
  name        = var.role_name
  description = "What Locktender needs, and no more"
  policy      = module.documents.bot
}

resource "aws_iam_policy" "doctor" {
  name        = "${var.role_name}-doctor"
  description = "What the doctor of Locktender needs in addition"
  policy      = module.documents.doctor
}

# The bot's role does not have it.
resource "aws_iam_policy" "migrate" {
  name        = "${var.role_name}-migrate"
  description = "What locktender migrate needs, and no more"
  policy      = module.documents.migrate
}

resource "aws_iam_role" "bot" {
  name        = var.role_name
  description = "Locktender"

  assume_role_policy = local.trust
}

resource "aws_iam_role_policy_attachment" "bot" {
  role       = aws_iam_role.bot.name
  policy_arn = aws_iam_policy.bot.arn
}

resource "aws_iam_role_policy_attachment" "doctor" {
  role       = aws_iam_role.bot.name
  policy_arn = aws_iam_policy.doctor.arn
}

resource "aws_iam_instance_profile" "bot" {
  count = var.trusted_service == "ec2.amazonaws.com" ? 1 : 0

  name = var.role_name
  role = aws_iam_role.bot.name
}

# A task or a pod of its own applies the migrations. On an instance, an administrator does.
resource "aws_iam_role" "migrate" {
  count = var.trusted_service == "ec2.amazonaws.com" ? 0 : 1

  name               = "${var.role_name}-migrate"
  description        = "locktender migrate"
  assume_role_policy = local.trust
}

resource "aws_iam_role_policy_attachment" "migrate" {
  count = length(aws_iam_role.migrate)

  role       = aws_iam_role.migrate[count.index].name
  policy_arn = aws_iam_policy.migrate.arn
}
