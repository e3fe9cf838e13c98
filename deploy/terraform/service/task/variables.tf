variable "image" {
  type = string
}

variable "region" {
  type = string
}

variable "log_group" {
  type = string
}

variable "log_group_arn" {
  type = string
}

variable "environment" {
  type = map(string)
}

variable "token_arn" {
  type = string
}

variable "token_key_arn" {
  type    = string
  default = ""
}
