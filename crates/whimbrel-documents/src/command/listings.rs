//! `listCollections` and `listDatabases`.

use bson::spec::BinarySubtype;
use bson::{Binary, Bson, Document, doc};

use super::Work;
use super::fields::Fields;
use super::indexes::{batch_size, listed};
use super::statistics::file_bytes;
use crate::answer::ok;
use crate::catalog::Collection;
use crate::cursor::Feed;
use crate::limits::encoded;
use crate::matcher::Matcher;
use crate::refusal::refuse;
use crate::storage::Outcome;

/// Lists the collections of a database.
pub(super) fn list_collections(work: &mut Work<'_>, command: Document) -> Outcome<Document> {
    let mut fields = Fields::of_command("listCollections", command);
    fields.require("listCollections")?;
    let filter = Matcher::parse(&fields.document("filter")?.unwrap_or_default())?;
    let names_only = fields.flag("nameOnly")?;
    let batch_size = batch_size(&mut fields)?;
    fields.ignore(&["authorizedCollections"]);
    fields.finish()?;
    let catalog = work.link.catalog()?;
    let mut listing = std::collections::VecDeque::new();
    for collection in catalog.collections(work.database) {
        let described = described(collection);
        if !filter.matches(&encoded(&described)?)? {
            continue;
        }
        listing.push_back(if names_only {
            doc! { "name": &collection.name, "type": "collection" }
        } else {
            described
        });
    }
    listed(work, "$cmd.listCollections", Feed::Ready(listing), batch_size)
}

fn described(collection: &Collection) -> Document {
    let uuid = Binary { subtype: BinarySubtype::Uuid, bytes: collection.uuid.to_vec() };
    doc! {
        "name": &collection.name,
        "type": "collection",
        "options": collection.options.clone(),
        "info": { "readOnly": false, "uuid": uuid },
        "idIndex": { "v": 2, "key": { "_id": 1 }, "name": "_id_" },
    }
}

/// Lists the databases of the file.
pub(super) fn list_databases(work: &mut Work<'_>, command: Document) -> Outcome<Document> {
    let mut fields = Fields::of_command("listDatabases", command);
    fields.require("listDatabases")?;
    let filter = Matcher::parse(&fields.document("filter")?.unwrap_or_default())?;
    let names_only = fields.flag("nameOnly")?;
    fields.ignore(&["authorizedDatabases"]);
    fields.finish()?;
    if work.database != "admin" {
        let message = "listDatabases may only be run against the admin database.";
        return Err(refuse(13, "Unauthorized", message).into());
    }
    let catalog = work.link.catalog()?;
    let size = file_bytes(work.link)?;
    let mut databases = Vec::new();
    for name in catalog.databases() {
        let described = doc! { "name": name, "sizeOnDisk": size, "empty": false };
        if !filter.matches(&encoded(&described)?)? {
            continue;
        }
        databases.push(Bson::Document(if names_only {
            doc! { "name": name }
        } else {
            described
        }));
    }
    let mut reply = doc! { "databases": databases };
    if !names_only {
        reply.insert("totalSize", size);
        reply.insert("totalSizeMb", size / (1024 * 1024));
    }
    Ok(ok(reply))
}
