//! What the shim can ask of Rust: the functions of `whimbrel:native`.

use std::rc::Rc;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use bson::{Bson, Decimal128, Document, bson, doc};
use rquickjs::convert::List;
use rquickjs::function::{Opt, This};
use rquickjs::{Ctx, Exception, Function, IntoJs, Object, Result, TypedArray, Value};
use whimbrel_engine::document::{Refusal, SessionId};

use crate::codec::{Codec, latin1};
use crate::host::{Batch, BatchProgress, BatchStart, Call, ConsoleLevel, StepDecision};
use crate::line::{Answer, Request};
use crate::modules;
use crate::runtime::settle;
use crate::shim;
use crate::state::State;

/// The largest command that is sent, in bytes, as estimated; a message holds 48 MB at most.
const MAX_COMMAND_BYTES: usize = 40_000_000;

/// The object that `whimbrel:native` exports. The shim adds `types` to it before it converts anything.
pub(crate) fn object<'js>(ctx: &Ctx<'js>, state: &Rc<State>) -> Result<Object<'js>> {
    let native = Object::new(ctx.clone())?;
    native.set("database", state.database.as_str())?;
    native.set("file", state.file.as_str())?;
    let environment = Object::new(ctx.clone())?;
    for (name, value) in &state.settings.environment {
        environment.set(name.as_str(), value.as_str())?;
    }
    native.set("environment", environment)?;
    add_commands(ctx, state, &native)?;
    add_sessions(ctx, state, &native)?;
    add_progress(ctx, state, &native)?;
    add_values(ctx, &native)?;
    add_program(ctx, state, &native)?;
    Ok(native)
}

fn codec<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> Result<Codec<'js>> {
    Codec::new(ctx, native.get("types")?)
}

/// A refusal as the shim's `[false, refusal]`, an answer as `[true, value]`.
fn outcome<'js>(
    ctx: &Ctx<'js>,
    codec: &Codec<'js>,
    answer: std::result::Result<Value<'js>, Box<Refusal>>,
) -> Result<Value<'js>> {
    match answer {
        Ok(value) => List((true, value)).into_js(ctx),
        Err(refusal) => {
            let said = doc! {
                "code": refusal.code,
                "codeName": refusal.code_name,
                "message": refusal.message,
                "errorLabels": refusal.labels,
                "reply": refusal.reply,
            };
            List((false, codec.document_to_js(&said)?)).into_js(ctx)
        }
    }
}

fn add_commands<'js>(ctx: &Ctx<'js>, state: &Rc<State>, native: &Object<'js>) -> Result<()> {
    let kept = Rc::clone(state);
    let command = move |ctx: Ctx<'js>,
                        This(this): This<Object<'js>>,
                        database: Option<String>,
                        command: Value<'js>,
                        session: Option<f64>,
                        method: String,
                        stack: String|
          -> Result<Value<'js>> {
        let mut codec = codec(&ctx, &this)?;
        let command = codec.read_document(&command)?;
        if codec.bytes() > MAX_COMMAND_BYTES {
            // The shim cuts a bulk in two and tries again.
            return Value::new_null(ctx.clone()).into_js(&ctx);
        }
        let place = kept.sources.borrow().place(&stack);
        let session = session.map(session_id);
        let call = Call { database, command, session, place: place.clone(), method };
        let answer = kept.ask(&ctx, Request::Command(call), place.as_ref())?;
        let answer = match answer {
            Ok(Answer::Document(reply)) => Ok(codec.document_to_js(&reply)?),
            Ok(_) => return Err(mixed_up(&ctx)),
            Err(refusal) => Err(refusal),
        };
        outcome(&ctx, &codec, answer)
    };
    native.set("command", Function::new(ctx.clone(), command)?)
}

fn add_sessions<'js>(ctx: &Ctx<'js>, state: &Rc<State>, native: &Object<'js>) -> Result<()> {
    let kept = Rc::clone(state);
    let session = move |ctx: Ctx<'js>,
                        This(this): This<Object<'js>>,
                        action: String,
                        session: Opt<f64>|
          -> Result<Value<'js>> {
        let id = || session.0.map(session_id).ok_or_else(|| mixed_up(&ctx));
        let request = match action.as_str() {
            "start" => Request::StartSession,
            "startTransaction" => Request::StartTransaction(id()?),
            "commitTransaction" => Request::CommitTransaction(id()?),
            "abortTransaction" => Request::AbortTransaction(id()?),
            "end" => Request::EndSession(id()?),
            _ => return Err(mixed_up(&ctx)),
        };
        let answer = kept.ask(&ctx, request, None)?;
        let codec = codec(&ctx, &this)?;
        let answer = match answer {
            #[expect(clippy::cast_precision_loss, reason = "session numbers are counted from small ones")]
            Ok(Answer::Session(SessionId(number))) => Ok((number as f64).into_js(&ctx)?),
            Ok(_) => Ok(Value::new_undefined(ctx.clone())),
            Err(refusal) => Err(refusal),
        };
        outcome(&ctx, &codec, answer)
    };
    native.set("session", Function::new(ctx.clone(), session)?)
}

