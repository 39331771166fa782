//! One QuickJS runtime on one thread, for one run.

use std::rc::Rc;
use std::sync::Arc;

use bson::Bson;
use rquickjs::object::Property;
use rquickjs::promise::PromiseState;
use rquickjs::{
    Array, CatchResultExt, Context, Ctx, Exception, Function, Object, Persistent, Promise, Runtime, Value,
};

use crate::codec::Codec;
use crate::error::ScriptError;
use crate::facts::ModuleFacts;
use crate::form::{Form, Words};
use crate::modules::{self, Imports};
use crate::state::{State, Stop};
use crate::{Entry, natives, report, shim};

/// The stack of the script's thread, in bytes. Only what is used of it is ever memory.
pub(crate) const THREAD_STACK_BYTES: usize = 16 * 1024 * 1024;
/// How much of it JavaScript may use; the rest is for the native functions that it calls.
const SCRIPT_STACK_BYTES: usize = 4 * 1024 * 1024;
/// How much memory a script may fill before its garbage is first looked for, in bytes. An engine with its shim takes a few
/// hundred kilobytes, in which there is none; a large part of a smaller limit is never left to garbage.
const FIRST_COLLECTION_BYTES: usize = 4 * 1024 * 1024;
/// The part of its memory that a script may fill before that, where it is given little.
const FIRST_COLLECTION_PART: usize = 8;
/// What it may fill before that in any case: what QuickJS would begin with by itself.
const LEAST_COLLECTION_BYTES: usize = 256 * 1024;
/// The global that knows the modules that were loaded.
pub(crate) const MODULES: &str = "__whimbrel_modules";
/// The global under which the natives stand until the shim has taken them.
const NATIVE: &str = "__whimbrel_native";

/// What the thread is to do.
pub(crate) enum Job {
    Run(Entry),
    Check,
}

/// What it did.
#[derive(Debug)]
pub(crate) enum Done {
    Ran(Bson),
    Checked(ModuleFacts),
}

/// An engine with its shim in place, before it has seen anything of the script but what kind of file it is.
struct Booted {
    runtime: Runtime,
    context: Context,
    /// The inner functions of the shim, or why there are none.
    boot: Result<Persistent<Object<'static>>, ScriptError>,
}

impl Booted {
    fn new(words: &Words, state: &Rc<State>) -> Result<Self, ScriptError> {
        let broken = |error: rquickjs::Error| ScriptError::Engine {
            file: state.file.clone(),
            reason: error.to_string(),
        };
        let runtime = Runtime::new().map_err(broken)?;
        runtime.set_memory_limit(state.settings.limits.memory_bytes);
        let part = state.settings.limits.memory_bytes / FIRST_COLLECTION_PART;
        runtime.set_gc_threshold(part.clamp(LEAST_COLLECTION_BYTES, FIRST_COLLECTION_BYTES));
        runtime.set_max_stack_size(SCRIPT_STACK_BYTES);
        let clocks = Rc::clone(state);
        runtime.set_interrupt_handler(Some(Box::new(move || clocks.is_over())));
        let imports = Imports::new(Rc::clone(state));
        runtime.set_loader(imports.clone(), imports);
        track_rejections(&runtime, state);
        let context = Context::full(&runtime).map_err(broken)?;
        let boot =
            context.with(|ctx| boot(&ctx, state, words.form()).map(|inner| Persistent::save(&ctx, inner)));
        Ok(Booted { runtime, context, boot })
    }
}

