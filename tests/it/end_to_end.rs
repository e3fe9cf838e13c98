//! The program against real Terraform and moto.

mod accounts;
mod status;
mod unlock;
mod watch;
