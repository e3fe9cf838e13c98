//! A bucket in memory. A test can see what a release does to a lockfile, and can make any answer fail.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use super::stub::{self, Answer, Asked, Stub};

/// The number of keys on a page of a listing, as in AWS.
const PAGE: usize = 1_000;

/// A bucket in path style. Dropping it stops it.
pub struct S3 {
    pub stub: Stub,
    inside: Arc<Mutex<Inside>>,
}

/// Replaces the answer of S3, and may change the objects first. `None` means the usual answer.
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
    ignores_conditions: bool,
}

struct Object {
    body: Vec<u8>,
    etag: String,
}

impl S3 {
    /// Starts an empty bucket.
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

    /// Applies this rule to all requests from now on.
    pub fn rule(&self, rule: impl FnMut(&Asked, &mut Objects) -> Option<Answer> + Send + 'static) {
        self.inside.lock().unwrap().rule = Box::new(rule);
    }

    /// From now on it ignores conditions, as some stores do that are only compatible with S3.
    pub fn ignore_conditions(&self) {
        self.inside.lock().unwrap().objects.ignores_conditions = true;
    }

    /// Writes an object.
    pub fn put(&self, key: &str, body: &str) {
        self.inside.lock().unwrap().objects.put(key, body);
    }

    /// Writes an object under an `ETag` that it had elsewhere.
    pub fn put_as(&self, key: &str, body: &str, etag: &str) {
        let object = Object { body: body.into(), etag: etag.to_owned() };
        self.inside.lock().unwrap().objects.by_key.insert(key.to_owned(), object);
    }

    /// Every object with its body and its `ETag`, sorted by key.
    pub fn all(&self) -> Vec<(String, String, String)> {
        let inside = self.inside.lock().unwrap();
        let text = |object: &Object| String::from_utf8(object.body.clone()).unwrap();
        let of =
            |(key, object): (&String, &Object)| (key.clone(), text(object), object.etag.clone());
        inside.objects.by_key.iter().map(of).collect()
    }

    /// Removes an object.
    pub fn remove(&self, key: &str) {
        self.inside.lock().unwrap().objects.remove(key);
    }

    /// The body of an object.
    pub fn get(&self, key: &str) -> Option<String> {
        let inside = self.inside.lock().unwrap();
        let object = inside.objects.by_key.get(key)?;
        Some(String::from_utf8(object.body.clone()).unwrap())
    }

    /// The keys of all objects.
    pub fn keys(&self) -> Vec<String> {
        self.inside.lock().unwrap().objects.by_key.keys().cloned().collect()
    }

    /// The number of requests with this method, without listings.
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

    /// Whether there is an object.
    pub fn has(&self, key: &str) -> bool {
        self.by_key.contains_key(key)
    }

    /// Removes an object.
    pub fn remove(&mut self, key: &str) {
        self.by_key.remove(key);
    }

    /// The usual answer of S3 to a request.
    pub fn answer(&mut self, asked: &Asked) -> Answer {
        if asked.is_listing() {
            let of = |(key, object): (&String, &Object)| {
                (key.clone(), object.etag.clone(), object.body.len())
            };
            let start = asked.page_start();
            let next = Some(start + PAGE).filter(|next| *next < self.by_key.len());
            return stub::page_of(self.by_key.iter().skip(start).take(PAGE).map(of), next);
        }
        let key = asked.key();
        if asked.method == "PUT" {
            return self.answer_put(asked, &key);
        }
        let Some(object) = self.by_key.get(&key) else {
            // Without a condition, a delete of nothing succeeds.
            let succeeds = self.ignores_conditions && asked.method == "DELETE";
            return if succeeds { stub::bare(204, &[]) } else { stub::s3_error(404, "NoSuchKey") };
        };
        if asked.method == "GET" {
            return stub::object_with_etag(object.body.clone(), &object.etag);
        }
        let condition = asked.headers.get("if-match").map(|etag| etag.to_str().unwrap());
        if !self.ignores_conditions && condition.is_some_and(|etag| etag != object.etag) {
            return stub::s3_error(412, "PreconditionFailed");
        }
        self.by_key.remove(&key);
        stub::bare(204, &[])
    }
    fn answer_put(&mut self, asked: &Asked, key: &str) -> Answer {
        let is_new = asked.headers.contains_key("if-none-match");
        let expected = asked.headers.get("if-match").map(|etag| etag.to_str().unwrap());
        let etag = self.by_key.get(key).map(|object| object.etag.as_str());
        let fails = (is_new && etag.is_some()) || (expected.is_some() && expected != etag);
        if fails && !self.ignores_conditions {
            return stub::s3_error(412, "PreconditionFailed");
        }
        self.put(key, &String::from_utf8_lossy(&asked.body));
        stub::object_with_etag("", &self.by_key[key].etag)
    }
}
