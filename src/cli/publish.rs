//! `lifthill publish [TARGET]`.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;

use super::console::Console;
use super::current::{CurrentArgs, bring_up_to_date};
use super::exit::Exit;
use super::global::Global;
use super::lacking::lacks_site;
use crate::config::Settings;
use crate::config::publish::Target;
use crate::door::{self, Most};
use crate::model::date::moment_text;
use crate::publish::failure::Failure;
use crate::publish::guard::Consent;
use crate::publish::manifest::Action;
use crate::publish::register::Line;
use crate::publish::told::{Outcome, PlanFile};
use crate::publish::{self, Named, Options, Seen, Wish};

/// What `publish` takes.
#[derive(Debug, Args)]
pub struct PublishArgs {
    /// The target: a name from `[publish.NAME]` in lifthill.toml, or an address such as
    /// s3://bucket/prefix or file:///srv/www [default: the only one there is]
    target: Option<String>,
    /// Only say what would be done; with --json as a plan that --apply takes
    #[arg(long)]
    dry_run: bool,
    /// Do what this plan says, and nothing if site or target have changed since
    #[arg(long, value_name = "PLAN.json")]
    apply: Option<PathBuf>,
    /// Allow so many objects to go
    #[arg(long, value_name = "N")]
    allow_deletes: Option<u64>,
    /// Allow these URLs to go without a redirect; `*` stands for anything
    #[arg(long, value_name = "PATTERN")]
    allow_gone: Vec<String>,
    /// Write the URLs that caches must forget into this file, instead of purging
    #[arg(long, value_name = "FILE")]
    purge_list: Option<PathBuf>,
    /// Take the target over from another deploy, which must be dead
    #[arg(long)]
    take_over: bool,
    /// Go back to a release: this one, or the one before the live one
    #[arg(long, value_name = "RELEASE", num_args = 0..=1, default_missing_value = "", group = "instead")]
    rollback: Option<String>,
    /// List the releases that can be gone back to
    #[arg(long, group = "instead")]
    list: bool,
    /// Take away what no release needs any more
    #[arg(long, group = "instead")]
    prune: bool,
    /// List the whole target, tell what is not as we left it, and mend it
    #[arg(long, group = "instead")]
    audit: bool,
    #[command(flatten)]
    current: CurrentArgs,
}

/// Publishes the site.
pub fn run(args: &PublishArgs, global: &Global, mut settings: Settings, console: &Console) -> Result<Exit> {
    if lacks_site(global, console) {
        return Ok(Exit::Usage);
    }
    let (name, target) = match target(args.target.as_deref(), &settings) {
        Ok(found) => found,
        Err(problem) => {
            console.problem(&problem);
            return Ok(Exit::Usage);
        }
    };
    let to = Named { name: &name, target: &target };
    if args.list {
        return match publish::releases(&to) {
            Ok(lines) => list(&lines, global, console).map(|()| Exit::Done),
            Err(failure) => Ok(fail(&failure, console)),
        };
    }
    let apply = match args.apply.as_deref().map(read_plan).transpose() {
        Ok(plan) => plan,
        Err(error) => {
            console.problem(&format!("{error:#}"));
            return Ok(Exit::Usage);
        }
    };
    let wish = match (&args.rollback, args.prune, args.audit) {
        (Some(id), ..) => Wish::Rollback(Some(id.clone()).filter(|id| !id.is_empty())),
        (_, true, _) => Wish::Prune,
        (.., true) => Wish::Audit,
        _ => Wish::Publish,
    };
    let mut seen = Seen::default();
    if matches!(wish, Wish::Publish | Wish::Audit) {
        let looked = match wish {
            Wish::Publish if !args.current.no_build => publish::elsewhere(&global.root, &to),
            _ => Ok(Default::default()),
        };
        let elsewhere = match looked {
            Ok((elsewhere, there)) => {
                seen = there;
                elsewhere
            }
            Err(failure) => return Ok(fail(&failure, console)),
        };
        let exit = bring_up_to_date(&args.current, global, &mut settings, &elsewhere, console)?;
        if exit != Exit::Done {
            console.problem("nothing was published, since the site could not be built");
            return Ok(exit);
        }
    }
    let options = Options {
        dry_run: args.dry_run,
        consent: Consent { deletes: args.allow_deletes, gone: args.allow_gone.clone() },
        take_over: args.take_over,
        purge_list: args.purge_list.clone(),
        apply,
        now: args.current.as_of.moment(),
    };
    let outcome = publish::publish(&global.root, &settings, &to, &wish, &options, seen, console);
    console.end_progress();
    match outcome {
        Ok(outcome) => tell(&outcome, args, global, console),
        Err(failure) => Ok(fail(&failure, console)),
    }
}

