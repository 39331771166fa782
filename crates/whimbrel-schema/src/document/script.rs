//! Operations as a migration in JavaScript, in migrate-mongo's form.
//!
//! Each change of the catalogue stands in a `step`, which is skipped once it is done; each change of documents
//! in a `batch`, which goes on where it stopped. Every statement can run twice as well, since a crash may come
//! between a statement and the note that it is done.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::javascript::{literal, literal_at, quoted};
use super::operation::{DocumentOperation, inverses};
use super::rewrite::{Update, update};
use super::{Collection, CollectionIndex, ValidationAction, ValidationLevel, Validator};

/// How many documents are written at once.
const BATCH_DOCUMENTS: u32 = 1000;
/// The columns before a statement in the body of a function.
const BODY: usize = 2;

/// The text of a migration of documents, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MigrationText {
    /// What takes the database forward, one statement each.
    pub up: Vec<String>,
    /// What takes it back.
    pub down: Vec<String>,
    /// What rolling back does not bring back, in plain words.
    pub irreversible: Vec<String>,
    /// What to think of before it runs on collections that hold documents, in plain words.
    pub cautions: Vec<String>,
}

/// Writes operations as a migration.
#[must_use]
pub fn script(operations: &[DocumentOperation]) -> MigrationText {
    let mut text = MigrationText::default();
    for operation in operations {
        if !operation.is_reversible() {
            text.irreversible.push(operation.summary());
        }
        for note in operation.notes() {
            if !text.cautions.contains(&note) {
                text.cautions.push(note);
            }
        }
    }
    text.up = operations.iter().map(statement).collect();
    text.down = inverses(operations).iter().map(statement).collect();
    text
}

/// Writes the file of a migration.
#[must_use]
pub fn migration_file(text: &MigrationText, title: &str) -> String {
    let mut file = String::new();
    for line in title.lines() {
        comment(&mut file, line);
    }
    listed(&mut file, "Mind:", &text.cautions);
    listed(&mut file, "Rolling back does not bring back the data of what this does:", &text.irreversible);
    function(&mut file, "up", &text.up);
    function(&mut file, "down", &text.down);
    file.push_str("\nmodule.exports = { up, down };\n");
    file
}

fn listed(file: &mut String, heading: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    file.push_str("//\n");
    comment(file, heading);
    for line in lines {
        comment(file, &format!("- {line}"));
    }
}

fn comment(file: &mut String, line: &str) {
    // A name may hold a line end; a comment may not.
    let line = line.replace(['\n', '\r', '\u{2028}', '\u{2029}'], " ");
    file.push_str(format!("// {line}").trim_end());
    file.push('\n');
}

fn function(file: &mut String, name: &str, statements: &[String]) {
    let _ = writeln!(file, "\nasync function {name}(db, client) {{");
    file.push_str(&statements.join("\n"));
    file.push_str("}\n");
}

