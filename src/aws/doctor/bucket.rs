//! Looks at one bucket of lockfiles.

use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::operation::get_object::GetObjectError;

use super::{partition, probe, tries};
use crate::aws::error::Subject;
use crate::aws::session::Session;
use crate::error::Fault;
use crate::lock::{Backend, BackendName, Catalog};
use crate::ports::{Conditions, ExamineBucket};

/// A bucket of the settings that has lockfiles.
pub(super) struct Lockfiles {
    client: Client,
    subject: Subject,
    region: String,
    other_address: Option<String>,
    backend: Backend,
    backends: Vec<BackendName>,
}

impl Lockfiles {
    pub(super) fn new(session: &Session, backend: Backend, backends: Vec<BackendName>) -> Self {
        let subject = Subject::bucket(&backend.bucket, session.reached());
        let other_address = session.other_address("S3");
        let region = session.reached().region.clone();
        Self { client: session.s3(), subject, region, other_address, backend, backends }
    }

    /// The key of a lockfile that does not exist, beside real ones: a policy may name their folder.
    fn key(&self) -> String {
        let name = format!("locktender-doctor-{:016x}", fastrand::u64(..));
        let state = Catalog::new(vec![self.backend.clone()]).resolve(&name);
        state.map_or_else(|_| format!("{name}.tflock"), |state| state.path.lockfile_key())
    }
}

#[async_trait]
impl ExamineBucket for Lockfiles {
    fn name(&self) -> &str {
        self.subject.name()
    }

    fn backends(&self) -> &[BackendName] {
        &self.backends
    }

    fn arn(&self) -> String {
        format!("arn:{}:s3:::{}", partition(&self.region), self.name())
    }

    fn other_address(&self) -> Option<&str> {
        self.other_address.as_deref()
    }

    async fn may_list(&self) -> Result<bool, Fault> {
        let list = self.client.list_objects_v2().bucket(self.name()).max_keys(1);
        match list.send().await {
            Ok(_) => Ok(true),
            Err(error) => tries::allowed(self.subject.fault("allow s3:ListBucket on it", error)),
        }
    }

    async fn may_get(&self) -> Result<bool, Fault> {
        let get = self.client.get_object().bucket(self.name()).key(self.key());
        match get.send().await {
            Ok(_) => Ok(true),
            Err(error) => match error.as_service_error() {
                Some(GetObjectError::NoSuchKey(_)) => Ok(true),
                _ => tries::allowed(self.subject.fault("allow s3:GetObject on *.tflock", error)),
            },
        }
    }

    async fn may_delete(&self) -> Result<bool, Fault> {
        tries::delete_of_object(&self.client, &self.subject, &self.key()).await
    }

    async fn conditions(&self) -> Result<Conditions, Fault> {
        probe::conditions(&self.client, &self.subject).await
    }
}
