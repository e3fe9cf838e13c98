//! The program against real Terraform and moto.

mod accounts;
mod force_unlock;
mod status;
mod unlock;
mod watch;