fn add_progress<'js>(ctx: &Ctx<'js>, state: &Rc<State>, native: &Object<'js>) -> Result<()> {
    let kept = Rc::clone(state);
    let step = move |ctx: Ctx<'js>,
                     This(this): This<Object<'js>>,
                     action: String,
                     name: String,
                     result: Opt<Value<'js>>|
          -> Result<Value<'js>> {
        let mut codec = codec(&ctx, &this)?;
        let request = match (action.as_str(), result.0) {
            ("begin", _) => Request::StepBegin(name),
            ("failed", _) => Request::StepFailed(name),
            (_, Some(result)) => Request::StepDone(name, codec.read(&result)?.unwrap_or(Bson::Null)),
            _ => return Err(mixed_up(&ctx)),
        };
        let answer = match kept.ask(&ctx, request, None)? {
            Ok(Answer::Step(StepDecision::Skip(result))) => {
                Ok(codec.to_js(&bson!({ "skip": true, "result": result }))?)
            }
            Ok(_) => Ok(codec.to_js(&bson!({ "skip": false }))?),
            Err(refusal) => Err(refusal),
        };
        outcome(&ctx, &codec, answer)
    };
    native.set("step", Function::new(ctx.clone(), step)?)?;

    let kept = Rc::clone(state);
    let batch = move |ctx: Ctx<'js>,
                      This(this): This<Object<'js>>,
                      action: String,
                      batch: Value<'js>,
                      progress: Opt<Value<'js>>|
          -> Result<Value<'js>> {
        let mut codec = codec(&ctx, &this)?;
        let batch = batch_of(&ctx, codec.read_document(&batch)?)?;
        let request = match (action.as_str(), progress.0) {
            ("begin", _) => Request::BatchBegin(batch),
            ("chunk", _) => Request::BatchChunk(batch),
            ("failed", _) => Request::BatchFailed(batch),
            (_, Some(progress)) => Request::BatchDone(batch, progress_of(&codec.read_document(&progress)?)),
            _ => return Err(mixed_up(&ctx)),
        };
        let answer = match kept.ask(&ctx, request, None)? {
            Ok(Answer::Batch(start)) => Ok(codec.document_to_js(&start_document(start))?),
            Ok(_) => Ok(Value::new_undefined(ctx.clone())),
            Err(refusal) => Err(refusal),
        };
        outcome(&ctx, &codec, answer)
    };
    native.set("batch", Function::new(ctx.clone(), batch)?)
}

/// The shim's description of a batch; it has checked the values.
fn batch_of(ctx: &Ctx<'_>, mut spec: Document) -> Result<Batch> {
    let text = |spec: &mut Document, field: &str| match spec.remove(field) {
        Some(Bson::String(text)) => Some(text),
        _ => None,
    };
    let number = |spec: &Document, field: &str| match spec.get(field) {
        Some(Bson::Int32(number)) => u32::try_from(*number).ok(),
        _ => None,
    };
    let (size, pause) = (number(&spec, "size"), number(&spec, "pause"));
    let database = text(&mut spec, "database");
    let (name, collection, key) =
        (text(&mut spec, "name"), text(&mut spec, "collection"), text(&mut spec, "key"));
    let filter = match spec.remove("filter") {
        Some(Bson::Document(filter)) => Some(filter),
        _ => None,
    };
    match (name, collection, key, filter, size, pause) {
        (Some(name), Some(collection), Some(key), Some(filter), Some(size), Some(pause)) => Ok(Batch {
            name,
            database,
            collection,
            filter,
            key,
            size,
            pause: Duration::from_millis(u64::from(pause)),
        }),
        _ => Err(mixed_up(ctx)),
    }
}

fn progress_of(progress: &Document) -> BatchProgress {
    let documents = match progress.get("documents") {
        Some(Bson::Int32(number)) => u64::try_from(*number).unwrap_or(0),
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of documents")]
        Some(Bson::Double(number)) => *number as u64,
        _ => 0,
    };
    BatchProgress {
        last_key: progress.get("lastKey").cloned(),
        documents,
        finished: progress.get_bool("finished").unwrap_or(false),
    }
}

fn start_document(start: BatchStart) -> Document {
    let count = |documents: u64| i64::try_from(documents).unwrap_or(i64::MAX);
    match start {
        BatchStart::Beginning => doc! { "documents": 0 },
        BatchStart::After { key, documents } => doc! { "after": key, "documents": count(documents) },
        BatchStart::Finished { documents } => doc! { "finished": true, "documents": count(documents) },
    }
}

