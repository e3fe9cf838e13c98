//! The adapter to AWS: what it reads, what its faults say, and its migrations.

mod embedded;
mod faults;
mod lockfiles;
mod lockfiles_listed;
mod migrations;
mod reads;
mod rows;
