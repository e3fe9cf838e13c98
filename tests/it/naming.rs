//! Names lead to states and states to names, and no text leads astray.

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
    let nearest = |typed: &str| states.nearest(typed).map(ToString::to_string);
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
    // Buttons of earlier versions carry it: it never changes.
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
        // A key that nobody could have typed, with `..` or `//` in it, is reached by its handle.
        if let Ok(found) = catalog.resolve(state.name.as_str()) {
            prop_assert_eq!(&found, &state);
        } else {
            prop_assert_eq!(state.name.as_str(), state.path.as_str());
        }
    }

    #[test]
    fn any_text_is_a_state_in_its_bucket_or_refused(typed in ".*") {
        if let Ok(state) = one().resolve(&typed) {
            prop_assert_eq!(state.path.bucket(), "my-bucket");
        }
    }
}