fn add_values<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    let object_id = || bson::oid::ObjectId::new().to_hex();
    native.set("objectId", Function::new(ctx.clone(), object_id)?)?;
    let uuid = |ctx: Ctx<'js>| TypedArray::<u8>::new_copy(ctx, bson::Uuid::new().bytes());
    native.set("uuid", Function::new(ctx.clone(), uuid)?)?;
    let decimal = |ctx: Ctx<'js>, text: String| -> Result<String> {
        Decimal128::from_str(&text)
            .map(|value| value.to_string())
            .map_err(|_| Exception::throw_type(&ctx, &format!("{text:?} is not a valid Decimal128")))
    };
    native.set("decimal", Function::new(ctx.clone(), decimal)?)?;
    let stringify =
        |ctx: Ctx<'js>, This(this): This<Object<'js>>, value: Value<'js>, relaxed: bool| -> Result<String> {
            let value = codec(&ctx, &this)?.read(&value)?.unwrap_or(Bson::Null);
            let json = if relaxed { value.into_relaxed_extjson() } else { value.into_canonical_extjson() };
            Ok(json.to_string())
        };
    native.set("ejsonStringify", Function::new(ctx.clone(), stringify)?)?;
    let parse = |ctx: Ctx<'js>, This(this): This<Object<'js>>, text: String| -> Result<Value<'js>> {
        let invalid = |error: &dyn std::fmt::Display| {
            Exception::throw_syntax(&ctx, &format!("this is not Extended JSON: {error}"))
        };
        let json: serde_json::Value = serde_json::from_str(&text).map_err(|error| invalid(&error))?;
        let value = Bson::try_from(json).map_err(|error| invalid(&error))?;
        codec(&ctx, &this)?.to_js(&value)
    };
    native.set("ejsonParse", Function::new(ctx.clone(), parse)?)?;
    let encode = |ctx: Ctx<'js>, text: String| TypedArray::<u8>::new_copy(ctx, text.as_bytes());
    native.set("utf8Encode", Function::new(ctx.clone(), encode)?)?;
    let decode = |bytes: String| String::from_utf8_lossy(&latin1(&bytes)).into_owned();
    native.set("utf8Decode", Function::new(ctx.clone(), decode)?)
}

fn add_program<'js>(ctx: &Ctx<'js>, state: &Rc<State>, native: &Object<'js>) -> Result<()> {
    let kept = Rc::clone(state);
    let print = move |level: String, text: String| {
        let level = match level.as_str() {
            "debug" => ConsoleLevel::Debug,
            "warn" => ConsoleLevel::Warn,
            "error" => ConsoleLevel::Error,
            _ => ConsoleLevel::Info,
        };
        kept.print(level, text);
    };
    native.set("print", Function::new(ctx.clone(), print)?)?;
    let kept = Rc::clone(state);
    let sleep = move |ctx: Ctx<'js>, millis: f64| -> Result<()> {
        kept.sleep(&ctx, Duration::try_from_secs_f64(millis.max(0.0) / 1000.0).unwrap_or(Duration::MAX / 4))
    };
    native.set("sleep", Function::new(ctx.clone(), sleep)?)?;
    let kept = Rc::clone(state);
    let wait = move |ctx: Ctx<'js>, This(this): This<Object<'js>>, promise: Value<'js>| {
        settle(&ctx, &kept, &this, promise)
    };
    native.set("settle", Function::new(ctx.clone(), wait)?)?;
    let kept = Rc::clone(state);
    let load = move |ctx: Ctx<'js>, base: String, specifier: String| -> Result<List<(String, String)>> {
        let found = modules::find(&ctx, &kept, &base, &specifier)?;
        Ok(List((found.name, found.text.to_string())))
    };
    native.set("load", Function::new(ctx.clone(), load)?)?;
    let kept = Rc::clone(state);
    let part = move |ctx: Ctx<'js>, This(this): This<Object<'js>>, name: String| -> Result<Value<'js>> {
        let (part, loaded) = shim::part(&ctx, &name).unwrap_or_else(|| Err(mixed_up(&ctx)))?.eval()?;
        settle(&ctx, &kept, &this, loaded.into_value())?;
        part.namespace()?.get("part")
    };
    native.set("part", Function::new(ctx.clone(), part)?)?;
    let kept = Rc::clone(state);
    let compile = move |ctx: Ctx<'js>, name: String, text: String| {
        modules::compile(&ctx, &kept, &name, &Arc::from(text), false)
    };
    native.set("compile", Function::new(ctx.clone(), compile)?)?;
    let forbid = |ctx: Ctx<'js>, message: String| -> Result<()> { Err(modules::forbidden(&ctx, &message)) };
    native.set("forbid", Function::new(ctx.clone(), forbid)?)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the shim gives back what it was given"
)]
fn session_id(number: f64) -> SessionId {
    SessionId(number as u64)
}

fn mixed_up(ctx: &Ctx<'_>) -> rquickjs::Error {
    Exception::throw_internal(ctx, "the shim and the host have misunderstood each other")
}
