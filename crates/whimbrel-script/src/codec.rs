//! BSON to JavaScript values and back, by the Node driver's rules.
//!
//! A number becomes an int32 where it is integral and fits, else a double; a BigInt an int64; undefined null. On the way
//! in an int64 is a number where that is exact, else a `Long`. Keys keep their order.

use bson::raw::CString;
use bson::spec::BinarySubtype;
use bson::{Binary, Bson, DateTime, Decimal128, Document, JavaScriptCodeWithScope, Regex, Timestamp};
use rquickjs::function::This;
use rquickjs::object::{Filter, Property};
use rquickjs::{Array, BigInt, Ctx, Exception, Function, IntoJs, Object, Result, TypedArray, Value};

/// How deep a document may nest: MongoDB's own limit.
const MAX_DEPTH: usize = 100;
/// The integers that a JavaScript number holds exactly.
const MAX_SAFE_INTEGER: i64 = (1 << 53) - 1;

/// Converts values of one context; it knows the shim's classes.
pub(crate) struct Codec<'js> {
    ctx: Ctx<'js>,
    /// `construct(type, …)` and the built-in classes, as the shim kept them before the script ran.
    types: Object<'js>,
    date: Value<'js>,
    date_value: Function<'js>,
    regexp: Value<'js>,
    map: Value<'js>,
    bytes: usize,
}

impl<'js> Codec<'js> {
    /// A codec over the shim's `types`.
    pub(crate) fn new(ctx: &Ctx<'js>, types: Object<'js>) -> Result<Self> {
        Ok(Codec {
            ctx: ctx.clone(),
            date: types.get("Date")?,
            date_value: types.get("dateValue")?,
            regexp: types.get("RegExp")?,
            map: types.get("Map")?,
            types,
            bytes: 0,
        })
    }

    /// About how large what was converted is, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// A value as BSON; `None` for what a document leaves out (functions).
    pub(crate) fn read(&mut self, value: &Value<'js>) -> Result<Option<Bson>> {
        self.read_value(value, 0)
    }

    /// An object as a document.
    pub(crate) fn read_document(&mut self, value: &Value<'js>) -> Result<Document> {
        match self.read_value(value, 0)? {
            Some(Bson::Document(document)) => Ok(document),
            other => Err(Exception::throw_type(
                &self.ctx,
                &format!("a document is expected here, not {}", kind(other.as_ref())),
            )),
        }
    }

    fn read_value(&mut self, value: &Value<'js>, depth: usize) -> Result<Option<Bson>> {
        if depth > MAX_DEPTH {
            return Err(Exception::throw_type(
                &self.ctx,
                "a value nests more than 100 levels deep, or holds itself: it cannot be a document",
            ));
        }
        self.bytes += 8;
        if value.is_null() || value.is_undefined() {
            return Ok(Some(Bson::Null));
        }
        if let Some(value) = value.as_bool() {
            return Ok(Some(Bson::Boolean(value)));
        }
        if let Some(number) = value.as_number() {
            return Ok(Some(number_to_bson(number)));
        }
        if let Some(text) = value.as_string() {
            let text = text.to_string()?;
            self.bytes += text.len();
            return Ok(Some(Bson::String(text)));
        }
        if value.is_big_int() {
            return Ok(Some(Bson::Int64(self.int64(value)?)));
        }
        if value.is_function() && value.as_object().is_none_or(|object| tag(object).is_none()) {
            return Ok(None);
        }
        if value.is_symbol() {
            return Err(Exception::throw_type(&self.ctx, "a symbol cannot be stored in a document"));
        }
        if let Some(array) = value.as_array() {
            return Ok(Some(self.array_to_bson(array, depth)?));
        }
        let Some(object) = value.as_object() else {
            return Err(Exception::throw_type(&self.ctx, "this value cannot be stored in a document"));
        };
        self.object_to_bson(object, depth)
    }

    fn array_to_bson(&mut self, array: &Array<'js>, depth: usize) -> Result<Bson> {
        let mut values = Vec::with_capacity(array.len().min(1024));
        for index in 0..array.len() {
            let value: Value<'js> = array.get(index)?;
            values.push(self.read_value(&value, depth + 1)?.unwrap_or(Bson::Null));
        }
        Ok(Bson::Array(values))
    }

