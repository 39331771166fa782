//! Which names of the tiers a command uses, each with its group.

use std::collections::BTreeSet;

use bson::{Bson, Document};

/// The names that were seen, as `group name`.
#[derive(Default)]
pub(crate) struct Names(pub(crate) BTreeSet<String>);

/// Options that any command may have.
const ANY: [&str; 4] = ["comment", "maxTimeMS", "readConcern", "writeConcern"];

fn begins_with_dollar(document: &Document) -> bool {
    document.keys().next().is_some_and(|key| key.starts_with('$'))
}

fn documents(value: &Bson) -> impl Iterator<Item = &Document> {
    value.as_array().into_iter().flatten().filter_map(Bson::as_document)
}

impl Names {
    fn add(&mut self, group: &str, name: &str) {
        self.0.insert(format!("{group} {name}"));
    }

    /// The names of a command.
    pub(crate) fn command(&mut self, command: &Document) {
        let Some((name, first)) = command.iter().next() else { return };
        self.add("commands", name);
        for (option, value) in command.iter().skip(1) {
            let group = if ANY.contains(&option.as_str()) { "any command" } else { name };
            self.add(&format!("options of {group}"), option);
            match (name.as_str(), option.as_str()) {
                ("find", "filter") | ("count" | "distinct" | "findAndModify", "query") => self.filter(value),
                ("create", "validator") => self.filter(value),
                ("find", "projection") | ("findAndModify", "fields") => self.projection(value),
                ("findAndModify", "update") => self.update(value),
                ("update", "updates") => documents(value).for_each(|one| self.change("update", one)),
                ("delete", "deletes") => documents(value).for_each(|one| self.change("delete", one)),
                ("aggregate", "pipeline") => self.pipeline(value),
                ("createIndexes", "indexes") => documents(value).for_each(|index| self.index(index)),
                _ => {}
            }
        }
        if let ("explain", Bson::Document(inner)) = (name.as_str(), first) {
            self.command(inner);
        }
    }

    /// The stages of an explanation.
    pub(crate) fn explanation(&mut self, value: &Bson) {
        match value {
            Bson::Document(document) => {
                if let Ok(stage) = document.get_str("stage") {
                    self.add("explain stages", stage);
                }
                document.values().for_each(|value| self.explanation(value));
            }
            Bson::Array(values) => values.iter().for_each(|value| self.explanation(value)),
            _ => {}
        }
    }

    fn change(&mut self, command: &str, one: &Document) {
        for (option, value) in one {
            self.add(&format!("options of one {command}"), option);
            match option.as_str() {
                "q" => self.filter(value),
                "u" => self.update(value),
                "arrayFilters" => {
                    documents(value).for_each(|filter| self.filter(&Bson::from(filter.clone())))
                }
                _ => {}
            }
        }
    }

    fn filter(&mut self, value: &Bson) {
        let Bson::Document(filter) = value else { return };
        for (key, value) in filter {
            match key.as_str() {
                "$and" | "$or" | "$nor" => {
                    self.add("query operators", key);
                    documents(value).for_each(|branch| self.filter(&Bson::from(branch.clone())));
                }
                "$expr" => {
                    self.add("query operators", key);
                    self.expression(value);
                }
                "$jsonSchema" => {
                    self.add("query operators", key);
                    self.schema(value);
                }
                "$text" => {
                    self.add("query operators", key);
                    self.tests(value);
                    self.words(value);
                }
                _ if key.starts_with('$') => self.add("query operators", key),
                _ => self.tests(value),
            }
        }
    }

    fn words(&mut self, text: &Bson) {
        let search = text.as_document().and_then(|text| text.get_str("$search").ok()).unwrap_or_default();
        for (kind, is_there) in [
            ("a word", search.starts_with(char::is_alphabetic)),
            ("-word", search.contains(" -")),
            ("\"a phrase\"", search.contains('"')),
        ] {
            if is_there {
                self.add("words of a text search", kind);
            }
        }
    }

    /// What is asked of a field.
    fn tests(&mut self, value: &Bson) {
        match value {
            Bson::RegularExpression(_) => self.add("query operators", "a regular expression"),
            Bson::Document(tests) if begins_with_dollar(tests) => {
                for (operator, argument) in tests {
                    self.add("query operators", operator);
                    match (operator.as_str(), argument) {
                        ("$elemMatch", Bson::Document(inner)) if !begins_with_dollar(inner) => {
                            self.filter(argument);
                        }
                        ("$all", items) => {
                            documents(items).for_each(|item| self.tests(&Bson::from(item.clone())));
                        }
                        _ => self.tests(argument),
                    }
                }
            }
            _ => {}
        }
    }

