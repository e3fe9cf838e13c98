//! What people have to know of a store of lockfiles that is only compatible with S3.

use crate::lock::{StoreCheck, Tool};
use crate::message::Text;

/// Says that a store does not keep two runs apart, or that this is not known, and what to do.
pub(crate) fn store_line(store: StoreCheck) -> Option<Text> {
    let text = Text::own("⚠️ ");
    match store {
        StoreCheck::Kept => None,
        StoreCheck::Ignored => Some(text.strong("This store does not keep two runs apart.").then(
            " It ignores conditions, so two runs can hold this lock at once, and a release can remove the lock of \
             another run. Lock in a DynamoDB table, or use a store that supports If-None-Match and If-Match.",
        )),
        StoreCheck::Unverified => Some(
            text.strong("It is not known whether this store keeps two runs apart.")
                .then(" Run locktender doctor, which finds out."),
        ),
    }
}

/// Says that the backend's own tool releases the lock, and what that means.
pub(crate) fn tool_line(tool: Tool) -> Text {
    Text::own("⚠️ ").strong(format!("{} force-unlock releases it.", tool.as_str())).then(
        " Its delete has no condition: the lock is read right before, but one that another run takes in that moment is \
         deleted too.",
    )
}