/// The statement of one operation, indented as it stands in its function.
fn statement(operation: &DocumentOperation) -> String {
    if let Some(update) = update(operation) {
        return documents(operation, &update);
    }
    let body = match operation {
        DocumentOperation::RenameCollection { from, to } => {
            let (from, to) = (quoted(from), quoted(to));
            let mut body =
                line(4, &format!("const standing = await db.listCollections({{ name: {from} }}).toArray();"));
            body.push_str(&line(
                4,
                &format!("if (standing.length > 0) await db.collection({from}).rename({to});"),
            ));
            body
        }
        DocumentOperation::CreateCollection { collection } => create(collection),
        DocumentOperation::DropCollection { collection } => {
            let name = quoted(&collection.name);
            let mut body =
                line(4, &format!("const standing = await db.listCollections({{ name: {name} }}).toArray();"));
            body.push_str(&line(4, &format!("if (standing.length > 0) await db.collection({name}).drop();")));
            body
        }
        DocumentOperation::SetValidator { collection, to, .. } => {
            let mut command = Map::from_iter([("collMod".to_owned(), json!(collection))]);
            command.extend(validator(to.as_ref()));
            call(4, "await db.command(", &[Value::Object(command)])
        }
        DocumentOperation::CreateIndex { collection, index } => create_index(collection, index),
        DocumentOperation::DropIndex { collection, index } => {
            let name = quoted(&index.name);
            let collection = quoted(collection);
            let mut body = line(
                4,
                &format!("const standing = await db.collection({collection}).listIndexes().toArray();"),
            );
            body.push_str(&line(4, &format!("if (standing.some((index) => index.name === {name})) {{")));
            body.push_str(&line(6, &format!("await db.collection({collection}).dropIndex({name});")));
            body.push_str(&line(4, "}"));
            body
        }
        DocumentOperation::ChangeIndex { collection, from, to } => {
            let mut index = Map::from_iter([("name".to_owned(), json!(to.name))]);
            if from.hidden != to.hidden {
                index.insert("hidden".into(), json!(to.hidden));
            }
            if from.expire_after_seconds != to.expire_after_seconds {
                index.insert("expireAfterSeconds".into(), json!(to.expire_after_seconds));
            }
            call(4, "await db.command(", &[json!({ "collMod": collection, "index": index })])
        }
        _ => String::new(),
    };
    step(&operation.summary(), &body)
}

fn line(indent: usize, text: &str) -> String {
    format!("{}{text}\n", " ".repeat(indent))
}

fn step(name: &str, body: &str) -> String {
    format!(
        "{}{body}{}",
        line(BODY, &format!("await step({}, async () => {{", quoted(name))),
        line(BODY, "});")
    )
}

/// A call with literals, the last of them over several lines where they need it.
fn call(indent: usize, head: &str, arguments: &[Value]) -> String {
    let mut text = head.to_owned();
    for (place, argument) in arguments.iter().enumerate() {
        if place > 0 {
            text.push_str(", ");
        }
        let column = indent + text.lines().last().map_or(0, |last| last.chars().count()) + 2;
        text.push_str(&literal_at(argument, indent, column));
    }
    line(indent, &format!("{text});"))
}

fn create(collection: &Collection) -> String {
    let name = quoted(&collection.name);
    let mut options = collection.options.clone();
    if collection.validator.is_some() {
        options.extend(validator(collection.validator.as_ref()));
    }
    let mut body =
        line(4, &format!("const standing = await db.listCollections({{ name: {name} }}).toArray();"));
    body.push_str(&line(4, "if (standing.length === 0) {"));
    if options.is_empty() {
        body.push_str(&line(6, &format!("await db.createCollection({name});")));
    } else {
        body.push_str(&call(6, &format!("await db.createCollection({name}, "), &[Value::Object(options)]));
    }
    body.push_str(&line(4, "}"));
    for index in &collection.indexes {
        body.push_str(&create_index(&collection.name, index));
    }
    body
}

fn validator(to: Option<&Validator>) -> Map<String, Value> {
    let Some(to) = to else { return Map::from_iter([("validator".to_owned(), json!({}))]) };
    let level = match to.level {
        ValidationLevel::Strict => "strict",
        ValidationLevel::Moderate => "moderate",
        ValidationLevel::Off => "off",
    };
    let action = match to.action {
        ValidationAction::Error => "error",
        ValidationAction::Warn => "warn",
    };
    Map::from_iter([
        ("validator".to_owned(), to.rule.clone()),
        ("validationLevel".to_owned(), json!(level)),
        ("validationAction".to_owned(), json!(action)),
    ])
}

/// `createIndex` does nothing where the same index stands already.
impl CollectionIndex {
    /// Its keys as `createIndex` takes them: `{"profile.city": 1, "createdAt": -1}`.
    #[must_use]
    pub fn key_document(&self) -> Map<String, Value> {
        self.keys.iter().map(|(path, kind)| (path.clone(), kind.value())).collect()
    }