/// Prepares an engine, waits until the job may begin, does it, reports, and takes the engine down. Does nothing more where
/// `begin` says that the job is not wanted.
pub(crate) fn work(
    text: &Arc<str>,
    job: &Job,
    state: State,
    begin: impl FnOnce() -> bool,
    report: impl FnOnce(Result<Done, ScriptError>),
) {
    let state = Rc::new(state);
    let words = Words::of(text);
    let booted = Booted::new(&words, &state);
    let wanted = begin();
    state.begin();
    match booted {
        Err(error) => report(Err(error)),
        Ok(Booted { runtime, context, boot }) => {
            if wanted {
                report(context.with(|ctx| {
                    let result = perform(&ctx, boot, text, &words, job, &state);
                    state.rejections.borrow_mut().clear();
                    // A script may catch the error that ended it; the reason stands.
                    match state.take_stop() {
                        Some(stop) => Err(report::stopped(&state, stop)),
                        None => result,
                    }
                }));
            } else {
                // It points into the runtime, which has to outlive it.
                drop(boot);
            }
            // The natives hold the state, and the handlers hold it too.
            runtime.set_host_promise_rejection_tracker(None);
            runtime.set_interrupt_handler(None);
            drop(context);
            drop(runtime);
        }
    }
}

/// Keeps every rejected promise until something looks at it.
fn track_rejections(runtime: &Runtime, state: &Rc<State>) {
    let state = Rc::clone(state);
    runtime.set_host_promise_rejection_tracker(Some(Box::new(move |ctx, promise, reason, handled| {
        let promise = Persistent::save(&ctx, promise);
        let mut rejections = state.rejections.borrow_mut();
        if handled {
            rejections.retain(|(kept, _)| *kept != promise);
        } else {
            rejections.push((promise, Persistent::save(&ctx, reason)));
        }
    })));
}

fn perform<'js>(
    ctx: &Ctx<'js>,
    boot: Result<Persistent<Object<'static>>, ScriptError>,
    text: &Arc<str>,
    words: &Words,
    job: &Job,
    state: &Rc<State>,
) -> Result<Done, ScriptError> {
    let broken =
        |error: rquickjs::Error| ScriptError::Engine { file: state.file.clone(), reason: error.to_string() };
    let inner = boot?.restore(ctx).map_err(broken)?;
    let script = Script { ctx, state, text, words, inner };
    let loaded = script.load(matches!(job, Job::Check))?;
    match job {
        Job::Check => script.facts(&loaded).map(Done::Checked),
        Job::Run(entry) => script.run(loaded, *entry).map(Done::Ran),
    }
}

/// Puts the shim in place, and gives its inner functions.
fn boot<'js>(ctx: &Ctx<'js>, state: &Rc<State>, form: Form) -> Result<Object<'js>, ScriptError> {
    let boot = || -> rquickjs::Result<Object<'js>> {
        let native = natives::object(ctx, state)?;
        native.set("mongosh", form == Form::Mongosh)?;
        ctx.globals().prop(NATIVE, Property::from(native.clone()).configurable())?;
        let (boot, booted) = shim::start(ctx)?.eval()?;
        settle_promise(ctx, state, None, &booted)?;
        let boot = boot.namespace()?;
        ctx.globals().remove(NATIVE)?;
        let inner: Object<'js> = boot.get("inner")?;
        inner.set("native", native)?;
        ctx.globals().prop(MODULES, Property::from(inner.clone()))?;
        Ok(inner)
    };
    boot().catch(ctx).map_err(|error| ScriptError::Engine {
        file: state.file.clone(),
        reason: format!("the shim failed: {}", report::describe(&error)),
    })
}

