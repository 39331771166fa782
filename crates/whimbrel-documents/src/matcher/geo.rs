//! `$geoWithin`, `$geoIntersects`, `$near` and `$nearSphere`.

use bson::{Bson, Document};

use super::geometry::{EARTH_RADIUS_M, Geometry, Point};
use crate::refusal::{Result, bad_value};
use crate::value::{DocRef, Number, Path, ValueRef, show, visit_path};

/// A test of where something lies.
#[derive(Clone, Debug)]
pub(crate) enum GeoTest {
    Within(Geometry),
    Intersects(Geometry),
    /// Two opposite corners, in the plane.
    Box(Point, Point),
    /// A circle in the plane.
    Center(Point, f64),
    /// A circle on the sphere; the radius is in radians.
    CenterSphere(Point, f64),
    /// A polygon in the plane.
    FlatPolygon(Vec<Point>),
}

/// Nearness to a place.
#[derive(Clone, Debug)]
pub(crate) struct Near {
    pub(crate) from: Point,
    /// On the sphere in metres, or in the plane.
    pub(crate) spherical: bool,
    pub(crate) min_distance: f64,
    pub(crate) max_distance: f64,
    /// What a distance in metres (or the plane's unit) is divided by when it is reported: radians for legacy points.
    pub(crate) unit: f64,
}

impl GeoTest {
    /// Reads the argument of `$geoWithin` or `$geoIntersects`.
    pub(super) fn parse(operator: &str, argument: &Bson) -> Result<Self> {
        let Bson::Document(shape) = argument else { return Err(bad_value("geometry must be an object")) };
        let Some((kind, value)) = shape.iter().next() else {
            return Err(bad_value("geo query doesn't have any geometry"));
        };
        let intersects = operator == "$geoIntersects";
        match (kind.as_str(), value) {
            ("$geometry", Bson::Document(geometry)) => {
                let geometry = Geometry::parse(geometry)?;
                if intersects {
                    return Ok(GeoTest::Intersects(geometry));
                }
                if !has_inside(&geometry) {
                    return Err(bad_value(format!(
                        "$geoWithin not supported with provided geometry: {}",
                        show(argument.into())
                    )));
                }
                Ok(GeoTest::Within(geometry))
            }
            _ if intersects => Err(bad_value(format!(
                "$geoIntersect not supported with provided geometry: {}",
                show(argument.into())
            ))),
            ("$box", value) => corners(value).map(|(low, high)| GeoTest::Box(low, high)),
            ("$center", value) => circle(value).map(|(at, radius)| GeoTest::Center(at, radius)),
            ("$centerSphere", value) => circle(value).map(|(at, radius)| GeoTest::CenterSphere(at, radius)),
            ("$polygon", Bson::Array(points)) if points.len() >= 3 => {
                points.iter().map(legacy).collect::<Result<_>>().map(GeoTest::FlatPolygon)
            }
            ("$polygon", _) => Err(bad_value("Polygon must have at least 3 points")),
            _ => Err(bad_value(format!("unknown geo specifier: {kind}: {}", show(value.into())))),
        }
    }

    pub(super) fn matches(&self, document: DocRef<'_>, path: &Path) -> bool {
        visit_path(document, path, true, &mut |value| value.is_some_and(|value| self.matches_value(value)))
    }

    /// Whether a value is a place or shape that lies so.
    pub(super) fn matches_value(&self, value: ValueRef<'_>) -> bool {
        if matches!(self, GeoTest::Box(..) | GeoTest::Center(..) | GeoTest::FlatPolygon(_)) {
            return flat_place(value).is_some_and(|point| self.holds_flat(point));
        }
        let Some(shape) = Geometry::of_value(value) else { return false };
        match self {
            GeoTest::Within(outer) => shape.is_within(outer),
            GeoTest::Intersects(other) => shape.intersects(other),
            GeoTest::CenterSphere(centre, radius) => {
                shape.vertices().all(|vertex| vertex.angle_to(*centre) <= *radius)
            }
            _ => false,
        }
    }

    fn holds_flat(&self, point: Point) -> bool {
        match self {
            GeoTest::Box(low, high) => {
                (low.x..=high.x).contains(&point.x) && (low.y..=high.y).contains(&point.y)
            }
            GeoTest::Center(centre, radius) => point.flat_distance_to(*centre) <= *radius,
            GeoTest::FlatPolygon(corners) => flat_polygon_contains(corners, point),
            _ => false,
        }
    }
}

fn has_inside(geometry: &Geometry) -> bool {
    match geometry {
        Geometry::Polygon(_) => true,
        Geometry::Many(parts) => parts.iter().all(has_inside),
        _ => false,
    }
}

fn legacy(value: &Bson) -> Result<Point> {
    Point::legacy(value.into()).ok_or_else(|| bad_value("Point must be an array or object of two numbers"))
}

fn corners(value: &Bson) -> Result<(Point, Point)> {
    let Bson::Array(points) = value else { return Err(bad_value("Box must have 2 points")) };
    let [first, second] = points.as_slice() else { return Err(bad_value("Box must have 2 points")) };
    let (first, second) = (legacy(first)?, legacy(second)?);
    let low = Point { x: first.x.min(second.x), y: first.y.min(second.y) };
    Ok((low, Point { x: first.x.max(second.x), y: first.y.max(second.y) }))
}

