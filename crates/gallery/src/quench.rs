//! Fig. 3: the quench from superradiance into lasing, and the decay rates read off it.

use rayon::prelude::*;
use superladder_mean_field::{Cycle, FixedPoint, Polariton, Waveform};

use crate::critical::{Rate, critical, normal_state, superradiant_state};
use crate::error::ReproduceError;
use crate::figure::{Claim, Context, Made, Table};
use crate::paper::{FIG3, sets};
use superladder_plot::{Corner, Curve, CurvesPanel, Note, Shade, Sheet, SheetPanel, Stroke, TIME};
use superladder_study::Study;
use superladder_workflows::attempt::attempt;
use superladder_workflows::identity::of_words;
use superladder_workflows::maps;

/// The frequency that the caption prints.
const PRINTED: f64 = 1.63;
/// Stage A, from which the decay of the lower polariton is read.
const STAGE_A: (f64, f64) = (20.0, 80.0);
/// Stage C of a growing trace: from so many times the minimum of n to this part of its largest value.
const STAGE_C: (f64, f64) = (4.0, 0.04);

/// Photons per spin against time.
struct Trace {
    times: Vec<f64>,
    photons: Vec<f64>,
}

/// What is read off a quench.
struct Readings {
    trace: Trace,
    /// The average over a period of the limit cycle.
    mean: Vec<(f64, f64)>,
    /// Where the average is smallest.
    least: (f64, f64),
    /// When the average reaches 95 % of its final value.
    risen: f64,
    cycle: Cycle,
    photons: Waveform,
}

fn not_found(what: &str) -> ReproduceError {
    ReproduceError::NotFound { figure: "fig3", what: what.into() }
}

fn run(study: &Study, context: &Context<'_>) -> Result<Trace, ReproduceError> {
    let done = attempt(study.engine().as_ref(), &study.problem, context.watch.interrupted)?;
    let place = study.problem.observables.iter().position(|o| o.name == "photons(a)");
    let place = place.ok_or_else(|| not_found("the observable photons(a)"))?;
    Ok(Trace { times: done.recorder.times(), photons: done.recorder.column(place, 0) })
}

/// Averages over `window`, each at the middle of its window.
fn averaged(trace: &Trace, window: f64) -> Vec<(f64, f64)> {
    let (t, n) = (&trace.times, &trace.photons);
    let mut sums = vec![0.0];
    for k in 1..t.len() {
        sums.push(sums[k - 1] + 0.5 * (t[k] - t[k - 1]) * (n[k] + n[k - 1]));
    }
    let until = |time: f64| {
        let k = t.partition_point(|x| *x <= time).clamp(1, t.len() - 1);
        let part = (time - t[k - 1]) / (t[k] - t[k - 1]);
        sums[k - 1] + part * (sums[k] - sums[k - 1])
    };
    let starts = t.iter().filter(|start| *start + window <= t[t.len() - 1]);
    starts.map(|start| (start + 0.5 * window, (until(start + window) - until(*start)) / window)).collect()
}

/// Minus the slope of the logarithm between two times; NaN with fewer than ten points.
fn decay(mean: &[(f64, f64)], from: f64, to: f64) -> f64 {
    let points: Vec<(f64, f64)> =
        mean.iter().filter(|(t, n)| *t >= from && *t <= to && *n > 0.0).map(|(t, n)| (*t, n.ln())).collect();
    if points.len() < 10 {
        return f64::NAN;
    }
    let count = points.len() as f64;
    let (x, y) = points.iter().fold((0.0, 0.0), |(x, y), p| (x + p.0 / count, y + p.1 / count));
    let (xy, xx) =
        points.iter().fold((0.0, 0.0), |(a, b), p| (a + (p.0 - x) * (p.1 - y), b + (p.0 - x).powi(2)));
    -xy / xx
}

fn lowest(mean: &[(f64, f64)]) -> (f64, f64) {
    mean.iter().copied().fold((f64::NAN, f64::INFINITY), |least, p| if p.1 < least.1 { p } else { least })
}