    fn object_to_bson(&mut self, object: &Object<'js>, depth: usize) -> Result<Option<Bson>> {
        if let Some(tag) = tag(object) {
            return self.tagged_to_bson(object, &tag, depth).map(Some);
        }
        if object.is_instance_of(&self.date) {
            let millis: f64 = self.date_value.call((This(object.clone()),))?;
            return self.date_to_bson(millis).map(Some);
        }
        if object.is_instance_of(&self.regexp) {
            let pattern: String = object.get("source")?;
            let flags: String = object.get("flags")?;
            let options: String = flags.chars().filter(|flag| matches!(flag, 'i' | 'm' | 's')).collect();
            return self.regex(pattern, &options).map(Some);
        }
        if object.is_typed_array::<u8>() {
            let bytes = self.bytes_of(object.as_value())?;
            return Ok(Some(Bson::Binary(Binary { subtype: BinarySubtype::Generic, bytes })));
        }
        if object.is_instance_of(&self.map) {
            let plain: Function<'js> = self.types.get("mapToObject")?;
            let plain: Value<'js> = plain.call((object.clone(),))?;
            return self.read_value(&plain, depth + 1);
        }
        let to_bson: Value<'js> = object.get("toBSON")?;
        if let Some(to_bson) = to_bson.as_function() {
            let value: Value<'js> = to_bson.call((This(object.clone()),))?;
            return self.read_value(&value, depth + 1);
        }
        let mut document = Document::new();
        let filter = Filter::new().string().enum_only();
        for entry in object.own_props::<rquickjs::String<'js>, Value<'js>>(filter) {
            let (key, value) = entry?;
            let key = key.to_string()?;
            if key.contains('\0') {
                return Err(Exception::throw_type(&self.ctx, "a field's name holds a null character"));
            }
            if let Some(value) = self.read_value(&value, depth + 1)? {
                self.bytes += key.len();
                document.insert(key, value);
            }
        }
        Ok(Some(Bson::Document(document)))
    }

    fn tagged_to_bson(&mut self, object: &Object<'js>, tag: &str, depth: usize) -> Result<Bson> {
        Ok(match tag {
            "ObjectId" | "ObjectID" => {
                let hex: String = object.get("hex")?;
                Bson::ObjectId(
                    bson::oid::ObjectId::parse_str(&hex).map_err(|_| {
                        Exception::throw_type(&self.ctx, &format!("{hex:?} is not an ObjectId"))
                    })?,
                )
            }
            "Long" => Bson::Int64(self.int64(&object.get("value")?)?),
            "Int32" => Bson::Int32(object.get("value")?),
            "Double" => Bson::Double(object.get("value")?),
            "Decimal128" => Bson::Decimal128(self.decimal(&object.get::<_, String>("text")?)?),
            "Binary" => {
                let bytes = self.bytes_of(&object.get("buffer")?)?;
                Bson::Binary(Binary { subtype: BinarySubtype::from(object.get::<_, u8>("sub_type")?), bytes })
            }
            "Timestamp" => Bson::Timestamp(Timestamp {
                time: self.unsigned(object, "t")?,
                increment: self.unsigned(object, "i")?,
            }),
            "MinKey" => Bson::MinKey,
            "MaxKey" => Bson::MaxKey,
            "BSONRegExp" => {
                let options: String = object.get("options")?;
                self.regex(object.get("pattern")?, &options)?
            }
            "BSONSymbol" => Bson::Symbol(object.get("value")?),
            "Code" => {
                let code: String = object.get("code")?;
                let scope: Value<'js> = object.get("scope")?;
                if scope.is_null() || scope.is_undefined() {
                    Bson::JavaScriptCode(code)
                } else {
                    let scope = match self.read_value(&scope, depth + 1)? {
                        Some(Bson::Document(scope)) => scope,
                        _ => return Err(Exception::throw_type(&self.ctx, "a Code's scope is a document")),
                    };
                    Bson::JavaScriptCodeWithScope(JavaScriptCodeWithScope { code, scope })
                }
            }
            "DBRef" => {
                let plain: Function<'js> = object.get("toDocument")?;
                let plain: Value<'js> = plain.call((This(object.clone()),))?;
                return Ok(self.read_value(&plain, depth + 1)?.unwrap_or(Bson::Null));
            }
            other => {
                return Err(Exception::throw_type(&self.ctx, &format!("no BSON type is called {other}")));
            }
        })
    }

