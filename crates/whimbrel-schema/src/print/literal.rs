//! Names, strings and parameters as they stand in Rust source.

/// Words that Rust keeps for itself and that may stand behind `r#`.
const KEYWORDS: [&str; 51] = [
    "abstract",
    "as",
    "async",
    "await",
    "become",
    "box",
    "break",
    "const",
    "continue",
    "do",
    "dyn",
    "else",
    "enum",
    "extern",
    "false",
    "final",
    "fn",
    "for",
    "gen",
    "if",
    "impl",
    "in",
    "let",
    "loop",
    "macro",
    "match",
    "mod",
    "move",
    "mut",
    "override",
    "priv",
    "pub",
    "ref",
    "return",
    "static",
    "struct",
    "trait",
    "true",
    "try",
    "type",
    "typeof",
    "union",
    "unsafe",
    "unsized",
    "use",
    "virtual",
    "where",
    "while",
    "yield",
    "macro_rules",
    "raw",
];

/// Words that follow a key in an index, or are flags of a list: a field of that name needs `r#` there.
const LIST_WORDS: [&str; 6] = ["unique", "sparse", "nulls_not_distinct", "deferrable", "deferred", "include"];

/// A name in source.
pub(super) fn ident(name: &str) -> String {
    // `union`, `macro_rules` and `raw` are words in some places only.
    if KEYWORDS.contains(&name) && !matches!(name, "union" | "macro_rules" | "raw") {
        format!("r#{name}")
    } else {
        name.to_owned()
    }
}

/// A field path inside a list of keys and options.
pub(super) fn path(path: &str) -> String {
    path.split('.')
        .enumerate()
        .map(
            |(index, part)| {
                if index == 0 && LIST_WORDS.contains(&part) { format!("r#{part}") } else { ident(part) }
            },
        )
        .collect::<Vec<_>>()
        .join(".")
}

/// A string, raw where that reads better.
pub(super) fn string(text: &str) -> String {
    let raw = text.contains(['"', '\\', '\n']) && text.chars().all(|c| c == '\n' || !c.is_control());
    let plain = format!("{text:?}");
    // An escape that is not about quotes or line ends shows a character better seen escaped.
    if !raw || plain.contains("\\u{") {
        return plain;
    }
    let mut hashes = if text.contains('"') { "#".to_owned() } else { String::new() };
    while text.contains(&format!("\"{hashes}")) {
        hashes.push('#');
    }
    format!("r{hashes}\"{text}\"{hashes}")
}

/// The value of a storage parameter: a number or word as it is, anything else as a string.
pub(super) fn parameter(value: &str) -> String {
    let digits = value.strip_prefix('-').unwrap_or(value);
    let whole = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let number = whole && !value.starts_with('-') && (digits == "0" || !digits.starts_with('0'));
    if number || is_ident(value) { value.to_owned() } else { string(value) }
}

/// The name of a storage parameter or check: bare where it is an identifier.
pub(super) fn name(value: &str) -> String {
    if is_ident(value) { value.to_owned() } else { string(value) }
}

/// A storage parameter's name: identifiers with points between them.
pub(super) fn dotted(value: &str) -> String {
    if value.split('.').all(is_ident) { value.to_owned() } else { string(value) }
}

fn is_ident(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && text != "_"
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_read_back() {
        for text in [
            "",
            "plain",
            "a \"b\" c",
            "back\\slash",
            "two\nlines",
            "\"# tricky \"##",
            "tab\there",
            "é\u{301}",
            "\r\n",
        ] {
            let literal: syn::LitStr = syn::parse_str(&string(text)).unwrap();
            assert_eq!(literal.value(), text, "{}", string(text));
        }
    }
}
