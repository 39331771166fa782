//! Two branches that added migrations, in one folder: each clash is told, and `migrate rebase` solves it.

use crate::faults::{applied, fails, on_both};
use crate::project::{Engine, Project};

on_both! {
    the_same_number, below_an_applied_one, conflict_markers, an_explicit_file_wins, overrides_and_snapshots_move_along,
    an_interrupted_run_is_finished, timestamps_become_fresh_ones, onto_a_version,
}

const SUM: &str = "migrations/whimbrel.sum";

fn table(name: &str) -> String {
    format!(
        "-- whimbrel:up\nCREATE TABLE {name} (id integer PRIMARY KEY);\n-- whimbrel:down\nDROP TABLE {name};\n"
    )
}

fn add(project: &Project, files: &[&str]) {
    for file in files {
        let name = file.split_once('-').unwrap().1.replace('-', "_");
        project.sandbox.write(format!("migrations/{file}.sql"), table(&name)).unwrap();
    }
}

/// The migration files, by name.
fn files(project: &Project) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(project.sandbox.path("migrations"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".sql"))
        .collect();
    names.sort();
    names
}

/// What both branches began with: two files, applied.
fn begun(engine: Engine) -> Project {
    let project = Project::bare(engine);
    add(&project, &["0001-a", "0002-b"]);
    project.run(&["migrate"], 0);
    project
}

/// whimbrel.sum as the merge of two branches leaves it: each added its own files to what both began with.
fn conflicted(project: &Project, ours: &[&str], theirs: &[&str], labels: (&str, &str)) {
    let lines_of = |added: &[&str]| {
        add(project, added);
        project.run(&["migrate", "seal"], 0);
        let sum = project.sandbox.read(SUM).unwrap();
        for file in added {
            std::fs::remove_file(project.sandbox.path(format!("migrations/{file}.sql"))).unwrap();
        }
        project.run(&["migrate", "seal"], 0);
        sum
    };
    let both = project.sandbox.read(SUM).unwrap();
    let (mine, other) = (lines_of(ours), lines_of(theirs));
    let text = format!(
        "{both}<<<<<<< {}\n{}=======\n{}>>>>>>> {}\n",
        labels.0,
        mine.strip_prefix(&both).unwrap(),
        other.strip_prefix(&both).unwrap(),
        labels.1
    );
    add(project, ours);
    add(project, theirs);
    project.sandbox.write(SUM, text).unwrap();
}

/// Everything runs, and a protected environment takes the files as they are.
fn stands(project: &Project, expected: &[&str]) {
    let names: Vec<String> = expected.iter().map(|name| format!("{name}.sql")).collect();
    assert_eq!(files(project), names);
    project.run(&["migrate", "--env", "production"], 0);
    assert_eq!(applied(project).len(), expected.len());
    let again = project.run(&["migrate", "rebase"], 0);
    assert!(again.stdout.contains("No file needs another number"), "{}", again.stdout);
}

fn the_same_number(engine: Engine) {
    let project = begun(engine);
    add(&project, &["0003-theirs"]);
    project.run(&["migrate"], 0);
    add(&project, &["0003-mine", "0004-mine-too"]);
    for command in [&["migrate"][..], &["migrate", "status"]] {
        fails(
            &project,
            command,
            (1, "migrate::duplicate_version", &["0003-mine", "0003-theirs", "migrate rebase"]),
        );
    }
    let shown = project.run(&["migrate", "rebase", "--dry-run"], 0);
    assert!(shown.stdout.contains("0003-mine.sql -> 0004-mine.sql"), "{}", shown.stdout);
    assert_eq!(files(&project).len(), 5);
    let done = project.run(&["migrate", "rebase"], 0);
    assert!(done.stdout.contains("0004-mine-too.sql -> 0005-mine-too.sql"), "{}", done.stdout);
    stands(&project, &["0001-a", "0002-b", "0003-theirs", "0004-mine", "0005-mine-too"]);
}

fn below_an_applied_one(engine: Engine) {
    let project = begun(engine);
    add(&project, &["0005-theirs"]);
    project.run(&["migrate"], 0);
    // Sealed by hand already: the database still knows better.
    add(&project, &["0003-mine", "0006-mine-too"]);
    for command in [&["migrate"][..], &["migrate", "seal"]] {
        fails(&project, command, (1, "migrate::out_of_order", &["0003-mine", "0005", "migrate rebase"]));
    }
    project.run(&["migrate", "rebase"], 0);
    stands(&project, &["0001-a", "0002-b", "0005-theirs", "0006-mine", "0007-mine-too"]);
}

