//! `superladder limit-cycles`: the cycle that mean field settles on, its branch over a parameter, its bifurcations.

use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};
use superladder::atlas;
use superladder::config::Study;
use superladder::mean_field::{
    Branch, Course, Cycle, MeanFieldEquations, Waveform, followed, instability, start_near_normal, turned,
};
use superladder::output::{Clock, OutputFolder};
use superladder::plot::{self, CycleBranch};
use superladder::sweep::{Axis, Sweep};

use super::atlas::{of_mean_field, positive};
use super::{BadInput, Verdict};
use crate::cli::LimitCycles;
use crate::progress;

/// To which bifurcations are located.
const TOLERANCE: f64 = 1e-7;
/// A branch that turns may come by more often than its range has points.
const TURNS: usize = 4;

/// A cycle with its waveforms, one per unknown.
struct Shown {
    cycle: Cycle,
    waves: Vec<Waveform>,
}

impl Shown {
    fn new(equations: &MeanFieldEquations, cycle: Cycle) -> anyhow::Result<Self> {
        let samples = cycle.samples(equations)?;
        let wave = |place: usize| Waveform::of(&samples.iter().map(|s| s[place]).collect::<Vec<_>>());
        Ok(Self { waves: (0..equations.dim()).map(wave).collect(), cycle })
    }

    fn json(&self, names: &[String]) -> Value {
        let wave = |(name, w): (&String, &Waveform)| {
            (
                name.clone(),
                json!({ "mean": w.mean, "min": w.min, "max": w.max, "amplitude": w.amplitude(), "harmonics": w.harmonics }),
            )
        };
        let multipliers: Vec<[f64; 2]> = self.cycle.multipliers.iter().map(|z| [z.re, z.im]).collect();
        json!({
            "period": self.cycle.period,
            "frequency": std::f64::consts::TAU / self.cycle.period,
            "symmetric": self.cycle.symmetric,
            "state": self.cycle.state,
            "multipliers": multipliers,
            "waveforms": names.iter().zip(&self.waves).map(wave).collect::<serde_json::Map<_, _>>(),
        })
    }
}

/// A branch with the waveforms of its cycles.
struct Followed {
    key: String,
    branch: Branch,
    shown: Vec<Shown>,
    conserved: usize,
}

/// Prints the cycle that the start near the normal state settles on, and follows it if asked to.
pub(crate) fn limit_cycles(
    arguments: &LimitCycles,
    out: &mut dyn Write,
    interrupted: &AtomicBool,
) -> anyhow::Result<Verdict> {
    positive("burn", arguments.burn)?;
    let clock = Clock::start();
    let (path, sets) = (&arguments.study.study, &arguments.study.sets);
    let axis = arguments.follow.iter().cloned().collect::<Vec<String>>();
    let sweep = (!axis.is_empty()).then(|| Sweep::load(path, sets, &axis)).transpose()?;
    let study = of_mean_field(&arguments.study)?;
    let first = sweep.as_ref().map_or(&study, |s| &s.points[0].study);
    let range = sweep.as_ref().map(|s| range(&s.axes[0])).transpose()?;
    let folder =
        arguments.output.as_ref().map(|target| OutputFolder::begin(target, arguments.force)).transpose()?;
    let equations = derived(first)?;
    let names: Vec<String> = equations.variables().iter().map(|v| v.name.clone()).collect();
    let start = start_near_normal(&equations);
    let Some(cycle) = Cycle::attracting(&equations, &start, arguments.burn, 24)? else {
        writeln!(out, "{}: no limit cycle was found from the start near the normal state", study.title)?;
        return Ok(Verdict::Done);
    };
    let conserved = equations.conserved_lengths().len();
    let branch = match (&sweep, range) {
        (Some(sweep), Some((from, to, step))) => {
            let axis = &sweep.axes[0];
            let most = TURNS * axis.values.len() + 8;
            let bar = progress::counter(most, "cycles at most", arguments.json);
            let at = |value: f64| -> anyhow::Result<MeanFieldEquations> {
                derived(&atlas::study_at(path, sets, &axis.path, value)?)
            };
            let go_on = |done: usize| {
                bar.set_position(done as u64);
                !interrupted.load(Ordering::SeqCst)
            };
            let course = Course { from, to, step, most, tolerance: TOLERANCE };
            let branch = followed(&cycle, course, at, &go_on)?;
            bar.finish_and_clear();
            let shown = branch.points.iter().map(|p| Shown::new(&at(p.parameter)?, p.cycle.clone()));
            let shown = shown.collect::<anyhow::Result<Vec<Shown>>>()?;
            Some(Followed { key: axis.key.clone(), branch, shown, conserved })
        }
        _ => None,
    };
    let cycle = Shown::new(&equations, cycle)?;
    let free: Vec<&str> = turned(&equations).into_iter().map(|k| names[k].as_str()).collect();
    if arguments.json {
        let all = json!({ "title": study.title, "cycle": cycle.json(&names), "phase_of_the_start": free, "branch": branch.as_ref().map(|b| b.json(&names)) });
        writeln!(out, "{}", serde_json::to_string_pretty(&all)?)?;
    } else {
        print_cycle(&study.title, &names, &cycle, conserved, out)?;
        if !free.is_empty() {
            writeln!(
                out,
                "\na continuous symmetry turns {}: their phases, and means that depend on them, are those of the start",
                free.join(", ")
            )?;
        }
        branch.iter().try_for_each(|branch| branch.print(equations.modes(), out))?;
    }
    if interrupted.load(Ordering::SeqCst) {
        writeln!(std::io::stderr(), "interrupted: the branch ends where it was")?;
        return Ok(Verdict::Interrupted);
    }
    if let Some(folder) = folder {
        let written =
            write(folder, &study, (&names, &free), &cycle, branch.as_ref(), equations.modes(), clock)?;
        if !arguments.json {
            writeln!(out, "results in {}", written.display())?;
        }
    }
    Ok(Verdict::Done)
}