    /// The bytes of a `Uint8Array`. They come as a string of one character each, since only that is copied in one call.
    fn bytes_of(&mut self, array: &Value<'js>) -> Result<Vec<u8>> {
        let text: Function<'js> = self.types.get("byteString")?;
        let text: String = text.call((array.clone(),))?;
        let bytes = latin1(&text);
        self.bytes += bytes.len();
        Ok(bytes)
    }

    fn int64(&self, value: &Value<'js>) -> Result<i64> {
        let Some(number) = value.as_big_int() else {
            return Err(Exception::throw_type(&self.ctx, "a Long holds a BigInt"));
        };
        let range: Function<'js> = self.types.get("fitsInt64")?;
        if !range.call::<_, bool>((number.clone(),))? {
            return Err(Exception::throw_range(&self.ctx, "a BigInt beyond 64 bits cannot be stored"));
        }
        number.clone().to_i64()
    }

    fn unsigned(&self, object: &Object<'js>, field: &str) -> Result<u32> {
        let number: f64 = object.get(field)?;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range is checked")]
        if (0.0..=f64::from(u32::MAX)).contains(&number) {
            Ok(number as u32)
        } else {
            Err(Exception::throw_range(&self.ctx, "a Timestamp's parts are unsigned 32-bit numbers"))
        }
    }

    fn decimal(&self, text: &str) -> Result<Decimal128> {
        text.parse().map_err(|error| {
            Exception::throw_type(&self.ctx, &format!("{text:?} is not a Decimal128: {error}"))
        })
    }

    fn date_to_bson(&self, millis: f64) -> Result<Bson> {
        if !millis.is_finite() {
            return Err(Exception::throw_range(&self.ctx, "an invalid Date cannot be stored"));
        }
        #[expect(clippy::cast_possible_truncation, reason = "a Date is within 8.64e15 milliseconds")]
        let millis = millis as i64;
        Ok(Bson::DateTime(DateTime::from_millis(millis)))
    }

    fn regex(&self, pattern: String, options: &str) -> Result<Bson> {
        let mut options: Vec<char> = options.chars().collect();
        options.sort_unstable();
        let text = |text: String| {
            CString::try_from(text)
                .map_err(|_| Exception::throw_type(&self.ctx, "a regular expression holds a null character"))
        };
        let options = text(options.into_iter().collect())?;
        Ok(Bson::RegularExpression(Regex { pattern: text(pattern)?, options }))
    }