    /// Its options as `createIndex` takes them, the name first.
    #[must_use]
    pub fn option_document(&self) -> Map<String, Value> {
        let mut options = Map::from_iter([("name".to_owned(), json!(self.name))]);
        for (name, given) in [("unique", self.unique), ("sparse", self.sparse), ("hidden", self.hidden)] {
            if given {
                options.insert(name.into(), json!(true));
            }
        }
        if let Some(seconds) = self.expire_after_seconds {
            options.insert("expireAfterSeconds".into(), json!(seconds));
        }
        for (name, value) in
            [("partialFilterExpression", &self.partial_filter), ("collation", &self.collation)]
        {
            if let Some(value) = value {
                options.insert(name.into(), value.clone());
            }
        }
        if !self.weights.is_empty() {
            options.insert("weights".into(), Value::Object(self.weights.clone()));
        }
        options.extend(self.options.clone());
        options
    }
}

fn create_index(collection: &str, index: &CollectionIndex) -> String {
    let (keys, options) = (index.key_document(), index.option_document());
    let head = format!("await db.collection({}).createIndex(", quoted(collection));
    call(4, &head, &[Value::Object(keys), Value::Object(options)])
}

/// A change of documents: counted first where some may not fit, then written batch by batch.
fn documents(operation: &DocumentOperation, update: &Update) -> String {
    let collection = quoted(operation.collection());
    let mut text =
        line(BODY, &format!("// {}", operation.summary().replace(['\n', '\r', '\u{2028}', '\u{2029}'], " ")));
    if let Some((filter, holds)) = &update.unfit {
        let name = format!("counts what stands in the way: {}", operation.summary());
        let mut body = call(
            4,
            &format!("const unfit = await db.collection({collection}).countDocuments("),
            std::slice::from_ref(filter),
        );
        let message = format!(" documents of {} {holds}: correct them first", operation.collection());
        body.push_str(&line(4, "if (unfit > 0) {"));
        body.push_str(&line(6, &format!("throw new Error(unfit + {});", quoted(&message))));
        body.push_str(&line(4, "}"));
        text.push_str(&step(&name, &body));
    }
    let filter = literal_at(&update.filter, 4, 14);
    text.push_str(&line(BODY, "await batch({"));
    text.push_str(&line(4, &format!("collection: {collection},")));
    text.push_str(&line(4, &format!("filter: {filter},")));
    text.push_str(&line(4, &format!("size: {BATCH_DOCUMENTS},")));
    text.push_str(&line(BODY, "}, async (documents, db) => {"));
    let pass = "{ bypassDocumentValidation: true }";
    let mut found = update.filter.clone();
    if update.each {
        text.push_str(&line(4, "for (const document of documents) {"));
        if let Value::Object(entries) = &mut found {
            entries.shift_insert(0, "_id".into(), super::javascript::expression("document._id"));
        }
        text.push_str(&write(
            6,
            &format!("await db.collection({collection}).updateOne("),
            &found,
            &update.change,
            pass,
        ));
        text.push_str(&line(4, "}"));
    } else {
        text.push_str(&line(4, "const ids = documents.map((document) => document._id);"));
        if let Value::Object(entries) = &mut found {
            entries.shift_insert(0, "_id".into(), json!({ "$in": super::javascript::expression("ids") }));
        }
        text.push_str(&write(
            4,
            &format!("await db.collection({collection}).updateMany("),
            &found,
            &update.change,
            pass,
        ));
    }
    text.push_str(&line(BODY, "});"));
    text
}

/// An update over one line for each of its arguments.
fn write(indent: usize, head: &str, filter: &Value, change: &Value, options: &str) -> String {
    let inner = indent + 2;
    let mut text = line(indent, head);
    text.push_str(&line(inner, &format!("{},", literal(filter, inner))));
    text.push_str(&line(inner, &format!("{},", literal(change, inner))));
    text.push_str(&line(inner, &format!("{options},")));
    text.push_str(&line(indent, ");"));
    text
}
