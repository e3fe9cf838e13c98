//! `Withdraw`: the requester takes their request back.

use super::settle::settle_by;
use super::{Asker, Context, Reply};
use crate::error::Error;
use crate::unlock::{Event, RequestId, Tried};

pub(super) async fn run(context: &Context, by: &Asker<'_>, id: RequestId) -> Result<Reply, Error> {
    let filed = super::request(context, id).await?;
    settle_by(context, by, &filed, Tried::Withdraw, &|| Event::Withdraw { by: by.actor }).await
}