fn derived(study: &Study) -> anyhow::Result<MeanFieldEquations> {
    Ok(atlas::equations(study).map_err(BadInput::from)?)
}

/// First and last value of an axis and the mean step between.
fn range(axis: &Axis) -> Result<(f64, f64, f64), BadInput> {
    let numbers: Vec<f64> = axis.values.iter().filter_map(|v| v.number).collect();
    match numbers[..] {
        [from, .., to] if numbers.len() == axis.values.len() => {
            Ok((from, to, (to - from).abs() / (numbers.len() - 1) as f64))
        }
        _ => Err(BadInput::Axis(axis.key.clone())),
    }
}

fn print_cycle(
    title: &str,
    names: &[String],
    Shown { cycle, waves }: &Shown,
    conserved: usize,
    out: &mut dyn Write,
) -> std::io::Result<()> {
    let frequency = std::f64::consts::TAU / cycle.period;
    writeln!(out, "{title}\nperiod {:.12}, angular frequency {frequency:.12}", cycle.period)?;
    let yes = |x: bool| if x { "yes" } else { "no" };
    writeln!(out, "half a period is the reflection of the parity: {}", yes(cycle.symmetric))?;
    writeln!(out, "stable: {}", yes(cycle.stable(conserved)))?;
    writeln!(
        out,
        "\n{:<12} {:>16} {:>16} {:>12} {:>12} {:>12} {:>12}",
        "unknown", "mean", "amplitude", "harmonic 1", "2", "3", "4"
    )?;
    for (name, wave) in names.iter().zip(waves) {
        let (mean, amplitude, h) = (wave.mean, wave.amplitude(), wave.harmonics);
        writeln!(
            out,
            "{name:<12} {mean:>16.10} {amplitude:>16.10} {:>12.3e} {:>12.3e} {:>12.3e} {:>12.3e}",
            h[0], h[1], h[2], h[3]
        )?;
    }
    writeln!(out, "\nFloquet multipliers (1 for time translation and for every conserved spin length)")?;
    for value in &cycle.multipliers {
        writeln!(out, "    {:>18.12} {:>+18.12} i   modulus {:.10}", value.re, value.im, value.norm())?;
    }
    Ok(())
}

impl Followed {
    /// The unknown whose mean and amplitude stand for the cycle: `S^x` of the first ensemble, or Q of the first mode.
    fn order(&self, modes: usize) -> usize {
        let spins = self.shown.first().is_some_and(|s| s.waves.len() > 2 * modes);
        if spins { 2 * modes } else { 0 }
    }

    /// The largest modulus of a free multiplier.
    fn modulus(&self, k: usize) -> f64 {
        instability(&self.branch.points[k].cycle, self.conserved).0 + 1.0
    }

    fn print(&self, modes: usize, out: &mut dyn Write) -> std::io::Result<()> {
        let order = self.order(modes);
        writeln!(
            out,
            "\n{:>14} {:>18} {:>14} {:>14} {:>14}",
            self.key, "period", "|multiplier|", "mean", "amplitude"
        )?;
        for (k, (point, shown)) in self.branch.points.iter().zip(&self.shown).enumerate() {
            let (period, wave) = (point.cycle.period, &shown.waves[order]);
            writeln!(
                out,
                "{:>14.8} {period:>18.12} {:>14.10} {:>14.8} {:>14.8}",
                point.parameter,
                self.modulus(k),
                wave.mean,
                wave.amplitude()
            )?;
        }
        for (parameter, kind) in &self.branch.bifurcations {
            writeln!(out, "{kind:?} at {} = {parameter:.7}", self.key)?;
        }
        if let Some(parameter) = self.branch.lost {
            writeln!(out, "the cycle could not be followed beyond {} = {parameter}", self.key)?;
        }
        Ok(())
    }

