//! `/lock doctor`: what is wrong with the set-up, for approvers.

use super::Context;
use crate::error::Error;
use crate::message::Message;
use crate::people::Actor;
use crate::unlock::Rejection;
use crate::words::doctor::answer;

/// It shows names of tables, roles and channels, so it is for those who may approve.
pub(super) async fn run(context: &Context, by: &Actor) -> Result<Message, Error> {
    let approvers = &context.policies.general().approver_roles;
    if by.is_bot || approvers.is_disjoint(&by.roles) {
        return Err(Error::Refusal(Rejection::NotApprover.into()));
    }
    Ok(answer(&context.doctor.examine().await).read_at(context.reading.clock.now()))
}
