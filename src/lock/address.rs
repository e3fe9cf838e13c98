//! Addresses of S3 objects as other programs write them.

use percent_encoding::percent_decode_str;

/// A bucket and a key in it. The key may be empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) bucket: String,
    pub(super) key: String,
}

/// The hosts of the S3 console in the three AWS partitions.
const CONSOLES: [&str; 3] =
    ["console.aws.amazon.com", "console.amazonaws.cn", "console.amazonaws-us-gov.com"];

impl Address {
    /// Reads `s3://bucket/key`, `arn:aws:s3:::bucket/key`, an object URL (path style or
    /// virtual-hosted style) or the URL of the object's console page. `None` for any other text.
    ///
    /// A host outside AWS is an S3-compatible store. There the list of served buckets decides which
    /// part is the bucket.
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

    /// Splits `bucket/key`.
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

/// The text after a prefix, matched without regard to case.
fn after<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    let (start, rest) = text.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

/// The bucket in front of the host name. `None` where the bucket is in the path.
fn bucket_of_host(host: &str, is_served: impl Fn(&str) -> bool) -> Option<String> {
    let of_aws =
        [".amazonaws.com", ".amazonaws.com.cn"].iter().find_map(|end| host.strip_suffix(end));
    let Some(of_aws) = of_aws else {
        let dots = host.match_indices('.').map(|(at, _)| &host[..at]);
        return dots.filter(|bucket| is_served(bucket)).last().map(str::to_owned);
    };
    // `bucket.s3`, `bucket.s3.region`, `bucket.s3-region`, `bucket.s3.dualstack.region`. A bucket
    // name may contain dots, so the last `.s3` ends it.
    let of_aws = format!("{of_aws}.");
    let service = [".s3.", ".s3-"].iter().filter_map(|service| of_aws.rfind(service)).max()?;
    Some(of_aws[..service].to_owned())
}

/// The bucket of a console page: `s3/object/BUCKET` or `s3/buckets/BUCKET`.
fn of_page(path: &str) -> String {
    decoded(path.split('/').nth(2).unwrap_or_default())
}

/// The key that a console page shows.
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
            // These are not URLs, so their keys are not decoded.
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