    fn projection(&mut self, value: &Bson) {
        let Bson::Document(projection) = value else { return };
        for (path, value) in projection {
            if path.ends_with(".$") {
                self.add("projection operators", "$");
            }
            let operator = value.as_document().and_then(|value| value.keys().next());
            match operator.map(String::as_str) {
                Some(name @ ("$slice" | "$elemMatch" | "$meta")) => self.add("projection operators", name),
                _ => self.expression(value),
            }
        }
    }

    fn update(&mut self, value: &Bson) {
        let update = match value {
            Bson::Array(_) => {
                self.add("update operators", "a pipeline");
                return self.pipeline(value);
            }
            Bson::Document(update) if begins_with_dollar(update) => update,
            _ => return self.add("update operators", "a replacement"),
        };
        for (operator, fields) in update {
            self.add("update operators", operator);
            for (path, argument) in fields.as_document().into_iter().flatten() {
                for step in path.split('.').filter(|step| step.starts_with('$')) {
                    let name = if step.len() > 3 { "$[identifier]" } else { step };
                    self.add("update modifiers", name);
                }
                if let Bson::Document(clauses) = argument
                    && matches!(operator.as_str(), "$push" | "$addToSet")
                {
                    clauses
                        .keys()
                        .filter(|key| key.starts_with('$'))
                        .for_each(|key| self.add("update modifiers", key));
                }
            }
        }
    }

    fn pipeline(&mut self, value: &Bson) {
        for stage in documents(value) {
            for (name, argument) in stage {
                self.add("stages", name);
                self.stage(name, argument);
            }
        }
    }

    fn stage(&mut self, name: &str, argument: &Bson) {
        match name {
            "$match" => return self.filter(argument),
            "$group" => return self.accumulators(argument),
            "$facet" => {
                let branches = argument.as_document().into_iter().flat_map(Document::values);
                return branches.for_each(|branch| self.pipeline(branch));
            }
            "$project" | "$set" | "$addFields" | "$replaceRoot" | "$replaceWith" | "$sortByCount" => {
                return self.expression(argument);
            }
            _ => {}
        }
        let Bson::Document(options) = argument else { return };
        if matches!(name, "$sort") {
            return;
        }
        for (option, value) in options {
            self.add(&format!("options of {name}"), option);
            match option.as_str() {
                "pipeline" => self.pipeline(value),
                "whenMatched" if value.as_array().is_some() => self.pipeline(value),
                "output" => self.accumulators(value),
                "query" => self.filter(value),
                _ => self.expression(value),
            }
        }
    }

    fn accumulators(&mut self, value: &Bson) {
        for (field, argument) in value.as_document().into_iter().flatten() {
            match argument {
                Bson::Document(one) if field != "_id" => {
                    for (name, argument) in one {
                        self.add("accumulators", name);
                        self.expression(argument);
                    }
                }
                other => self.expression(other),
            }
        }
    }

    fn expression(&mut self, value: &Bson) {
        match value {
            Bson::String(text) if text.starts_with("$$") => {
                let name = text.split('.').next().unwrap_or(text);
                if name.chars().nth(2).is_some_and(char::is_uppercase) {
                    self.add("system variables", name);
                }
            }
            Bson::Array(items) => items.iter().for_each(|item| self.expression(item)),
            Bson::Document(document) => {
                for (key, argument) in document {
                    if key.starts_with('$') {
                        self.add("expression operators", key);
                    }
                    if !matches!(key.as_str(), "$literal" | "$const") {
                        self.expression(argument);
                    }
                }
            }
            _ => {}
        }
    }

    fn index(&mut self, index: &Document) {
        for (option, value) in index {
            self.add("index options", option);
            match (option.as_str(), value) {
                ("partialFilterExpression", filter) => self.filter(filter),
                ("key", Bson::Document(key)) => {
                    if key.len() > 1 {
                        self.add("index kinds", "compound");
                    }
                    for direction in key.values() {
                        let kind = match direction {
                            Bson::String(kind) => kind.as_str(),
                            Bson::Int32(-1) => "descending",
                            _ => "ascending",
                        };
                        self.add("index kinds", kind);
                    }
                }
                _ => {}
            }
        }
    }

    fn schema(&mut self, value: &Bson) {
        let Bson::Document(schema) = value else { return };
        for (keyword, value) in schema {
            self.add("validator keywords", keyword);
            match (keyword.as_str(), value) {
                ("properties" | "patternProperties" | "dependencies", Bson::Document(schemas)) => {
                    schemas.values().for_each(|schema| self.schema(schema));
                }
                ("items" | "not" | "additionalItems" | "additionalProperties", Bson::Document(_)) => {
                    self.schema(value);
                }
                ("allOf" | "anyOf" | "oneOf" | "items", Bson::Array(schemas)) => {
                    schemas.iter().for_each(|schema| self.schema(schema))
                }
                _ => {}
            }
        }
    }
}
