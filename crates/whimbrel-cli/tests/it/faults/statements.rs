//! A statement that fails in the middle of a file.

use super::{FILES, Standing, applied, fails, on_both, points_at, query, refused, standing};
use crate::project::Engine;

on_both! { fails_on_the_way_up, fails_on_the_way_down, transaction_inside_a_file, unknown_statement }

/// Three statements, the second of which fails.
const BROKEN: &str = "-- whimbrel:up\nCREATE TABLE second (id integer PRIMARY KEY);\n\
                      INSERT INTO second (id) VALUES (7), (7);\nCREATE TABLE second_more (id integer);\n\
                      -- whimbrel:down\nDROP TABLE second_more;\nDROP TABLE second;\n";

fn fails_on_the_way_up(engine: Engine) {
    let project = standing(engine, "0");
    project.sandbox.write(FILES[1].0, BROKEN).unwrap();
    let words: &[&str] = &["0002-second.sql", "second", "file stands"];
    let failure = (1, "migrate::statement_failed", words);
    let stderr = fails(&project, &["migrate"], failure);
    points_at(&stderr, "0002-second.sql:3:1");
    // The earlier file stands, nothing of the broken one does, and the later one did not run.
    assert_eq!(applied(&project), ["0001"]);
    assert_eq!(query(&project, "SELECT id FROM first"), ["1"]);
    let objects = Standing::of(&project).objects;
    assert!(!objects.contains("second") && !objects.contains("third"), "{objects}");
    refused(&project, &["migrate"], failure);
    refused(&project, &["upgrade", "head"], failure);
    project.run(&["migrate", "status"], 0);

    project.sandbox.write(FILES[1].0, BROKEN.replace("(7), (7)", "(7), (8)")).unwrap();
    project.run(&["migrate"], 0);
    assert_eq!(applied(&project), ["0001", "0002", "0003"]);
    assert_eq!(query(&project, "SELECT id FROM second ORDER BY 1"), ["7", "8"]);
    assert_eq!(query(&project, "SELECT id FROM first"), ["1"], "the first file ran once");
}

fn fails_on_the_way_down(engine: Engine) {
    let project = standing(engine, "0001");
    let bad = "-- whimbrel:up\nCREATE TABLE second (id integer PRIMARY KEY);\n-- whimbrel:down\nDROP TABLE second;\n\
               DROP TABLE never_made;\n";
    project.sandbox.write(FILES[1].0, bad).unwrap();
    project.run(&["migrate", "--to", "0002"], 0);
    let words: &[&str] = &["0002-second.sql", "never_made", "file stands"];
    let stderr = refused(&project, &["rollback"], (1, "migrate::statement_failed", words));
    points_at(&stderr, "0002-second.sql:5:");
    assert_eq!(applied(&project), ["0001", "0002"]);
}

/// One file is one transaction: a file cannot end it.
fn transaction_inside_a_file(engine: Engine) {
    for word in ["COMMIT", "ROLLBACK", "BEGIN"] {
        let project = standing(engine, "0001");
        let text = format!(
            "-- whimbrel:up\nCREATE TABLE second (id integer);\n{word};\nSELECT 1 / nothing FROM nowhere;\n"
        );
        project.sandbox.write(FILES[1].0, text).unwrap();
        let words = ["0002-second.sql", "transaction"];
        let stderr = refused(&project, &["migrate"], (1, "migrate::syntax", &words));
        points_at(&stderr, "0002-second.sql:3:1");
        assert_eq!(applied(&project), ["0001"], "{word}");
        let objects = Standing::of(&project).objects;
        assert!(!objects.contains("second"), "{word} let a part of the file stand: {objects}");
    }
}

/// What the engine does not know is named with its place.
fn unknown_statement(engine: Engine) {
    let project = standing(engine, "0001");
    let text = "-- whimbrel:up\nCREATE TABLE second (id integer);\nFROBNICATE TABLE second;\n";
    project.sandbox.write(FILES[1].0, text).unwrap();
    project.run(&["migrate", "seal"], 0);
    let stderr = refused(
        &project,
        &["migrate"],
        (1, "migrate::statement_failed", &["0002-second.sql", "syntax error"]),
    );
    points_at(&stderr, "0002-second.sql:3:1");
}