fn conflict_markers(engine: Engine) {
    for (labels, expected) in [
        (("HEAD", "main"), ["0003-theirs", "0004-mine"]),
        (("HEAD", "origin/main"), ["0003-theirs", "0004-mine"]),
        (("main", "feature/x"), ["0003-mine", "0004-theirs"]),
        (("HEAD", "feature/x"), ["0003-mine", "0004-theirs"]),
    ] {
        let project = begun(engine);
        conflicted(&project, &["0003-mine"], &["0003-theirs"], labels);
        fails(&project, &["migrate"], (1, "migrate::duplicate_version", &["migrate rebase"]));
        let done = project.run(&["migrate", "rebase"], 0);
        assert!(done.stdout.contains("conflict markers"), "{}", done.stdout);
        stands(&project, &["0001-a", "0002-b", expected[0], expected[1]]);
    }
    // Different numbers: nothing to rename, only the chain to repair.
    let project = begun(engine);
    conflicted(&project, &["0004-mine"], &["0003-theirs"], ("HEAD", "main"));
    for command in [&["migrate"][..], &["migrate", "status"]] {
        fails(&project, command, (1, "migrate::bad_sum", &["conflict markers", "line 4", "migrate rebase"]));
    }
    project.run(&["migrate", "rebase"], 0);
    stands(&project, &["0001-a", "0002-b", "0003-theirs", "0004-mine"]);
    // What this database has applied stays, whatever the branches are called.
    let project = begun(engine);
    add(&project, &["0003-mine"]);
    project.run(&["migrate"], 0);
    std::fs::remove_file(project.sandbox.path("migrations/0003-mine.sql")).unwrap();
    let sum = project.sandbox.read(SUM).unwrap();
    let mine = sum.lines().last().unwrap().to_owned();
    let both = sum.replace(&format!("{mine}\n"), "");
    add(&project, &["0003-mine", "0003-theirs"]);
    let theirs = mine.replace("0003-mine", "0003-theirs");
    let text = format!("{both}<<<<<<< HEAD\n{mine}\n=======\n{theirs}\n>>>>>>> main\n");
    project.sandbox.write(SUM, text).unwrap();
    project.run(&["migrate", "rebase"], 0);
    stands(&project, &["0001-a", "0002-b", "0003-mine", "0004-theirs"]);
}

fn an_explicit_file_wins(engine: Engine) {
    let project = begun(engine);
    add(&project, &["0003-mine", "0003-theirs"]);
    fails(
        &project,
        &["migrate", "rebase", "0001-a.sql"],
        (1, "migrate::rebase_applied", &["0001-a.sql", "rollback"]),
    );
    fails(&project, &["migrate", "rebase", "0009-x.sql"], (1, "migrate::unknown_file", &["0009-x.sql"]));
    project.run(&["migrate", "rebase", "migrations/0003-mine.sql"], 0);
    stands(&project, &["0001-a", "0002-b", "0003-theirs", "0004-mine"]);
}

const ONE: &str =
    "#[derive(Model)]\n#[db(table = \"ones\")]\npub struct One {\n    #[db(id)]\n    pub id: i32,\n}\n";
const TWO: &str =
    "#[derive(Model)]\n#[db(table = \"twos\")]\npub struct Two {\n    #[db(id)]\n    pub id: i32,\n}\n";
const THREE: &str =
    "#[derive(Model)]\n#[db(table = \"threes\")]\npub struct Three {\n    #[db(id)]\n    pub id: i32,\n}\n";