fn readings(study: &Study, context: &Context<'_>) -> Result<Readings, ReproduceError> {
    let trace = run(study, context)?;
    let equations = maps::equations(study)?;
    let start = equations.initial(&study.problem.initial)?;
    let cycle =
        Cycle::attracting(&equations, &start, 4000.0, 24)?.ok_or_else(|| not_found("the limit cycle"))?;
    let photons: Vec<f64> =
        cycle.samples(&equations)?.iter().map(|v| 0.5 * (v[0] * v[0] + v[1] * v[1])).collect();
    let photons = Waveform::of(&photons);
    let mean = averaged(&trace, cycle.period);
    let least = lowest(&mean);
    Ok(Readings { risen: risen(&mean, photons.mean), trace, mean, least, cycle, photons })
}

/// When an average reaches 95 % of its final value after its minimum.
fn risen(mean: &[(f64, f64)], last: f64) -> f64 {
    let least = lowest(mean);
    mean.iter().find(|(t, n)| *t > least.0 && *n >= 0.95 * last).map_or(f64::NAN, |p| p.0)
}

/// A point of Fig. 3(b): rates read off stages A and C of the average over a beat of the polaritons.
fn rates(study: &Study, context: &Context<'_>, beat: f64) -> Result<[f64; 2], ReproduceError> {
    let mean = averaged(&run(study, context)?, beat);
    let (least, last) = (lowest(&mean), mean.last().copied().unwrap_or_default());
    let most = mean.iter().filter(|p| p.0 > least.0).map(|p| p.1).fold(0.0, f64::max);
    let at = |level: f64| mean.iter().find(|p| p.0 > least.0 && p.1 >= level).map_or(last.0, |p| p.0);
    // Growth: well above the minimum and well below saturation. Decay, or growth that has not come so far
    // yet: the last third, where the faster mode is gone.
    let last_third = (2.0 * last.0 / 3.0, last.0);
    let growth = (at(STAGE_C.0 * least.1), at((STAGE_C.1 * most).max(2.0 * STAGE_C.0 * least.1)));
    let late = if most > 3.0 * least.1 && growth.0 < growth.1 { growth } else { last_third };
    Ok([decay(&mean, STAGE_A.0, STAGE_A.1), decay(&mean, late.0, late.1)])
}

/// The growth rate of the eigenvalue of frequency nearest to `omega`.
fn growth_at(point: &FixedPoint, omega: f64) -> f64 {
    let distance = |z: &num_complex::Complex64| (z.im.abs() - omega).abs() + 0.1 * z.re.abs();
    let nearest = point.eigenvalues.iter().min_by(|a, b| distance(a).total_cmp(&distance(b)));
    nearest.map_or(f64::NAN, |z| z.re)
}

/// Fig. 3(b) as a table: wz', rates of stages A and C, twice Eq. (4), twice the weak-coupling formula,
/// eigenvalues.
fn scan(context: &Context<'_>) -> Result<Option<Table>, ReproduceError> {
    let count = if context.options.points >= 37 { 37 } else { 19 };
    let long = ["time.end=1500".to_owned(), "time.points=15001".to_owned()];
    let sweep = FIG3.sweep(&long, &[format!("omega_T=0.4:2.2:{count}")])?;
    context.begun("frequencies of T", sweep.points.len());
    let row = |point: &superladder_workflows::sweep::Point| -> Result<Option<[f64; 7]>, ReproduceError> {
        let omega_t = point.values[0].number.unwrap_or(f64::NAN);
        let values = [("omega_T", omega_t)];
        let model = FIG3.reference(&values)?;
        let beat =
            std::f64::consts::TAU / (model.polariton(Polariton::Upper) - model.polariton(Polariton::Lower));
        let words = format!("rates {STAGE_A:?} {STAGE_C:?} {}", point.digest);
        let digest = of_words(&words);
        let kept: Option<[f64; 2]> = context.store.read(&digest);
        let found = match kept {
            Some(kept) => kept,
            None if context.stopped() => return Ok(None),
            None => {
                let found = rates(&point.study, context, beat)?;
                if context.stopped() {
                    return Ok(None);
                }
                context.store.write(&digest, &found)?;
                found
            }
        };
        let normal = normal_state(&FIG3.equations(&values)?).ok_or_else(|| not_found("the normal state"))?;
        let exact = |which| -2.0 * growth_at(&normal, model.polariton(which));
        context.done(1);
        Ok(Some([
            omega_t,
            found[0],
            found[1],
            2.0 * model.polariton_decay_printed(Polariton::Upper),
            2.0 * model.polariton_decay(Polariton::Upper),
            exact(Polariton::Upper),
            exact(Polariton::Lower),
        ]))
    };
    let rows: Vec<Option<[f64; 7]>> = sweep.points.par_iter().map(row).collect::<Result<_, _>>()?;
    let Some(rows) = rows.into_iter().collect::<Option<Vec<_>>>() else { return Ok(None) };
    let columns = [
        "omega_T",
        "stage_A",
        "stage_C",
        "2kappa_U_printed",
        "2kappa_U_weak",
        "eigenvalue_U",
        "eigenvalue_L",
    ];
    let mut table = Table::new("kappa_eff", &columns);
    for row in &rows {
        table.push(row);
    }
    Ok(Some(table))
}

