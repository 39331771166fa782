//! Places and shapes, and what lies inside what.

use bson::{Bson, Document, bson, doc};

use super::filters::on;
use super::{Case, run};

fn point(x: f64, y: f64) -> Bson {
    bson!({ "type": "Point", "coordinates": [x, y] })
}

#[tokio::test]
async fn places_lie_where_mongodb_sees_them() {
    let mut places = Vec::new();
    for x in -6..=6 {
        for y in -6..=6 {
            let (x, y) = (f64::from(x) * 2.3 - 60.1, f64::from(y) * 1.7 - 10.3);
            let id = i32::try_from(places.len()).expect("a few places");
            places.push(doc! { "_id": id, "place": point(x, y), "pair": [x, y] });
        }
    }
    places.push(doc! { "_id": 900, "place": { "type": "LineString", "coordinates": [[-60.0, -10.0], [-58.0, -9.0]] } });
    places.push(doc! { "_id": 901, "place": { "type": "Polygon", "coordinates": [[[-61.0, -11.0], [-59.0, -11.0], [-59.0, -9.0], [-61.0, -9.0], [-61.0, -11.0]]] } });
    places.push(doc! { "_id": 902, "place": { "type": "MultiPoint", "coordinates": [[-60.0, -10.0], [-40.0, 10.0]] } });
    places.push(doc! { "_id": 903 });
    let square = bson!({ "type": "Polygon", "coordinates": [[[-64.0, -14.0], [-55.0, -14.0], [-55.0, -6.0], [-64.0, -6.0], [-64.0, -14.0]]] });
    let holed = bson!({ "type": "Polygon", "coordinates": [[[-70.0, -20.0], [-50.0, -20.0], [-50.0, 0.0], [-70.0, 0.0], [-70.0, -20.0]], [[-62.0, -12.0], [-58.0, -12.0], [-58.0, -8.0], [-62.0, -8.0], [-62.0, -12.0]]] });
    let multi = bson!({ "type": "MultiPolygon", "coordinates": [[[[-64.0, -14.0], [-60.0, -14.0], [-60.0, -10.0], [-64.0, -14.0]]], [[[-55.0, -5.0], [-50.0, -5.0], [-50.0, 0.0], [-55.0, -5.0]]]] });
    let line = bson!({ "type": "LineString", "coordinates": [[-70.0, -10.5], [-50.0, -9.5]] });
    let mut cases = Vec::new();
    for shape in [&square, &holed, &multi] {
        cases.push(Case::find(
            "$geoWithin",
            on("place", doc! { "$geoWithin": { "$geometry": shape.clone() } }),
        ));
    }
    for shape in [&square, &holed, &multi, &line, &point(-60.1, -10.3), &point(1.0, 1.0)] {
        cases.push(Case::find(
            "$geoIntersects",
            on("place", doc! { "$geoIntersects": { "$geometry": shape.clone() } }),
        ));
    }
    for radius in [0.01, 0.05, 0.1, 0.3] {
        cases.push(Case::find(
            "$centerSphere",
            on("place", doc! { "$geoWithin": { "$centerSphere": [[-60.0, -10.0], radius] } }),
        ));
        cases.push(Case::find(
            "$centerSphere",
            on("pair", doc! { "$geoWithin": { "$centerSphere": [[-60.0, -10.0], radius] } }),
        ));
    }
    for field in ["pair", "place"] {
        cases.push(Case::find(
            "$box",
            on(field, doc! { "$geoWithin": { "$box": [[-65.0, -12.0], [-58.0, -8.0]] } }),
        ));
        cases.push(Case::find(
            "$center",
            on(field, doc! { "$geoWithin": { "$center": [[-60.0, -10.0], 5.5] } }),
        ));
        cases.push(Case::find(
            "$polygon",
            on(field, doc! { "$geoWithin": { "$polygon": [[-65.0, -12.0], [-55.0, -12.0], [-60.0, -3.0]] } }),
        ));
    }
    run("places", &[("docs", places)], cases).await;
}

/// A ring through corners, closed.
fn ring(corners: &[(f64, f64)]) -> Bson {
    corners.iter().chain(corners.first()).map(|(x, y)| bson!([x, y])).collect::<Vec<_>>().into()
}

fn polygon(rings: &[&[(f64, f64)]]) -> Bson {
    let rings: Vec<Bson> = rings.iter().map(|corners| ring(corners)).collect();
    bson!({ "type": "Polygon", "coordinates": rings })
}