fn overrides_and_snapshots_move_along(engine: Engine) {
    let project = Project::bare(engine);
    project.declare(ONE);
    project.run(&["migrate", "create", "--auto", "--name", "one"], 0);
    project.run(&["migrate"], 0);
    let snapshot = |version: &str| format!("migrations/snapshots/{version}.json");
    let dialect = if engine == Engine::Sqlite { "sqlite" } else { "postgres" };
    // One branch declares Two, the other Three; both call their file 0002.
    let branch = |model: &str, name: &str| {
        project.declare(&format!("{ONE}{model}"));
        project.run(&["migrate", "create", "--auto", "--name", name], 0);
        let taken = project.sandbox.read(snapshot("0002")).unwrap();
        let file = project.sandbox.read(format!("migrations/0002-{name}.sql")).unwrap();
        std::fs::remove_file(project.sandbox.path(format!("migrations/0002-{name}.sql"))).unwrap();
        std::fs::remove_file(project.sandbox.path(snapshot("0002"))).unwrap();
        std::fs::remove_file(project.sandbox.path(snapshot(&format!("0002.{dialect}")))).unwrap();
        project.run(&["migrate", "seal"], 0);
        (taken, file)
    };
    let (mine, my_file) = branch(TWO, "two");
    let (theirs, their_file) = branch(THREE, "three");
    project.declare(&format!("{ONE}{TWO}{THREE}"));
    project.sandbox.write("migrations/0002-two.sql", my_file.clone()).unwrap();
    project.sandbox.write(format!("migrations/0002-two.{dialect}.sql"), my_file).unwrap();
    project.sandbox.write("migrations/0002-three.sql", their_file).unwrap();
    let merged = format!("<<<<<<< HEAD\n{mine}=======\n{theirs}>>>>>>> main\n");
    project.sandbox.write(snapshot("0002"), merged).unwrap();
    let sum = project.sandbox.read(SUM).unwrap();
    let line = |name: &str| format!("0 0 0002-{name}.sql\n");
    let text = format!("{sum}<<<<<<< HEAD\n{}=======\n{}>>>>>>> main\n", line("two"), line("three"));
    project.sandbox.write(SUM, text).unwrap();

    let done = project.run(&["migrate", "rebase"], 0);
    assert!(done.stdout.contains("snapshots/0003.json is written anew"), "{}", done.stdout);
    assert_eq!(project.sandbox.read(snapshot("0002")).unwrap(), theirs);
    let newest = project.sandbox.read(snapshot("0003")).unwrap();
    for word in ["One", "Two", "Three"] {
        assert!(newest.contains(word), "{newest}");
    }
    assert!(project.sandbox.path(snapshot(&format!("0003.{dialect}"))).exists());
    assert!(project.sandbox.path(format!("migrations/0003-two.{dialect}.sql")).exists());
    project.run(&["migrate", "--env", "production"], 0);
    project.run(&["migrate", "check"], 0);
    let nothing = project.run(&["migrate", "create", "--auto", "--name", "nothing"], 0);
    assert!(nothing.stdout.contains("Nothing to write"), "{}", nothing.stdout);
}

fn an_interrupted_run_is_finished(engine: Engine) {
    let project = begun(engine);
    add(&project, &["0003-theirs"]);
    project.run(&["migrate"], 0);
    // As after the rename of 0004-mine-too and of 0003-mine, its override and the chain not yet.
    add(&project, &["0004-mine", "0005-mine-too"]);
    project.sandbox.write("migrations/0003-mine.sqlite.sql", table("mine")).unwrap();
    fails(&project, &["migrate"], (1, "migrate::lone_override", &["0003-mine.sqlite.sql"]));
    project.run(&["migrate", "rebase"], 0);
    assert!(project.sandbox.path("migrations/0004-mine.sqlite.sql").exists());
    project.run(&["migrate", "--env", "production"], 0);
    assert_eq!(applied(&project), ["0001", "0002", "0003", "0004", "0005"]);
    // As after the first of two renames.
    let project = begun(engine);
    add(&project, &["0003-theirs"]);
    project.run(&["migrate"], 0);
    add(&project, &["0003-mine", "0005-mine-too"]);
    project.run(&["migrate", "rebase"], 0);
    stands(&project, &["0001-a", "0002-b", "0003-theirs", "0004-mine", "0005-mine-too"]);
}

fn timestamps_become_fresh_ones(engine: Engine) {
    let project = Project::bare(engine);
    add(&project, &["20250101000000-a", "20250103000000-theirs"]);
    project.run(&["migrate"], 0);
    add(&project, &["20250102000000-mine", "20250102000001-mine-too"]);
    fails(&project, &["migrate"], (1, "migrate::out_of_order", &["20250102000000-mine.sql"]));
    project.run(&["migrate", "rebase"], 0);
    let names = files(&project);
    let number = |name: &String| name[..14].parse::<u64>().unwrap();
    let this_year = 20_260_101_000_000;
    assert!(names[2].ends_with("-mine.sql") && number(&names[2]) > this_year, "{names:?}");
    assert!(names[3].ends_with("-mine-too.sql") && number(&names[3]) > number(&names[2]), "{names:?}");
    project.run(&["migrate", "--env", "production"], 0);
}

fn onto_a_version(engine: Engine) {
    let project = begun(engine);
    add(&project, &["0007-c", "0009-d"]);
    fails(
        &project,
        &["migrate", "rebase", "--onto", "0001"],
        (1, "migrate::rebase_applied", &["0002-b.sql"]),
    );
    fails(&project, &["migrate", "rebase", "--onto", "0006"], (1, "migrate::unknown_version", &["0006"]));
    project.run(&["migrate", "rebase", "--onto", "0002"], 0);
    stands(&project, &["0001-a", "0002-b", "0003-c", "0004-d"]);
}
