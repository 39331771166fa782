//! `whimbrel index …`.

use whimbrel_lifecycle::indexes::{
    self, IndexLine, IndexOutcome, IndexPlan, IndexReport, IndexState, IndexStatus, IndexStep, Manage,
};

use super::{Context, Outcome, text};
use crate::arguments::{IndexPlanArguments, ManageArguments, StatusArguments};
use crate::connect::Purpose;
use crate::error::ExitCode;
use crate::progress::Progress;

/// Shows every index with its state and use.
pub(crate) async fn status(context: &Context<'_>, given: &StatusArguments) -> Outcome {
    let project = context.project()?;
    let (mut session, declared) = context.session_and_schema(&project, Purpose::Look).await?;
    let report = indexes::status(&mut session, &declared).await?;
    context.output.result(&report, render_status);
    let found = given.exit_code && !report.is_clean();
    Ok(if found { ExitCode::Found } else { ExitCode::Done })
}

/// Shows what `apply` would do.
pub(crate) async fn plan(context: &Context<'_>, given: &IndexPlanArguments) -> Outcome {
    let project = context.project()?;
    let (mut session, declared) = context.session_and_schema(&project, Purpose::Look).await?;
    let plan = indexes::plan(&mut session, &declared, given.manage.manage()).await?;
    context.output.result(&plan, render_plan);
    let found = given.exit_code && !plan.is_empty();
    Ok(if found { ExitCode::Found } else { ExitCode::Done })
}

/// Builds, repairs and drops.
pub(crate) async fn apply(context: &Context<'_>, given: &ManageArguments) -> Outcome {
    let project = context.project()?;
    let (mut session, declared) = context.session_and_schema(&project, Purpose::Change).await?;
    let mut progress = Progress::new(*context.output, &project.logging, context.global);
    let report = indexes::apply(&mut session, &declared, given.manage(), &mut progress).await?;
    drop(progress);
    context.output.result(&report, render_report);
    Ok(if report.is_whole() { ExitCode::Done } else { ExitCode::Failed })
}

impl ManageArguments {
    fn manage(&self) -> Manage {
        Manage { drop_unmanaged: self.drop_unmanaged, watch: self.watch }
    }
}

fn render_status(report: &IndexStatus) -> String {
    let mut out = format!(
        " project      {} · environment {}\n database     {} {} · {}\n",
        report.project, report.environment, report.server.product, report.server.version, report.url
    );
    if report.indexes.is_empty() {
        out.push_str("\nThere are no indexes, and none are declared.\n");
        return out;
    }
    let counted = |state: IndexState| report.indexes.iter().filter(|line| line.state == state).count();
    let states = [
        IndexState::Present,
        IndexState::Missing,
        IndexState::Different,
        IndexState::Renamed,
        IndexState::Invalid,
        IndexState::Building,
        IndexState::Hidden,
        IndexState::Unmigrated,
        IndexState::Unmanaged,
    ];
    let told = states.into_iter().filter(|state| counted(*state) > 0 || *state == IndexState::Present);
    let words: Vec<String> = told.map(|state| format!("{} {}", counted(state), state.as_str())).collect();
    out.push_str(&format!(" indexes      {}\n", words.join(", ")));
    out.push_str(&format!(" use          {}\n\n", counted_words(report)));
    out.push_str(&table(report));
    out.push('\n');
    out.push_str(&notes(report));
    out
}

/// Since when uses are counted.
fn counted_words(report: &IndexStatus) -> String {
    if !report.counts_use {
        return format!("{} does not count how often an index is used", report.server.product);
    }
    let oldest = report.indexes.iter().filter_map(|line| line.counted_since.as_deref()).min();
    match oldest {
        Some(since) => format!("counted since {since}"),
        None => "counted since the statistics began".to_owned(),
    }
}

