//! Values as JavaScript's literals, in lines of a readable length.

use serde_json::{Map, Number, Value};

/// A literal that fits into so many columns stands on one line.
const LINE_COLUMNS: usize = 100;
/// Every whole number up to this one is one in JavaScript too.
const EXACT: u64 = 9_007_199_254_740_991;

/// JavaScript text inside a value, where an expression is meant and not a text.
const RAW: &str = "$whimbrelExpression";

/// An expression of JavaScript that stands for a value.
pub(super) fn expression(text: impl Into<String>) -> Value {
    Value::Object(Map::from_iter([(RAW.to_owned(), Value::String(text.into()))]))
}

/// The value as a literal, its further lines indented by so many columns.
pub(super) fn literal(value: &Value, indent: usize) -> String {
    literal_at(value, indent, indent)
}

/// The same where the first line begins at another column.
pub(super) fn literal_at(value: &Value, indent: usize, column: usize) -> String {
    let line = on_one_line(value);
    if column + line.chars().count() <= LINE_COLUMNS {
        return line;
    }
    let inner = indent + 2;
    let margin = " ".repeat(inner);
    let (open, lines, close) = match value {
        Value::Object(entries) if special(entries).is_none() && !entries.is_empty() => {
            let lines: Vec<String> = entries
                .iter()
                .map(|(key, value)| {
                    let key = format!("{}: ", property(key));
                    let column = inner + key.chars().count() + 1;
                    format!("{margin}{key}{},", literal_at(value, inner, column))
                })
                .collect();
            ('{', lines, '}')
        }
        Value::Array(items) if !items.is_empty() => {
            let lines =
                items.iter().map(|item| format!("{margin}{},", literal_at(item, inner, inner + 1))).collect();
            ('[', lines, ']')
        }
        _ => return line,
    };
    format!("{open}\n{}\n{}{close}", lines.join("\n"), " ".repeat(indent))
}

fn on_one_line(value: &Value) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number_text(number),
        Value::String(text) => quoted(text),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(on_one_line).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(entries) => {
            if let Some(special) = special(entries) {
                return special;
            }
            if entries.is_empty() {
                return "{}".into();
            }
            let entries: Vec<String> = entries
                .iter()
                .map(|(key, value)| format!("{}: {}", property(key), on_one_line(value)))
                .collect();
            format!("{{ {} }}", entries.join(", "))
        }
    }
}

fn number_text(number: &Number) -> String {
    match number.as_i64() {
        // JavaScript would round it.
        Some(whole) if whole.unsigned_abs() > EXACT => format!("NumberLong({})", quoted(&whole.to_string())),
        _ => number.to_string(),
    }
}

/// A value of Extended JSON as its constructor.
fn special(entries: &Map<String, Value>) -> Option<String> {
    let (key, value) = entries.iter().next().filter(|_| entries.len() == 1)?;
    match (key.as_str(), value) {
        (RAW, Value::String(text)) => Some(text.clone()),
        ("$oid", Value::String(text)) => Some(format!("new ObjectId({})", quoted(text))),
        ("$date", Value::String(text)) => Some(format!("new Date({})", quoted(text))),
        ("$numberDecimal", Value::String(text)) => Some(format!("NumberDecimal({})", quoted(text))),
        ("$numberLong", Value::String(text)) => Some(format!("NumberLong({})", quoted(text))),
        ("$numberInt" | "$numberDouble", Value::String(text)) => Some(format!("Number({})", quoted(text))),
        ("$binary", Value::Object(binary)) => {
            let bytes = binary.get("base64")?.as_str()?;
            let kind = u8::from_str_radix(binary.get("subType")?.as_str()?, 16).ok()?;
            Some(format!("BinData({kind}, {})", quoted(bytes)))
        }
        ("$regularExpression", Value::Object(expression)) => {
            let pattern = expression.get("pattern")?.as_str()?;
            let options = expression.get("options").and_then(Value::as_str).unwrap_or_default();
            Some(format!("new RegExp({}, {})", quoted(pattern), quoted(options)))
        }
        _ => None,
    }
}

/// A property's name, quoted where it is no name of JavaScript.
fn property(name: &str) -> String {
    let mut chars = name.chars();
    let starts =
        chars.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_' || first == '$');
    // A literal's `__proto__` would set the object's prototype.
    if name == "__proto__" {
        return "['__proto__']".into();
    }
    if starts && chars.all(|next| next.is_ascii_alphanumeric() || next == '_' || next == '$') {
        name.to_owned()
    } else {
        quoted(name)
    }
}

/// A text in single quotes.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('\'');
    for current in text.chars() {
        match current {
            '\'' => out.push_str("\\'"),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{2028}' => out.push_str("\\u2028"),
            '\u{2029}' => out.push_str("\\u2029"),
            control if control.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(control))),
            other => out.push(other),
        }
    }
    out.push('\'');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_literals() {
        for (value, expected) in [
            (
                json!({ "a": 1, "b.c": [true, null], "$set": { "x": 1.5 } }),
                "{ a: 1, 'b.c': [true, null], $set: { x: 1.5 } }",
            ),
            (json!("it's \"so\"\n"), "'it\\'s \"so\"\\n'"),
            (json!({ "$oid": "65a1b2c3d4e5f60718293a4b" }), "new ObjectId('65a1b2c3d4e5f60718293a4b')"),
            (json!({ "$numberDecimal": "0.01" }), "NumberDecimal('0.01')"),
            (json!(9_007_199_254_740_993_i64), "NumberLong('9007199254740993')"),
            (json!({ "$binary": { "base64": "AA==", "subType": "04" } }), "BinData(4, 'AA==')"),
            (json!({ "__proto__": 1 }), "{ ['__proto__']: 1 }"),
            (json!({}), "{}"),
            (expression("new Date()"), "new Date()"),
        ] {
            assert_eq!(literal(&value, 0), expected);
        }
    }

    #[test]
    fn long_literals_are_broken_into_lines() {
        let long = json!({ "first": "x".repeat(60), "second": ["y".repeat(60)] });
        let expected = format!("{{\n  first: '{}',\n  second: ['{}'],\n}}", "x".repeat(60), "y".repeat(60));
        assert_eq!(literal(&long, 0), expected);
    }
}
