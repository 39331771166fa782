//! What a server says of itself, and its administration.

use mongodb::bson::doc;

use super::{Outcome::*, Row, Server, is, number, row};

#[rustfmt::skip]
pub(super) const TABLE: &[Row] = &[
    row("hello: setName", Ignores, Works, |server| Ok(server.admin(doc! { "hello": 1 })?.get_str("setName").is_ok())),
    row("hello: msg (no router)", Works, Works, |server| Ok(!server.admin(doc! { "hello": 1 })?.contains_key("msg"))),
    row("hello: maxWireVersion of MongoDB 6.0 or later", Works, Works, |server| {
        Ok(number(server.admin(doc! { "hello": 1 })?.get("maxWireVersion")).is_some_and(|version| version >= 17))
    }),
    row("hello: logicalSessionTimeoutMinutes", Ignores, Works, |server| {
        Ok(server.admin(doc! { "hello": 1 })?.contains_key("logicalSessionTimeoutMinutes"))
    }),
    row("hello: isWritablePrimary", Works, Works, |server| {
        Ok(is(&server.admin(doc! { "hello": 1 })?, "isWritablePrimary", true))
    }),
    row("buildInfo: version and versionArray", Works, Works, |server| {
        let reply = server.admin(doc! { "buildInfo": 1 })?;
        Ok(reply.get_str("version").is_ok() && reply.get_array("versionArray").is_ok())
    }),
    row("serverStatus: connections", Ignores, Works, |server| has(server, "connections")),
    row("serverStatus: opcounters", Works, Works, |server| has(server, "opcounters")),
    row("serverStatus: mem", Works, Works, |server| has(server, "mem")),
    row("serverStatus: network", Ignores, Works, |server| has(server, "network")),
    row("serverStatus: wiredTiger.cache", Works, Ignores, |server| {
        let reply = server.admin(doc! { "serverStatus": 1 })?;
        Ok(reply.get_document("wiredTiger").is_ok_and(|engine| engine.contains_key("cache")))
    }),
    row("serverStatus: metrics.document", Works, Ignores, |server| {
        let reply = server.admin(doc! { "serverStatus": 1 })?;
        Ok(reply.get_document("metrics").is_ok_and(|metrics| metrics.contains_key("document")))
    }),
    row("replSetGetStatus", Refuses(59), Works, |server| {
        Ok(server.admin(doc! { "replSetGetStatus": 1 })?.get_array("members").is_ok_and(|members| members.len() == 1))
    }),
    row("currentOp", Works, Works, |server| Ok(server.admin(doc! { "currentOp": 1 })?.get_array("inprog").is_ok())),
    row("$currentOp", Works, Works, |server| {
        let pipeline = vec![doc! { "$currentOp": {} }];
        let reply = server.admin(doc! { "aggregate": 1, "pipeline": pipeline, "cursor": {} })?;
        Ok(!reply.get_document("cursor").unwrap().get_array("firstBatch").unwrap().is_empty())
    }),
    // MongoDB answers so for an operation that is gone, too.
    row("killOp", Works, Works, |server| server.admin(doc! { "killOp": 1, "op": 999_999 }).map(|_| true)),
    row("profile", Refuses(59), Works, |server| {
        server.run(doc! { "profile": 2 })?;
        server.insert("profiled", [doc! { "a": 1 }])?;
        server.run(doc! { "profile": 0 })?;
        Ok(!server.find("system.profile", doc! {})?.is_empty())
    }),
    row("createUser, usersInfo, dropUser", Refuses(59), Works, |server| {
        server.run(doc! { "createUser": "probe", "pwd": "secret", "roles": [{ "role": "read", "db": "capabilities" }] })?;
        let users = server.run(doc! { "usersInfo": "probe" })?;
        server.run(doc! { "dropUser": "probe" })?;
        Ok(users.get_array("users").unwrap().len() == 1)
    }),
    row("createRole", Refuses(59), Works, |server| {
        let privilege = doc! { "resource": { "db": "capabilities", "collection": "c" }, "actions": ["find"] };
        server.run(doc! { "createRole": "probe", "privileges": [privilege], "roles": [] })?;
        Ok(server.run(doc! { "dropRole": "probe" }).is_ok())
    }),
    row("connectionStatus", Refuses(59), Works, |server| Ok(server.admin(doc! { "connectionStatus": 1 })?.contains_key("authInfo"))),
    row("getParameter featureCompatibilityVersion", Works, Works, |server| {
        let reply = server.admin(doc! { "getParameter": 1, "featureCompatibilityVersion": 1 })?;
        Ok(reply.get_document("featureCompatibilityVersion").is_ok_and(|found| found.get_str("version").is_ok()))
    }),
    row("getLog", Refuses(59), Works, |server| Ok(server.admin(doc! { "getLog": "global" })?.get_array("log").is_ok())),
    row("fsync", Works, Works, |server| server.admin(doc! { "fsync": 1 }).map(|_| true)),
    row("dbHash", Refuses(59), Refuses(59), |server| Ok(server.run(doc! { "dbHash": 1 })?.get_str("md5").is_ok())),
    row("an unknown command is refused with 59", Works, Works, |server| {
        super::index::refused_with(server.run(doc! { "noSuchCommand": 1 }), 59)
    }),
];

fn has(server: &Server, section: &str) -> super::Answer {
    Ok(server.admin(doc! { "serverStatus": 1 })?.get_document(section).is_ok())
}