fn column(table: &Table, k: usize) -> Vec<f64> {
    table.rows.iter().map(|row| row[k].parse().unwrap_or(f64::NAN)).collect()
}

/// Fig. 3.
pub(super) fn fig3(context: &Context<'_>) -> Result<Option<Made>, ReproduceError> {
    let resonant = FIG3.study(&[])?;
    let mut late = sets(&[("omega_T", PRINTED)]);
    late.extend(["time.end=3000".to_owned(), "time.points=30001".to_owned()]);
    let printed = FIG3.study(&late)?;
    context.begun("quenches", 2);
    let at_resonance = readings(&resonant, context)?;
    context.done(1);
    let at_printed = readings(&printed, context)?;
    context.done(1);
    if context.stopped() {
        return Ok(None);
    }
    let Some(table) = scan(context)? else { return Ok(None) };
    let claims = [stages(&at_resonance, &at_printed)?, decays(&table)?].concat();
    let mut trace = Table::new("quench", &["t", "n"]);
    at_resonance.trace.times.iter().zip(&at_resonance.trace.photons).for_each(|(t, n)| trace.push(&[*t, *n]));
    let mut mean = Table::new("quench_averaged", &["t", "n_mean"]);
    at_resonance.mean.iter().for_each(|(t, n)| mean.push(&[*t, *n]));
    let picture = sheet(&at_resonance, &table).picture();
    let notes = vec![
        format!(
            "n is averaged over the period {:.4} of the lasing cycle before its minimum and its rise are read.",
            at_resonance.cycle.period
        ),
        format!(
            "Stage A is t = {} to {}; stage C of growing traces is {} n_min to {:.0} % of the largest n ({} n_min if that is more), of decaying ones the last third of t = 1500.",
            STAGE_A.0,
            STAGE_A.1,
            STAGE_C.0,
            100.0 * STAGE_C.1,
            2.0 * STAGE_C.0
        ),
    ];
    Ok(Some(Made {
        tables: vec![trace, mean, table],
        pictures: vec![("figure".into(), picture)],
        claims,
        notes,
    }))
}

