//! The stories: what a reader does with the commands of the pages, from the beginning to the end.

mod aws;
mod backup;
mod locks;
mod monitoring;
mod program;
