//! Escapes text from outside so that Discord shows it exactly.

/// Writes a text as inline code, where nothing is markup.
///
/// The fence must be longer than any run of backticks in the text. A fence of three would start a
/// code block, which Discord's parser looks for first, so text with such a run is escaped instead.
/// An empty text cannot be fenced and becomes a dash, escaped since a dash begins a list.
pub(super) fn code(text: &str) -> String {
    let fence = match longest_run(text, '`') {
        _ if text.is_empty() => return "\\-".to_owned(),
        0 => "`",
        1 => "``",
        _ => return plain(text),
    };
    // Discord drops one blank inside each end. The blank is needed where the text itself starts or
    // ends with a backtick or a blank.
    let open = if text.starts_with(['`', ' ']) { " " } else { "" };
    let close = if text.ends_with(['`', ' ']) { " " } else { "" };
    format!("{fence}{open}{text}{close}{fence}")
}

/// Writes a text for a sentence or title, with a backslash before anything that could be markup, a
/// mention or a link.
pub(super) fn plain(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let indent = text.len() - text.trim_start().len();
    for (at, c) in text.char_indices() {
        let rest = &text[at + c.len_utf8()..];
        let live = match c {
            '\\' | '*' | '~' | '|' | '`' | '[' | ']' | '<' | '>' => true,
            // Inside a word it can start a span but never end one.
            '_' => {
                let in_word = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
                !in_word(text[..at].chars().next_back()) || !in_word(rest.chars().next())
            }
            '@' => rest.starts_with("everyone") || rest.starts_with("here"),
            // `://` makes an address a link, and `:key:` is an emoji.
            ':' => rest.starts_with("//") || begins_emoji(rest),
            // Headings, small print and lists count only at the start of a line, which may be indented.
            '#' | '-' | '+' => at == indent,
            '.' | ')' => at > indent && text[indent..at].bytes().all(|b| b.is_ascii_digit()),
            _ => false,
        };
        if live {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// Whether a text after a colon may be the name of an emoji. The colon behind it may be in the words that follow.
fn begins_emoji(text: &str) -> bool {
    let name = text.split(':').next().unwrap_or_default();
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '+' | '-');
    !name.is_empty() && name.chars().all(is_of_name)
}

fn longest_run(text: &str, of: char) -> usize {
    text.split(|c| c != of).map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_fenced_longer_than_its_ticks() {
        let cases = [
            ("root@vm", "`root@vm`"),
            ("a`b", "``a`b``"),
            ("a``b", "a\\`\\`b"),
            ("```\n*x*", "\\`\\`\\`\n\\*x\\*"),
            ("`", "`` ` ``"),
            (" x ", "`  x  `"),
            ("", "\\-"),
            ("<@1> **b**", "`<@1> **b**`"),
        ];
        for (text, written) in cases {
            assert_eq!(code(text), written);
        }
    }

    #[test]
    fn markup_in_a_sentence_is_escaped_and_ordinary_names_are_not() {
        let cases = [
            ("env/prod@blue", "env/prod@blue"),
            ("main:env-1/prod.x", "main:env-1/prod.x"),
            ("snake_case AWS_PROFILE", "snake_case AWS_PROFILE"),
            ("_x_ __y__", "\\_x\\_ \\_\\_y\\_\\_"),
            ("@everyone <@1>", "\\@everyone \\<@1\\>"),
            ("# heading", "\\# heading"),
            ("1. one", "1\\. one"),
            (".hidden/a)", ".hidden/a)"),
            ("  - a", "  \\- a"),
            (" 12) a 1) b", " 12\\) a 1) b"),
            ("main:key", "main\\:key"),
            ("a :lock: :x y:", "a \\:lock: :x y:"),
            ("env:/blue a: b:", "env:/blue a: b:"),
            ("https://a.b", "https\\://a.b"),
            ("[a](b)", "\\[a\\](b)"),
        ];
        for (text, written) in cases {
            assert_eq!(plain(text), written);
        }
    }
}