/// What Fig. 3(a) says.
fn stages(found: &Readings, printed: &Readings) -> Result<Vec<Claim>, ReproduceError> {
    let model = FIG3.reference(&[])?;
    let omega = model.polariton(Polariton::Upper);
    let window = found.cycle.period;
    let lasing = std::f64::consts::TAU / window;
    let dicke = [("lambda", 0.6), ("eta", 0.0), ("eta_prime", 0.0)];
    let before = superradiant_state(&FIG3.equations(&dicke)?, &FIG3.reference(&dicke)?);
    let before = before.ok_or_else(|| not_found("the superradiant state before the quench"))?;
    let upper = before
        .eigenvalues
        .iter()
        .map(|z| z.im)
        .filter(|x| (x - PRINTED).abs() < 0.1)
        .fold(f64::NAN, f64::max);
    let ratio = FIG3.reference(&[("lambda", 0.6)])?.polariton_ratio();
    Ok(vec![
        Claim::new(
            "stages A to D",
            "n falls, beats, grows and saturates around t ≃ 500",
            format!(
                "with ω_z' = Ω_U = {omega:.5} of the normal state at λ = 0.2: n = {:.5} at t = 0, averaged n = {:.2e} at t = {:.1}, 95 % of {:.5} at t = {:.1}",
                found.trace.photons[0], found.least.1, found.least.0, found.photons.mean, found.risen
            ),
            found.least.1 < 0.01 * found.trace.photons[0] && (300.0..600.0).contains(&found.risen),
        ),
        Claim::new(
            "frequency of T",
            "ω_z' ≃ Ω_U = 1.63",
            format!(
                "with ω_z' = {PRINTED}: averaged n = {:.2e} at t = {:.0}, 95 % of {:.4} only at t = {:.0}, field at {:.5}; averaged over the period {window:.4} of the resonant case 95 % at t = {:.0}",
                printed.least.1,
                printed.least.0,
                printed.photons.mean,
                printed.risen,
                std::f64::consts::TAU / printed.cycle.period,
                risen(&averaged(&printed.trace, window), printed.photons.mean),
            ),
            (300.0..600.0).contains(&printed.risen),
        )
        .remark(format!("1.63 is the upper polariton of the superradiant state before the quench, {upper:.4}; the stages need that of the normal state after it")),
        Claim::new(
            "stage D",
            "n oscillates at the upper polariton frequency",
            format!("the field at {lasing:.5}, n at {:.5} = 2 x {lasing:.5}; Ω_U = {omega:.5}", 2.0 * lasing),
            (lasing / omega - 1.0).abs() < 0.01,
        )
        .remark(format!("the lasing line lies {:.1} % below Ω_U", 100.0 * (1.0 - lasing / omega))),
        Claim::new(
            "|ψ_U|/|ψ_L| in the superradiant state",
            "≈ |1 - 2λ/ω_c|/|1 + 2λ/ω_c|, much smaller than 1",
            format!("{ratio:.4}; approximation {:.4}", (1.0_f64 - 1.2).abs() / 2.2),
            ratio < 0.15,
        ),
    ])
}

/// What Fig. 3(b) says.
fn decays(table: &Table) -> Result<Vec<Claim>, ReproduceError> {
    let model = FIG3.reference(&[])?;
    let omega = model.polariton(Polariton::Upper);
    let (x, early, late) = (column(table, 0), column(table, 1), column(table, 2));
    let (formula, weak, exact) = (column(table, 3), column(table, 4), column(table, 5));
    let lowest = |v: &[f64]| x[(0..v.len()).min_by(|a, b| v[*a].total_cmp(&v[*b])).unwrap_or(0)];
    let off = |v: &[f64]| v.iter().zip(&exact).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    let (low, high) = model.lasing_window();
    let end = |range| critical(&FIG3, Rate::NormalPair, &[], "omega_T", range);
    let ends = (end((0.4, 1.1))?.unwrap_or(f64::NAN), end((1.3, 2.2))?.unwrap_or(f64::NAN));
    let one_sided = omega
        + (0.25
            * (4.0 * model.eta.powi(2) * (model.gamma_up - model.gamma_down) / model.kappa
                - model.gamma_t().powi(2)))
        .max(0.0)
        .sqrt();
    let faster = early.iter().zip(&late).all(|(a, c)| a > c);
    let near = |v: &[f64]| (lowest(v) - omega).abs() < 0.11;
    Ok(vec![
        Claim::new(
            "κ_eff of stage C against Eq. (4)",
            "solid lines: κ_eff = 2 κ_U",
            format!(
                "largest difference from the eigenvalues: Eq. (4) as printed {:.1e}, weak-coupling formula {:.1e}, fits of stage C {:.1e}",
                off(&formula),
                off(&weak),
                off(&late)
            ),
            off(&formula) < 3e-3,
        ),
        Claim::new(
            "minima of both dampings",
            "close to the upper polariton frequency",
            format!(
                "stage A at ω_z' = {:.2}, stage C at {:.2}; Ω_U = {omega:.4}",
                lowest(&early),
                lowest(&late)
            ),
            near(&early) && near(&late),
        ),
        Claim::new(
            "damping of the lower mode",
            "faster than that of the upper one for all ω_z'",
            if faster { "so at every ω_z'" } else { "not at every ω_z'" },
            faster,
        ),
        Claim::new(
            "where κ_U < 0",
            "ω_z' ≤ Ω_U + √(4η²(γ↑-γ↓)/κ - γₜ²)/4 (below Eq. (5))",
            format!("eigenvalues: {:.4} to {:.4}", ends.0, ends.1),
            (one_sided - ends.1).abs() < 0.05,
        )
        .remark(format!("Eq. (4) gives two ends, Ω_U ± √(4η²(γ↑-γ↓)/κ - γₜ²/4): {low:.4} to {high:.4}")),
    ])
}

