//! Every kind of mistake in a schema, with the exact diagnostic.
//!
//! Each file in `tests/mistakes` is a schema with one or more mistakes; beside it stands what is
//! printed for it. `WHIMBREL_WRITE_GOLDEN=1` writes what is printed now.

use std::fs;
use std::path::Path;

use miette::{GraphicalReportHandler, GraphicalTheme};
use whimbrel_schema::read::read_schema;

fn rendered(name: &str, text: &str) -> String {
    let error = read_schema(name, &|asked| (asked == name).then(|| text.to_owned()))
        .expect_err(&format!("{name} has a mistake"));
    let handler = GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor()).with_width(110);
    let mut out = String::new();
    handler.render_report(&mut out, &error).expect("a text takes everything");
    out.lines().map(str::trim_end).collect::<Vec<_>>().join("\n") + "\n"
}

#[test]
fn each_mistake_has_its_diagnostic() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mistakes");
    let write = std::env::var_os("WHIMBREL_WRITE_GOLDEN").is_some();
    let mut names: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect();
    names.sort();
    assert!(names.len() >= 12, "the folder of mistakes was not found");
    let mut differing = Vec::new();
    for path in names {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let out = rendered(&name, &fs::read_to_string(&path).unwrap());
        let golden = path.with_extension("txt");
        if write {
            fs::write(&golden, &out).unwrap();
        } else if fs::read_to_string(&golden).unwrap_or_default() != out {
            differing.push(format!("{name} now prints:\n{out}"));
        }
    }
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}
