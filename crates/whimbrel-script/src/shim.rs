//! The shim: what of a script's world is written in JavaScript, compiled once for all scripts of a process.
//!
//! A script has a runtime of its own, and parsing the shim would be most of its cost. So the first one compiles it to
//! bytecode, in a runtime that runs nothing, and each loads that: what nearly every script needs before it begins, and the
//! other files when it first uses them.

use std::sync::OnceLock;

use rquickjs::loader::bundle::Bundle;
use rquickjs::loader::{ImportAttributes, Loader, Resolver};
use rquickjs::module::{Declared, WriteOptions};
use rquickjs::{Context, Ctx, Error, Exception, Module, Result, Runtime};

/// The files, one about each thing, each after those that it imports. A name is also what `import` calls it.
const FILES: [(&str, &str); 24] = [
    ("whimbrel:native", include_str!("js/native.js")),
    ("whimbrel:lazy", include_str!("js/lazy.js")),
    ("whimbrel:types", include_str!("js/types.js")),
    ("whimbrel:bson", include_str!("js/bson.js")),
    ("whimbrel:ejson", include_str!("js/ejson.js")),
    ("whimbrel:errors", include_str!("js/errors.js")),
    ("whimbrel:inspect", include_str!("js/inspect.js")),
    ("whimbrel:command", include_str!("js/command.js")),
    ("whimbrel:write", include_str!("js/write.js")),
    ("whimbrel:bulk", include_str!("js/bulk.js")),
    ("whimbrel:cursor", include_str!("js/cursor.js")),
    ("whimbrel:collection", include_str!("js/collection.js")),
    ("whimbrel:legacy", include_str!("js/legacy.js")),
    ("whimbrel:database", include_str!("js/database.js")),
    ("whimbrel:admin", include_str!("js/admin.js")),
    ("whimbrel:session", include_str!("js/session.js")),
    ("whimbrel:client", include_str!("js/client.js")),
    ("whimbrel:progress", include_str!("js/progress.js")),
    ("whimbrel:console", include_str!("js/console.js")),
    ("whimbrel:web", include_str!("js/web.js")),
    ("whimbrel:globals", include_str!("js/globals.js")),
    ("mongodb", include_str!("js/mongodb.js")),
    ("whimbrel:driver", include_str!("js/driver.js")),
    ("whimbrel:boot", include_str!("js/boot.js")),
];

/// The module that a script's runtime begins with.
const START: (&str, &str) = ("whimbrel:start", "export { inner } from 'whimbrel:boot';");

/// A file's name and its bytecode.
type Compiled = (&'static str, &'static [u8]);

/// Whether a name is a file of the shim.
pub(crate) fn has(name: &str) -> bool {
    FILES.iter().any(|(known, _)| *known == name)
}

/// Declares the module that puts the shim together.
pub(crate) fn start<'js>(ctx: &Ctx<'js>) -> Result<Module<'js, Declared>> {
    Module::declare(ctx.clone(), START.0, START.1)
}

/// Declares the module that loads a file of the shim while a script runs; `part` is what that exports. `None` where there
/// is no such file.
pub(crate) fn part<'js>(ctx: &Ctx<'js>, name: &str) -> Option<Result<Module<'js, Declared>>> {
    let file = format!("whimbrel:{name}");
    let text = format!("export * as part from '{file}';");
    // By way of an import, so that a file is loaded once however it is asked for.
    has(&file).then(|| Module::declare(ctx.clone(), format!("whimbrel:part/{name}"), text))
}

/// Loads a file of the shim.
pub(crate) fn load<'js>(ctx: &Ctx<'js>, name: &str) -> Result<Module<'js, Declared>> {
    // It lives as long as the process: every runtime reads it in place.
    static COMPILED: OnceLock<std::result::Result<&'static [Compiled], String>> = OnceLock::new();
    match COMPILED.get_or_init(|| compile().map_err(|error| error.to_string())) {
        Ok(compiled) => Bundle(*compiled).load(ctx, name, None),
        Err(reason) => Err(Exception::throw_internal(ctx, reason)),
    }
}

fn compile() -> Result<&'static [Compiled]> {
    let runtime = Runtime::new()?;
    runtime.set_loader(Before, Before);
    let compiled = Context::full(&runtime)?.with(|ctx| -> Result<Vec<Compiled>> {
        // Nobody reads the text of the shim's functions.
        let options = || WriteOptions { strip_source: true, ..WriteOptions::default() };
        let compile = |(name, text): (&'static str, &'static str)| {
            let bytecode = Module::declare(ctx.clone(), name, text)?.write(options())?;
            Ok((name, &*Vec::leak(bytecode)))
        };
        FILES.into_iter().map(compile).collect()
    })?;
    Ok(Vec::leak(compiled))
}

/// Finds only what was compiled before.
struct Before;

impl Resolver for Before {
    fn resolve<'js>(
        &mut self,
        _ctx: &Ctx<'js>,
        base: &str,
        name: &str,
        _attributes: Option<ImportAttributes<'js>>,
    ) -> Result<String> {
        if has(name) { Ok(name.to_owned()) } else { Err(Error::new_resolving(base, name)) }
    }
}

impl Loader for Before {
    fn load<'js>(
        &mut self,
        _ctx: &Ctx<'js>,
        name: &str,
        _attributes: Option<ImportAttributes<'js>>,
    ) -> Result<Module<'js, Declared>> {
        Err(Error::new_loading_message(name, "it stands after a file of the shim that imports it"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_stands_after_those_that_it_imports() {
        let compiled = compile().unwrap();
        let names: Vec<_> = compiled.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, FILES.map(|(name, _)| name));
        assert!(compiled.iter().all(|(_, bytecode)| !bytecode.is_empty()));
    }

    #[test]
    fn a_file_is_compiled_once_for_all_runtimes() {
        let loaded = || {
            let runtime = Runtime::new().unwrap();
            runtime.set_loader(Before, Before);
            Context::full(&runtime).unwrap().with(|ctx| load(&ctx, "whimbrel:errors").map(drop))
        };
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| loaded().unwrap());
            }
        });
        assert!(has("mongodb") && !has("whimbrel:start") && !has("fs"));
    }
}