/// The picture: n against time with its stages, stretched pieces of every stage, decay rates.
fn sheet(found: &Readings, table: &Table) -> Sheet {
    let n: Vec<(f64, f64)> =
        found.trace.times.iter().copied().zip(found.trace.photons.iter().copied()).collect();
    let (bottom, top) = (1e-4, 3.0);
    let (t_min, risen) = (found.least.0, found.risen);
    let names = [
        ("A", 0.0, 0.62 * t_min),
        ("B", 0.8 * t_min, 1.35 * t_min),
        ("C", 1.6 * t_min, 0.75 * risen),
        ("D", 1.2 * risen, 700.0),
    ];
    let colours = ["#56B4E9", "#BBBBBB", "#F0A070", "#8FCF9F"];
    let stages = names.iter().zip(colours);
    let shades =
        stages.clone().map(|((_, from, to), colour)| Shade { from: *from, to: *to, colour }).collect();
    let notes = names
        .iter()
        .map(|(name, from, to)| Note { text: (*name).into(), at: (0.5 * (from + to), 1.3) })
        .collect();
    let whole = CurvesPanel {
        title: "(a) quench at t = 0 from superradiance, λ = 0.6 → 0.2, γ↑ = 0.9 γₜ, ω′z = ΩU".into(),
        x_label: TIME.into(),
        y_label: "n = ⟨a†a⟩/N".into(),
        curves: vec![
            Curve::solid("n(t)", n.clone(), "#7FB2D6").with(Stroke::Solid, 0.9),
            Curve::solid("average over a period", found.mean.clone(), "#B22222").with(Stroke::Solid, 2.2),
        ],
        x_range: Some((0.0, 700.0)),
        y_range: Some((bottom, top)),
        logarithmic: true,
        notes,
        shades,
        legend: Corner::BottomRight,
    };
    let mut panels = vec![([0, 0, 1, 4], SheetPanel::Curves(whole))];
    let windows =
        [(0.0, 30.0), (t_min - 25.0, t_min + 35.0), (1.75 * t_min, 1.75 * t_min + 30.0), (650.0, 670.0)];
    for (k, ((name, ..), (from, to))) in names.iter().zip(windows).enumerate() {
        let inside: Vec<(f64, f64)> = n.iter().copied().filter(|(t, _)| *t >= from && *t <= to).collect();
        let most = inside.iter().fold(0.0_f64, |m, p| m.max(p.1));
        let inset = CurvesPanel {
            title: format!("stage {name}, stretched"),
            x_label: "t".into(),
            y_label: "n".into(),
            curves: vec![Curve::solid("", inside, "#0072B2")],
            x_range: Some((from, to)),
            y_range: Some((0.0, 1.12 * most)),
            ..CurvesPanel::default()
        };
        panels.push(([1, k, 1, 1], SheetPanel::Curves(inset)));
    }
    let series = |k: usize| column(table, 0).into_iter().zip(column(table, k)).collect::<Vec<_>>();
    let rates = CurvesPanel {
        title: "(b) effective decay of n, n ∝ exp(−κeff t)".into(),
        x_label: "ω′z  (units of ωc)".into(),
        y_label: "κeff  (units of ωc)".into(),
        curves: vec![
            Curve::solid("2κU, Eq. (4)", series(3), "#D55E00"),
            Curve::solid("2κU, eigenvalues", series(5), "#000000").with(Stroke::Dashed, 1.5),
            Curve::solid("2κL, eigenvalues", series(6), "#0072B2"),
            Curve::solid("stage A", series(1), "#0072B2").with(Stroke::Circles, 5.0),
            Curve::solid("stage C", series(2), "#C00000").with(Stroke::Triangles, 6.0),
            Curve::solid("", vec![(0.4, 0.0), (2.2, 0.0)], "#999999").with(Stroke::Dotted, 1.2),
        ],
        x_range: Some((0.35, 2.75)),
        y_range: Some((-0.04, 0.04)),
        ..CurvesPanel::default()
    };
    panels.push(([2, 0, 1, 4], SheetPanel::Curves(rates)));
    Sheet {
        title: "Fig. 3: polariton lasing after a quench".into(),
        columns: 4,
        rows: 3,
        cell: (300.0, 330.0),
        panels,
    }
}
