//! Changes of type that `--auto` writes, on a large table that is written to all the while: no write is lost.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use whimbrel_schema::generate::Random;
use whimbrel_testkit::PostgresVersion;

use crate::load::{Connection, under_load};
use crate::project::{Engine, Project};

/// How many rows the table has before the load.
const ROWS: i64 = 1_000_000;
const WRITERS: i64 = 3;
/// Between two steps of a writer: a steady load, not one that takes the whole machine.
const PAUSE: Duration = Duration::from_millis(2);
/// No statement of the load may wait longer for a lock: none is held while rows are read or written but those of a batch.
const LONGEST_BLOCKED: Duration = Duration::from_secs(1);

const BEFORE: &str = r"
#[derive(Model)]
#[db(table = 'readings')]
#[db(index(counter))]
#[db(check(counted = counter >= 0))]
pub struct Reading {
    #[db(id)]
    pub id: i64,
    #[db(default = 0)]
    pub counter: i32,
    pub code: Option<String>,
    pub note: String,
}
";

/// What a row holds: the counter and the code.
type Values = (i64, Option<i64>);

/// Writes rows of its own and remembers each committed write.
struct Writer {
    number: i64,
    random: Random,
    next_id: i64,
    /// Every row that it touched; none where it deleted the row.
    shadow: BTreeMap<i64, Option<Values>>,
    writes: u64,
}

impl Writer {
    fn new(number: i64) -> Self {
        let next_id = ROWS + WRITERS + number;
        let seed = number.unsigned_abs() + 1;
        Writer { number, random: Random::new(seed), next_id, shadow: BTreeMap::new(), writes: 0 }
    }

    fn below(&mut self, end: i64) -> i64 {
        i64::try_from(self.random.below(usize::try_from(end).unwrap())).unwrap()
    }

    fn values(&mut self) -> Values {
        let code = if self.random.percent(10) { None } else { Some(self.below(100_000)) };
        (self.below(2_000_000_000), code)
    }

    /// A row of its own: one that it inserted lately, or one that was there from the start.
    fn any_id(&mut self) -> i64 {
        let inserted = (self.next_id - ROWS) / WRITERS;
        if self.random.percent(30) && inserted > 1 {
            let back = self.below(inserted.min(200));
            self.next_id - WRITERS * (back + 1)
        } else {
            self.below(ROWS / WRITERS) * WRITERS + self.number
        }
    }

    fn present(&self, id: i64) -> Option<Values> {
        match self.shadow.get(&id) {
            Some(known) => *known,
            None if (1..=ROWS).contains(&id) => Some(values_at_first(id)),
            None => None,
        }
    }

    fn step(&mut self, connection: &mut Connection) {
        match self.random.below(10) {
            0..=3 => self.insert(connection),
            4 => self.delete(connection),
            5 => self.update_and_change_its_mind(connection),
            6 => self.update_two(connection),
            _ => {
                let id = self.any_id();
                self.update(connection, id);
            }
        }
    }

    fn insert(&mut self, connection: &mut Connection) {
        let id = self.next_id;
        self.next_id += WRITERS;
        let (counter, code) = self.values();
        if self.random.percent(10) {
            // The default of the counter stands all the time.
            connection.run(&format!(
                "INSERT INTO readings (id, code, note) VALUES ({id}, {}, 'new')",
                literal(code)
            ));
            self.shadow.insert(id, Some((0, code)));
        } else {
            connection.run(&format!(
                "INSERT INTO readings (id, counter, code, note) VALUES ({id}, {counter}, {}, 'new')",
                literal(code)
            ));
            self.shadow.insert(id, Some((counter, code)));
        }
        self.writes += 1;
    }

    fn delete(&mut self, connection: &mut Connection) {
        let id = self.any_id();
        connection.run(&format!("DELETE FROM readings WHERE id = {id}"));
        self.shadow.insert(id, None);
        self.writes += 1;
    }

    /// Sets one column or both. A row that is gone stays so.
    fn update(&mut self, connection: &mut Connection, id: i64) {
        let known = self.present(id);
        let (counter, code) = self.values();
        let sets = match self.random.below(3) {
            0 => {
                self.shadow.insert(id, known.map(|(_, code)| (counter, code)));
                format!("counter = {counter}")
            }
            1 => {
                self.shadow.insert(id, known.map(|(counter, _)| (counter, code)));
                format!("code = {}", literal(code))
            }
            _ => {
                self.shadow.insert(id, known.map(|_| (counter, code)));
                format!("counter = {counter}, code = {}", literal(code))
            }
        };
        connection.run(&format!("UPDATE readings SET {sets} WHERE id = {id}"));
        self.writes += 1;
    }

