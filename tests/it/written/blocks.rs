//! The blocks of shell commands in the pages.

use std::fs;
use std::path::Path;

/// A fenced block that begins with ```` ```sh ````, as a reader copies it.
#[derive(Clone, Debug)]
pub struct Block {
    /// The page, from the root of the repository.
    pub page: String,
    /// The line of the first command.
    pub line: usize,
    pub text: String,
}

impl Block {
    /// Where it is, for a message.
    pub fn place(&self) -> String {
        format!("{}:{}", self.page, self.line)
    }

    /// Whether it is a script that a reader saves into a file, with an interpreter of its own.
    pub fn is_script(&self) -> bool {
        self.text.starts_with("#!")
    }
}

/// The root of the repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every page that a user or a contributor reads, from the root of the repository.
pub fn pages() -> Vec<String> {
    let mut pages: Vec<String> =
        ["README.md", "CONTRIBUTING.md", "SECURITY.md"].map(str::to_owned).into();
    for folder in ["docs", "deploy"] {
        collect(folder, &mut pages);
    }
    // A decision of the past has no commands that have to work today.
    pages.retain(|page| !page.starts_with("docs/adr/"));
    pages.sort();
    pages
}

fn collect(folder: &str, pages: &mut Vec<String>) {
    for entry in fs::read_dir(root().join(folder)).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{folder}/{}", entry.file_name().to_str().unwrap());
        if entry.file_type().unwrap().is_dir() {
            collect(&path, pages);
        } else if Path::new(&path).extension().is_some_and(|end| end == "md") {
            pages.push(path);
        }
    }
}

/// The text of a page.
pub fn read(page: &str) -> String {
    fs::read_to_string(root().join(page)).unwrap()
}

/// The text of a page without its fenced blocks.
pub fn prose(page: &str) -> String {
    let mut is_inside = false;
    let text = read(page);
    let lines = text.lines().filter(|line| {
        let is_fence = line.trim_start().starts_with("```");
        is_inside ^= is_fence;
        !is_inside && !is_fence
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The blocks of all pages.
pub fn blocks() -> Vec<Block> {
    pages().iter().flat_map(|page| of(page)).collect()
}

/// The blocks of one page, in their order.
pub fn of(page: &str) -> Vec<Block> {
    let text = read(page);
    let mut blocks = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((at, line)) = lines.next() {
        let indent = line.len() - line.trim_start().len();
        let Some(language) = line.trim_start().strip_prefix("```") else { continue };
        let mut inside = String::new();
        for (_, line) in lines.by_ref().take_while(|(_, line)| line.trim() != "```") {
            // Within a list item a block is indented, and so is each of its lines.
            inside.push_str(line.get(indent..).unwrap_or_default());
            inside.push('\n');
        }
        let is_unknown = ["bash", "shell", "zsh", "console"].contains(&language);
        assert!(!is_unknown, "{page}:{}: blocks of commands begin with ```sh", at + 1);
        if language == "sh" {
            blocks.push(Block { page: page.to_owned(), line: at + 2, text: inside });
        }
    }
    blocks
}
