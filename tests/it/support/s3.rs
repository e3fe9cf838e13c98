//! A bucket that keeps its objects: what a release does to a lockfile can be seen, and every answer
//! can be made to go wrong.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use super::stub::{self, Answer, Asked, Stub};

/// A bucket in path style. It stops when it is dropped.
pub struct S3 {
    pub stub: Stub,
    inside: Arc<Mutex<Inside>>,
}

/// What a bucket answers out of the order, and what happens to its objects meanwhile; `None` for what
/// S3 answers.
type Rule = Box<dyn FnMut(&Asked, &mut Objects) -> Option<Answer> + Send>;

struct Inside {
    objects: Objects,
    rule: Rule,
}

/// The objects of a bucket.
#[derive(Default)]
pub struct Objects {
    by_key: BTreeMap<String, Object>,
    written: u64,
}

struct Object {
    body: Vec<u8>,
    etag: String,
}

impl S3 {
    /// An empty bucket.
    pub async fn start() -> Self {
        let rule: Rule = Box::new(|_, _| None);
        let inside = Arc::new(Mutex::new(Inside { objects: Objects::default(), rule }));
        let shared = inside.clone();
        let stub = Stub::start(move |asked: &Asked| {
            let Inside { objects, rule } = &mut *shared.lock().unwrap();
            rule(asked, objects).unwrap_or_else(|| objects.answer(asked))
        });
        Self { stub: stub.await, inside }
    }

    /// Its address.
    pub fn endpoint(&self) -> &str {
        self.stub.endpoint()
    }

    /// Answers by this rule from now on.
    pub fn rule(&self, rule: impl FnMut(&Asked, &mut Objects) -> Option<Answer> + Send + 'static) {
        self.inside.lock().unwrap().rule = Box::new(rule);
    }

    /// Writes an object.
    pub fn put(&self, key: &str, body: &str) {
        self.inside.lock().unwrap().objects.put(key, body);
    }

    /// Removes an object.
    pub fn remove(&self, key: &str) {
        self.inside.lock().unwrap().objects.remove(key);
    }

    /// What an object has in it.
    pub fn get(&self, key: &str) -> Option<String> {
        let inside = self.inside.lock().unwrap();
        let object = inside.objects.by_key.get(key)?;
        Some(String::from_utf8(object.body.clone()).unwrap())
    }

    /// How often an object was asked for by this method.
    pub fn count(&self, method: &str) -> usize {
        let asked = self.stub.asked();
        asked.iter().filter(|asked| asked.method == method && !asked.is_listing()).count()
    }
}

impl Objects {
    /// Writes an object.
    pub fn put(&mut self, key: &str, body: &str) {
        self.written += 1;
        let etag = format!("\"etag-{}\"", self.written);
        self.by_key.insert(key.to_owned(), Object { body: body.into(), etag });
    }

    /// Removes an object.
    pub fn remove(&mut self, key: &str) {
        self.by_key.remove(key);
    }

    /// What S3 answers.
    pub fn answer(&mut self, asked: &Asked) -> Answer {
        if asked.is_listing() {
            let of = |(key, object): (&String, &Object)| {
                (key.clone(), object.etag.clone(), object.body.len())
            };
            return stub::listed(self.by_key.iter().map(of));
        }
        let key = asked.key();
        let Some(object) = self.by_key.get(&key) else {
            return stub::s3_error(404, "NoSuchKey");
        };
        if asked.method == "GET" {
            return stub::object_with_etag(object.body.clone(), &object.etag);
        }
        let condition = asked.headers.get("if-match").map(|etag| etag.to_str().unwrap());
        if condition.is_some_and(|etag| etag != object.etag) {
            return stub::s3_error(412, "PreconditionFailed");
        }
        self.by_key.remove(&key);
        stub::bare(204, &[])
    }
}
