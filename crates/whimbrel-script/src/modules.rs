//! Which files a script may load: its own folder's, and the built-in modules.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use rquickjs::loader::{ImportAttributes, Loader, Resolver};
use rquickjs::module::Declared;
use rquickjs::{Ctx, Error, Exception, Function, Module, Object, Result};

use crate::form::{Form, Words};
use crate::shim;
use crate::state::State;

/// How a CommonJS file is wrapped; it stays on the first line, so that lines keep their numbers.
const WRAPPER: &str = "(function (exports, require, module, __filename, __dirname) {";
/// The same for a mongosh script, which may await at its top.
const SCRIPT_WRAPPER: &str = "(async function (exports, require, module, __filename, __dirname) {";

/// A file that a script asked for.
pub(crate) struct Found {
    /// Its path as the user knows it, which is also its name in the engine.
    pub(crate) name: String,
    pub(crate) text: Arc<str>,
}

/// Compiles a CommonJS file to a function of its five names, without running it.
pub(crate) fn compile<'js>(
    ctx: &Ctx<'js>,
    state: &State,
    name: &str,
    text: &Arc<str>,
    script: bool,
) -> Result<Function<'js>> {
    let wrapper = if script { SCRIPT_WRAPPER } else { WRAPPER };
    state.sources.borrow_mut().add(name, text, wrapper.len());
    let source = format!("{wrapper}{}\n}})", without_shebang(text));
    let mut options = rquickjs::context::EvalOptions::default();
    options.strict = false;
    options.filename = Some(name.to_owned());
    ctx.eval_with_options(source, options)
}

/// Declares an ES module, without running it.
pub(crate) fn declare<'js>(
    ctx: &Ctx<'js>,
    state: &State,
    name: &str,
    text: &Arc<str>,
) -> Result<Module<'js, Declared>> {
    state.sources.borrow_mut().add(name, text, 0);
    Module::declare(ctx.clone(), name, without_shebang(text))
}

/// The text with a `#!` line turned into a comment of the same length.
fn without_shebang(text: &str) -> String {
    match text.strip_prefix("#!") {
        Some(rest) => format!("//{rest}"),
        None => text.to_owned(),
    }
}

/// Finds the file that `specifier` means when `base` asks for it.
///
/// # Errors
/// A `ForbiddenError` is thrown where it is not in the script's folder, and an `Error` where it is not there.
pub(crate) fn find<'js>(ctx: &Ctx<'js>, state: &State, base: &str, specifier: &str) -> Result<Found> {
    if !specifier.starts_with("./") && !specifier.starts_with("../") {
        return Err(forbidden(ctx, &unknown_module(specifier)));
    }
    let folder = folder(&state.file);
    let base = base.strip_prefix(folder).unwrap_or(base);
    let Some(path) = join(base, specifier) else {
        return Err(forbidden(
            ctx,
            &format!("'{specifier}' lies outside the script's folder; move the file into that folder"),
        ));
    };
    let Some(files) = &state.settings.files else {
        return Err(forbidden(ctx, &format!("'{specifier}': this script was given without its folder")));
    };
    if state.sources.borrow().len() > state.settings.limits.files {
        let limit = state.settings.limits.files;
        return Err(forbidden(ctx, &format!("'{specifier}': a script may load {limit} files")));
    }
    let candidates = ["", ".js", ".cjs", ".mjs", ".json", "/index.js"];
    for path in candidates.iter().map(|ending| format!("{path}{ending}")) {
        match files.read(&path) {
            Ok(Some(text)) => return Ok(Found { name: format!("{folder}{path}"), text: text.into() }),
            Ok(None) => {}
            Err(error) => {
                return Err(Exception::throw_message(ctx, &format!("{path} cannot be read: {error}")));
            }
        }
    }
    Err(Exception::throw_message(ctx, &format!("Cannot find module '{specifier}' beside {base}")))
}

/// What to do instead of a module that is not there.
fn unknown_module(specifier: &str) -> String {
    let instead = match specifier.trim_start_matches("node:") {
        "fs" | "fs/promises" | "path" => {
            "scripts read no files of their own; put the data into a `.json` file in the script's folder and \
             require('./data.json')"
        }
        "http" | "https" | "net" | "axios" | "node-fetch" => {
            "scripts reach no network; put the data into the script's folder"
        }
        "child_process" | "worker_threads" | "cluster" => "scripts start no programs",
        "mongoose" => "use `db.collection(name)`; a script has no Mongoose models",
        "dotenv" => "`process.env` holds what the project passes to scripts",
        _ => {
            "a script has 'mongodb', 'bson' and the files of its own folder ('./other'); copy what it needs into that folder"
        }
    };
    format!("there is no module '{specifier}': {instead}")
}

