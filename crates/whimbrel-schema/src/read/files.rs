//! Follows `mod` and `use` from one schema file to the next, and reads what each declares.

use std::collections::HashSet;
use std::sync::Arc;

use proc_macro2::Span;
use syn::spanned::Spanned as _;
use syn::{Attribute, Expr, Item, ItemMod, Lit, Meta, UseTree};

use super::declarations::{Placed, embedded_from, enum_from, model_from, sequence_from};
use super::places::Places;
use super::problem::{Problem, code};
use crate::model::Schema;

/// One file of the schema.
pub(super) struct SourceFile {
    pub(super) name: String,
    pub(super) text: Arc<String>,
}

/// What the files say so far.
pub(super) struct Reading<'a> {
    loader: &'a dyn Fn(&str) -> Option<String>,
    root: String,
    pub(super) files: Vec<SourceFile>,
    loaded: HashSet<String>,
    pub(super) schema: Schema,
    pub(super) places: Places,
    pub(super) problems: Vec<(usize, Problem)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Derive {
    Model,
    Embedded,
    Enum,
    Sequence,
}

/// The schema's own names: a `use` of these leads to no file of the schema.
const FOREIGN: [&str; 8] = ["std", "core", "alloc", "whimbrel", "serde", "uuid", "jiff", "rust_decimal"];

impl<'a> Reading<'a> {
    pub(super) fn new(root: &str, loader: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Reading {
            loader,
            root: root.to_owned(),
            files: Vec::new(),
            loaded: HashSet::new(),
            schema: Schema::new(),
            places: Places::default(),
            problems: Vec::new(),
        }
    }

    /// Reads the file if it is there and was not read before; whether it is there.
    pub(super) fn file(&mut self, name: &str) -> bool {
        if self.loaded.contains(name) {
            return true;
        }
        let Some(text) = (self.loader)(name) else { return false };
        let text = match text.strip_prefix('\u{feff}') {
            Some(rest) => rest.to_owned(),
            None => text,
        };
        let number = self.files.len();
        self.loaded.insert(name.to_owned());
        let text = Arc::new(text);
        self.files.push(SourceFile { name: name.to_owned(), text: Arc::clone(&text) });
        match syn::parse_file(&text) {
            Ok(file) => self.items(number, &module_folders(name), &file.items),
            Err(error) => self.problems.push((
                number,
                Problem::new(error.span(), code::SYNTAX, format!("this is not Rust: {error}"))
                    .help("correct the syntax; `rustfmt` on the file shows the same place"),
            )),
        }
        true
    }

    fn items(&mut self, file: usize, folders: &[String], items: &[Item]) {
        for item in items {
            match item {
                Item::Struct(source) => match self.derives(file, &source.attrs) {
                    Some(Derive::Model) => {
                        let read = model_from(source);
                        self.keep(file, read, |reading, model, places| {
                            reading.schema.models.push(model);
                            reading.places.models.push(places);
                        });
                    }
                    Some(Derive::Embedded) => {
                        let read = embedded_from(source);
                        self.keep(file, read, |reading, embedded, places| {
                            reading.schema.embedded.push(embedded);
                            reading.places.embedded.push(places);
                        });
                    }
                    Some(Derive::Sequence) => {
                        let read = sequence_from(source);
                        self.keep(file, read, |reading, sequence, places| {
                            reading.schema.sequences.push(sequence);
                            reading.places.sequences.push(places);
                        });
                    }
                    Some(Derive::Enum) => self.wrong_derive(file, source.ident.span(), "Enum", "an enum"),
                    None => {}
                },
                Item::Enum(source) => match self.derives(file, &source.attrs) {
                    Some(Derive::Enum) => {
                        let read = enum_from(source);
                        self.keep(file, read, |reading, declared, places| {
                            reading.schema.enums.push(declared);
                            reading.places.enums.push(places);
                        });
                    }
                    Some(_) => self.wrong_derive(file, source.ident.span(), "Model", "a struct"),
                    None => {}
                },
                Item::Mod(module) => self.module(file, folders, module),
                Item::Use(source) => self.follow(&source.tree),
                _ => {}
            }
        }
    }

    fn keep<T>(
        &mut self,
        file: usize,
        read: Result<Placed<T>, Vec<Problem>>,
        push: impl FnOnce(&mut Self, T, super::places::DeclarationPlaces),
    ) {
        match read {
            Ok((read, mut places)) => {
                places.file = file;
                push(self, read, places);
            }
            Err(problems) => self.problems.extend(problems.into_iter().map(|problem| (file, problem))),
        }
    }

    fn wrong_derive(&mut self, file: usize, span: Span, derive: &str, place: &str) {
        let problem =
            Problem::new(span, code::UNSUPPORTED, format!("`#[derive({derive})]` belongs on {place}"))
                .help("Model, Embedded and Sequence are for structs, Enum for enums");
        self.problems.push((file, problem));
    }

    /// The one derive of ours among the attributes.
    fn derives(&mut self, file: usize, attributes: &[Attribute]) -> Option<Derive> {
        let mut found = None;
        for attribute in attributes {
            let conditional = attribute.path().is_ident("cfg_attr");
            let Meta::List(list) = &attribute.meta else { continue };
            if conditional {
                self.conditional_derive(file, attribute, list);
            }
            if !attribute.path().is_ident("derive") {
                continue;
            }
            let paths = syn::punctuated::Punctuated::<syn::Path, syn::Token![,]>::parse_terminated;
            let Ok(paths) = list.parse_args_with(paths) else { continue };
            for path in paths {
                let Some(derive) = known_derive(&path) else { continue };
                if found.is_some() {
                    self.problems.push((
                        file,
                        Problem::new(
                            path.span(),
                            code::UNSUPPORTED,
                            "one item cannot be two parts of the schema",
                        )
                        .label("second derive")
                        .help("keep one of Model, Embedded, Enum and Sequence"),
                    ));
                }
                found = Some(derive);
            }
        }
        found
    }

