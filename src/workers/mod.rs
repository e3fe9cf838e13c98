//! Background loops beside the commands, each a small struct with `run(shutdown)`.

mod checkpoint;
mod clearing;
mod courier;
mod directory;
mod lease;
mod lookout;
mod remembered;
mod restart;
mod store_checks;
mod warden;
mod weekly;

pub use checkpoint::{Checkpoints, verify, verify_counted};
pub use clearing::clearing_notices;
pub use courier::{OutboxCourier, PromptCourier, Turns};
pub use directory::{LiveDirectory, Memory, PatientDirectory};
pub use lease::LeaseKeeper;
pub use lookout::Lookout;
pub use remembered::RememberedHolds;
pub use restart::{REST, restarting};
pub use store_checks::StoreFindings;
pub use warden::Warden;
pub use weekly::WeeklyReports;
