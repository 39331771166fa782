//! Shapes on the sphere and in the plane: parsing, distance, containment, intersection.

use bson::{Bson, Document};

use crate::refusal::{Result, bad_value};
use crate::value::{DocRef, Number, ValueRef};

/// The radius that MongoDB computes distances with.
pub(crate) const EARTH_RADIUS_M: f64 = 6_378_100.0;

/// A place: longitude and latitude in degrees, or x and y.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Point {
    pub(crate) x: f64,
    pub(crate) y: f64,
}

/// A shape whose edges are great circles.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Geometry {
    Point(Point),
    Line(Vec<Point>),
    /// Closed rings: the first is the outside, the others are holes.
    Polygon(Vec<Vec<Point>>),
    Many(Vec<Geometry>),
}

/// How far an end is from another arc's plane when it lies on it but for rounding.
const TOUCHING: f64 = 1e-15;
/// How near in radians two places are one: about a millimetre.
const SAME_PLACE: f64 = 1.5e-10;

type Vector = [f64; 3];

impl Point {
    /// Reads `[x, y]` or `{a: x, b: y}`.
    pub(crate) fn legacy(value: ValueRef<'_>) -> Option<Self> {
        let (ValueRef::Array(fields) | ValueRef::Document(fields)) = value else { return None };
        let mut numbers = fields.values().map(|value| Number::of(value).map(Number::to_f64));
        let point = Point { x: numbers.next()??, y: numbers.next()?? };
        Some(point)
    }

    /// Whether it can stand on the Earth.
    pub(crate) fn is_on_earth(self) -> bool {
        (-180.0..=180.0).contains(&self.x) && (-90.0..=90.0).contains(&self.y)
    }

    fn vector(self) -> Vector {
        let (longitude, latitude) = (self.x.to_radians(), self.y.to_radians());
        [latitude.cos() * longitude.cos(), latitude.cos() * longitude.sin(), latitude.sin()]
    }

    /// The angle to another place as seen from the centre of the Earth, in radians.
    pub(crate) fn angle_to(self, other: Point) -> f64 {
        angle(self.vector(), other.vector())
    }

    /// The distance in the plane.
    pub(crate) fn flat_distance_to(self, other: Point) -> f64 {
        (self.x - other.x).hypot(self.y - other.y)
    }
}

fn cross(left: Vector, right: Vector) -> Vector {
    [
        left[1] * right[2] - left[2] * right[1],
        left[2] * right[0] - left[0] * right[2],
        left[0] * right[1] - left[1] * right[0],
    ]
}

fn dot(left: Vector, right: Vector) -> f64 {
    left[0] * right[0] + left[1] * right[1] + left[2] * right[2]
}

fn angle(left: Vector, right: Vector) -> f64 {
    let across = cross(left, right);
    dot(across, across).sqrt().atan2(dot(left, right))
}

impl Geometry {
    /// Reads GeoJSON, and says by name what is wrong with it.
    pub(crate) fn parse(document: &Document) -> Result<Self> {
        let Some(Bson::String(kind)) = document.get("type") else {
            return Err(bad_value("GeoJSON type must be a string"));
        };
        if !KINDS.contains(&kind.as_str()) {
            return Err(bad_value(format!("unknown GeoJSON type '{kind}'")));
        }
        Self::read(DocRef::Parsed(document)).ok_or_else(|| {
            bad_value(format!("GeoJSON {kind} has coordinates that are malformed or out of bounds"))
        })
    }

    /// Reads GeoJSON; `None` where it is none.
    pub(crate) fn read(document: DocRef<'_>) -> Option<Self> {
        let Some(ValueRef::String(kind)) = document.get("type") else { return None };
        if kind == "GeometryCollection" {
            let members = document.get("geometries")?.as_array()?;
            let read = |member: ValueRef<'_>| Self::read(member.as_document()?);
            return members.values().map(read).collect::<Option<Vec<_>>>().map(Geometry::Many);
        }
        let coordinates = document.get("coordinates")?;
        let many = |read: fn(ValueRef<'_>) -> Option<Geometry>| {
            let members = coordinates.as_array()?;
            members.values().map(read).collect::<Option<Vec<_>>>().map(Geometry::Many)
        };
        match kind {
            "Point" => read_point(coordinates),
            "LineString" => read_line(coordinates),
            "Polygon" => read_polygon(coordinates),
            "MultiPoint" => many(read_point),
            "MultiLineString" => many(read_line),
            "MultiPolygon" => many(read_polygon),
            _ => None,
        }
    }

    /// Reads what a document may hold: GeoJSON, or a pair of coordinates.
    pub(crate) fn of_value(value: ValueRef<'_>) -> Option<Self> {
        match value {
            ValueRef::Document(document) if document.get("type").is_some() => Self::read(document),
            other => Point::legacy(other).filter(|point| point.is_on_earth()).map(Geometry::Point),
        }
    }

