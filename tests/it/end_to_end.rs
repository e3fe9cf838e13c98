//! The program against real Terraform and moto.

mod status;
mod unlock;
mod watch;
