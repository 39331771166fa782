//! The names that PostgreSQL gives to what the source leaves without one.

/// PostgreSQL keeps this many bytes of a name.
const NAME_LIMIT_BYTES: usize = 63;

/// `first_second_label`, the longer parts cut so that the whole fits, numbered where it is taken.
pub(crate) fn chosen(
    first: &str,
    second: &str,
    label: &str,
    mut is_taken: impl FnMut(&str) -> bool,
) -> String {
    for number in 0..=u32::MAX {
        let numbered = if number == 0 { label.to_owned() } else { format!("{label}{number}") };
        let name = joined(first, second, &numbered);
        if !is_taken(&name) {
            return name;
        }
    }
    joined(first, second, label)
}

fn joined(first: &str, second: &str, label: &str) -> String {
    let separators = usize::from(!second.is_empty()) + usize::from(!label.is_empty());
    let room = NAME_LIMIT_BYTES.saturating_sub(separators + label.len());
    let (mut one, mut two) = (first.len(), second.len());
    while one + two > room {
        if one > two { one -= 1 } else { two -= 1 }
    }
    let mut name = cut(first, one).to_owned();
    for part in [cut(second, two), label] {
        if !part.is_empty() {
            name.push('_');
            name.push_str(part);
        }
    }
    name
}

fn cut(text: &str, mut length: usize) -> &str {
    while !text.is_char_boundary(length) {
        length -= 1;
    }
    &text[..length]
}

/// Names longer than the server keeps are cut, as it does.
pub(crate) fn kept(name: String) -> String {
    if name.len() <= NAME_LIMIT_BYTES { name } else { cut(&name, NAME_LIMIT_BYTES).to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_postgres_own() {
        assert_eq!(chosen("users", "", "pkey", |_| false), "users_pkey");
        assert_eq!(chosen("users", "email", "key", |name| name == "users_email_key"), "users_email_key1");
        let long = chosen(&"t".repeat(60), &"c".repeat(20), "fkey", |_| false);
        assert_eq!(long.len(), 63);
        assert_eq!(long, format!("{}_{}_fkey", "t".repeat(37), "c".repeat(20)));
    }
}
