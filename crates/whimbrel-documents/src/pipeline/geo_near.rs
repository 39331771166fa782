//! `$geoNear`.

use bson::{Bson, Document};

use super::unwind::put;
use super::{Records, Scan, Source};
use crate::matcher::{EARTH_RADIUS_M, Geometry, Matcher, Near, Node, Point, Test};
use crate::refusal::{Result, at_location, type_mismatch};
use crate::value::{DocRef, Number, Path, ValueRef, show, visit_path};

/// A parsed `$geoNear`.
#[derive(Clone, Debug)]
pub(crate) struct GeoNear {
    pub(super) near: Near,
    key: Option<String>,
    distance_field: Option<String>,
    locations_field: Option<String>,
    multiplier: f64,
    query: Matcher,
}

impl GeoNear {
    /// Parses the stage.
    pub(super) fn parse(argument: &Bson) -> Result<Self> {
        let Bson::Document(options) = argument else {
            return Err(at_location(10065, "invalid parameter: expected an object ($geoNear)"));
        };
        let Some(near) = options.get("near") else {
            return Err(at_location(5_860_400, "$geoNear requires a 'near' argument"));
        };
        let number = |key: &str| match options.get(key) {
            None => Ok(None),
            Some(value) => Number::of(value.into()).map(|number| Some(number.to_f64())).ok_or_else(|| {
                type_mismatch(format!("{key} must be a number, found {}", show(value.into())))
            }),
        };
        let text = |key: &str| match options.get(key) {
            None => Ok(None),
            Some(Bson::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(type_mismatch(format!("$geoNear parameter '{key}' must be of type string"))),
        };
        let (from, geo_json) = match near {
            Bson::Document(geometry) if geometry.contains_key("type") => match Geometry::parse(geometry)? {
                Geometry::Point(point) => (point, true),
                _ => {
                    return Err(crate::refusal::bad_value(
                        "$near requires a point, given another GeoJSON type",
                    ));
                }
            },
            other => match Point::legacy(other.into()) {
                Some(point) => (point, false),
                None => {
                    return Err(crate::refusal::bad_value(format!(
                        "invalid argument in geo near query: {}",
                        show(other.into())
                    )));
                }
            },
        };
        let spherical = geo_json || options.get("spherical").is_some_and(crate::matcher::is_truthy);
        let unit = if spherical && !geo_json { EARTH_RADIUS_M } else { 1.0 };
        let query = match options.get("query") {
            Some(Bson::Document(query)) => query.clone(),
            _ => Document::new(),
        };
        Ok(GeoNear {
            near: Near {
                from,
                spherical,
                min_distance: number("minDistance")?.unwrap_or(0.0) * unit,
                max_distance: number("maxDistance")?.unwrap_or(f64::INFINITY) * unit,
                unit,
            },
            key: text("key")?,
            distance_field: text("distanceField")?,
            locations_field: text("includeLocs")?,
            multiplier: number("distanceMultiplier")?.unwrap_or(1.0),
            query: Matcher::parse(&query)?,
        })
    }

    /// The documents of a collection by distance, the nearest first.
    pub(super) fn run(&self, source: &dyn Source, collection: &str) -> Result<Vec<Document>> {
        let path = Path::new(&source.geo_path(collection, self.key.as_deref())?);
        let near = Node::Field { path: path.clone(), test: Test::Near(Box::new(self.near.clone())) };
        let filter = Matcher::from_node(near).and(&self.query);
        let records: Records<'_> = source.scan(collection, Scan { filter: Some(&filter) })?;
        let mut found = Vec::new();
        for record in records {
            let record = record?;
            if let Some(distance) = self.near.distance(record.as_doc(), &path) {
                found.push((distance, record));
            }
        }
        found.sort_by(|left, right| left.0.total_cmp(&right.0));
        Ok(found
            .into_iter()
            .map(|(distance, record)| {
                let location =
                    self.locations_field.as_ref().and_then(|_| self.location(record.as_doc(), &path));
                let mut document = record.into_document();
                if let Some(field) = &self.distance_field {
                    put(&mut document, field, Bson::Double(distance / self.near.unit * self.multiplier));
                }
                if let (Some(field), Some(location)) = (&self.locations_field, location) {
                    put(&mut document, field, location);
                }
                document
            })
            .collect())
    }

    /// The nearest of a document's places.
    fn location(&self, document: DocRef<'_>, path: &Path) -> Option<Bson> {
        let mut nearest: Option<(f64, Bson)> = None;
        visit_path(document, path, true, &mut |value| {
            let distance = value.and_then(|value| self.near.value_distance(value));
            if let (Some(distance), Some(value)) = (distance, value)
                && nearest.as_ref().is_none_or(|(known, _)| distance < *known)
            {
                nearest = Some((distance, ValueRef::to_bson(value)));
            }
            false
        });
        nearest.map(|(_, value)| value)
    }
}
