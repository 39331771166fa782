//! `${…}` in values.

use super::super::setting::{VariableFrom, VariableSource};
use super::super::template::{TemplateError, expand};

#[test]
fn texts_expand() {
    let lookup = |name: &str| {
        let value = match name {
            "A" => "1",
            "EMPTY" => "",
            _ => return None,
        };
        let source = VariableSource { name: name.to_owned(), from: VariableFrom::Process };
        Some((value, source))
    };
    let unset = |name: &str| Err(TemplateError::Unset(name.to_owned()));
    let table: [(&str, Result<&str, TemplateError>); 16] = [
        ("plain", Ok("plain")),
        ("a${A}b${A}", Ok("a1b1")),
        ("${B:-x y}", Ok("x y")),
        ("${A:-x}", Ok("1")),
        ("${EMPTY}", Ok("")),
        ("${EMPTY:-x}", Ok("x")),
        ("${B:-}", Ok("")),
        ("${B:-${A}}!", Ok("1!")),
        ("${A:-${B}}!", Ok("1!")),
        ("${B:-${C:-d}e}", Ok("de")),
        ("$$ $${A} $A $", Ok("$ ${A} $A $")),
        ("${B}", unset("B")),
        ("${B:-${C}}", unset("C")),
        ("${1}", Err(TemplateError::Syntax("has a `${` without a variable's name"))),
        (
            "${A:+x}",
            Err(TemplateError::Syntax("has a `${` that is neither `${NAME}` nor `${NAME:-default}`")),
        ),
        ("${B} ${A:-", Err(TemplateError::Syntax("has a `${` that no `}` closes"))),
    ];
    for (text, expected) in table {
        let found = expand(text, &lookup).map(|expanded| expanded.text);
        assert_eq!(found, expected.map(str::to_owned), "{text}");
    }
    let through = expand("${A}${B:-x}", &lookup).unwrap().through;
    assert_eq!(through.len(), 1);
}
