//! Values that go to the database and come back.

use crate::server::{Database, Server, play};
use whimbrel_script::Entry;

#[tokio::test(flavor = "multi_thread")]
async fn every_type_survives_the_way_there_and_back() {
    let database = Database::fresh(Server::Engine).await;
    let script = r#"
        const { ObjectId, Long, Int32, Double, Decimal128, Binary, UUID, Timestamp, MinKey, MaxKey, BSONRegExp, Code } = require('mongodb');
        module.exports = { async up(db) {
            const id = new ObjectId('65f0c0ffee65f0c0ffee0001');
            await db.collection('t').insertOne({
                _id: id, int: 1, negative: -2147483648, big: 2147483648, half: 0.5, minusZero: -0, long: Long.fromString('9007199254740993'),
                small: Long.fromNumber(7), bigint: 8n, forced: new Double(3), int32: new Int32(4), decimal: Decimal128.fromString('12.340'),
                date: new Date(1700000000000), re: /^a.b$/im, odd: new BSONRegExp('a', 'x'), bin: new Binary(Uint8Array.of(1, 2, 255)),
                bytes: Uint8Array.of(9), uuid: new UUID('00112233-4455-6677-8899-aabbccddeeff'), ts: new Timestamp({ t: 5, i: 6 }),
                min: new MinKey(), max: new MaxKey(), code: new Code('x'), nothing: undefined, none: null, yes: true, text: 'ünï',
                nested: { b: 1, a: [1, 'x', { c: null }, undefined] }, map: new Map([['z', 1], ['a', 2]]), skipped() {},
                ['__proto__']: { own: 1 }, custom: { toBSON() { return { made: 1 }; } },
            });
            const types = await db.collection('t').aggregate([{ $project: { _id: 0, all: { $map: { input: { $objectToArray: '$$ROOT' }, in: { $concat: ['$$this.k', ':', { $type: '$$this.v' }] } } } } }]).toArray();
            const d = await db.collection('t').findOne({ _id: id });
            return {
                types: types[0].all, id: d._id instanceof ObjectId && d._id.equals(id), long: d.long.toString(), longIs: d.long instanceof Long,
                small: d.small, bigint: d.bigint, forced: d.forced, decimal: d.decimal.toString(), date: d.date.getTime(), re: String(d.re),
                odd: d.odd instanceof BSONRegExp && d.odd.options, bin: d.bin.toString('hex'), bytes: d.bytes.toString('base64'),
                uuid: d.uuid instanceof UUID && d.uuid.toString(), ts: [d.ts.t, d.ts.i], min: d.min instanceof MinKey, code: d.code.code,
                nothing: d.nothing, nested: d.nested, mapKeys: Object.keys(d.map), proto: Object.getOwnPropertyNames(d).includes('__proto__'),
                custom: d.custom, time: id.getTimestamp().getTime(),
            };
        } };
    "#;
    let got = play(&database, script, Entry::Up).await.json();
    let types: Vec<&str> =
        got["types"].as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect();
    let expected = [
        "_id:objectId",
        "int:int",
        "negative:int",
        "big:double",
        "half:double",
        "minusZero:double",
        "long:long",
        "small:long",
        "bigint:long",
        "forced:double",
        "int32:int",
        "decimal:decimal",
        "date:date",
        "re:regex",
        "odd:regex",
        "bin:binData",
        "bytes:binData",
        "uuid:binData",
        "ts:timestamp",
        "min:minKey",
        "max:maxKey",
        "code:javascript",
        "nothing:null",
        "none:null",
        "yes:bool",
        "text:string",
        "nested:object",
        "map:object",
        "__proto__:object",
        "custom:object",
    ];
    assert_eq!(types, expected);
    assert_eq!(got["id"], true);
    assert_eq!(got["long"], "9007199254740993");
    assert_eq!(got["longIs"], true);
    assert_eq!((&got["small"], &got["bigint"], &got["forced"]), (&7.into(), &8.into(), &3.into()));
    assert_eq!(got["decimal"], "12.340");
    assert_eq!(got["date"].as_f64(), Some(1_700_000_000_000.0));
    assert_eq!(got["re"], "/^a.b$/im");
    assert_eq!(got["odd"], "x");
    assert_eq!((&got["bin"], &got["bytes"]), (&"0102ff".into(), &"CQ==".into()));
    assert_eq!(got["uuid"], "00112233-4455-6677-8899-aabbccddeeff");
    assert_eq!(got["ts"], serde_json::json!([5, 6]));
    assert_eq!(
        (&got["min"], &got["code"], &got["nothing"]),
        (&true.into(), &"x".into(), &serde_json::Value::Null)
    );
    assert_eq!(got["nested"], serde_json::json!({ "b": 1, "a": [1, "x", { "c": null }, null] }));
    assert_eq!(got["mapKeys"], serde_json::json!(["z", "a"]));
    assert_eq!((&got["proto"], &got["custom"]), (&true.into(), &serde_json::json!({ "made": 1 })));
    assert_eq!(got["time"].as_f64(), Some(f64::from(0x65f0_c0ff_u32) * 1000.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_stored_is_refused() {
    let database = Database::fresh(Server::Engine).await;
    let cases = [
        ("new Date(NaN)", "an invalid Date cannot be stored"),
        ("2n ** 63n", "beyond 64 bits"),
        ("Symbol('x')", "a symbol cannot be stored"),
        ("(() => { const a = {}; a.a = a; return a; })()", "holds itself"),
        ("NumberDecimal('x')", "is not a valid Decimal128"),
        ("new ObjectId('xyz')", "24 character hex string"),
        ("ISODate('no')", "is not a valid ISODate"),
        ("{ ['a\\0b']: 1 }", "null character"),
        ("new Timestamp({ t: -1, i: 0 })", "unsigned 32-bit"),
        ("UUID('x')", "a UUID is 16 bytes"),
    ];
    for (value, message) in cases {
        let script =
            format!("module.exports.up = async (db) => db.collection('t').insertOne({{ v: {value} }});");
        let error = play(&database, &script, Entry::Up).await.result.expect_err(value);
        assert_eq!(error.stable_code(), "script::failed", "{value}");
        assert!(error.to_string().contains(message), "{value}: {error}");
        assert!(error.failure().unwrap().spot.is_some(), "{value}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn extended_json_is_read_and_written() {
    let database = Database::fresh(Server::Engine).await;
    let script = r#"
        exports.up = () => {
            const read = EJSON.parse('{"id":{"$oid":"65f0c0ffee65f0c0ffee0001"},"n":{"$numberLong":"5"},"d":{"$date":"2024-01-02T03:04:05Z"},"dec":{"$numberDecimal":"1.5"}}');
            return [read.id instanceof ObjectId, read.n, read.d.toISOString(), read.dec.toString(),
                EJSON.stringify({ a: 1, d: new Date(0), l: NumberLong('5') }), EJSON.stringify({ a: 1 }, { relaxed: false }),
                EJSON.stringify({ a: 1 }, null, 2)];
        };
    "#;
    let got = play(&database, script, Entry::Up).await.json();
    let expected = serde_json::json!([
        true,
        5,
        "2024-01-02T03:04:05.000Z",
        "1.5",
        r#"{"a":1,"d":{"$date":"1970-01-01T00:00:00Z"},"l":5}"#,
        r#"{"a":{"$numberInt":"1"}}"#,
        "{\n  \"a\": 1\n}"
    ]);
    assert_eq!(got, expected);
}
