# The bot as an ECS service on Fargate, and the task that applies its migrations.

module "task" {
  source = "./task"

  image         = var.image
  region        = element(split(":", aws_cloudwatch_log_group.log.arn), 3)
  log_group     = var.name
  log_group_arn = aws_cloudwatch_log_group.log.arn
  environment   = var.environment
  token_arn     = var.token_arn
  token_key_arn = var.token_key_arn
}

resource "aws_cloudwatch_log_group" "log" {
  name              = var.name
  retention_in_days = var.log_retention_days
}

# ECS takes it to start a task. The program never has it.
resource "aws_iam_role" "execution" {
  name        = "${var.name}-execution"
  description = "Starts tasks of Locktender"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "ecs-tasks.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "execution" {
  name   = "locktender"
  role   = aws_iam_role.execution.id
  policy = module.task.execution
}

# Nobody calls the bot. Names and credentials are asked of addresses that no security group holds back.
resource "aws_security_group" "bot" {
  name        = var.name
  description = "Locktender calls AWS and Discord"
  vpc_id      = var.vpc_id
}

resource "aws_vpc_security_group_egress_rule" "https" {
  for_each = { ipv4 = "0.0.0.0/0", ipv6 = "::/0" }

  security_group_id = aws_security_group.bot.id
  description       = "HTTPS"
  cidr_ipv4         = each.key == "ipv4" ? each.value : null
  cidr_ipv6         = each.key == "ipv6" ? each.value : null
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_ecs_task_definition" "bot" {
  family                   = var.name
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  # The smallest that Fargate has. The bot needs less (docs/BENCHMARKS.md).
  cpu                   = "256"
  memory                = "512"
  execution_role_arn    = aws_iam_role.execution.arn
  task_role_arn         = var.task_role_arn
  container_definitions = module.task.bot

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = var.cpu_architecture
  }
}

resource "aws_ecs_task_definition" "migrate" {
  family                   = "${var.name}-migrate"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = "256"
  memory                   = "512"
  execution_role_arn       = aws_iam_role.execution.arn
  task_role_arn            = var.migrate_role_arn
  container_definitions    = module.task.migrate

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = var.cpu_architecture
  }
}

resource "aws_ecs_service" "bot" {
  name            = var.name
  cluster         = var.cluster_arn
  task_definition = aws_ecs_task_definition.bot.arn
  launch_type     = "FARGATE"
  desired_count   = var.replicas
  propagate_tags  = "SERVICE"

  # Old tasks stay until new ones run.
  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = 200

  # A version whose tasks end at once is replaced by the one before.
  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    subnets          = var.subnet_ids
    security_groups  = [aws_security_group.bot.id]
    assign_public_ip = var.assign_public_ip
  }

  # ECS cannot start a task before it may.
  depends_on = [aws_iam_role_policy.execution]
}