/// Throws the shim's `ForbiddenError`.
pub(crate) fn forbidden<'js>(ctx: &Ctx<'js>, message: &str) -> Error {
    let error = Exception::from_message(ctx.clone(), message).and_then(|error| {
        error.as_object().set("name", "ForbiddenError")?;
        Ok(error)
    });
    match error {
        Ok(error) => error.throw(),
        Err(error) => error,
    }
}

/// The folder part of a path, with its slash.
fn folder(path: &str) -> &str {
    path.rfind('/').map_or("", |slash| &path[..=slash])
}

/// A relative path from a file; `None` where it leaves the root.
fn join(base: &str, specifier: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder(base).split('/').filter(|part| !part.is_empty()).collect();
    for part in specifier.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part if part.contains(['\\', '\0', ':']) => return None,
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// Resolves and loads what `import` names.
#[derive(Clone)]
pub(crate) struct Imports {
    state: Rc<State>,
    /// What was found while resolving, until it is loaded.
    found: Rc<RefCell<Vec<Found>>>,
}

impl Imports {
    pub(crate) fn new(state: Rc<State>) -> Self {
        Imports { state, found: Rc::default() }
    }
}

impl Resolver for Imports {
    fn resolve<'js>(
        &mut self,
        ctx: &Ctx<'js>,
        base: &str,
        name: &str,
        _attributes: Option<ImportAttributes<'js>>,
    ) -> Result<String> {
        if name == "bson" {
            return Ok("mongodb".to_owned());
        }
        let internal = base.starts_with("whimbrel:") || base == "mongodb";
        if name == "mongodb" || (internal && shim::has(name)) {
            return Ok(name.to_owned());
        }
        let found = find(ctx, &self.state, base, name)?;
        let name = found.name.clone();
        self.found.borrow_mut().push(found);
        Ok(name)
    }
}

impl Loader for Imports {
    fn load<'js>(
        &mut self,
        ctx: &Ctx<'js>,
        name: &str,
        _attributes: Option<ImportAttributes<'js>>,
    ) -> Result<Module<'js, Declared>> {
        if shim::has(name) {
            return shim::load(ctx, name);
        }
        let mut found = self.found.borrow_mut();
        let Some(at) = found.iter().position(|found| found.name == name) else {
            return Err(Error::new_loading(name));
        };
        let Found { name, text } = found.swap_remove(at);
        drop(found);
        let script = name.ends_with(".json") || Words::of(&text).form() == Form::CommonJs;
        if !script {
            return declare(ctx, &self.state, &name, &text);
        }
        commonjs_as_module(ctx, &name, &text)
    }
}

/// A module whose exports are those of a CommonJS file, which is run first.
fn commonjs_as_module<'js>(ctx: &Ctx<'js>, name: &str, text: &str) -> Result<Module<'js, Declared>> {
    let modules: Object<'js> = ctx.globals().get(crate::runtime::MODULES)?;
    let run: Function<'js> = modules.get("file")?;
    let names: Vec<String> = run.call((name, text))?;
    let quoted = serde_json::Value::from(name);
    let mut source =
        format!("const exports = {}.loaded({quoted});\nexport default exports;\n", crate::runtime::MODULES);
    for (index, name) in names.iter().enumerate() {
        let quoted = serde_json::Value::from(name.as_str());
        source.push_str(&format!("const e{index} = exports[{quoted}];\nexport {{ e{index} as {name} }};\n"));
    }
    Module::declare(ctx.clone(), name, source)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_inside_its_folder() {
        let cases = [
            ("1-a.js", "./lib", Some("lib")),
            ("lib/b.js", "../data.json", Some("data.json")),
            ("lib/b.js", "./c/../d.js", Some("lib/d.js")),
            ("1-a.js", "../secrets", None),
            ("lib/b.js", "../../x", None),
            ("1-a.js", "./a/../../x", None),
            ("1-a.js", "./..\\x", None),
        ];
        for (base, specifier, path) in cases {
            assert_eq!(join(base, specifier).as_deref(), path, "{base} {specifier}");
        }
    }
}
