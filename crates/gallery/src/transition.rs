//! Fig. 9: from L1 to L2 and beyond along gamma_up = 0.9.

use superladder_mean_field::{
    Bifurcation, Branch, Continuation, MeanFieldEquations, Phase, followed, parity,
};

use crate::diagram::settled;
use crate::error::ReproduceError;
use crate::figure::{Claim, Context, Made, Table};
use crate::kinds::{COLOURS, number};
use crate::motion::{cycle_at, trajectory, waveforms};
use crate::paper::FIG2;
use crate::stability::LAMBDA;
use superladder_plot::{Corner, Curve, CurvesPanel, Note, Orbit, Sheet, SheetPanel, SpherePanel, Stroke};

/// Follows the cycle that is reached at `from`.
fn branch(from: f64, to: f64, step: f64, context: &Context<'_>) -> Result<Branch, ReproduceError> {
    let (_, cycle) = cycle_at(&[("lambda", from)])?;
    let continuation = Continuation { from, to, step, most: 60, tolerance: 1e-7 };
    let at =
        |lambda: f64| -> Result<MeanFieldEquations, ReproduceError> { FIG2.equations(&[("lambda", lambda)]) };
    followed(&cycle, continuation, at, &|_| !context.stopped())
}

/// The first bifurcation of a kind.
fn place(branch: &Branch, kind: Bifurcation) -> Result<f64, ReproduceError> {
    let found = branch.bifurcations.iter().find(|b| b.1 == kind).map(|b| b.0);
    found.ok_or_else(|| ReproduceError::NotFound { figure: "fig9", what: format!("{kind:?}") })
}

/// Where cycles change along gamma_up = 0.9.
struct Route {
    pitchfork: f64,
    doubling: f64,
    second: f64,
    node: f64,
}

impl Route {
    /// `None` if interrupted.
    fn find(context: &Context<'_>) -> Result<Option<Self>, ReproduceError> {
        context.begun("branches of cycles", 4);
        let mut branches = Vec::new();
        for (from, to, step) in
            [(0.5, 0.515, 0.003), (0.575, 0.59, 0.003), (0.59, 0.597, 0.0015), (0.63, 0.6, 0.002)]
        {
            branches.push(branch(from, to, step, context)?);
            if context.stopped() {
                return Ok(None);
            }
            context.done(1);
        }
        Ok(Some(Self {
            pitchfork: place(&branches[0], Bifurcation::Pitchfork)?,
            doubling: place(&branches[1], Bifurcation::PeriodDoubling)?,
            second: place(&branches[2], Bifurcation::PeriodDoubling)?,
            node: place(&branches[3], Bifurcation::SaddleNode)?,
        }))
    }
}

/// Fig. 9.
pub(super) fn fig9(context: &Context<'_>) -> Result<Option<Made>, ReproduceError> {
    let count = if context.options.points >= 41 { 105 } else { 27 };
    let sweep = FIG2.sweep(&["parameters.gamma_up=0.9".to_owned()], &[format!("lambda=0.2:0.72:{count}")])?;
    let Some(found) = settled(&sweep, context, "points of panel (a)")? else { return Ok(None) };
    let Some(route) = Route::find(context)? else { return Ok(None) };
    let x: Vec<f64> = sweep.points.iter().filter_map(|p| p.values[0].number).collect();
    let mut table = Table::new("amplitude", &["lambda", "mean_Sx", "amplitude_Sx", "exponent", "phase"]);
    for (x, p) in x.iter().zip(&found) {
        let mut row: Vec<String> =
            [*x, p.mean, p.amplitude, p.exponent].iter().map(|v| format!("{v:?}")).collect();
        row.push(p.phase.name().into());
        table.rows.push(row);
    }
    let all = |f: &dyn Fn(usize) -> f64| (0..x.len()).map(|k| (x[k], f(k))).collect::<Vec<_>>();
    let mut curves = vec![
        Curve::solid("amplitude", all(&|k| found[k].amplitude), "#888888").with(Stroke::Solid, 1.4),
        Curve::solid("|mean|", all(&|k| found[k].mean.abs()), "#888888").with(Stroke::Dashed, 1.4),
    ];
    for phase in Phase::ALL {
        let chosen: Vec<usize> = (0..x.len()).filter(|k| found[*k].phase == phase).collect();
        if !chosen.is_empty() {
            let colour = COLOURS[number(phase)];
            let amplitude = chosen.iter().map(|k| (x[*k], found[*k].amplitude)).collect();
            let mean = chosen.iter().map(|k| (x[*k], found[*k].mean.abs())).collect();
            curves.push(Curve::solid(phase.name(), amplitude, colour).with(Stroke::Circles, 4.5));
            curves.push(Curve::solid("", mean, colour).with(Stroke::Circles, 3.0));
        }
    }
    let marks = [
        ("pitchfork", route.pitchfork, 0.53),
        ("period 2", route.doubling, 0.53),
        ("saddle-node", route.node, 0.59),
    ];
    for (_, lambda, top) in marks {
        curves.push(
            Curve::solid("", vec![(lambda, 0.0), (lambda, top - 0.01)], "#000000").with(Stroke::Dotted, 1.2),
        );
    }
    let notes =
        marks.iter().map(|(name, lambda, y)| Note { text: (*name).into(), at: (*lambda, *y) }).collect();
    let amplitudes = CurvesPanel {
        title: "(a) ⟨Sˣ⟩ at γ↑ = 0.9 γₜ".into(),
        x_label: LAMBDA.into(),
        y_label: "⟨Sˣ⟩/N".into(),
        curves,
        x_range: Some((0.2, 0.72)),
        y_range: Some((0.0, 1.0)),
        notes,
        legend: Corner::TopLeft,
        ..CurvesPanel::default()
    };
    let (spheres, tables) = spheres(context)?;
    let mut panels = vec![([0, 0, 1, 4], SheetPanel::Curves(amplitudes))];
    panels.extend(spheres.into_iter().enumerate().map(|(k, s)| ([1, k, 1, 1], SheetPanel::Sphere(s))));
    let sheet =
        Sheet { title: "Fig. 9: from L1 to L2".into(), columns: 4, rows: 2, cell: (310.0, 370.0), panels };
    let claims = claims(&route, &x, &found)?;
    let tables = [vec![table], tables].concat();
    let notes = vec![
        "Panel (a): attractor reached from a start near the normal state; colours of phases as in Fig. 2."
            .to_owned(),
    ];
    Ok(Some(Made { tables, pictures: vec![("figure".into(), sheet.picture())], claims, notes }))
}

