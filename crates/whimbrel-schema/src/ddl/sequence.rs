//! Statements on sequences, and the names of those that columns own.

use crate::catalog::{QualifiedName, SequenceDefinition};
use crate::operation::Operation;

use super::quote::{quote_identifier, quote_literal, quote_qualified};

/// PostgreSQL's longest name.
const NAME_LENGTH_BYTES: usize = 63;

/// The statements; none where the operation is about something else.
pub(super) fn statements(operation: &Operation) -> Option<Vec<String>> {
    let statement = match operation {
        Operation::CreateSequence { definition } => {
            let ascending = ascending(definition);
            let options = if definition.increment > 0 {
                changed_options(&ascending, definition)
            } else {
                all_options(definition)
            };
            format!("CREATE SEQUENCE {}{options}", quote_qualified(&definition.name))
        }
        Operation::AlterSequence { from, to } => return Some(alter(from, to)),
        Operation::DropSequence { definition } => {
            format!("DROP SEQUENCE {}", quote_qualified(&definition.name))
        }
        Operation::RenameOwnedSequence { from, to, .. } => format!(
            "ALTER SEQUENCE IF EXISTS {} RENAME TO {}",
            quote_qualified(from),
            quote_identifier(&to.name)
        ),
        _ => return None,
    };
    Some(vec![statement])
}

fn alter(from: &SequenceDefinition, to: &SequenceDefinition) -> Vec<String> {
    let name = quote_qualified(&from.name);
    let alter = format!("ALTER SEQUENCE {name}");
    let mut statements = Vec::new();
    let (mut wide, narrows) = (from.clone(), to.min > from.min || to.max < from.max);
    if narrows {
        // The present value must stand in the new range before the range is set, and can be moved only
        // within the range of the moment.
        if to.min > from.max || to.max < from.min {
            wide.min = from.min.min(to.min);
            wide.max = from.max.max(to.max);
            statements.push(format!("{alter}{}", changed_options(from, &wide)));
        }
        statements.push(format!(
            "SELECT setval({}, LEAST(GREATEST(last_value, {min}), {max}), is_called AND last_value BETWEEN {min} AND {max}) FROM {name}",
            quote_literal(&name),
            min = to.min,
            max = to.max,
        ));
    }
    statements.push(format!("{alter}{}", changed_options(&wide, to)));
    statements
}

/// The name that the server gives to the sequence of a `serial` column: cut to what fits, the longer
/// part first.
#[must_use]
pub fn owned_sequence_name(table: &QualifiedName, column: &str) -> QualifiedName {
    let room = NAME_LENGTH_BYTES - "_".len() - "_seq".len();
    let (mut table_length, mut column_length) = (table.name.len(), column.len());
    while table_length + column_length > room {
        if table_length > column_length {
            table_length -= 1;
        } else {
            column_length -= 1;
        }
    }
    let table_part = cut(&table.name, table_length);
    let column_part = cut(column, column_length);
    table.sibling(format!("{table_part}_{column_part}_seq"))
}

fn cut(name: &str, mut length: usize) -> &str {
    while !name.is_char_boundary(length) {
        length -= 1;
    }
    &name[..length]
}

/// What a sequence is when nothing is said.
fn ascending(definition: &SequenceDefinition) -> SequenceDefinition {
    SequenceDefinition {
        name: definition.name.clone(),
        start: definition.min,
        increment: 1,
        min: 1,
        max: i64::MAX,
        cache: 1,
        cycle: false,
    }
}

fn changed_options(from: &SequenceDefinition, to: &SequenceDefinition) -> String {
    let options = [
        (from.increment != to.increment, format!(" INCREMENT BY {}", to.increment)),
        (from.min != to.min, format!(" MINVALUE {}", to.min)),
        (from.max != to.max, format!(" MAXVALUE {}", to.max)),
        (from.start != to.start, format!(" START WITH {}", to.start)),
        (from.cache != to.cache, format!(" CACHE {}", to.cache)),
        (from.cycle != to.cycle, if to.cycle { " CYCLE".to_owned() } else { " NO CYCLE".to_owned() }),
    ];
    options.into_iter().filter_map(|(changed, option)| changed.then_some(option)).collect()
}

fn all_options(definition: &SequenceDefinition) -> String {
    format!(
        " INCREMENT BY {} MINVALUE {} MAXVALUE {} START WITH {} CACHE {}{}",
        definition.increment,
        definition.min,
        definition.max,
        definition.start,
        definition.cache,
        if definition.cycle { " CYCLE" } else { "" }
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_of_a_column_is_named_as_the_server_names_it() {
        let named =
            |table: &str, column: &str| owned_sequence_name(&QualifiedName::plain(table), column).name;
        assert_eq!(named("trips", "id"), "trips_id_seq");
        let long = named(&"t".repeat(63), "id");
        assert_eq!(long, format!("{}_id_seq", "t".repeat(56)));
        assert_eq!(named(&"t".repeat(60), &"c".repeat(60)).len(), 63);
        assert!(named(&"é".repeat(31), "id").len() <= 63);
    }
}
