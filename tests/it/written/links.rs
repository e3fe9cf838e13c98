//! The links within the pages.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use super::blocks::{pages, prose, root};

/// The anchors of a page, as GitHub makes them from its headings.
fn anchors(page: &str) -> BTreeSet<String> {
    let prose = prose(page);
    let headings = prose.lines().filter(|line| line.starts_with('#'));
    let mut seen = BTreeMap::<String, usize>::new();
    let anchors = headings.map(|line| {
        let heading = line.trim_start_matches('#').trim().to_lowercase();
        let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
        let anchor = heading.chars().filter(kept).collect::<String>().replace(' ', "-");
        let before = seen.entry(anchor.clone()).or_default();
        *before += 1;
        if *before == 1 { anchor } else { format!("{anchor}-{}", *before - 1) }
    });
    anchors.collect()
}

/// A path without `..` in it.
fn plain(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut plain, part| {
        if part == Component::ParentDir {
            plain.pop();
        } else {
            plain.push(part);
        }
        plain
    })
}

#[test]
fn every_link_leads_to_a_heading_that_is_there() {
    let mut wrong = Vec::new();
    let mut links = 0;
    let pages: Vec<String> = pages().into_iter().chain(["CHANGELOG.md".to_owned()]).collect();
    for page in &pages {
        let prose = prose(page);
        let written = prose.split("](").skip(1).filter_map(|rest| Some(rest.split_once(')')?.0));
        for link in written.filter(|link| !link.contains("://")) {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let folder = Path::new(page).parent().unwrap();
            let target =
                if file.is_empty() { PathBuf::from(page) } else { plain(&folder.join(file)) };
            let name = target.to_str().unwrap();
            let is_page = target.extension().is_some_and(|end| end == "md");
            links += 1;
            if !root().join(&target).exists() {
                wrong.push(format!("{page} links to {link}: there is no {name}"));
            } else if !anchor.is_empty() && is_page && !anchors(name).contains(anchor) {
                wrong.push(format!("{page} links to {link}: {name} has no such heading"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(links > 200, "the links were not found");
}
