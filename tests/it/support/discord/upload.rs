//! The body of a request with files: `multipart/form-data` with `payload_json` and `files[n]`, or JSON alone.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{FromRequest, Multipart, Request};
use axum::http::header;
use axum::{Json, RequestExt};
use serde_json::Value;

use super::attachments::Attachment;
use super::error::ApiError;
use super::state::Server;

/// Largest upload of a message in a server without boosts.
const MOST_BYTES: usize = 10 << 20;

/// A body, and its files by their number.
pub(super) struct Upload {
    pub body: Value,
    pub files: BTreeMap<u64, Attachment>,
}

impl FromRequest<Arc<Server>> for Upload {
    type Rejection = ApiError;

    async fn from_request(request: Request, server: &Arc<Server>) -> Result<Self, ApiError> {
        let kind = request.headers().get(header::CONTENT_TYPE);
        let is_form = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"multipart/form-data"));
        if is_form {
            let form = request.extract::<Multipart, _>().await.map_err(ApiError::invalid)?;
            return read(server, form).await;
        }
        let body = request.extract::<Json<Value>, _>().await;
        let Json(body) = body.map_err(|rejection| ApiError::invalid(rejection.body_text()))?;
        Ok(Self { body, files: BTreeMap::new() })
    }
}

async fn read(server: &Server, mut form: Multipart) -> Result<Upload, ApiError> {
    let (mut body, mut files) = (None, BTreeMap::new());
    let mut size = 0;
    while let Some(part) = form.next_field().await.map_err(ApiError::invalid)? {
        let name = part.name().unwrap_or_default().to_owned();
        let (filename, content_type) = (part.file_name(), part.content_type());
        let number = name.strip_prefix("files[").and_then(|rest| rest.strip_suffix(']'));
        let number = number.and_then(|number| number.parse::<u64>().ok());
        match (&*name, number) {
            ("payload_json", _) => {
                let text = part.text().await.map_err(ApiError::invalid)?;
                let json = serde_json::from_str(&text).map_err(ApiError::invalid)?;
                if body.replace(json).is_some() {
                    return Err(ApiError::invalid("two parts payload_json"));
                }
            }
            (_, Some(number)) => {
                let filename = filename.filter(|name| !name.is_empty());
                let filename =
                    filename.ok_or_else(|| ApiError::invalid("a file without a name"))?;
                let (filename, content_type) =
                    (filename.to_owned(), content_type.unwrap_or_default().to_owned());
                let bytes = part.bytes().await.map_err(ApiError::invalid)?.to_vec();
                size += bytes.len();
                if bytes.is_empty() || size > MOST_BYTES {
                    return Err(ApiError::invalid("a file that is empty or too large"));
                }
                let id = server.clock.id();
                let file = Attachment { id, filename, description: None, content_type, bytes };
                if files.insert(number, file).is_some() {
                    return Err(ApiError::invalid(format!("two parts {name}")));
                }
            }
            _ => return Err(ApiError::invalid(format!("a part {name}"))),
        }
    }
    let body = body.ok_or_else(|| ApiError::invalid("no part payload_json"))?;
    Ok(Upload { body, files })
}
