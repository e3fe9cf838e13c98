//! The ways in which other programs spell out a place in S3.

use percent_encoding::percent_decode_str;

/// A bucket and a key in it, which may be empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) bucket: String,
    pub(super) key: String,
}

/// The hosts of the S3 console, in the three partitions of AWS.
const CONSOLES: [&str; 3] =
    ["console.aws.amazon.com", "console.amazonaws.cn", "console.amazonaws-us-gov.com"];

impl Address {
    /// The place that a text spells out: `s3://bucket/key`, `arn:aws:s3:::bucket/key`, or the URL of
    /// an object, of either style, or of its page in the console. `None` for any other text.
    ///
    /// A URL of another host than AWS's is of a store that is compatible with S3. Only the buckets
    /// that are served tell there which part is the bucket.
    pub(super) fn of(text: &str, is_served: impl Fn(&str) -> bool) -> Option<Self> {
        if let Some(rest) = ["s3://", "s3a://", "s3n://"].iter().find_map(|it| after(text, it)) {
            return Some(Self::split(rest));
        }
        if let Some(rest) = after(text, "arn:") {
            let mut parts = rest.splitn(5, ':');
            let is_object = parts.nth(1) == Some("s3");
            return is_object.then(|| parts.nth(2).map(Self::split)).flatten();
        }
        let rest = ["https://", "http://"].iter().find_map(|scheme| after(text, scheme))?;
        Some(Self::of_url(rest, is_served))
    }

    /// Takes `bucket/key` apart.
    fn split(text: &str) -> Self {
        let (bucket, key) = text.split_once('/').unwrap_or((text, ""));
        Self { bucket: bucket.to_owned(), key: key.to_owned() }
    }

    fn of_url(rest: &str, is_served: impl Fn(&str) -> bool) -> Self {
        let rest = rest.split('#').next().unwrap_or_default();
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (host, path) = place.split_once('/').unwrap_or((place, ""));
        let host = host.split(':').next().unwrap_or_default().to_ascii_lowercase();
        if CONSOLES.iter().any(|console| host.ends_with(console)) {
            return Self { bucket: of_page(path), key: prefix_of(query) };
        }
        let path = decoded(path);
        match bucket_of_host(&host, is_served) {
            Some(bucket) => Self { bucket, key: path },
            None => Self::split(&path),
        }
    }
}

/// What follows a prefix, in whatever case the prefix is.
fn after<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    let (start, rest) = text.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

/// The bucket that stands in front of a host's own name; `None` where it is in the path.
fn bucket_of_host(host: &str, is_served: impl Fn(&str) -> bool) -> Option<String> {
    let of_aws =
        [".amazonaws.com", ".amazonaws.com.cn"].iter().find_map(|end| host.strip_suffix(end));
    let Some(of_aws) = of_aws else {
        let dots = host.match_indices('.').map(|(at, _)| &host[..at]);
        return dots.filter(|bucket| is_served(bucket)).last().map(str::to_owned);
    };
    // `bucket.s3`, `bucket.s3.region`, `bucket.s3-region`, `bucket.s3.dualstack.region`. A bucket's
    // own name may have dots, so the service is the last part of that name.
    let of_aws = format!("{of_aws}.");
    let service = [".s3.", ".s3-"].iter().filter_map(|service| of_aws.rfind(service)).max()?;
    Some(of_aws[..service].to_owned())
}

/// The bucket of a page of the console: `s3/object/BUCKET` or `s3/buckets/BUCKET`.
fn of_page(path: &str) -> String {
    decoded(path.split('/').nth(2).unwrap_or_default())
}

/// The key that a page of the console is about.
fn prefix_of(query: &str) -> String {
    let prefix = query.split('&').find_map(|pair| pair.strip_prefix("prefix="));
    decoded(&prefix.unwrap_or_default().replace('+', " "))
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_to_spell_a_place_in_s3_is_read() {
        let key = "env/prod/terraform.tfstate";
        for text in [
            "s3://b.s3-x/KEY",
            "S3://b.s3-x/KEY",
            "arn:aws:s3:::b.s3-x/KEY",
            "arn:aws-us-gov:s3:::b.s3-x/KEY",
            "https://b.s3-x.s3.amazonaws.com/KEY",
            "https://b.s3-x.s3.eu-west-1.amazonaws.com/KEY?versionId=7",
            "https://b.s3-x.s3-eu-west-1.amazonaws.com/KEY",
            "https://b.s3-x.s3.dualstack.eu-west-1.amazonaws.com/KEY",
            "https://b.s3-x.s3.cn-north-1.amazonaws.com.cn/KEY",
            "https://s3.amazonaws.com/b.s3-x/KEY",
            "https://s3.eu-west-1.amazonaws.com/b.s3-x/KEY",
            "https://s3-eu-west-1.amazonaws.com/b.s3-x/KEY",
            "https://s3.dualstack.eu-west-1.amazonaws.com/b.s3-x/KEY",
            "http://localhost:9000/b.s3-x/KEY",
            "http://b.s3-x.minio.corp:9000/KEY",
            "https://eu-west-1.console.aws.amazon.com/s3/object/b.s3-x?region=eu-west-1&prefix=KEY",
            "https://s3.console.aws.amazon.com/s3/buckets/b.s3-x?prefix=KEY&tab=objects",
        ] {
            let text = text.replace("KEY", key);
            let read = Address::of(&text, |bucket| bucket == "b.s3-x");
            assert_eq!(
                read,
                Some(Address { bucket: "b.s3-x".to_owned(), key: key.to_owned() }),
                "{text}"
            );
        }
    }

    #[test]
    fn a_key_is_read_out_of_its_encoding() {
        for (text, key) in [
            ("https://b.s3.amazonaws.com/env%3A/blue/a%20b.tfstate", "env:/blue/a b.tfstate"),
            ("https://console.aws.amazon.com/s3/object/b?prefix=a+b%2Bc", "a b+c"),
            // These two are no URLs: their keys stand as they are.
            ("s3://b/a%20b?c#d", "a%20b?c#d"),
            ("arn:aws:s3:::b/a:b", "a:b"),
            ("s3://b//a/", "/a/"),
            ("s3://b", ""),
        ] {
            let read = Address::of(text, |_| false).map(|address| (address.bucket, address.key));
            assert_eq!(read, Some(("b".to_owned(), key.to_owned())), "{text}");
        }
    }

    #[test]
    fn any_other_text_is_no_address() {
        for text in ["", "env/prod", "b/env/prod", "s3:/b/k", "arn:aws:dynamodb:x:1:table/t", "é"]
        {
            assert_eq!(Address::of(text, |_| true), None, "{text}");
        }
    }
}
