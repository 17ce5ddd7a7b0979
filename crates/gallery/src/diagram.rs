//! Figs. 2 and 6: phase diagrams, the lines 1 to 3 through that of Fig. 2, trajectories on the Bloch sphere.

use superladder_mean_field::{Classifier, FixedPoint, LongTime, MeanFieldEquations, Phase};

use crate::critical::{Rate, couplings, critical, evenly, line, zero};
use crate::error::ReproduceError;
use crate::figure::{Claim, Context, Made, Table};
use crate::kinds::{COLOURS, census, number};
use crate::motion::{behaviour, spheres};
use crate::paper::PaperStudy;
use crate::paper::{FIG2, FIG6, sets};
use crate::stability::{LAMBDA, MOST, UP, dicke_line, lasing_boundary, never_unstable, rows};
use superladder_plot::{Curve, CurvesPanel, MapPanel, Note, Sheet, SheetPanel, Stroke};
use superladder_workflows::maps;
use superladder_workflows::sweep::Sweep;

/// The long-time behaviour at every point of a sweep; `None` if interrupted.
pub(super) fn settled(
    sweep: &Sweep,
    context: &Context<'_>,
    what: &str,
) -> Result<Option<Vec<LongTime>>, ReproduceError> {
    let models: Vec<MeanFieldEquations> =
        sweep.points.iter().map(|p| maps::equations(&p.study)).collect::<Result<_, _>>()?;
    context.begun(what, models.len());
    let points: Vec<Vec<FixedPoint>> = maps::all_fixed_points(&models);
    let options = context.options;
    let classifier = Classifier { burn: options.burn, window: options.window, ..Classifier::default() };
    Ok(maps::phases(&models, &points, classifier, context.store, context.watch.interrupted, &|n| {
        context.done(n);
    })?)
}

/// A phase diagram.
struct Diagram {
    map: MapPanel,
    table: Table,
    lines: Table,
    counts: Vec<usize>,
}

