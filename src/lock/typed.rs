//! Which states a typed or pasted text can mean.
//!
//! docs/adr/0017 has the rule. Text copied from an error, a backend block, a lock row or a URL is
//! accepted. If a text can mean several states, all are returned, and the caller picks one that has
//! been seen.

use std::collections::HashSet;

use super::address::Address;
use super::catalog::Backend;
use super::meanings::{Meanings, Place};
use super::name::check;
use super::{Catalog, NameError, State, StatePath, is_digest_key};

impl Catalog {
    /// The states that a text can mean.
    ///
    /// # Errors
    /// When it can mean no state, or names a bucket that is not served.
    pub fn meanings(&self, typed: &str) -> Result<Meanings<'_>, NameError> {
        let text = pasted(typed);
        let meanings = self.meanings_of(text);
        // A key may begin or end with blanks or quotes, so the unchanged text goes first.
        let as_it_stands = StatePath::parse(typed)
            .ok()
            .filter(|path| path.as_str() != text && self.serves(path.bucket()));
        let Some(path) = as_it_stands else {
            return meanings;
        };
        let mut meanings =
            meanings.unwrap_or_else(|refusal| self.with(Vec::new(), None, Some(refusal)));
        meanings.ranks.insert(0, vec![path.into()]);
        Ok(meanings)
    }

    fn with<'c>(
        &'c self,
        ranks: Vec<Vec<Place<'c>>>,
        in_full: Option<StatePath>,
        refusal: Option<NameError>,
    ) -> Meanings<'c> {
        Meanings { catalog: self, ranks, in_full, refusal }
    }

    /// Texts to compare with known names, to suggest one when nothing was seen under this text.
    #[must_use]
    pub fn likenesses(&self, typed: &str) -> Vec<String> {
        let text = pasted(typed);
        let mut alike = vec![text.to_owned()];
        let address = Address::of(text, |bucket| self.serves(bucket));
        let key = address.map(|address| address.key);
        let key = key.as_deref().or_else(|| Some(text.split_once('/')?.1)).unwrap_or_default();
        let paths = self.buckets().filter_map(|bucket| StatePath::new(bucket, key).ok());
        let in_bucket = paths.filter_map(|path| self.state_at(path));
        alike.extend(in_bucket.map(|state| state.name.to_string()));
        let meanings = self.meanings(typed);
        let states = meanings.iter().flat_map(|meanings| meanings.ranks(|_| false)).flatten();
        alike.extend(states.map(|state| state.name.to_string()));
        alike
    }

    /// Whether a state's name without its backend may mean it, and otherwise only states that have the same name
    /// in other backends.
    #[must_use]
    pub fn is_short_for(&self, state: &State) -> bool {
        let name = state.bare_name();
        self.is_at_home(state)
            && self.likeliest_meanings(name).is_ok_and(|meanings| {
                let is_sure =
                    matches!(meanings.refusal, None | Some(NameError::WhichBackend { .. }));
                is_sure && meanings.may_be(&state.path)
            })
    }

    /// Whether this path is one of the likeliest meanings of a text.
    pub(super) fn may_mean(&self, text: &str, path: &StatePath) -> bool {
        self.likeliest_meanings(text).is_ok_and(|meanings| meanings.may_be(path))
    }

    /// Whether this path is the likeliest meaning of a text.
    pub(super) fn leads_to(&self, text: &str, path: &StatePath) -> bool {
        self.likeliest_meanings(text).is_ok_and(|meanings| {
            let first = meanings.ranks.first();
            meanings.refusal.is_none()
                && first.is_some_and(|rank| rank.iter().all(|place| place.path == *path))
        })
    }

    /// The likeliest meanings of a text: those by the rules of the backends, which come first. It takes half the
    /// time, and may have no meaning where others are left.
    ///
    /// # Errors
    /// As for [`meanings`](Self::meanings).
    pub fn likeliest_meanings(&self, name: &str) -> Result<Meanings<'_>, NameError> {
        if pasted(name) != name {
            return self.meanings(name);
        }
        let is_address = Address::of(name, |bucket| self.serves(bucket)).is_some();
        match name.split_once('/') {
            _ if name.is_empty() || is_address => self.meanings(name),
            Some((bucket, _)) if self.serves(bucket) => self.meanings(name),
            _ => Ok(self.by_rules(name)),
        }
    }

    fn meanings_of(&self, text: &str) -> Result<Meanings<'_>, NameError> {
        if text.is_empty() {
            return Err(NameError::Empty);
        }
        if let Some(Address { bucket, key }) = Address::of(text, |bucket| self.serves(bucket)) {
            return self.in_bucket(&bucket, &key);
        }
        match text.split_once('/') {
            Some((bucket, key)) if self.serves(bucket) => self.in_bucket(bucket, key),
            _ => self.anywhere(text),
        }
    }

    /// What a key in a named bucket can mean: that exact key, the state whose lockfile or digest
    /// has that key, or the state with that name.
    fn in_bucket(&self, bucket: &str, key: &str) -> Result<Meanings<'_>, NameError> {
        if !self.serves(bucket) {
            return Err(NameError::Bucket { wanted: bucket.to_owned(), served: self.served() });
        }
        if key.is_empty() {
            return Err(NameError::NoKey);
        }
        let exact = StatePath::new(bucket, key).map_err(|_| NameError::TooLong(key.len()))?;
        let beside = beside(bucket, key);
        let named = self.in_this_bucket(bucket).filter_map(|backend| {
            let path = backend.expand(check(key).ok()?).ok()?;
            Some(Place { path, backend: Some(backend) })
        });
        let refusal = check(key).err().filter(|error| !matches!(error, NameError::TooLong(_)));
        let in_full = match &beside {
            _ if refusal.is_some() => None,
            None => Some(&exact).filter(|path| self.fits(path)),
            // The key of a state may itself end in `.tflock` or `-md5` if the backend's rules allow
            // it.
            Some(_) if self.fits(&exact) => None,
            Some(path) => Some(path).filter(|path| self.fits(path)),
        };
        let in_full = in_full.cloned();
        let rest = [beside.into_iter().map(Place::from).collect(), named.collect()];
        let ranks = std::iter::once(vec![exact.into()]).chain(rest);
        Ok(self.with(tidy(ranks), in_full, refusal))
    }

    /// What a text without a served bucket can mean: a name, or a key as in the backend block. Last come keys that
    /// no backend's rules can make.
    fn anywhere(&self, text: &str) -> Result<Meanings<'_>, NameError> {
        let Meanings { mut ranks, refusal, .. } = self.by_rules(text);
        let odd = |path: &StatePath| !self.fits(path);
        let keys = self.buckets().filter_map(|bucket| StatePath::new(bucket, text).ok());
        let keys: Vec<Place<'_>> = self
            .key_in_named_backend(text)
            .into_iter()
            .chain(keys.map(Place::from))
            .filter(|place| odd(&place.path))
            .collect();
        let besides = self.besides(text);
        ranks.push(keys);
        ranks.push(besides.filter(odd).map(Place::from).collect());
        let ranks = tidy(ranks);
        match (ranks.is_empty(), refusal) {
            (true, refusal) => Err(refusal.unwrap_or(NameError::TooLong(text.len()))),
            (false, refusal) => Ok(self.with(ranks, None, refusal)),
        }
    }

    /// What a text without a served bucket means by the rules of the backends: a key that they make, the lockfile or
    /// digest of such a key, or a name. The ranks may be empty.
    fn by_rules(&self, text: &str) -> Meanings<'_> {
        let fitting = |path: &StatePath| self.fits(path);
        let of_buckets = |key: &str| {
            let fits = |bucket: &&str| self.in_this_bucket(bucket).any(|it| it.fits(key));
            self.buckets()
                .filter(fits)
                .filter_map(|bucket| StatePath::new(bucket, key).ok())
                .collect::<Vec<_>>()
        };
        let in_backend = self.key_in_named_backend(text);
        let in_backend = in_backend.filter(|place| fitting(&place.path));
        let keys: Vec<Place<'_>> =
            in_backend.into_iter().chain(of_buckets(text).into_iter().map(Place::from)).collect();
        let besides = self.besides(text).filter(fitting);
        let besides: Vec<Place<'_>> = besides.map(Place::from).collect();
        let named = check(text).and_then(|name| self.expand(name));
        let which = || self.which_backend(text);
        let refusal = match &named {
            _ if !keys.is_empty() && check(text).is_ok() => {
                self.is_elsewhere(text).or_else(|| which().filter(|_| keys.len() > 1))
            }
            _ if !besides.is_empty() && check(text).is_ok() => None,
            Ok(places) if places.len() > 1 => which(),
            named => named.as_ref().err().cloned(),
        };
        let place = |(backend, path)| Place { path, backend: Some(backend) };
        let named = named.into_iter().flatten().map(place).collect();
        self.with(tidy([keys, besides, named]), None, refusal)
    }

    /// The states whose lockfile or digest row has the text as its key: in the backend that it names, and in every
    /// bucket.
    fn besides(&self, text: &str) -> impl Iterator<Item = StatePath> {
        let named = self.key_in_named_backend(text);
        let named = named.and_then(|place| beside(place.path.bucket(), place.path.key()));
        named.into_iter().chain(self.buckets().filter_map(move |bucket| beside(bucket, text)))
    }

    /// The text as a key in the backend that it names.
    fn key_in_named_backend(&self, text: &str) -> Option<Place<'_>> {
        let (name, key) = text.split_once(':')?;
        let backend = self.backends().iter().find(|it| it.name.as_str() == name)?;
        let path = StatePath::new(&backend.bucket, key).ok()?;
        Some(Place { path, backend: Some(backend) })
    }

    /// A key that fits the rules may also be a path in a bucket that is not served, if its first
    /// part can be a bucket and the rest is a key.
    fn is_elsewhere(&self, text: &str) -> Option<NameError> {
        let (wanted, key) = text.split_once('/')?;
        let is_key = self.backends().iter().any(|backend| backend.fits(key) && !backend.is_plain());
        (is_key && may_be_bucket(wanted))
            .then(|| NameError::KeyOrBucket { wanted: wanted.to_owned(), served: self.served() })
    }

    /// Whether the rules of a backend with this bucket can make this key.
    fn fits(&self, path: &StatePath) -> bool {
        self.in_this_bucket(path.bucket()).any(|backend| backend.fits(path.key()))
    }

    fn in_this_bucket(&self, bucket: &str) -> impl Iterator<Item = &Backend> {
        self.backends().iter().filter(move |backend| backend.bucket == bucket)
    }

    fn serves(&self, bucket: &str) -> bool {
        self.in_this_bucket(bucket).next().is_some()
    }

    /// The served buckets, each once.
    fn buckets(&self) -> impl Iterator<Item = &str> {
        let backends = self.backends();
        let is_first = |at: usize, bucket: &str| backends[..at].iter().all(|b| b.bucket != bucket);
        let all = backends.iter().map(|backend| &*backend.bucket).enumerate();
        all.filter(move |&(at, bucket)| is_first(at, bucket)).map(|(_, bucket)| bucket)
    }

    fn served(&self) -> String {
        self.buckets().collect::<Vec<_>>().join(", ")
    }
}

