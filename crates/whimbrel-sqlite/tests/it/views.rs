//! Views over views: made in any order, replaced and dropped with those that read them.

use whimbrel_schema::catalog::{Catalog, QualifiedName, View};

use crate::support::{apply, catalog, full, memory, normalise};

const BEFORE: &str = "CREATE TABLE users (id integer PRIMARY KEY, name text, age integer);";

fn view(name: &str, query: &str) -> View {
    View { name: QualifiedName::plain(name), query: query.to_owned(), materialized: false, comment: None }
}

fn declared(views: Vec<View>) -> Catalog {
    let mut engine = memory();
    apply(&mut engine, "1", BEFORE).unwrap_or_else(|error| panic!("{}", full(&error)));
    Catalog { views, ..catalog(&mut engine) }
}

fn names(catalog: &Catalog) -> Vec<&str> {
    catalog.views.iter().map(|view| view.name.name.as_str()).collect()
}

#[test]
fn a_declared_view_may_read_one_that_comes_after_it() {
    let desired = declared(vec![
        view("again", "SELECT name FROM named"),
        view("first", "SELECT a.name FROM again AS a JOIN zero AS z ON z.name = a.name"),
        view("named", "SELECT name FROM users"),
        view("zero", "SELECT name FROM again"),
    ]);
    let normalised = normalise(&mut memory(), &desired).unwrap_or_else(|error| panic!("{}", full(&error)));
    assert_eq!(names(&normalised), ["again", "first", "named", "zero"]);
    assert_eq!(normalise(&mut memory(), &normalised).unwrap(), normalised);
}

#[test]
fn a_declared_view_that_cannot_be_made_is_named() {
    let broken = [
        vec![view("again", "SELECT name FROM named"), view("named", "SELECT nothing FROM users")],
        vec![view("again", "SELECT name FROM named"), view("named", "SELECT name FROM again")],
        vec![view("again", "SELECT md5(name) FROM named"), view("named", "SELECT name FROM users")],
    ];
    for (views, (name, says)) in broken.into_iter().zip([
        ("the view `named`", "nothing"),
        ("the view `again`", "named"),
        ("the view `again`", "md5"),
    ]) {
        let error = normalise(&mut memory(), &declared(views)).unwrap_err();
        let text = full(&error);
        assert!(text.contains(name) && text.contains(says), "{text}");
    }
}

#[test]
fn views_over_a_replaced_view_stay() {
    let mut engine = memory();
    let sql = "CREATE VIEW named AS SELECT name FROM users;
        CREATE VIEW again AS SELECT name FROM named;
        CREATE OR REPLACE VIEW named AS SELECT name, age FROM users WHERE age > 1;";
    apply(&mut engine, "1", &format!("{BEFORE}{sql}")).unwrap_or_else(|error| panic!("{}", full(&error)));
    assert_eq!(names(&catalog(&mut engine)), ["again", "named"]);
    let error =
        apply(&mut engine, "2", "CREATE OR REPLACE VIEW named AS SELECT age FROM users;").unwrap_err();
    assert!(full(&error).contains("the view `again` reads what this removes"), "{}", full(&error));
}

#[test]
fn a_cascade_drops_a_view_that_reads_two_others_once() {
    let mut engine = memory();
    let sql = "CREATE VIEW base AS SELECT name FROM users;
        CREATE VIEW over_base AS SELECT name FROM base;
        CREATE VIEW over_both AS SELECT b.name FROM base AS b JOIN over_base AS o ON o.name = b.name;
        CREATE VIEW over_users AS SELECT u.name FROM users AS u JOIN over_both AS o ON o.name = u.name;";
    apply(&mut engine, "1", &format!("{BEFORE}{sql}")).unwrap_or_else(|error| panic!("{}", full(&error)));
    apply(&mut engine, "2", "DROP TABLE users CASCADE;").unwrap_or_else(|error| panic!("{}", full(&error)));
    assert_eq!(catalog(&mut engine), Catalog::default());
}