/// What a file gave when it was loaded.
enum Loaded<'js> {
    /// A module's exports.
    Exports(Form, Value<'js>),
    /// A mongosh script, compiled and not yet run.
    Whole(Function<'js>),
}

struct Script<'a, 'js> {
    ctx: &'a Ctx<'js>,
    state: &'a Rc<State>,
    text: &'a Arc<str>,
    words: &'a Words,
    /// The inner functions of the shim.
    inner: Object<'js>,
}

impl<'js> Script<'_, 'js> {
    fn load(&self, checking: bool) -> Result<Loaded<'js>, ScriptError> {
        let words = self.words;
        let form = words.form();
        if form == Form::Mongosh && words.empty {
            return Err(report::no_export(
                self.state,
                "up",
                "the file holds no code: write `module.exports = { async up(db) { … }, async down(db) { … } }`",
            ));
        }
        if form == Form::Mongosh && !words.functions.is_empty() {
            let names = words.functions.join(", ");
            let help =
                format!("it declares {names} and exports nothing: add `module.exports = {{ {names} }};`");
            return Err(report::no_export(self.state, "up", &help));
        }
        match form {
            Form::Mongosh => {
                let whole = modules::compile(self.ctx, self.state, &self.state.file, self.text, !checking);
                whole.map(Loaded::Whole).catch(self.ctx).map_err(|error| self.syntax(error))
            }
            Form::CommonJs => {
                let compiled = modules::compile(self.ctx, self.state, &self.state.file, self.text, false);
                let compiled = compiled.catch(self.ctx).map_err(|error| self.syntax(error))?;
                let run = self.inner.get::<_, Function<'js>>("commonjs");
                let run = run.catch(self.ctx).map_err(|error| self.threw(error))?;
                let exports = run.call((self.state.file.as_str(), compiled)).catch(self.ctx);
                exports.map(|exports| Loaded::Exports(form, exports)).map_err(|error| self.threw(error))
            }
            Form::Module => self.load_module(),
        }
    }

    fn load_module(&self) -> Result<Loaded<'js>, ScriptError> {
        let declared = modules::declare(self.ctx, self.state, &self.state.file, self.text);
        let declared = declared.catch(self.ctx).map_err(|error| self.syntax(error))?;
        let (module, finished) = declared.eval().catch(self.ctx).map_err(|error| self.threw(error))?;
        settle_promise(self.ctx, self.state, None, &finished)
            .catch(self.ctx)
            .map_err(|error| self.threw(error))?;
        let names = module.namespace().catch(self.ctx).map_err(|error| self.threw(error))?;
        Ok(Loaded::Exports(Form::Module, names.into_value()))
    }

    fn facts(&self, loaded: &Loaded<'js>) -> Result<ModuleFacts, ScriptError> {
        match loaded {
            Loaded::Whole(_) => Ok(ModuleFacts::whole()),
            Loaded::Exports(form, exports) => {
                let facts = self.inner.get::<_, Function<'js>>("facts");
                let facts = facts.and_then(|facts| facts.call((exports.clone(),)));
                let facts: Object<'js> = facts.catch(self.ctx).map_err(|error| self.threw(error))?;
                ModuleFacts::read(*form, &facts).catch(self.ctx).map_err(|error| self.threw(error))
            }
        }
    }

    fn run(&self, loaded: Loaded<'js>, entry: Entry) -> Result<Bson, ScriptError> {
        let inner = &self.inner;
        let started: rquickjs::Result<Value<'js>> = match (loaded, entry) {
            (Loaded::Whole(whole), Entry::Up | Entry::Whole) => inner
                .get::<_, Function<'js>>("script")
                .and_then(|run| run.call((self.state.file.as_str(), whole))),
            (Loaded::Whole(_), Entry::Down) => {
                let help = "a mongosh script has no way down; write `module.exports = { async up(db) { … }, async down(db) { … } }`";
                return Err(report::no_export(self.state, "down", help));
            }
            (Loaded::Whole(_), Entry::Seed) => {
                let help = "write `module.exports = { async seed(db) { … } }`";
                return Err(report::no_export(self.state, "seed", help));
            }
            (Loaded::Exports(_, exports), entry) => {
                let name = entry.export();
                let call = inner.get::<_, Function<'js>>("entry");
                let call = call.and_then(|call| call.call((exports, name)));
                // An array of one, so that a function that gives nothing is told from one that is not there.
                let call: Option<Array<'js>> = call.catch(self.ctx).map_err(|error| self.threw(error))?;
                match call {
                    Some(started) => started.get(0),
                    None => {
                        let help = format!("add it: `module.exports = {{ async {name}(db) {{ … }} }}`");
                        return Err(report::no_export(self.state, name, &help));
                    }
                }
            }
        };
        let native: Object<'js> = inner.get("native").catch(self.ctx).map_err(|error| self.threw(error))?;
        let value = started.and_then(|started| settle(self.ctx, self.state, &native, started));
        let value = value.catch(self.ctx).map_err(|error| self.threw(error))?;
        self.finish(&native)?;
        let codec = native.get("types").and_then(|types| Codec::new(self.ctx, types));
        let mut codec = codec.catch(self.ctx).map_err(|error| self.threw(error))?;
        // What an entry returns is for the report only; what is no value of BSON is left out of it.
        Ok(codec.read(&value).catch(self.ctx).ok().flatten().unwrap_or(Bson::Null))
    }

    /// Runs what the script has left behind: promises that it did not await, and timers.
    fn finish(&self, native: &Object<'js>) -> Result<(), ScriptError> {
        let idle = idle(self.ctx, self.state, native);
        idle.catch(self.ctx).map_err(|error| self.threw(error))?;
        let rejected = self.state.rejections.borrow_mut().drain(..).next();
        match rejected {
            None => Ok(()),
            Some((_, reason)) => {
                let reason = reason.restore(self.ctx).catch(self.ctx).map_err(|error| self.threw(error))?;
                Err(report::thrown(self.ctx, self.state, reason, true))
            }
        }
    }

    fn threw(&self, error: rquickjs::CaughtError<'js>) -> ScriptError {
        report::caught(self.ctx, self.state, error)
    }

    fn syntax(&self, error: rquickjs::CaughtError<'js>) -> ScriptError {
        report::syntax(self.ctx, self.state, error)
    }
}