    /// The distance in metres from a place to its nearest part; zero inside a polygon.
    pub(crate) fn distance_m(&self, from: Point) -> f64 {
        match self {
            Geometry::Point(point) => point.angle_to(from) * EARTH_RADIUS_M,
            Geometry::Line(line) => distance_to_line(line, from),
            Geometry::Polygon(rings) if polygon_contains(rings, from) => 0.0,
            Geometry::Polygon(rings) => {
                rings.iter().map(|ring| distance_to_line(ring, from)).fold(f64::INFINITY, f64::min)
            }
            Geometry::Many(parts) => {
                parts.iter().map(|part| part.distance_m(from)).fold(f64::INFINITY, f64::min)
            }
        }
    }

    /// Whether all of it lies inside another shape, which has to have an inside.
    pub(crate) fn is_within(&self, outer: &Geometry) -> bool {
        match self {
            Geometry::Many(parts) => parts.iter().all(|part| part.is_within(outer)),
            Geometry::Point(point) if outer.has_on_edge(*point) => true,
            _ => match outer {
                Geometry::Many(outers) => outers.iter().any(|outer| self.is_within(outer)),
                Geometry::Polygon(rings) => {
                    self.vertices().all(|vertex| polygon_contains(rings, vertex))
                        && !self.edges().any(|edge| rings.iter().any(|ring| crosses_line(edge, ring)))
                }
                Geometry::Point(_) | Geometry::Line(_) => false,
            },
        }
    }

    /// Whether they share a place.
    pub(crate) fn intersects(&self, other: &Geometry) -> bool {
        match (self, other) {
            (Geometry::Many(parts), _) => parts.iter().any(|part| part.intersects(other)),
            (_, Geometry::Many(parts)) => parts.iter().any(|part| self.intersects(part)),
            (Geometry::Point(point), Geometry::Polygon(rings))
            | (Geometry::Polygon(rings), Geometry::Point(point)) => {
                on_edge(rings, *point) || polygon_contains(rings, *point)
            }
            (Geometry::Line(line), Geometry::Polygon(rings))
            | (Geometry::Polygon(rings), Geometry::Line(line)) => line_enters(line, rings),
            _ => {
                self.covers_vertex_of(other)
                    || other.covers_vertex_of(self)
                    || self.edges().any(|edge| other.edges().any(|other| arcs_cross(edge, other)))
            }
        }
    }

    /// Whether a place lies on an edge of one of its polygons, where it counts as inside.
    fn has_on_edge(&self, place: Point) -> bool {
        match self {
            Geometry::Polygon(rings) => on_edge(rings, place),
            Geometry::Many(parts) => parts.iter().any(|part| part.has_on_edge(place)),
            Geometry::Point(_) | Geometry::Line(_) => false,
        }
    }

    fn covers_vertex_of(&self, other: &Geometry) -> bool {
        match self {
            Geometry::Point(point) => other.vertices().any(|vertex| vertex.angle_to(*point) < SAME_PLACE),
            Geometry::Line(line) => {
                other.vertices().any(|vertex| distance_to_line(line, vertex) < SAME_PLACE * EARTH_RADIUS_M)
            }
            Geometry::Polygon(rings) => other.vertices().any(|vertex| polygon_contains(rings, vertex)),
            Geometry::Many(parts) => parts.iter().any(|part| part.covers_vertex_of(other)),
        }
    }

    /// All places that it is drawn through.
    pub(crate) fn vertices(&self) -> Box<dyn Iterator<Item = Point> + '_> {
        match self {
            Geometry::Point(point) => Box::new(std::iter::once(*point)),
            Geometry::Line(line) => Box::new(line.iter().copied()),
            Geometry::Polygon(rings) => Box::new(rings.iter().flatten().copied()),
            Geometry::Many(parts) => Box::new(parts.iter().flat_map(Geometry::vertices)),
        }
    }

    fn edges(&self) -> Box<dyn Iterator<Item = (Point, Point)> + '_> {
        match self {
            Geometry::Point(_) => Box::new(std::iter::empty()),
            Geometry::Line(line) => Box::new(line.windows(2).map(|pair| (pair[0], pair[1]))),
            Geometry::Polygon(rings) => {
                Box::new(rings.iter().flat_map(|ring| ring.windows(2).map(|pair| (pair[0], pair[1]))))
            }
            Geometry::Many(parts) => Box::new(parts.iter().flat_map(Geometry::edges)),
        }
    }
}

/// The types of GeoJSON.
const KINDS: [&str; 7] =
    ["Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon", "GeometryCollection"];

fn place(value: ValueRef<'_>) -> Option<Point> {
    Point::legacy(ValueRef::Array(value.as_array()?)).filter(|point| point.is_on_earth())
}

fn read_point(value: ValueRef<'_>) -> Option<Geometry> {
    place(value).map(Geometry::Point)
}

fn read_places(value: ValueRef<'_>, at_least: usize) -> Option<Vec<Point>> {
    let places = value.as_array()?.values().map(place).collect::<Option<Vec<_>>>()?;
    (places.len() >= at_least).then_some(places)
}

fn read_line(value: ValueRef<'_>) -> Option<Geometry> {
    read_places(value, 2).map(Geometry::Line)
}

