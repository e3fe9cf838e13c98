//! Names resolve to states, states have names, and no text resolves to a wrong state.

use locktender::lock::{
    Backend, BackendName, Catalog, KnownState, KnownStates, NameError, StatePath,
};
use proptest::prelude::*;

fn backend(name: &str, bucket: &str, key: &str, prefix: &str) -> Backend {
    Backend::new(BackendName::new(name).unwrap(), bucket, key.parse().unwrap(), prefix).unwrap()
}

fn one() -> Catalog {
    Catalog::new(vec![backend("main", "my-bucket", "{state}/terraform.tfstate", "env:")])
}

fn two() -> Catalog {
    Catalog::new(vec![
        backend("main", "my-bucket", "{state}/terraform.tfstate", "env:"),
        backend("eu", "eu-bucket", "tf/{state}.tfstate", ""),
    ])
}

fn path_of(catalog: &Catalog, name: &str) -> Result<String, NameError> {
    catalog.resolve(name).map(|state| state.path.to_string())
}

#[test]
fn names_become_paths_as_terraform_makes_them() {
    let prod = "my-bucket/env/prod/terraform.tfstate";
    let blue = "my-bucket/env:/blue/env/prod/terraform.tfstate";
    for (name, path) in [
        ("env/prod", prod),
        ("  env/prod ", prod),
        ("env/prod@default", prod),
        ("main:env/prod", prod),
        (prod, prod),
        ("env/prod@blue", blue),
        ("main:env/prod@blue", blue),
        (blue, blue),
        ("my-bucket/odd.tfstate", "my-bucket/odd.tfstate"),
    ] {
        assert_eq!(path_of(&one(), name).as_deref(), Ok(path), "{name}");
    }
    for (name, path) in [
        ("eu:net", "eu-bucket/tf/net.tfstate"),
        ("eu:net@blue", "eu-bucket/blue/tf/net.tfstate"),
        ("eu-bucket/blue/tf/net.tfstate", "eu-bucket/blue/tf/net.tfstate"),
    ] {
        assert_eq!(path_of(&two(), name).as_deref(), Ok(path), "{name}");
    }
}

#[test]
fn paths_are_called_by_the_shortest_name_that_leads_back() {
    let name = |catalog: &Catalog, path: &str| {
        let state = catalog.state_at(StatePath::parse(path).unwrap());
        state.map(|state| state.name.to_string())
    };
    for (path, wanted) in [
        ("my-bucket/env/prod/terraform.tfstate", "env/prod"),
        ("my-bucket/env:/blue/env/prod/terraform.tfstate", "env/prod@blue"),
        ("my-bucket/odd.tfstate", "my-bucket/odd.tfstate"),
        ("my-bucket/a@b/terraform.tfstate", "my-bucket/a@b/terraform.tfstate"),
        ("my-bucket/my-bucket/x/terraform.tfstate", "my-bucket/my-bucket/x/terraform.tfstate"),
        ("my-bucket//terraform.tfstate", "my-bucket//terraform.tfstate"),
    ] {
        assert_eq!(name(&one(), path).as_deref(), Some(wanted), "{path}");
    }
    assert_eq!(name(&one(), "other-bucket/env/prod/terraform.tfstate"), None);
    assert_eq!(name(&two(), "eu-bucket/tf/net.tfstate").as_deref(), Some("eu:net"));
}

#[test]
fn what_is_no_name_is_refused_with_the_reason() {
    let long = "x".repeat(1025);
    for (typed, error) in [
        ("", NameError::Empty),
        ("   ", NameError::Empty),
        (&long, NameError::TooLong(1025)),
        ("../prod", NameError::Parts),
        ("env/../prod", NameError::Parts),
        ("env//prod", NameError::Parts),
        ("/env/prod", NameError::Parts),
        ("env/prod/", NameError::Parts),
        ("./prod", NameError::Parts),
        ("env/\0prod", NameError::Invisible(0)),
        ("env/\nprod", NameError::Invisible(0x0a)),
        ("env/\u{202e}prod", NameError::Invisible(0x202e)),
        ("env/\u{200b}prod", NameError::Invisible(0x200b)),
        ("env/prod@", NameError::Workspace),
        ("@blue", NameError::Workspace),
        ("env/prod@a/b", NameError::Workspace),
        ("mian:env/prod", NameError::Backend { wanted: "mian".into(), configured: "main".into() }),
    ] {
        assert_eq!(path_of(&one(), typed), Err(error), "{typed:?}");
    }
    assert_eq!(
        path_of(&two(), "env/prod"),
        Err(NameError::WhichBackend {
            example: "main:env/prod".into(),
            configured: "main, eu".into()
        })
    );
}

