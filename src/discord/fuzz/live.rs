//! Finds live markup in a text, as Discord's clients read it.
//!
//! It knows nothing of `escape.rs`, so that it can judge it.

/// The pieces of markup in a text, in their order. Two texts have the same pieces if they are formatted alike.
pub(super) fn live_markup(text: &str) -> Vec<String> {
    let mut live = Vec::new();
    let mut at = 0;
    let mut starts_line = true;
    while let Some(c) = text[at..].chars().next() {
        if !starts_line && !"\\`@~|:<*[_\n".contains(c) {
            at += c.len_utf8();
            continue;
        }
        let rest = &text[at..];
        let after = &rest[c.len_utf8()..];
        if c == '\\'
            && after
                .starts_with(|next: char| !next.is_ascii_alphanumeric() && !next.is_whitespace())
        {
            at += 1 + after.chars().next().map_or(0, char::len_utf8);
            starts_line = false;
            continue;
        }
        if let Some(length) = code(rest, &mut live) {
            at += length;
            starts_line = false;
            continue;
        }
        if starts_line {
            live.extend(block(rest));
        }
        live.extend(inline(&text[..at], rest));
        starts_line = c == '\n' || (starts_line && c == ' ');
        at += c.len_utf8();
    }
    live
}

/// The length of the code at the start of a text. A code block is markup. Inline code is how the bot quotes.
fn code(text: &str, live: &mut Vec<String>) -> Option<usize> {
    if let Some(inside) = text.strip_prefix("```")
        && let Some(end) = inside.find("```")
    {
        live.push("code block".to_owned());
        return Some(end + 6);
    }
    let ticks = |text: &str| text.len() - text.trim_start_matches('`').len();
    let fence = ticks(text);
    let mut at = fence;
    while fence > 0 && at < text.len() {
        at += text[at..].find('`')?;
        let run = ticks(&text[at..]);
        at += run;
        if run == fence {
            return Some(at);
        }
    }
    None
}

/// Markup that counts only at the start of a line: headings, small print, lists and quotes.
fn block(line: &str) -> Option<String> {
    let is_marker = |marker: &str| {
        line.strip_prefix(marker).is_some_and(|rest| rest.starts_with(char::is_whitespace))
    };
    let markers = ["#", "##", "###", "-#", "-", "*", "+", ">", ">>>"];
    let marker = markers.into_iter().find(|marker| is_marker(marker));
    let number = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let is_numbered =
        number.len() < line.len() && (number.starts_with(". ") || number.starts_with(") "));
    marker.map(str::to_owned).or_else(|| is_numbered.then(|| "a number".to_owned()))
}

/// Markup at the start of `rest`, which follows `before`.
fn inline(before: &str, rest: &str) -> Option<String> {
    for piece in ["@everyone", "@here", "~~", "||", "://", "<", "*", "`", "["] {
        if rest.starts_with(piece) {
            // What is mentioned is part of the markup.
            let whole = if piece == "<" { rest.split_inclusive('>').next() } else { None };
            return Some(whole.unwrap_or(piece).to_owned());
        }
    }
    if let Some(after) = rest.strip_prefix('_') {
        let is_word = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
        let inside = is_word(before.chars().next_back()) && is_word(after.chars().next());
        return (!inside).then(|| "_".to_owned());
    }
    // A name of an emoji: `:lock:` is drawn as one.
    let (name, _) = rest.strip_prefix(':')?.split_once(':')?;
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '+' | '-');
    (!name.is_empty() && name.chars().all(is_name)).then(|| format!(":{name}:"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_found() {
        for (text, live) in [
            ("a **b** _c_", &["*", "*", "*", "*", "_", "_"][..]),
            ("snake_case a-b 1.2 a:b", &[]),
            ("`**b** <@1>`", &[]),
            ("``a`b`` `", &["`"]),
            ("\\*\\<@1\\> \\`", &[]),
            ("<@1> @here", &["<@1>", "@here"]),
            ("```x```", &["code block"]),
            ("a\n # b\n1. c", &["#", "a number"]),
            ("a # b", &[]),
            ("[a](https://b)", &["[", "://"]),
            (":lock: a:b", &[":lock:"]),
            ("~~a~~ ||b||", &["~~", "~~", "||", "||"]),
        ] {
            assert_eq!(live_markup(text), live, "{text}");
        }
    }
}