fn read_polygon(value: ValueRef<'_>) -> Option<Geometry> {
    let ring = |value| read_places(value, 4).filter(|ring| ring.first() == ring.last());
    let rings = value.as_array()?.values().map(ring).collect::<Option<Vec<_>>>()?;
    (!rings.is_empty()).then_some(Geometry::Polygon(rings))
}

fn on_edge(rings: &[Vec<Point>], place: Point) -> bool {
    rings.iter().any(|ring| distance_to_line(ring, place) < SAME_PLACE * EARTH_RADIUS_M)
}

/// Whether a line has a part inside a polygon; to touch its edge is not enough.
fn line_enters(line: &[Point], rings: &[Vec<Point>]) -> bool {
    let inside = |place: Point| polygon_contains(rings, place) && !on_edge(rings, place);
    line.iter().any(|place| inside(*place))
        || line.windows(2).any(|pair| {
            rings.iter().any(|ring| crosses_line((pair[0], pair[1]), ring))
                || passes_corners((pair[0], pair[1]), rings, &inside)
        })
}

/// Whether an edge that crosses no other one comes inside between corners that lie on it.
fn passes_corners(edge: (Point, Point), rings: &[Vec<Point>], inside: &dyn Fn(Point) -> bool) -> bool {
    let arc = [edge.0, edge.1];
    let corners = rings.iter().flatten().copied();
    let mut stops: Vec<Point> =
        corners.filter(|corner| distance_to_line(&arc, *corner) < SAME_PLACE * EARTH_RADIUS_M).collect();
    if stops.is_empty() {
        return false;
    }
    stops.extend(arc);
    stops.sort_by(|left, right| left.angle_to(edge.0).total_cmp(&right.angle_to(edge.0)));
    stops.windows(2).any(|pair| inside(between(pair[0], pair[1])))
}

/// The place halfway between two.
fn between(left: Point, right: Point) -> Point {
    let (left, right) = (left.vector(), right.vector());
    let [x, y, z] = [left[0] + right[0], left[1] + right[1], left[2] + right[2]];
    Point { x: y.atan2(x).to_degrees(), y: z.atan2(x.hypot(y)).to_degrees() }
}

fn polygon_contains(rings: &[Vec<Point>], point: Point) -> bool {
    let Some((outside, holes)) = rings.split_first() else { return false };
    ring_contains(outside, point) && !holes.iter().any(|hole| ring_contains(hole, point))
}

/// Whether a place lies inside a ring of great circles: the directions to its corners turn around once.
fn ring_contains(ring: &[Point], point: Point) -> bool {
    let from = point.vector();
    let mut centre = [0.0; 3];
    for corner in ring.iter().skip(1) {
        let corner = corner.vector();
        for (sum, part) in centre.iter_mut().zip(corner) {
            *sum += part;
        }
    }
    if dot(centre, from) <= 0.0 {
        return false;
    }
    let turned: f64 = ring.windows(2).map(|pair| turn(from, pair[0].vector(), pair[1].vector())).sum();
    turned.abs() > std::f64::consts::PI
}

/// The angle at `from` between the directions to two places.
fn turn(from: Vector, first: Vector, second: Vector) -> f64 {
    let (first, second) = (cross(from, first), cross(from, second));
    dot(from, cross(first, second)).atan2(dot(first, second))
}

fn distance_to_line(line: &[Point], from: Point) -> f64 {
    let from = from.vector();
    let nearest = line
        .windows(2)
        .map(|pair| angle_to_arc(from, pair[0].vector(), pair[1].vector()))
        .fold(f64::INFINITY, f64::min);
    nearest * EARTH_RADIUS_M
}

fn angle_to_arc(from: Vector, start: Vector, end: Vector) -> f64 {
    let normal = cross(start, end);
    let length = dot(normal, normal).sqrt();
    let between =
        length > 0.0 && dot(cross(normal, start), from) > 0.0 && dot(cross(end, normal), from) > 0.0;
    if between {
        (dot(normal, from) / length).clamp(-1.0, 1.0).asin().abs()
    } else {
        angle(from, start).min(angle(from, end))
    }
}

fn crosses_line(edge: (Point, Point), line: &[Point]) -> bool {
    line.windows(2).any(|pair| arcs_cross(edge, (pair[0], pair[1])))
}

fn arcs_cross(left: (Point, Point), right: (Point, Point)) -> bool {
    let (start, end) = (left.0.vector(), left.1.vector());
    let (other_start, other_end) = (right.0.vector(), right.1.vector());
    let (normal, other_normal) = (cross(start, end), cross(other_start, other_end));
    let sides = (dot(normal, other_start), dot(normal, other_end));
    let other_sides = (dot(other_normal, start), dot(other_normal, end));
    // Where one ends on the other they only touch.
    let touches = [sides.0, sides.1, other_sides.0, other_sides.1].iter().any(|side| side.abs() < TOUCHING);
    let near_side = dot(start, other_start) > 0.0 || dot(end, other_end) > 0.0;
    near_side
        && !touches
        && sides.0 * sides.1 < 0.0
        && other_sides.0 * other_sides.1 < 0.0
        && sides.0.signum() != other_sides.0.signum()
}