    fn json(&self, names: &[String]) -> Value {
        let points = self.branch.points.iter().zip(&self.shown);
        let point = |(p, s): (&superladder::mean_field::BranchPoint, &Shown)| {
            let mut cycle = s.json(names);
            cycle["parameter"] = p.parameter.into();
            cycle
        };
        let bifurcations: Vec<Value> = self
            .branch
            .bifurcations
            .iter()
            .map(|(p, kind)| json!({ "parameter": p, "kind": kind }))
            .collect();
        json!({ "parameter": self.key, "points": points.map(point).collect::<Vec<_>>(),
            "bifurcations": bifurcations, "lost": self.branch.lost })
    }

    fn table(&self, names: &[String]) -> String {
        let parts = ["mean", "amplitude", "harmonic_1", "harmonic_2", "harmonic_3", "harmonic_4"];
        let mut heads = vec![self.key.clone(), "period".into(), "multiplier".into(), "stable".into()];
        for name in names {
            heads.extend(parts.map(|part| format!("{}.{part}", name.replace(',', ";"))));
        }
        let mut lines = vec![heads.join(",")];
        for (k, (point, shown)) in self.branch.points.iter().zip(&self.shown).enumerate() {
            let modulus = self.modulus(k);
            let mut cells = [point.parameter, point.cycle.period, modulus].map(|x| format!("{x:?}")).to_vec();
            cells.push((modulus < 1.0).to_string());
            for wave in &shown.waves {
                let numbers = [wave.mean, wave.amplitude()].into_iter().chain(wave.harmonics);
                cells.extend(numbers.map(|x| format!("{x:?}")));
            }
            lines.push(cells.join(","));
        }
        lines.join("\n") + "\n"
    }

    /// What is drawn.
    fn drawn(&self, modes: usize, name: &str) -> CycleBranch {
        let order = self.order(modes);
        let points = self.branch.points.iter().zip(&self.shown).enumerate().map(|(k, (point, shown))| {
            let wave = &shown.waves[order];
            [point.parameter, point.cycle.period, wave.mean, wave.amplitude(), self.modulus(k)]
        });
        CycleBranch {
            key: self.key.clone(),
            unknown: name.to_owned(),
            points: points.collect(),
            bifurcations: self
                .branch
                .bifurcations
                .iter()
                .map(|(p, kind)| (*p, format!("{kind:?}")))
                .collect(),
        }
    }
}

fn write(
    folder: OutputFolder,
    study: &Study,
    (names, free): (&[String], &[&str]),
    cycle: &Shown,
    branch: Option<&Followed>,
    modes: usize,
    clock: Clock,
) -> anyhow::Result<PathBuf> {
    let text = serde_json::to_string_pretty(&cycle.json(names))?;
    folder.write("cycle.json", |file| writeln!(file, "{text}"))?;
    if let Some(branch) = branch {
        folder.write("branch.csv", |file| file.write_all(branch.table(names).as_bytes()))?;
        folder.write("bifurcations.csv", |file| {
            writeln!(file, "{},kind", branch.key)?;
            branch.branch.bifurcations.iter().try_for_each(|(p, kind)| writeln!(file, "{p:?},{kind:?}"))
        })?;
        let name = &names[branch.order(modes)];
        folder.write_picture("branch", &plot::cycle_branch(&branch.drawn(modes, name)))?;
    }
    let manifest = json!({
        "program": "superladder",
        "command": "limit-cycles",
        "version": env!("CARGO_PKG_VERSION"),
        "commit": option_env!("SUPERLADDER_COMMIT").unwrap_or("unknown"),
        "followed": branch.map(|b| b.key.as_str()),
        "cycles": branch.map_or(1, |b| b.branch.points.len()),
        "residue": cycle.cycle.residue,
        "phase_of_the_start": free,
        "tolerance": TOLERANCE,
        "wall_seconds": clock.read().wall_seconds,
        "configuration": study.resolved(),
    });
    folder.write("manifest.json", |file| writeln!(file, "{manifest:#}"))?;
    folder.write("study.toml", |file| file.write_all(study.text().as_bytes()))?;
    Ok(folder.finish()?)
}