    /// A document as an object.
    pub(crate) fn document_to_js(&self, document: &Document) -> Result<Value<'js>> {
        let object = Object::new(self.ctx.clone())?;
        for (key, value) in document {
            let value = self.to_js(value)?;
            if key == "__proto__" {
                // Assigning it would change the object's prototype instead.
                object.prop(key, Property::from(value).writable().enumerable().configurable())?;
            } else {
                object.set(key, value)?;
            }
        }
        Ok(object.into_value())
    }

    /// BSON as a value.
    pub(crate) fn to_js(&self, value: &Bson) -> Result<Value<'js>> {
        let ctx = &self.ctx;
        match value {
            Bson::Null => Ok(Value::new_null(ctx.clone())),
            Bson::Undefined => Ok(Value::new_undefined(ctx.clone())),
            Bson::Boolean(value) => value.into_js(ctx),
            Bson::Int32(value) => value.into_js(ctx),
            Bson::Double(value) => value.into_js(ctx),
            Bson::String(value) => value.as_str().into_js(ctx),
            Bson::Int64(value) => self.long_to_js(*value),
            Bson::Document(document) => self.document_to_js(document),
            Bson::Array(values) => {
                let array = Array::new(ctx.clone())?;
                for (index, value) in values.iter().enumerate() {
                    array.set(index, self.to_js(value)?)?;
                }
                Ok(array.into_value())
            }
            other => self.special_to_js(other),
        }
    }

    fn long_to_js(&self, value: i64) -> Result<Value<'js>> {
        if value.abs_diff(0) <= MAX_SAFE_INTEGER.unsigned_abs() {
            #[expect(clippy::cast_precision_loss, reason = "it is a safe integer")]
            return (value as f64).into_js(&self.ctx);
        }
        self.construct("Long", BigInt::from_i64(self.ctx.clone(), value)?, ())
    }

    fn special_to_js(&self, value: &Bson) -> Result<Value<'js>> {
        match value {
            Bson::ObjectId(id) => self.construct("ObjectId", id.to_hex(), ()),
            Bson::DateTime(date) => {
                #[expect(clippy::cast_precision_loss, reason = "JavaScript's dates are doubles")]
                let millis = date.timestamp_millis() as f64;
                self.construct("Date", millis, ())
            }
            Bson::Decimal128(value) => self.construct("Decimal128", value.to_string(), ()),
            Bson::Binary(binary) => {
                let bytes = TypedArray::<u8>::new_copy(self.ctx.clone(), &binary.bytes)?;
                self.construct("Binary", bytes, u8::from(binary.subtype))
            }
            Bson::RegularExpression(regex) => {
                self.construct("RegExp", regex.pattern.as_str(), regex.options.as_str())
            }
            Bson::Timestamp(timestamp) => self.construct("Timestamp", timestamp.time, timestamp.increment),
            Bson::JavaScriptCode(code) => self.construct("Code", code.as_str(), ()),
            Bson::JavaScriptCodeWithScope(code) => {
                self.construct("Code", code.code.as_str(), self.document_to_js(&code.scope)?)
            }
            Bson::Symbol(value) => self.construct("BSONSymbol", value.as_str(), ()),
            Bson::MinKey => self.construct("MinKey", (), ()),
            Bson::MaxKey => self.construct("MaxKey", (), ()),
            other => Err(Exception::throw_type(
                &self.ctx,
                &format!("the database sent a {:?}, which a script cannot hold", other.element_type()),
            )),
        }
    }

    fn construct(&self, name: &str, first: impl IntoJs<'js>, second: impl IntoJs<'js>) -> Result<Value<'js>> {
        let construct: Function<'js> = self.types.get("construct")?;
        construct.call((name, first, second))
    }
}

/// The bytes that a string's characters stand for, one each.
pub(crate) fn latin1(text: &str) -> Vec<u8> {
    text.chars().map(|letter| u8::try_from(u32::from(letter)).unwrap_or(b'?')).collect()
}

/// The `_bsontype` of one of the shim's classes.
fn tag(object: &Object<'_>) -> Option<String> {
    object.get::<_, Option<String>>("_bsontype").ok().flatten()
}

/// A number as the Node driver stores it.
fn number_to_bson(number: f64) -> Bson {
    let integral = number.fract() == 0.0 && !(number == 0.0 && number.is_sign_negative());
    if integral && (f64::from(i32::MIN)..=f64::from(i32::MAX)).contains(&number) {
        #[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
        return Bson::Int32(number as i32);
    }
    Bson::Double(number)
}

/// What a value is, for a message.
fn kind(value: Option<&Bson>) -> &'static str {
    match value {
        None => "a function",
        Some(Bson::Null) => "null or undefined",
        Some(Bson::Array(_)) => "an array",
        Some(Bson::String(_)) => "a string",
        Some(Bson::Int32(_) | Bson::Int64(_) | Bson::Double(_) | Bson::Decimal128(_)) => "a number",
        Some(Bson::Boolean(_)) => "a boolean",
        Some(Bson::ObjectId(_)) => "an ObjectId",
        Some(Bson::DateTime(_)) => "a Date",
        Some(_) => "something else",
    }
}
