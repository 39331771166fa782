//! Places on the globe, as boxes in space around it.
//!
//! A geometry is held by a cap: a middle and an angle. Its box in space has neither poles nor a date line, so a
//! search is an overlap of boxes in an R*Tree. Boxes are larger than what they hold; the evaluator decides.

use bson::{Bson, RawDocument, doc};
use whimbrel_engine::document::Refusal;

use super::Entries;
use crate::answer::with_field;
use crate::matcher::{EARTH_RADIUS_M, Geometry, Point};
use crate::refusal::refuse;
use crate::value::{DocRef, Path, ValueRef, show, visit_path};

/// What the sides grow by: SQLite keeps them in 32 bits, and the evaluator's own rounding.
const MARGIN: f64 = 1e-6;

/// A box in space, on a globe of radius one: the lower and the upper bound on each axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Cube {
    pub(crate) sides: [(f64, f64); 3],
}

/// A part of the globe around a place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cap {
    middle: [f64; 3],
    angle: f64,
}

impl Cap {
    /// What lies within a distance of a place, in metres.
    pub(crate) fn around(place: Point, distance_m: f64) -> Self {
        Self { middle: vector(place), angle: distance_m / EARTH_RADIUS_M }
    }

    /// What holds a geometry.
    pub(crate) fn holding(geometry: &Geometry) -> Self {
        let corners: Vec<[f64; 3]> = geometry.vertices().map(vector).collect();
        let sum = corners
            .iter()
            .fold([0.0; 3], |sum, corner| [sum[0] + corner[0], sum[1] + corner[1], sum[2] + corner[2]]);
        let length = dot(sum, sum).sqrt();
        let everything = Self { middle: [0.0, 0.0, 1.0], angle: std::f64::consts::PI };
        if length < 1e-9 {
            return everything;
        }
        let middle = sum.map(|part| part / length);
        let angle =
            corners.iter().map(|corner| dot(middle, *corner).clamp(-1.0, 1.0).acos()).fold(0.0, f64::max);
        // Beyond a quarter turn a cap does not hold the arcs between its points.
        if angle >= 1.5 { everything } else { Self { middle, angle } }
    }

    /// The box around it.
    pub(crate) fn cube(self) -> Cube {
        let reach = if self.angle >= std::f64::consts::PI { 2.0 } else { 2.0 * (self.angle / 2.0).sin() };
        let reach = reach + MARGIN;
        Cube { sides: self.middle.map(|part| (part - reach, part + reach)) }
    }
}

impl Cube {
    /// The box that holds both.
    fn with(self, other: Self) -> Self {
        let mut sides = self.sides;
        for (side, other) in sides.iter_mut().zip(other.sides) {
            *side = (side.0.min(other.0), side.1.max(other.1));
        }
        Self { sides }
    }
}

/// The space that a document's geometries take up.
pub(super) fn entries(paths: &[String], document: &RawDocument) -> Result<Entries, Refusal> {
    let mut space: Option<Cube> = None;
    let mut trouble = None;
    for path in paths {
        visit_path(DocRef::Raw(document), &Path::new(path), false, &mut |value| {
            let Some(value) = value else { return false };
            let mut add = |geometry: &Geometry| {
                let cube = Cap::holding(geometry).cube();
                space = Some(space.map_or(cube, |space| space.with(cube)));
            };
            match geometries(value) {
                Ok(found) => found.iter().for_each(&mut add),
                Err(element) => trouble = Some(cannot_extract(path, document, element)),
            }
            trouble.is_some()
        });
    }
    match (trouble, space) {
        (Some(trouble), _) => Err(trouble),
        (None, Some(space)) => Ok(Entries::Space(space)),
        (None, None) => Ok(Entries::None),
    }
}

/// The geometries that a value holds: one, or those of an array; or what is none.
fn geometries(value: ValueRef<'_>) -> Result<Vec<Geometry>, ValueRef<'_>> {
    match value {
        ValueRef::Null | ValueRef::Undefined => Ok(Vec::new()),
        ValueRef::Array(elements) => {
            if let Some(point) = Geometry::of_value(value) {
                return Ok(vec![point]);
            }
            let is_list = elements.values().all(|element| {
                matches!(element, ValueRef::Document(_) | ValueRef::Array(_) | ValueRef::Null)
            });
            if !is_list {
                return Err(value);
            }
            let found: Result<Vec<_>, _> = elements.values().map(geometries).collect();
            Ok(found?.into_iter().flatten().collect())
        }
        _ => Geometry::of_value(value).map(|geometry| vec![geometry]).ok_or(value),
    }
}

fn cannot_extract(path: &str, document: &RawDocument, element: ValueRef<'_>) -> Refusal {
    let id = DocRef::Raw(document).get("_id").map(show).unwrap_or_default();
    let reason = reason_of(element);
    let message = format!("Could not extract geo keys at path '{path}' for document with _id {id}: {reason}");
    let failing = match element.to_bson() {
        Bson::Array(elements) => Bson::Document(doc! { "element": elements }),
        Bson::Document(document) => Bson::Document(document),
        other => Bson::Document(doc! { "element": other }),
    };
    let details = doc! {
        "failingPath": path, "underlyingCode": 2, "underlyingReason": reason, "failingElement": failing,
    };
    with_field(refuse(510, "CannotExtractGeoKeys", message), "errInfo", details)
}

fn reason_of(element: ValueRef<'_>) -> String {
    let coordinates = match element {
        ValueRef::Document(document) => document.get("coordinates").unwrap_or(element),
        other => other,
    };
    match Point::legacy(coordinates) {
        Some(point) if !point.is_on_earth() => {
            format!("Longitude/latitude is out of bounds, lng: {} lat: {}", point.x, point.y)
        }
        _ => "it is no geometry".to_owned(),
    }
}

fn vector(place: Point) -> [f64; 3] {
    let (longitude, latitude) = (place.x.to_radians(), place.y.to_radians());
    [latitude.cos() * longitude.cos(), latitude.cos() * longitude.sin(), latitude.sin()]
}

fn dot(left: [f64; 3], right: [f64; 3]) -> f64 {
    left[0] * right[0] + left[1] * right[1] + left[2] * right[2]
}