fn circle(value: &Bson) -> Result<(Point, f64)> {
    let Bson::Array(parts) = value else { return Err(bad_value("$center must be an array")) };
    let [centre, radius] = parts.as_slice() else {
        return Err(bad_value("Only 2 fields allowed for circular region"));
    };
    let radius = Number::of(radius.into()).map(Number::to_f64).filter(|radius| *radius >= 0.0);
    let radius = radius.ok_or_else(|| bad_value("radius must be a non-negative number"))?;
    Ok((legacy(centre)?, radius))
}

/// The place that a value is in the plane: a pair of coordinates, or a GeoJSON point.
fn flat_place(value: ValueRef<'_>) -> Option<Point> {
    match value {
        ValueRef::Document(document) if document.get("type").is_some() => match Geometry::read(document) {
            Some(Geometry::Point(point)) => Some(point),
            _ => None,
        },
        other => Point::legacy(other),
    }
}

/// Whether a place lies inside a polygon of the plane, as MongoDB's `Polygon::contains` counts: its corners and its upright and
/// level edges belong to it, of the slanting ones those to the right of it only.
fn flat_polygon_contains(corners: &[Point], point: Point) -> bool {
    let mut crossed = 0;
    let ends = corners.iter().cycle().skip(1);
    for (start, end) in corners.iter().zip(ends) {
        let (low, high) = (start.y.min(end.y), start.y.max(end.y));
        let (left, right) = (start.x.min(end.x), start.x.max(end.x));
        let is_corner = same(point.x, start.x) && same(point.y, start.y);
        let on_level = same(low, high) && same(point.y, low) && (left..=right).contains(&point.x);
        if is_corner || on_level {
            return true;
        }
        if same(low, high) || point.y <= low || point.y > high || point.x > right {
            continue;
        }
        if same(left, right) && same(point.x, left) {
            return true;
        }
        let x = (point.y - start.y) * (end.x - start.x) / (end.y - start.y) + start.x;
        crossed += u32::from(same(left, right) || point.x <= x);
    }
    crossed % 2 == 1
}

#[expect(clippy::float_cmp, reason = "an edge is where it was said to be, to the last bit")]
fn same(left: f64, right: f64) -> bool {
    left == right
}

impl Near {
    /// Reads `$near` or `$nearSphere` and the distances beside it.
    pub(super) fn parse(operator: &str, argument: &Bson, siblings: &Document) -> Result<Self> {
        let malformed = || {
            bad_value(format!(
                "near must be first in: {}",
                show(ValueRef::Document(DocRef::Parsed(siblings)))
            ))
        };
        if siblings.keys().next().map(String::as_str) != Some(operator) {
            return Err(malformed());
        }
        let (from, limits, geo_json) = match argument {
            Bson::Document(document) if document.contains_key("$geometry") => {
                let Some(Bson::Document(geometry)) = document.get("$geometry") else {
                    return Err(malformed());
                };
                let Geometry::Point(point) = Geometry::parse(geometry)? else {
                    return Err(bad_value("$near requires a point, given another GeoJSON type"));
                };
                (point, document, true)
            }
            other => (Point::legacy(other.into()).ok_or_else(malformed)?, siblings, false),
        };
        let spherical = geo_json || operator == "$nearSphere";
        let unit = if spherical && !geo_json { EARTH_RADIUS_M } else { 1.0 };
        let limit = |key: &str, otherwise: f64| match limits.get(key) {
            None => Ok(otherwise),
            Some(value) => match Number::of(value.into()).map(Number::to_f64) {
                Some(distance) if distance >= 0.0 => Ok(distance * unit),
                Some(_) => {
                    Err(bad_value(format!("{key} must be non-negative", key = key.trim_start_matches('$'))))
                }
                None => Err(bad_value(format!("{} must be a number", key.trim_start_matches('$')))),
            },
        };
        Ok(Near {
            from,
            spherical,
            min_distance: limit("$minDistance", 0.0)?,
            max_distance: limit("$maxDistance", f64::INFINITY)?,
            unit,
        })
    }

    /// The distance of a document: of the nearest of its places. In metres where spherical.
    pub(crate) fn distance(&self, document: DocRef<'_>, path: &Path) -> Option<f64> {
        let mut nearest = None;
        visit_path(document, path, true, &mut |value| {
            if let Some(distance) = value.and_then(|value| self.value_distance(value)) {
                nearest = Some(nearest.map_or(distance, |known: f64| known.min(distance)));
            }
            false
        });
        nearest
    }

    pub(crate) fn value_distance(&self, value: ValueRef<'_>) -> Option<f64> {
        if self.spherical {
            Geometry::of_value(value).map(|shape| shape.distance_m(self.from))
        } else {
            flat_place(value).map(|point| point.flat_distance_to(self.from))
        }
    }

    pub(super) fn matches(&self, document: DocRef<'_>, path: &Path) -> bool {
        self.distance(document, path).is_some_and(|distance| self.holds(distance))
    }

    pub(super) fn matches_value(&self, value: ValueRef<'_>) -> bool {
        self.value_distance(value).is_some_and(|distance| self.holds(distance))
    }

    fn holds(&self, distance: f64) -> bool {
        distance >= self.min_distance && distance <= self.max_distance
    }
}