fn table(report: &IndexStatus) -> String {
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let rows = report
        .indexes
        .iter()
        .map(|line| {
            let cached = line.hit_permille.map(|permille| format!("{}.{} %", permille / 10, permille % 10));
            let mut row = vec![
                line.table.clone(),
                line.name.clone(),
                line.state.as_str().to_owned(),
                or_dash(line.size_bytes.map(text::bytes)),
            ];
            if report.counts_use {
                row.extend([or_dash(line.uses.map(|uses| uses.to_string())), or_dash(cached)]);
            }
            row.push(line.definition.clone());
            row
        })
        .collect();
    if report.counts_use {
        text::table(&["table", "index", "state", "size", "used", "cached", "definition"], rows, &[3, 4, 5])
    } else {
        text::table(&["table", "index", "state", "size", "definition"], rows, &[3])
    }
}

fn notes(report: &IndexStatus) -> String {
    let noted = |line: &IndexLine| {
        let build = line.build.as_ref().map(|build| {
            let of = build.total.map_or_else(String::new, |total| format!(" of {total}"));
            let left =
                build.left_ms().map_or_else(String::new, |left| format!(", {} s left", left.div_ceil(1_000)));
            format!("{}: {}{of}{left}", build.phase, build.done)
        });
        let what = line.note.clone().or(build);
        what.map(|what| format!("{}.{} {}: {what}", line.table, line.name, line.state.as_str()))
    };
    let told: Vec<String> = report.indexes.iter().filter_map(noted).collect();
    let mut out = String::new();
    if !told.is_empty() || !report.not_compared.is_empty() {
        out.push('\n');
    }
    out.push_str(&text::list("About them:", &told));
    out.push_str(&text::list("Not compared:", &report.not_compared));
    if report.indexes.iter().any(|line| !matches!(line.state, IndexState::Present)) {
        out.push_str("\n`whimbrel index plan` shows what is to be done.\n");
    }
    out
}

fn render_plan(plan: &IndexPlan) -> String {
    let mut out = String::new();
    if plan.is_empty() {
        out.push_str("Nothing to do: every index that is meant to stand does.\n");
    }
    for (place, step) in plan.steps.iter().enumerate() {
        out.push_str(&format!("{}. {}\n", place + 1, described(step)));
        out.push_str(&obstacle(step));
        for statement in &step.statements {
            out.push_str(&format!("     {statement};\n"));
        }
    }
    if plan.obstacles() > 0 {
        out.push_str("\nA step with something in its way is left out until that is gone.\n");
    }
    if !plan.steps.is_empty() {
        out.push_str("\n`whimbrel index apply` does it.\n");
    }
    if !plan.left.is_empty() {
        out.push('\n');
    }
    out.push_str(&text::list("Left as it is:", &plan.left));
    out
}

fn described(step: &IndexStep) -> String {
    format!("{} {} of {}: {}", step.action.as_str(), step.index, step.table, step.why)
}

fn obstacle(step: &IndexStep) -> String {
    let Some(obstacle) = &step.obstacle else { return String::new() };
    let mut out = format!("   in the way: {}\n", obstacle.what);
    for example in &obstacle.examples {
        out.push_str(&format!("     {example}\n"));
    }
    out.push_str(&format!("   {}\n", obstacle.help));
    out
}

fn render_report(report: &IndexReport) -> String {
    let mut out = String::new();
    if report.steps.is_empty() {
        out.push_str("Nothing to do: every index that is meant to stand does.\n");
    }
    for (step, outcome) in &report.steps {
        let name = format!("{} of {}", step.index, step.table);
        match outcome {
            IndexOutcome::Done { duration_ms } => {
                out.push_str(&format!("done    {} {name} ({duration_ms} ms)\n", step.action.as_str()));
                for undo in &step.undo {
                    out.push_str(&format!("        to undo it: {undo};\n"));
                }
            }
            IndexOutcome::Blocked => {
                out.push_str(&format!("blocked {} {name}\n", step.action.as_str()));
                out.push_str(&obstacle(step));
            }
            IndexOutcome::Failed { reason } => {
                out.push_str(&format!("failed  {} {name}: {reason}\n", step.action.as_str()));
            }
        }
    }
    if !report.left.is_empty() {
        out.push('\n');
    }
    out.push_str(&text::list("Left as it is:", &report.left));
    out
}
