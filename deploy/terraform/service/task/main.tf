# The containers, and what ECS may do to start them. It needs no provider, so it can be tested without AWS.

locals {
  environment = merge({
    LOCKTENDER_HTTP_ADDR  = "0.0.0.0:8080"
    LOCKTENDER_LOG_FORMAT = "json"
  }, var.environment)

  container = {
    image     = var.image
    essential = true

    environment = [for name in sort(keys(local.environment)) : { name = name, value = local.environment[name] }]

    # As deploy/container has it.
    user                   = "65532:65532"
    readonlyRootFilesystem = true
    linuxParameters = {
      capabilities = { drop = ["ALL"] }
      # A signal that comes while the program starts also ends it. Process 1 would ignore it.
      initProcessEnabled = true
    }

    logConfiguration = {
      logDriver = "awslogs"
      options = {
        "awslogs-group"         = var.log_group
        "awslogs-region"        = var.region
        "awslogs-stream-prefix" = "locktender"
        # A log that is not taken must not hold the bot up.
        "mode" = "non-blocking"
      }
    }
  }

  bot = merge(local.container, {
    name         = "locktender"
    command      = ["run"]
    secrets      = [{ name = "DISCORD_TOKEN", valueFrom = var.token_arn }]
    portMappings = [{ containerPort = 8080, protocol = "tcp" }]
    # After SIGTERM the bot finishes what it has begun, for 16 s at most.
    stopTimeout = 30
  })

  migrate = merge(local.container, {
    name    = "migrate"
    command = ["migrate"]
  })

  # A key of a secret that is JSON stands behind the ARN, after a seventh colon.
  token_arn = join(":", slice(split(":", var.token_arn), 0, min(7, length(split(":", var.token_arn)))))
  is_secret = element(split(":", var.token_arn), 2) == "secretsmanager"

  # An image in ECR, if it is one: its account, region and repository.
  ecr = try(regex("^([0-9]{12})\\.dkr\\.ecr\\.([a-z0-9-]+)\\.[a-z0-9.]+/([^:@]+)", var.image), null)

  partition = element(split(":", var.log_group_arn), 1)

  statements = concat(
    [
      {
        Sid      = "Log"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "${var.log_group_arn}:*"
      },
      {
        Sid      = "Token"
        Effect   = "Allow"
        Action   = [local.is_secret ? "secretsmanager:GetSecretValue" : "ssm:GetParameters"]
        Resource = local.token_arn
      },
    ],
    [for key in compact([var.token_key_arn]) : {
      Sid      = "TokenKey"
      Effect   = "Allow"
      Action   = ["kms:Decrypt"]
      Resource = key
    }],
    [for ecr in local.ecr == null ? [] : [local.ecr] : {
      Sid      = "Image"
      Effect   = "Allow"
      Action   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
      Resource = "arn:${local.partition}:ecr:${ecr[1]}:${ecr[0]}:repository/${ecr[2]}"
    }],
    # AWS gives it for no single repository.
    [for ecr in local.ecr == null ? [] : [local.ecr] : {
      Sid      = "SignInToImages"
      Effect   = "Allow"
      Action   = ["ecr:GetAuthorizationToken"]
      Resource = "*"
    }],
  )
}