/// Waits for a promise, running everything that is due meanwhile. What is no promise is its own result.
pub(crate) fn settle<'js>(
    ctx: &Ctx<'js>,
    state: &State,
    native: &Object<'js>,
    value: Value<'js>,
) -> rquickjs::Result<Value<'js>> {
    match value.as_promise() {
        Some(promise) => settle_promise(ctx, state, Some(native), promise),
        None => Ok(value),
    }
}

fn settle_promise<'js>(
    ctx: &Ctx<'js>,
    state: &State,
    native: Option<&Object<'js>>,
    promise: &Promise<'js>,
) -> rquickjs::Result<Value<'js>> {
    loop {
        if state.is_over() {
            return Err(Exception::throw_internal(ctx, "the run was ended"));
        }
        if promise.state() != PromiseState::Pending {
            // Taking the result of a rejected promise is looking at it.
            let looked_at = Persistent::save(ctx, promise.clone().into_value());
            state.rejections.borrow_mut().retain(|(kept, _)| *kept != looked_at);
        }
        if let Some(result) = promise.result() {
            return result;
        }
        if ctx.execute_pending_job()
            || native.is_some_and(|native| fire_timer(ctx, state, native).unwrap_or(false))
        {
            continue;
        }
        if !state.is_over() {
            state.end(Stop::Unresolved);
        }
        return Err(Exception::throw_internal(ctx, "the run was ended"));
    }
}

/// Runs until nothing is due any more.
fn idle<'js>(ctx: &Ctx<'js>, state: &State, native: &Object<'js>) -> rquickjs::Result<()> {
    while !state.is_over() {
        if !ctx.execute_pending_job() && !fire_timer(ctx, state, native)? {
            return Ok(());
        }
    }
    Err(Exception::throw_internal(ctx, "the run was ended"))
}

/// Waits for the next timer and runs it; `false` where there is none.
fn fire_timer<'js>(ctx: &Ctx<'js>, state: &State, native: &Object<'js>) -> rquickjs::Result<bool> {
    let timers: Object<'js> = native.get("timers")?;
    let wait: Option<f64> = timers.get::<_, Function<'js>>("wait")?.call(())?;
    let Some(wait) = wait else { return Ok(false) };
    if wait > 0.0 {
        state.sleep(ctx, std::time::Duration::from_secs_f64((wait / 1000.0).min(1e9)))?;
    }
    timers.get::<_, Function<'js>>("fire")?.call::<_, ()>(())?;
    Ok(true)
}