/// Fig. 9(b): trajectories for several couplings, in L2 both of them.
fn spheres(context: &Context<'_>) -> Result<(Vec<SpherePanel>, Vec<Table>), ReproduceError> {
    let (mut panels, mut tables) = (Vec::new(), Vec::new());
    let shown = [("L1", 0.2), ("L1", 0.45), ("L2", 0.52), ("L2", 0.57)];
    context.begun("trajectories", shown.len());
    for (phase, lambda) in shown {
        let equations = FIG2.equations(&[("lambda", lambda)])?;
        let points = trajectory(&equations, 4000.0, 40.0)?;
        let signs = parity(&equations).unwrap_or_else(|| vec![1.0; equations.dim()]);
        let partner: Vec<[f64; 3]> =
            points.iter().map(|p| [signs[2] * p[0], signs[3] * p[1], signs[4] * p[2]]).collect();
        let mut table = Table::new(&format!("sphere_{lambda}"), &["t", "Sx", "Sy", "Sz"]);
        points.iter().enumerate().for_each(|(k, p)| table.push(&[0.05 * k as f64, p[0], p[1], p[2]]));
        tables.push(table);
        let mean = points.iter().map(|p| p[0]).sum::<f64>();
        let (plus, minus) = if mean > 0.0 { (points, partner) } else { (partner, points) };
        let orbit =
            |label: &str, colour, behind, points| Orbit { label: label.into(), colour, behind, points };
        let orbits = if phase == "L2" {
            vec![orbit("+s₀", "#C8281E", "#F0B9B5", plus), orbit("−s₀", "#1F5FBF", "#B8CDEB", minus)]
        } else {
            vec![orbit("", "#C9A400", "#F0E2A0", plus)]
        };
        panels.push(SpherePanel { title: format!("(b) {phase}: λ = {lambda}"), orbits });
        context.done(1);
    }
    Ok((panels, tables))
}

/// What Fig. 9 and Appendix F say.
fn claims(
    route: &Route,
    x: &[f64],
    found: &[superladder_mean_field::LongTime],
) -> Result<Vec<Claim>, ReproduceError> {
    let (equations, cycle) = cycle_at(&[("lambda", 0.52)])?;
    let [sx, ..] = waveforms(&equations, &cycle)?;
    let (equations, below) = cycle_at(&[("lambda", 0.5)])?;
    let [first, sz, _] = waveforms(&equations, &below)?;
    let irregular: Vec<f64> =
        x.iter().zip(found).filter(|(_, p)| p.phase == Phase::IR).map(|(x, _)| *x).collect();
    let ends = irregular.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), x| (l.min(*x), h.max(*x)));
    let points = if irregular.is_empty() {
        "no irregular point on this grid".to_owned()
    } else {
        format!("irregular points {:.4} to {:.4}", ends.0, ends.1)
    };
    let between = |x: f64| x > route.second - 1e-3 && x < route.node + 6e-3;
    Ok(vec![
        Claim::new(
            "L1 -> L2",
            "around λ_c, breaking of Z₂",
            format!("pitchfork of the cycle at λ = {:.5}", route.pitchfork),
            (route.pitchfork - 0.5).abs() < 0.02,
        ),
        Claim::new(
            "below",
            "⟨Sᶻ⟩ at twice the frequency of ⟨Sˣ⟩, whose average is zero",
            format!("λ = 0.5: mean {:.1e}, harmonics 1 and 2 of ⟨Sᶻ⟩ {:.1e}, {:.4}", first.mean.abs(), sz.harmonics[0], sz.harmonics[1]),
            first.mean.abs() < 1e-6 && sz.harmonics[0] < 1e-6 && sz.harmonics[1] > 1e-3,
        ),
        Claim::new(
            "above",
            "mean ±s₀, two trajectories; the amplitude decreases",
            format!("λ = 0.52: mean ±{:.4}, amplitude {:.4} (λ = 0.5: {:.4})", sx.mean.abs(), sx.amplitude(), first.amplitude()),
            sx.mean.abs() > 0.02 && sx.amplitude() < first.amplitude(),
        ),
        Claim::new(
            "IR",
            "a region within L2",
            format!(
                "period doubling at λ = {:.5}, again at {:.5}; saddle-node of the period-2 cycle at {:.5}; {points}",
                route.doubling, route.second, route.node
            ),
            irregular.iter().all(|x| between(*x)) && !irregular.is_empty(),
        )
        .remark("the route into chaos is not discussed in the paper; above the saddle-node L2 has twice the period"),
    ])
}