/// A line in the diagram with its name.
type NamedLine = (&'static str, Vec<(f64, f64)>);

/// Lines of linear stability: their names, which rate, along which parameter, between which values of the
/// other one.
fn stability_lines(study: &PaperStudy, points: usize) -> Result<Vec<NamedLine>, ReproduceError> {
    let lambda_c = dicke_line(study, 0.9)?;
    let below = couplings(lambda_c, points);
    let above = evenly(lambda_c + 0.002, MOST, points.clamp(8, 60));
    Ok(vec![
        ("NS: a pair grows", line(study, Rate::NormalPair, ("lambda", &below), "gamma_up", (0.45, 1.0))?),
        (
            "NS: a real one grows",
            line(study, Rate::NormalReal, ("gamma_up", &evenly(0.0, 1.0, 21)), "lambda", (0.3, 0.7))?,
        ),
        (
            "SR: a pair grows",
            line(study, Rate::SuperradiantPair, ("lambda", &above), "gamma_up", (0.55, 1.0))?,
        ),
    ])
}

fn diagram(study: &PaperStudy, context: &Context<'_>) -> Result<Option<Diagram>, ReproduceError> {
    let (columns, rows) = (context.options.points, rows(context.options.points));
    let axes = [format!("gamma_up=0:1:{columns}"), format!("lambda=0:{MOST}:{rows}")];
    let sweep = study.sweep(&[], &axes)?;
    let Some(found) = settled(&sweep, context, "points of the phase diagram")? else { return Ok(None) };
    let (x, y) = maps::coordinates(&sweep);
    let mut table =
        Table::new("phases", &["gamma_up", "lambda", "mean", "amplitude", "exponent", "inversion", "phase"]);
    for (k, p) in found.iter().enumerate() {
        let mut row: Vec<String> =
            [x[k / y.len()], y[k % y.len()], p.mean, p.amplitude, p.exponent, p.inversion]
                .iter()
                .map(|v| format!("{v:?}"))
                .collect();
        row.push(p.phase.name().into());
        table.rows.push(row);
    }
    let mut lines = Table::new("lines", &["line", "gamma_up", "lambda"]);
    let strokes = [(Stroke::Solid, "#000000"), (Stroke::Dashed, "#2B1660"), (Stroke::Dotted, "#5A1E00")];
    let mut curves = Vec::new();
    for ((name, points), (stroke, colour)) in
        stability_lines(study, context.options.points)?.into_iter().zip(strokes)
    {
        for (up, lambda) in &points {
            lines.rows.push(vec![name.into(), format!("{up:?}"), format!("{lambda:?}")]);
        }
        curves.push(Curve::solid(name, points, colour).with(stroke, 2.2));
    }
    let kinds: Vec<usize> = found.iter().map(|p| number(p.phase)).collect();
    let counts = (0..Phase::ALL.len()).map(|kind| kinds.iter().filter(|k| **k == kind).count()).collect();
    let names = Phase::ALL.iter().zip(COLOURS).map(|(p, colour)| (p.name().to_owned(), colour)).collect();
    let map = MapPanel {
        trimmed: true,
        title: "phases from a start near the normal state; lines: linear stability".into(),
        x_label: UP.into(),
        y_label: LAMBDA.into(),
        x,
        y,
        kinds,
        names,
        curves,
        notes: Vec::new(),
    };
    Ok(Some(Diagram { map, table, lines, counts }))
}

/// One of the lines 1 to 3: its name, `--set` changes, the axis that runs, the parameter of its ends.
struct Cut {
    name: &'static str,
    title: &'static str,
    sets: Vec<String>,
    key: &'static str,
    range: (f64, f64),
    /// Its ends in the diagram.
    ends: [(f64, f64); 2],
    label: &'static str,
}

/// Where line 3 runs: through the one point at which NS and L2 touch, with the slope at which it leaves SR
/// and L1 aside.
struct Touching {
    up: f64,
    lambda: f64,
}

/// Slope of line 3, `d lambda/d(gamma_up/gamma_t)`.
const SLOPE: f64 = 1.5;

impl Touching {
    /// The point where the lines of lasing and superradiance of the normal state meet.
    fn find() -> Result<Self, ReproduceError> {
        let not_found =
            || ReproduceError::NotFound { figure: "fig2", what: "the point where NS and L2 touch".into() };
        // Along the critical coupling the pair's rate of growth.
        let along = |up: f64| -> Result<f64, ReproduceError> {
            Rate::NormalPair.at(&FIG2, &[("gamma_up", up), ("lambda", dicke_line(&FIG2, up)?)])
        };
        let up = zero((0.7, 0.9), along)?.ok_or_else(not_found)?;
        Ok(Self { up, lambda: dicke_line(&FIG2, up)? })
    }
}

fn cuts(touching: &Touching) -> Vec<Cut> {
    let across = format!("parameters.lambda={:?} + {SLOPE}*(gamma_up - {:?})", touching.lambda, touching.up);
    let at = |up: f64| (up, touching.lambda + SLOPE * (up - touching.up));
    let (from, to) = (touching.up - 0.05, touching.up + 0.05);
    vec![
        Cut {
            name: "line1",
            title: "(b) line 1: SR → L2 at λ = 0.65",
            sets: sets(&[("lambda", 0.65)]),
            key: "gamma_up",
            range: (0.74, 0.9),
            ends: [(0.74, 0.65), (0.9, 0.65)],
            label: UP,
        },
        Cut {
            name: "line2",
            title: "(c) line 2: L1 → L2 at γ↑ = 0.9 γₜ",
            sets: sets(&[("gamma_up", 0.9)]),
            key: "lambda",
            range: (0.46, 0.56),
            ends: [(0.9, 0.46), (0.9, 0.56)],
            label: LAMBDA,
        },
        Cut {
            name: "line3",
            title: "(d) line 3: NS → L2",
            sets: vec![across],
            key: "gamma_up",
            range: (from, to),
            ends: [at(from), at(to)],
            label: UP,
        },
    ]
}

/// Mean and amplitude of `<S^x>` along a line; `None` if interrupted.
fn along(cut: &Cut, context: &Context<'_>) -> Result<Option<(Table, CurvesPanel)>, ReproduceError> {
    let count = if context.options.points >= 41 { 49 } else { 17 };
    let (from, to) = cut.range;
    let sweep = FIG2.sweep(&cut.sets, &[format!("{}={from:?}:{to:?}:{count}", cut.key)])?;
    let Some(found) = settled(&sweep, context, &format!("points of {}", cut.name))? else { return Ok(None) };
    let x: Vec<f64> = sweep.points.iter().filter_map(|p| p.values[0].number).collect();
    let mut table = Table::new(cut.name, &[cut.key, "mean_Sx", "amplitude_Sx", "exponent", "phase"]);
    for (x, p) in x.iter().zip(&found) {
        let mut row: Vec<String> =
            [*x, p.mean, p.amplitude, p.exponent].iter().map(|v| format!("{v:?}")).collect();
        row.push(p.phase.name().into());
        table.rows.push(row);
    }
    let series = |f: fn(&LongTime) -> f64| x.iter().zip(&found).map(|(x, p)| (*x, f(p))).collect::<Vec<_>>();
    let panel = CurvesPanel {
        title: cut.title.into(),
        x_label: cut.label.into(),
        y_label: "⟨Sˣ⟩/N".into(),
        curves: vec![
            Curve::solid("amplitude", series(|p| p.amplitude), "#D55E00"),
            Curve::solid("|mean|", series(|p| p.mean.abs()), "#0072B2").with(Stroke::Dashed, 2.0),
        ],
        x_range: Some(cut.range),
        y_range: Some((0.0, 0.68)),
        ..CurvesPanel::default()
    };
    Ok(Some((table, panel)))
}

/// Fig. 2.
pub(super) fn fig2(context: &Context<'_>) -> Result<Option<Made>, ReproduceError> {
    let touching = Touching::find()?;
    let Some(mut diagram) = diagram(&FIG2, context)? else { return Ok(None) };
    diagram.map.title.insert_str(0, "(a) ");
    let mut tables = vec![diagram.table, diagram.lines];
    let mut lines = Vec::new();
    for (k, cut) in cuts(&touching).iter().enumerate() {
        let Some((table, panel)) = along(cut, context)? else { return Ok(None) };
        tables.push(table);
        lines.push(panel);
        diagram.map.curves.push(Curve::solid("", cut.ends.to_vec(), "#1749A0").with(Stroke::Solid, 2.6));
        let [(x, y), _] = cut.ends;
        let shift = if k == 1 { (0.0, -0.045) } else { (-0.022, -0.012) };
        diagram.map.notes.push(Note { text: (k + 1).to_string(), at: (x + shift.0, y + shift.1) });
    }
    let (spheres, of_spheres) = spheres(context)?;
    tables.extend(of_spheres);
    let claims = [boundaries(&touching)?, behaviour(&diagram.counts)?].concat();
    let mut panels = vec![([0, 0, 2, 6], SheetPanel::Map(diagram.map))];
    panels.extend(
        lines
            .into_iter()
            .zip([[0, 6, 1, 2], [1, 6, 1, 2], [2, 6, 1, 2]])
            .map(|(p, at)| (at, SheetPanel::Curves(p))),
    );
    let columns = [0, 2, 4];
    panels.extend(spheres.into_iter().zip(columns).map(|(p, c)| ([2, c, 1, 2], SheetPanel::Sphere(p))));
    let title = "Fig. 2: dynamical phases".into();
    let sheet = Sheet { title, columns: 8, rows: 3, cell: (190.0, 350.0), panels };
    let notes = vec![
        "The paper does not print where its lines 1 to 3 run; here 1: λ = 0.65, 2: γ↑ = 0.9 γₜ, 3: through the one point where NS and L2 touch.".to_owned(),
        "Some regions are bistable: the phase is that of a start near the normal state.".to_owned(),
    ];
    Ok(Some(Made { tables, pictures: vec![("figure".into(), sheet.picture())], claims, notes }))
}

/// What Fig. 2 says of boundaries.
fn boundaries(touching: &Touching) -> Result<Vec<Claim>, ReproduceError> {
    let lambda_c = dicke_line(&FIG2, 0.3)?;
    let (words, found) = lasing_boundary(&FIG2, &[0.02, 0.1, 0.3, 0.45])?;
    let hopf =
        |lambda: f64| critical(&FIG2, Rate::SuperradiantPair, &[("lambda", lambda)], "gamma_up", (0.6, 0.95));
    let of_sr: Vec<f64> = [0.505, 0.55, 0.65, 0.8]
        .iter()
        .map(|l| Ok(hopf(*l)?.unwrap_or(f64::NAN)))
        .collect::<Result<_, ReproduceError>>()?;
    let laser = FIG2.reference(&[("lambda", 0.0), ("eta_prime", 0.0)])?;
    Ok(vec![
        Claim::new(
            "critical coupling of NS -> SR",
            "λ_c ≃ 0.5",
            format!("{lambda_c:.6}"),
            (lambda_c - 0.5).abs() < 0.01,
        ),
        Claim::new(
            "boundary of NS",
            "γ↑ = γ↓/2 for all λ",
            format!("γ↑/γₜ = {words}"),
            found.iter().all(|g| (g - 0.5).abs() < 0.02),
        )
        .remark("γₜ/2 holds for λ -> 0 only"),
        Claim::new(
            "boundary of SR and L2",
            "drawn",
            format!(
                "SR loses its stability at γ↑/γₜ = {:.4}, {:.4}, {:.4}, {:.4} for λ = 0.505, 0.55, 0.65, 0.8",
                of_sr[0], of_sr[1], of_sr[2], of_sr[3]
            ),
            of_sr.iter().all(|x| x.is_finite()),
        ),
        Claim::new(
            "NS -> L2 along line 3",
            "a line across a common boundary",
            format!(
                "NS and L2 touch at one point only, (γ↑/γₜ, λ) = ({:.5}, {:.6})",
                touching.up, touching.lambda
            ),
            false,
        )
        .remark(format!("line 3 has to run through it; here with slope {SLOPE}")),
        never_unstable()?,
        Claim::new(
            "Tavis-Cummings laser at the parameters of Fig. 2",
            "lasing for κ < κ_c = 4η²/γₜ",
            format!(
                "κ = {:.2} is above κ_c = {:.3}: it does not lase, threshold γ↑/γₜ = {:.3}",
                laser.kappa,
                laser.critical_loss(),
                laser.tavis_cummings_threshold()
            ),
            laser.critical_loss() < laser.kappa,
        ),
    ])
}

/// Fig. 6.
pub(super) fn fig6(context: &Context<'_>) -> Result<Option<Made>, ReproduceError> {
    let Some(diagram) = diagram(&FIG6, context)? else { return Ok(None) };
    let shown = [Phase::NS, Phase::SR, Phase::L1, Phase::L2, Phase::IR];
    let all = shown.iter().all(|p| diagram.counts[number(*p)] > 0);
    let (words, _) = lasing_boundary(&FIG6, &[0.02, 0.1, 0.3, 0.45])?;
    let hopf =
        |lambda: f64| critical(&FIG6, Rate::SuperradiantPair, &[("lambda", lambda)], "gamma_up", (0.6, 0.99));
    let sr: Vec<f64> = [0.505, 0.55, 0.65]
        .iter()
        .map(|l| Ok(hopf(*l)?.unwrap_or(f64::NAN)))
        .collect::<Result<_, ReproduceError>>()?;
    let claims = vec![
        Claim::new(
            "phases",
            "the same five: NS, SR, L1, L2, IR",
            format!("points: {}", census(&diagram.counts)),
            all,
        ),
        Claim::new(
            "boundaries",
            "quantitatively modified, in good agreement with the stability analysis of Fig. 7",
            format!(
                "NS until γ↑/γₜ = {words}; SR until {:.4}, {:.4}, {:.4} for λ = 0.505, 0.55, 0.65",
                sr[0], sr[1], sr[2]
            ),
            sr.iter().all(|x| x.is_finite()),
        ),
    ];
    let sheet = Sheet {
        title: "Fig. 6: dynamical phases with Gilbert damping, κ = 0.04".into(),
        columns: 1,
        rows: 1,
        cell: (980.0, 640.0),
        panels: vec![([0, 0, 1, 1], SheetPanel::Map(diagram.map))],
    };
    let notes =
        vec!["Some regions are bistable: the phase is that of a start near the normal state.".to_owned()];
    let pictures = vec![("figure".into(), sheet.picture())];
    Ok(Some(Made { tables: vec![diagram.table, diagram.lines], pictures, claims, notes }))
}