    fn conditional_derive(&mut self, file: usize, attribute: &Attribute, list: &syn::MetaList) {
        let text = list.tokens.to_string();
        let derives = text.contains("derive")
            && ["Model", "Embedded", "Sequence"]
                .iter()
                .any(|name| text.split(|c: char| !c.is_alphanumeric()).any(|word| word == *name));
        if derives {
            self.problems.push((
                file,
                Problem::new(
                    attribute.path().span(),
                    code::UNSUPPORTED,
                    "a derive of the schema cannot depend on `cfg`",
                )
                .label("the schema must be the same in every build")
                .help("write `#[derive(…)]`"),
            ));
        }
    }

    fn module(&mut self, file: usize, folders: &[String], module: &ItemMod) {
        let name = syn::ext::IdentExt::unraw(&module.ident).to_string();
        if let Some(cfg) = module.attrs.iter().find(|attribute| attribute.path().is_ident("cfg")) {
            if is_test(cfg) {
                return;
            }
            if let Some((_, items)) = &module.content
                && !items.iter().any(declares)
            {
                return;
            }
            self.problems.push((
                file,
                Problem::new(
                    cfg.path().span(),
                    code::UNSUPPORTED,
                    format!("module `{name}` of the schema depends on `cfg`"),
                )
                .label("the schema must be the same in every build")
                .help("remove the attribute, or move the module out of the schema"),
            ));
            return;
        }
        let inner: Vec<String> = folders.iter().map(|folder| format!("{folder}{name}/")).collect();
        if let Some((_, items)) = &module.content {
            self.items(file, &inner, items);
            return;
        }
        let candidates: Vec<String> = match path_attribute(&module.attrs) {
            Some(path) => vec![format!("{}{path}", folder_of(&self.files[file].name))],
            None => folders
                .iter()
                .flat_map(|folder| [format!("{folder}{name}.rs"), format!("{folder}{name}/mod.rs")])
                .collect(),
        };
        if candidates.iter().any(|candidate| self.file(candidate)) {
            return;
        }
        self.problems.push((
            file,
            Problem::new(module.ident.span(), code::FILE, format!("module `{name}` has no file"))
                .label("not found")
                .help(format!("create one of {}", candidates.join(", "))),
        ));
    }

    /// Reads the file that a `use crate::…` leads to, where there is one beside the root.
    fn follow(&mut self, tree: &UseTree) {
        let mut segments = Vec::new();
        let mut tree = tree;
        while let UseTree::Path(path) = tree {
            segments.push(syn::ext::IdentExt::unraw(&path.ident).to_string());
            tree = &path.tree;
        }
        let Some(first) = segments.first() else { return };
        if FOREIGN.contains(&first.as_str()) {
            return;
        }
        let relative: Vec<&str> = segments
            .iter()
            .map(String::as_str)
            .skip_while(|segment| matches!(*segment, "crate" | "super" | "self"))
            .collect();
        if relative.len() == segments.len() || relative.is_empty() {
            return;
        }
        let folder = folder_of(&self.root).to_owned();
        let path = format!("{folder}{}", relative.join("/"));
        for candidate in [format!("{path}.rs"), format!("{path}/mod.rs")] {
            if self.file(&candidate) {
                return;
            }
        }
    }
}

fn known_derive(path: &syn::Path) -> Option<Derive> {
    let segment = path.segments.last()?;
    let first = path.segments.first()?;
    // A derive of another crate may have the same name.
    if path.segments.len() > 1 && first.ident != "whimbrel" && first.ident != "whimbrel_macros" {
        return None;
    }
    match segment.ident.to_string().as_str() {
        "Model" => Some(Derive::Model),
        "Embedded" => Some(Derive::Embedded),
        "Enum" => Some(Derive::Enum),
        "Sequence" => Some(Derive::Sequence),
        _ => None,
    }
}

fn declares(item: &Item) -> bool {
    let attributes = match item {
        Item::Struct(source) => &source.attrs,
        Item::Enum(source) => &source.attrs,
        Item::Mod(module) => {
            return module.content.as_ref().is_none_or(|(_, items)| items.iter().any(declares));
        }
        _ => return false,
    };
    attributes.iter().any(|attribute| attribute.path().is_ident("db"))
}

fn is_test(cfg: &Attribute) -> bool {
    matches!(&cfg.meta, Meta::List(list) if list.tokens.to_string() == "test")
}

fn path_attribute(attributes: &[Attribute]) -> Option<String> {
    attributes.iter().find_map(|attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("path") => match &pair.value {
            Expr::Lit(literal) => match &literal.lit {
                Lit::Str(text) => Some(text.value()),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    })
}

/// The folder of a file's name, with its slash.
fn folder_of(name: &str) -> &str {
    name.rfind('/').map_or("", |at| &name[..=at])
}

/// Where the modules of a file are looked for: in its own folder of the same name, then beside it.
fn module_folders(name: &str) -> Vec<String> {
    let folder = folder_of(name);
    let stem = name[folder.len()..].trim_end_matches(".rs");
    if matches!(stem, "mod" | "lib" | "main") {
        return vec![folder.to_owned()];
    }
    vec![format!("{folder}{stem}/"), folder.to_owned()]
}