fn line(corners: &[(f64, f64)]) -> Bson {
    let corners: Vec<Bson> = corners.iter().map(|(x, y)| bson!([x, y])).collect();
    bson!({ "type": "LineString", "coordinates": corners })
}

#[tokio::test]
async fn edges_belong_to_what_mongodb_says() {
    let square = [(0.0, 0.0), (8.0, 0.0), (8.0, 8.0), (0.0, 8.0)];
    let hole = [(2.0, 2.0), (2.0, 4.0), (4.0, 4.0), (4.0, 2.0)];
    let (plain, holed) = (polygon(&[&square]), polygon(&[&square, &hole]));
    let mut shapes: Vec<Bson> = Vec::new();
    for x in [-1.0, 0.0, 1.0, 2.0, 3.0, 4.0, 8.0, 9.0] {
        shapes.extend([-1.0, 0.0, 1.0, 2.0, 3.0, 4.0, 8.0, 9.0].map(|y| point(x, y)));
    }
    // Lines and polygons that share an edge are not here: which of them meet is left to the rounding of MongoDB's library.
    let lines: &[&[(f64, f64)]] = &[
        &[(0.5, 1.0), (4.0, 1.0)],
        &[(-4.0, 1.0), (1.0, 1.0)],
        &[(-4.0, 1.0), (12.0, 1.5)],
        &[(2.5, 2.5), (3.5, 3.5)],
    ];
    shapes.extend(lines.iter().map(|corners| line(corners)));
    let polygons: &[&[(f64, f64)]] = &[
        &[(1.0, 1.0), (1.5, 1.0), (1.5, 1.5)],
        &[(2.5, 2.5), (3.5, 2.5), (3.5, 3.5)],
        &[(7.0, 7.0), (9.0, 7.0), (9.0, 9.0)],
    ];
    shapes.extend(polygons.iter().map(|corners| polygon(&[corners])));
    let documents: Vec<Document> =
        (0..).zip(&shapes).map(|(id, shape): (i32, _)| doc! { "_id": id, "place": shape.clone() }).collect();
    let mut cases = Vec::new();
    let others =
        lines.iter().map(|corners| line(corners)).chain([point(0.0, 0.0), point(1.0, 0.0), point(2.0, 3.0)]);
    for shape in [plain, holed].into_iter().chain(others) {
        if shape.as_document().is_some_and(|shape| shape.get_str("type").is_ok_and(|kind| kind == "Polygon"))
        {
            let within = doc! { "$geoWithin": { "$geometry": shape.clone() } };
            cases.push(Case::find("$geoWithin", on("place", within)));
        }
        let meets = doc! { "$geoIntersects": { "$geometry": shape } };
        cases.push(Case::find("$geoIntersects", on("place", meets)));
    }
    run("edges", &[("docs", documents)], cases).await;
}

#[tokio::test]
async fn edges_in_the_plane_belong_to_what_mongodb_says() {
    let sides = [-1.0, 0.0, 1.0, 2.0, 4.0, 8.0, 9.0];
    let pairs = sides.iter().flat_map(|x| sides.iter().map(move |y| bson!([*x, *y])));
    let documents: Vec<Document> =
        (0..).zip(pairs).map(|(id, pair): (i32, _)| doc! { "_id": id, "pair": pair }).collect();
    let shapes = [
        doc! { "$box": [[0.0, 0.0], [8.0, 8.0]] },
        doc! { "$box": [[8.0, 8.0], [0.0, 0.0]] },
        doc! { "$center": [[0.0, 0.0], 8.0] },
        doc! { "$polygon": [[0.0, 0.0], [8.0, 0.0], [8.0, 8.0], [0.0, 8.0]] },
        doc! { "$polygon": [[0.0, 0.0], [0.0, 8.0], [8.0, 8.0], [8.0, 0.0]] },
        doc! { "$polygon": [[0.0, 0.0], [8.0, 0.0], [8.0, 8.0]] },
        doc! { "$polygon": [[0.0, 0.0], [8.0, 8.0], [0.0, 8.0]] },
        doc! { "$polygon": [[0.0, 0.0], [4.0, 4.0], [8.0, 0.0], [8.0, 8.0], [0.0, 8.0]] },
    ];
    let cases = shapes
        .into_iter()
        .map(|shape| Case::find("flat", on("pair", doc! { "$geoWithin": shape })))
        .collect();
    run("flat_edges", &[("docs", documents)], cases).await;
}
