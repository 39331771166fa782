//! `whimbrel schema`.

use whimbrel_lifecycle::create::difference;
use whimbrel_lifecycle::declared::{DeclaredSchema, schema_json};
use whimbrel_lifecycle::project::DataModel;
use whimbrel_lifecycle::{pull, require_sql};
use whimbrel_schema::catalog::{Catalog, Unmanaged, UnmanagedKind};
use whimbrel_schema::ddl::{self, Forms};
use whimbrel_schema::print::print_rust;

use super::{Context, Outcome, page, text};
use crate::arguments::SchemaFormat;
use crate::connect::Purpose;
use crate::error::ExitCode;

/// The dialect that plain statements are written in; every engine reads it.
const DIALECT: &str = "postgres";

/// Prints the declared schema; needs no database.
pub(crate) fn print(context: &Context<'_>, format: SchemaFormat) -> Outcome {
    let project = context.project()?;
    let declared = DeclaredSchema::read(&project)?;
    let text = match format {
        _ if context.output.json() => schema_json(&declared.schema),
        SchemaFormat::Rust => print_rust(&declared.schema),
        SchemaFormat::Json => schema_json(&declared.schema),
        SchemaFormat::Sql => {
            require_sql(&project, "the schema as SQL")?;
            let operations = whimbrel_schema::diff::diff(&Catalog::default(), &declared.catalog, &[]);
            let script = ddl::script(&operations, &Catalog::default(), Forms::Plain);
            script.up.statements(DIALECT).map(|statement| format!("{statement};\n\n")).collect()
        }
        SchemaFormat::Markdown if project.model.value == DataModel::Document => {
            page::of_collections(&declared.documents)
        }
        SchemaFormat::Markdown => page::of_tables(&declared.catalog),
    };
    context.output.data(&text);
    Ok(ExitCode::Done)
}

/// Writes the schema file from the database.
pub(crate) async fn pull(context: &Context<'_>, stdout: bool, force: bool) -> Outcome {
    let project = context.project()?;
    let mut session = context.session(&project, Purpose::Look).await?;
    let pulled = pull::pull(&mut session).await?;
    if stdout {
        context.output.result(&pulled, |pulled| pulled.source.clone());
    } else {
        let path = pull::write_pulled(&session, &pulled, force)?;
        context.output.result(&pulled, |pulled| {
            let models = text::count(pulled.schema.models.len(), "model", "models");
            let mut out = format!("wrote {} with {models}\n", path.display());
            let unmanaged: Vec<String> = pulled.unmanaged.iter().map(unmanaged_words).collect();
            out.push_str(&text::list("Left out, and left alone in the database:", &unmanaged));
            out.push_str("Next: `whimbrel migrate baseline`\n");
            out
        });
    }
    for note in &pulled.notes {
        context.output.note(&format!("note: {note}"));
    }
    Ok(ExitCode::Done)
}

/// Shows what takes the migrations' result to the schema.
pub(crate) async fn diff(context: &Context<'_>, exit_code: bool) -> Outcome {
    let project = context.project()?;
    let (mut session, declared) = context.session_and_schema(&project, Purpose::Look).await?;
    let difference = difference(&mut session, &declared).await?;
    context.output.result(&difference, |difference| {
        if difference.up.is_empty() {
            return "No difference: the migrations build what the schema declares.\n".to_owned();
        }
        difference.up.iter().map(|statement| format!("{statement}\n")).collect()
    });
    Ok(if exit_code && !difference.changes.is_empty() { ExitCode::Found } else { ExitCode::Done })
}

/// An unmanaged object in words.
pub(crate) fn unmanaged_words(object: &Unmanaged) -> String {
    let kind = match object.kind {
        UnmanagedKind::PartitionedTable => "partitioned table",
        UnmanagedKind::Partition => "partition",
        UnmanagedKind::InheritedTable => "inherited table",
        UnmanagedKind::ForeignTable => "foreign table",
        UnmanagedKind::Trigger => "trigger",
        UnmanagedKind::Policy => "policy",
        UnmanagedKind::ExclusionConstraint => "exclusion constraint",
        UnmanagedKind::Rule => "rule",
        UnmanagedKind::Function => "function",
        UnmanagedKind::Type => "type",
        UnmanagedKind::Extension => "extension",
        UnmanagedKind::View => "view",
        UnmanagedKind::Table => "table",
        UnmanagedKind::VirtualTable => "virtual table",
        UnmanagedKind::VirtualColumn => "virtual generated column",
        UnmanagedKind::Sequence => "sequence",
        UnmanagedKind::Collection => "collection",
    };
    format!("{kind} {}", object.name)
}