/// The target that was meant, with its name.
pub fn target(typed: Option<&str>, settings: &Settings) -> Result<(String, Target), String> {
    let known = || settings.publish.keys().map(String::as_str);
    match typed {
        Some(address) if address.contains("://") => match crate::config::publish::wrong_address(address) {
            Some(problem) => Err(problem),
            None => Ok((address.to_owned(), Target::new(address))),
        },
        Some(name) => match settings.publish.get(name) {
            Some(target) => Ok((name.to_owned(), target.clone())),
            None => {
                let help = crate::diagnostics::suggestion(name, known().collect::<Vec<_>>());
                let help = help.map(|help| format!("; {help}")).unwrap_or_default();
                Err(format!("lifthill.toml has no target `[publish.{name}]`{help}"))
            }
        },
        None => match settings.publish.iter().next() {
            Some((name, target)) if settings.publish.len() == 1 => Ok((name.clone(), target.clone())),
            Some(_) => Err(format!("name a target: {}", known().collect::<Vec<_>>().join(", "))),
            None => {
                Err("there is no target: add [publish.live] with `to = \"s3://bucket\"` to lifthill.toml".to_owned())
            }
        },
    }
}

/// Says why it came to nothing; the exit code that follows.
pub fn fail(failure: &Failure, console: &Console) -> Exit {
    match failure {
        Failure::Refused(reasons) => {
            reasons.iter().take(50).for_each(|reason| console.problem(reason));
            if reasons.len() > 50 {
                console.problem(&format!("… and {} more", reasons.len() - 50));
            }
            Exit::Refused
        }
        Failure::Usage(reason) => {
            console.problem(reason);
            Exit::Usage
        }
        Failure::Network(error) => {
            console.problem(&format!("{error:#}"));
            console.say("  = help: run the same command again; it goes on where this one stopped");
            Exit::Network
        }
        Failure::Local(error) => {
            console.problem(&format!("{error:#}"));
            Exit::FileSystem
        }
    }
}

fn read_plan(path: &std::path::Path) -> Result<PlanFile> {
    let text =
        door::read_named_text(path, Most::megabytes(256)).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is no plan of `publish --dry-run --json`", path.display()))
}

fn tell(outcome: &Outcome, args: &PublishArgs, global: &Global, console: &Console) -> Result<Exit> {
    if args.dry_run {
        let refused = !outcome.refusals.is_empty();
        outcome.refusals.iter().take(50).for_each(|reason| console.problem(reason));
        if let Some(plan) = &outcome.plan {
            match global.json {
                true => console.data(&serde_json::to_string_pretty(plan)?)?,
                false => console.data(&plan_text(plan))?,
            }
        }
        return Ok(if refused { Exit::Refused } else { Exit::Done });
    }
    outcome.findings.iter().for_each(|finding| console.say(finding));
    let changes = outcome.plan.as_ref().map(|plan| plan.counts).unwrap_or_default();
    if outcome.published {
        let purged = outcome.plan.as_ref().map(|plan| plan.purge.forgotten).unwrap_or_default();
        let mut line = format!(
            "published {}: {} sent ({} bytes), {} removed, {purged} URLs to purge",
            outcome.live.as_deref().unwrap_or_default(),
            outcome.objects,
            outcome.bytes,
            changes.removed + changes.expired,
        );
        if outcome.pruned > 0 {
            line.push_str(&format!(", {} pruned", outcome.pruned));
        }
        console.say(&format!("{line} · {:.2} s", outcome.seconds));
    } else if outcome.pruned > 0 {
        console.say(&format!("{} kept objects taken away", outcome.pruned));
    } else {
        let live = outcome.live.as_deref().unwrap_or("it");
        console.say(&format!("nothing to do: {live} is live · {:.2} s", outcome.seconds));
    }
    if global.json {
        console.data(&serde_json::to_string(outcome)?)?;
    }
    Ok(Exit::Done)
}

/// Changes shown in a plan's text at most.
const SHOWN: usize = 2_000;

fn plan_text(plan: &PlanFile) -> String {
    let mut text = String::new();
    for change in plan.changes.iter().take(SHOWN) {
        let sign = match change.action {
            Action::Add => "+",
            Action::Replace => "~",
            Action::Redress => "h",
            Action::Mend => "!",
            Action::Remove | Action::Expire => "-",
        };
        text.push_str(&format!("{sign} {} ({} bytes)\n", change.key, change.bytes));
    }
    if plan.changes.len() > SHOWN {
        text.push_str(&format!("… and {} more\n", plan.changes.len() - SHOWN));
    }
    let counts = plan.counts;
    text.push_str(&format!(
        "{} to add, {} to replace, {} with other headers, {} to mend, {} to remove; {} bytes; {} URLs to purge",
        counts.added,
        counts.replaced,
        counts.redressed,
        counts.mended,
        counts.removed + counts.expired,
        plan.bytes,
        plan.purge.forgotten
    ));
    text
}

fn list(lines: &[Line], global: &Global, console: &Console) -> Result<()> {
    if global.json {
        return Ok(console.data(&serde_json::to_string(lines)?)?);
    }
    let mut text = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let live = if index == 0 { " (live)" } else { "" };
        let back = line.back_to.as_ref().map(|id| format!(", a return to {id}")).unwrap_or_default();
        text.push(format!(
            "{}{live} {}: {} objects, {} bytes{back}",
            line.id,
            moment_text(line.at),
            line.objects,
            line.bytes
        ));
    }
    if text.is_empty() {
        text.push("nothing has been published yet".to_owned());
    }
    Ok(console.data(&text.join("\n"))?)
}
