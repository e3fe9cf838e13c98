//! What every command, click, look and worker asks of AWS.

mod units;