/// A pasted text without the blanks and quotes around it, and without its label from Terraform's
/// error or from a backend block.
#[must_use]
pub fn pasted(typed: &str) -> &str {
    let text = typed.trim();
    let labelled = text.strip_prefix("Path:").or_else(|| text.strip_prefix("ID:"));
    let assigned = || text.strip_prefix("key")?.trim_start().strip_prefix('=');
    let text = labelled.or_else(assigned).unwrap_or(text).trim();
    let unquoted = ['"', '\'', '`']
        .iter()
        .find_map(|&quote| text.strip_prefix(quote)?.strip_suffix(quote))
        .unwrap_or(text);
    unquoted.trim()
}

/// The state whose lockfile or digest row has this key.
fn beside(bucket: &str, key: &str) -> Option<StatePath> {
    let of_digest = || StatePath::of_digest_row(&format!("{bucket}/{key}"));
    StatePath::of_lockfile(bucket, key).or_else(|| is_digest_key(key).then(of_digest)?)
}

/// The ranks without repeated paths and without empty ranks.
fn tidy<'c>(ranks: impl IntoIterator<Item = Vec<Place<'c>>>) -> Vec<Vec<Place<'c>>> {
    // Twenty backends make some sixty places, and a text is read several times for one answer.
    let mut seen: HashSet<StatePath> = HashSet::new();
    let ranks = ranks.into_iter().map(|mut rank| {
        rank.retain(|place| seen.insert(place.path.clone()));
        rank
    });
    ranks.filter(|rank| !rank.is_empty()).collect()
}

/// Whether a text can be a bucket name (S3 user guide, "Bucket naming rules").
fn may_be_bucket(text: &str) -> bool {
    (3..=63).contains(&text.len())
        && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-'))
        && !text.starts_with(['.', '-'])
        && !text.ends_with(['.', '-'])
}