    /// Two rows in one transaction, the smaller key first as the backfill goes.
    fn update_two(&mut self, connection: &mut Connection) {
        let mut ids = [self.any_id(), self.any_id()];
        ids.sort_unstable();
        connection.run("BEGIN");
        for id in ids {
            self.update(connection, id);
        }
        connection.run("COMMIT");
    }

    fn update_and_change_its_mind(&mut self, connection: &mut Connection) {
        let id = self.any_id();
        connection.run("BEGIN");
        connection.run(&format!("UPDATE readings SET counter = 1, code = '1' WHERE id = {id}"));
        connection.run("ROLLBACK");
    }
}

fn literal(code: Option<i64>) -> String {
    code.map_or_else(|| "NULL".to_owned(), |code| format!("'{code}'"))
}

/// What the row held before the load; `fill` writes the same.
fn values_at_first(id: i64) -> Values {
    (id * 7 % 2_000_000_000, (id % 11 != 0).then_some(id % 100_000))
}

fn fill(project: &Project) {
    let database = project.database();
    database
        .psql(&format!(
            "INSERT INTO readings (id, counter, code, note)
             SELECT id, id * 7 % 2000000000, CASE WHEN id % 11 <> 0 THEN (id % 100000)::text END, 'from the start'
             FROM generate_series(1, {ROWS}) AS id;
             ANALYZE readings"
        ))
        .unwrap();
}

#[test]
fn a_type_that_changes_under_load_loses_no_write() {
    let project = Project::bare(Engine::Postgres(PostgresVersion::V17));
    let before = BEFORE.replace('\'', "\"");
    project.declare(&before);
    project.run(&["migrate", "create", "--auto", "--name", "the start"], 0);
    project.run(&["migrate"], 0);
    fill(&project);
    let after = before.replace("counter: i32", "counter: i64").replace("Option<String>", "Option<i32>");
    project.declare(&after);
    project.run(&["migrate", "create", "--auto", "--name", "wider"], 0);
    assert!(project.sandbox.read(project.migration("-wider.sql")).unwrap().contains("CREATE TRIGGER"));

    let writers = (0..WRITERS).map(Writer::new).collect();
    let (writers, (took, met)) = under_load(project.url(), writers, PAUSE, Writer::step, |load| {
        let begun = Instant::now();
        project.run(&["migrate"], 0);
        (begun.elapsed(), load.take())
    });

    assert_eq!(met.failed, Vec::<String>::new());
    project.run(&["migrate", "check"], 0);
    let types = "SELECT string_agg(format_type(atttypid, atttypmod), ' ' ORDER BY attname) FROM pg_attribute
                 WHERE attrelid = 'readings'::regclass AND attname IN ('counter', 'code')";
    assert_eq!(project.database().psql(types).unwrap(), "integer bigint");
    let compared = compare(&project, &writers);
    let writes: u64 = writers.iter().map(|writer| writer.writes).sum();
    println!(
        "{ROWS} rows at first, {compared} compared; {writes} writes by {WRITERS} writers while the types changed in {:.1} s; \
         the longest of {} statements took {} ms, and one was blocked for {} ms: {}",
        took.as_secs_f64(),
        met.statements,
        met.longest.as_millis(),
        met.blocked.as_millis(),
        met.most_blocked
    );
    assert!(writes > 1_000, "the load was no load: {writes} writes");
    assert!(met.blocked < LONGEST_BLOCKED, "{met:?}");
}

/// Compares every row with what was written to it last. Gives the number of rows.
fn compare(project: &Project, writers: &[Writer]) -> usize {
    let text = project.database().psql("SELECT id, counter, code FROM readings ORDER BY id").unwrap();
    let mut expected: BTreeMap<i64, Values> = (1..=ROWS).map(|id| (id, values_at_first(id))).collect();
    for (id, values) in writers.iter().flat_map(|writer| &writer.shadow) {
        match values {
            Some(values) => expected.insert(*id, *values),
            None => expected.remove(id),
        };
    }
    let mut wrong = Vec::new();
    let mut rows = 0;
    for line in text.lines() {
        rows += 1;
        let mut fields = line.split('|');
        let mut next = || fields.next().unwrap();
        let (id, counter, code) = (next().parse().unwrap(), next().parse().unwrap(), next());
        let found: Values = (counter, (!code.is_empty()).then(|| code.parse().unwrap()));
        let written = expected.remove(&id);
        if written != Some(found) {
            wrong.push(format!("row {id} holds {found:?}, and {written:?} was written"));
        }
    }
    wrong.extend(expected.iter().map(|(id, values)| format!("row {id} is gone, and {values:?} was written")));
    assert!(wrong.is_empty(), "{} writes are lost\n{}", wrong.len(), wrong[..wrong.len().min(20)].join("\n"));
    rows
}