/// The likeliest path of a text, and whether the text is a full path.
fn meant(catalog: &Catalog, typed: &str) -> Result<(String, bool), NameError> {
    let meanings = catalog.meanings(typed)?;
    Ok((meanings.paths().next().unwrap().to_string(), meanings.in_full.is_some()))
}

#[test]
fn whatever_people_copy_is_understood() {
    let prod = "my-bucket/env/prod/terraform.tfstate";
    let blue = "my-bucket/env:/blue/env/prod/terraform.tfstate";
    for (typed, path, in_full) in [
        (prod, prod, true),
        (blue, blue, true),
        ("s3://my-bucket/env/prod/terraform.tfstate", prod, true),
        ("arn:aws:s3:::my-bucket/env/prod/terraform.tfstate", prod, true),
        ("https://my-bucket.s3.amazonaws.com/env%3A/blue/env/prod/terraform.tfstate", blue, true),
        ("https://s3.eu-west-1.amazonaws.com/my-bucket/env/prod/terraform.tfstate", prod, true),
        ("Path:      my-bucket/env/prod/terraform.tfstate", prod, true),
        ("`my-bucket/env/prod/terraform.tfstate`", prod, true),
        // These two mean the state behind it only if there is no state with exactly this key.
        (&format!("{prod}.tflock"), &format!("{prod}.tflock"), true),
        (&format!("{prod}-md5"), &format!("{prod}-md5"), true),
        // Without the bucket it is not a full path. It is a key, not a name.
        ("env/prod/terraform.tfstate", prod, false),
        ("env:/blue/env/prod/terraform.tfstate", blue, false),
        ("env/prod/terraform.tfstate@blue", blue, false),
        ("main:env/prod/terraform.tfstate", prod, false),
        ("env/prod/terraform.tfstate.tflock", prod, false),
        ("env/prod/terraform.tfstate-md5", prod, false),
        (r#"key = "env/prod/terraform.tfstate""#, prod, false),
        ("env/prod", prod, false),
        // It does not match the key pattern, so it may be a name.
        ("my-bucket/env/prod", "my-bucket/env/prod", false),
        ("cluster/main.tfstate", "my-bucket/cluster/main.tfstate/terraform.tfstate", false),
    ] {
        assert_eq!(meant(&one(), typed), Ok((path.to_owned(), in_full)), "{typed}");
    }
}

#[test]
fn a_text_that_can_mean_more_than_one_state_gives_them_all() {
    let all = |typed: &str| -> Vec<String> {
        let catalog = one();
        let meanings = catalog.meanings(typed).unwrap();
        meanings.paths().map(ToString::to_string).collect()
    };
    let prod = "my-bucket/env/prod/terraform.tfstate";
    assert_eq!(all(prod), [prod, "my-bucket/env/prod/terraform.tfstate/terraform.tfstate"]);
    assert!(all(&format!("{prod}.tflock")).contains(&prod.to_owned()));
    assert!(all(&format!("{prod}-md5")).contains(&prod.to_owned()));
    assert_eq!(all("my-bucket/env/prod"), ["my-bucket/env/prod", prod]);
    assert_eq!(
        all("cluster/main.tfstate"),
        ["my-bucket/cluster/main.tfstate/terraform.tfstate", "my-bucket/cluster/main.tfstate"]
    );
}

#[test]
fn what_names_a_bucket_that_is_not_served_is_refused() {
    let bucket = |wanted: &str| NameError::Bucket {
        wanted: wanted.to_owned(),
        served: "my-bucket, eu-bucket".to_owned(),
    };
    for typed in [
        "s3://other/env/prod/terraform.tfstate",
        "arn:aws:s3:::other/env/prod/terraform.tfstate",
        "https://other.s3.amazonaws.com/env/prod/terraform.tfstate",
        "https://minio.corp/other/env/prod/terraform.tfstate",
    ] {
        assert_eq!(path_of(&two(), typed), Err(bucket("other")), "{typed}");
    }
    // It can also be a key of a state that has not been seen.
    let either = NameError::KeyOrBucket {
        wanted: "other".to_owned(),
        served: "my-bucket, eu-bucket".to_owned(),
    };
    assert_eq!(path_of(&two(), "other/env/prod/terraform.tfstate"), Err(either));
    assert_eq!(path_of(&one(), "my-bucket/"), Err(NameError::NoKey));
    assert_eq!(path_of(&one(), "s3://my-bucket"), Err(NameError::NoKey));
}

#[test]
fn a_name_of_1024_bytes_whose_key_would_be_longer_is_refused() {
    assert_eq!(path_of(&one(), &"x".repeat(1024)), Err(NameError::TooLong(1024)));
}

#[test]
fn a_mistyped_name_finds_the_one_that_was_meant() {
    let catalog = one();
    let known = |name: &str, held| KnownState { state: catalog.resolve(name).unwrap(), held };
    let states = KnownStates::new([
        known("env/dev", false),
        known("env/prod", true),
        known("env/prod", false),
        known("services/api", false),
    ]);
    assert_eq!(states.len(), 3, "one state seen twice is one");
    let nearest = |typed: &str| states.nearest(typed).map(|state| state.name.to_string());
    for (typed, wanted) in [
        ("env/prdo", Some("env/prod")),
        ("ENV/PROD", Some("env/prod")),
        ("env/../prod", Some("env/prod")),
        ("service/api", Some("services/api")),
        ("zzz", None),
        ("", None),
    ] {
        assert_eq!(nearest(typed).as_deref(), wanted, "{typed}");
    }
    let matching = |query: &str| -> Vec<String> {
        states.matching(query, 25).iter().map(|state| state.name.to_string()).collect()
    };
    assert_eq!(matching(""), ["env/prod", "env/dev", "services/api"], "held ones first");
    assert_eq!(matching("eprod"), ["env/prod"]);
    assert_eq!(matching("api"), ["services/api"]);
    assert_eq!(states.matching("", 2).len(), 2);
}

#[test]
fn a_handle_stands_for_a_long_name() {
    let long = format!("teams/{}", "x".repeat(120));
    let state = one().resolve(&long).unwrap();
    let handle = state.short_name();
    assert_eq!(handle.len(), 17);
    // Buttons of earlier versions contain it, so it never changes.
    assert_eq!(one().resolve("env/prod").unwrap().path.handle(), "#c2db9eceda392cb4");
    let known = KnownStates::new([KnownState { state: state.clone(), held: false }]);
    assert_eq!(known.by_handle(&handle), Some(&state));
    assert_eq!(known.by_handle("#0000000000000000"), None);
}

proptest! {
    #[test]
    fn every_path_of_a_bucket_has_a_name_that_leads_back(
        key in "(env:/)?[a-c@:.]{0,3}(/[a-c@:.]{0,3}){0,3}(/terraform\\.tfstate)?",
        prefix in prop_oneof![Just(""), Just("env:"), Just("a")],
    ) {
        prop_assume!(!key.is_empty());
        let catalog = Catalog::new(vec![
            backend("main", "b", "{state}/terraform.tfstate", prefix),
        ]);
        let state = catalog.state_at(StatePath::new("b", &key).unwrap()).unwrap();
        let meanings = catalog.meanings(state.name.as_str()).unwrap();
        prop_assert_eq!(meanings.ranks(|_| false).next(), Some(vec![state]));
    }

    #[test]
    fn the_name_of_any_key_leads_back_to_it(
        key in prop_oneof![
            "[ a\"'`:@#=-]{0,4}(/[ a\"'`:@#=.-]{0,4}){0,2}(/terraform\\.tfstate)?(\\.tflock|-md5)?",
            "(b|key =|ID:|Path:|s3://b|#[0-9a-f]{16}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})\
             (/terraform\\.tfstate)?",
            "\\PC{1,40}",
            ".{1,40}",
        ],
        template in prop_oneof![
            Just("{state}/terraform.tfstate"), Just("{state}"), Just("tf/{state}.tfstate"),
            Just("a/{state}"),
        ],
        prefix in prop_oneof![Just(""), Just("env:"), Just("a")],
    ) {
        prop_assume!(!key.is_empty());
        let catalog = Catalog::new(vec![
            backend("main", "b", template, prefix), backend("eu", "eu", "{state}", "env:"),
        ]);
        let state = catalog.state_at(StatePath::new("b", &key).unwrap()).unwrap();
        let meanings = catalog.meanings(state.name.as_str()).unwrap();
        prop_assert_eq!(meanings.ranks(|_| false).next(), Some(vec![state]));
    }

    #[test]
    fn any_text_is_a_state_in_its_bucket_or_refused(typed in ".*") {
        if let Ok(meanings) = one().meanings(&typed) {
            prop_assert!(meanings.paths().all(|path| path.bucket() == "my-bucket"));
            let first = meanings.ranks(|_| false).flatten().next();
            prop_assert_eq!(first, meanings.likeliest());
        }
        let _ = one().likenesses(&typed);
    }
}
