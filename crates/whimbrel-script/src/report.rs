//! What is said of a run that did not come to its end.

use rquickjs::{CaughtError, Ctx, Object, Value};
use whimbrel_engine::document::Refusal;

use crate::error::{Failure, ScriptError};
use crate::state::{State, Stop};

/// The longest message that is kept, in bytes.
const MAX_MESSAGE_BYTES: usize = 8 * 1024;
/// The most calls of a stack that are kept.
const MAX_FRAMES: usize = 16;

pub(crate) fn no_export(state: &State, export: &'static str, help: &str) -> ScriptError {
    ScriptError::NoExport { file: state.file.clone(), export, help: help.to_owned() }
}

pub(crate) fn stopped(state: &State, stop: Stop) -> ScriptError {
    let file = state.file.clone();
    let limits = &state.settings.limits;
    match stop {
        Stop::Host { error, place } => {
            ScriptError::Stopped { file, place: place.map(|place| place.to_string()), source: error }
        }
        Stop::Computing => ScriptError::Computing { file, limit: limits.computing },
        Stop::Total => ScriptError::Total { file, limit: limits.total },
        Stop::Unresolved => ScriptError::Unresolved { file },
        Stop::HungUp => ScriptError::Engine { file, reason: "nobody waits for it any more".to_owned() },
    }
}

pub(crate) fn caught<'js>(ctx: &Ctx<'js>, state: &State, error: CaughtError<'js>) -> ScriptError {
    match error {
        CaughtError::Exception(exception) => thrown(ctx, state, exception.into_object().into_value(), false),
        CaughtError::Value(value) => thrown(ctx, state, value, false),
        CaughtError::Error(error) => {
            ScriptError::Engine { file: state.file.clone(), reason: error.to_string() }
        }
    }
}

pub(crate) fn syntax<'js>(ctx: &Ctx<'js>, state: &State, error: CaughtError<'js>) -> ScriptError {
    match caught(ctx, state, error) {
        ScriptError::Failed(failure) => ScriptError::Syntax(failure),
        other => other,
    }
}

/// What was thrown, as an error that points into the user's file.
pub(crate) fn thrown<'js>(ctx: &Ctx<'js>, state: &State, value: Value<'js>, unhandled: bool) -> ScriptError {
    let object = value.as_object();
    let text = |name: &str| {
        object.and_then(|object| object.get::<_, Option<String>>(name).ok().flatten()).map(bounded)
    };
    let (name, message) = (text("name").unwrap_or_default(), text("message"));
    let limit = state.settings.limits.memory_bytes;
    let exhausted = name == "InternalError" && message.as_deref() == Some("out of memory");
    // Without memory for an error QuickJS throws null, which scripts hardly do themselves.
    if exhausted || (value.is_null() && !state.sources.borrow().name_null()) {
        return ScriptError::MemoryLimit { file: state.file.clone(), limit_mib: limit / (1024 * 1024) };
    }
    let is_error = message.is_some() && (value.is_error() || text("stack").is_some());
    let mut said = match (&message, is_error) {
        (Some(message), true) if name.is_empty() => message.clone(),
        (Some(message), true) => format!("{name}: {message}"),
        _ => format!("it threw {}, which is no Error and so has no place", shown(ctx, &value)),
    };
    if unhandled {
        said = format!("a promise that nothing awaits was rejected: {said}");
    }
    let sources = state.sources.borrow();
    let stack = text("stack").unwrap_or_default();
    let frames = sources.frames(&stack);
    let refusal = refusal(state, object);
    let failure = Box::new(Failure {
        message: said,
        file: state.file.clone(),
        spot: sources.place(&stack).and_then(|place| sources.spot(&place)),
        stack: frames.iter().take(MAX_FRAMES).map(ToString::to_string).collect(),
        refusal,
    });
    match (name.as_str(), message.as_deref()) {
        ("ForbiddenError", _) => ScriptError::Forbidden(failure),
        ("RangeError" | "InternalError", Some("Maximum call stack size exceeded" | "stack overflow")) => {
            ScriptError::StackLimit(failure)
        }
        ("SyntaxError", _) if failure.stack.len() == 1 && is_compile_error(&text("stack")) => {
            ScriptError::Syntax(failure)
        }
        _ => ScriptError::Failed(failure),
    }
}

/// A stack whose first line is a place without a function is the compiler's.
fn is_compile_error(stack: &Option<String>) -> bool {
    let first = stack.as_deref().and_then(|stack| stack.lines().next()).unwrap_or_default();
    !first.contains('(')
}

/// The refusal that an error was made from.
fn refusal(state: &State, object: Option<&Object<'_>>) -> Option<Box<Refusal>> {
    let code: i32 = object?.get::<_, Option<i32>>("code").ok().flatten()?;
    let kept = state.refusal.borrow();
    kept.as_ref().filter(|refusal| refusal.code == code).map(|refusal| Box::new(refusal.clone()))
}

/// A thrown value as the shim shows values.
fn shown<'js>(ctx: &Ctx<'js>, value: &Value<'js>) -> String {
    let inner: rquickjs::Result<Object<'js>> = ctx.globals().get(crate::runtime::MODULES);
    let shown = inner
        .and_then(|inner| inner.get::<_, rquickjs::Function<'js>>("inspect"))
        .and_then(|inspect| inspect.call::<_, String>((value.clone(),)));
    // An exception of the showing itself is of no interest.
    let _ = ctx.catch();
    bounded(shown.unwrap_or_else(|_| value.type_name().to_owned()))
}

/// An error of the shim itself.
pub(crate) fn describe(error: &CaughtError<'_>) -> String {
    match error {
        CaughtError::Exception(exception) => {
            let text = |text: Option<String>| text.unwrap_or_default();
            format!("{} {}", text(exception.message()), text(exception.stack()))
        }
        other => other.to_string(),
    }
}

fn bounded(mut text: String) -> String {
    if text.len() > MAX_MESSAGE_BYTES {
        let end = (0..=MAX_MESSAGE_BYTES).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
    text
}
