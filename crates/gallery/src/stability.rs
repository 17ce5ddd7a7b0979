//! Figs. 4, 5 and 7: what grows at the normal state.

use rayon::prelude::*;

use crate::critical::{Rate, couplings, critical, evenly, line, normal_state};
use crate::error::ReproduceError;
use crate::figure::{Claim, Context, Made, Table};
use crate::paper::PaperStudy;
use crate::paper::{FIG2, FIG5, FIG6};
use superladder_plot::{Curve, MapPanel, Sheet, SheetPanel, Stroke};
use superladder_workflows::maps;

/// Names and colours of the kinds: none, one real, a pair, both.
const KINDS: [(&str, &str); 4] = [
    ("stable: normal state", "#F3F3F3"),
    ("1 real: superradiance", "#9B7FC4"),
    ("2, a pair: lasing", "#F7E03C"),
    ("3: real and pair", "#F39C33"),
];
/// Label of the pumping.
pub(super) const UP: &str = "γ↑/γₜ";
/// Label of the Dicke coupling.
pub(super) const LAMBDA: &str = "λ  (units of ωc)";
/// The largest Dicke coupling shown.
pub(super) const MOST: f64 = 0.8;

/// The map of a study with its claims.
struct Map<'a> {
    title: &'a str,
    study: &'static PaperStudy,
}

/// Points of the vertical axis.
pub(super) fn rows(points: usize) -> usize {
    (4 * points).div_ceil(5).max(2)
}

impl Map<'_> {
    /// Twice as fine as a phase diagram: eigenvalues cost little. `None` if interrupted.
    fn made(&self, context: &Context<'_>, claims: Vec<Claim>) -> Result<Option<Made>, ReproduceError> {
        let columns = 2 * context.options.points - 1;
        let axes = [
            format!("gamma_up=0:1:{columns}"),
            format!("lambda=0:{MOST}:{}", 2 * rows(context.options.points) - 1),
        ];
        let sweep = self.study.sweep(&[], &axes)?;
        context.begun("points of the map", sweep.points.len());
        let growth =
            |point: &superladder_workflows::sweep::Point| -> Result<Option<[f64; 4]>, ReproduceError> {
                if context.stopped() {
                    return Ok(None);
                }
                let state = normal_state(&maps::equations(&point.study)?);
                context.done(1);
                let ((real, pairs), (real_rate, pair_rate)) =
                    state.map_or(((0, 0), (f64::NAN, f64::NAN)), |s| (s.unstable(), s.leading()));
                Ok(Some([real as f64, pairs as f64, real_rate, pair_rate]))
            };
        let found: Vec<Option<[f64; 4]>> = sweep.points.par_iter().map(growth).collect::<Result<_, _>>()?;
        let Some(found) = found.into_iter().collect::<Option<Vec<_>>>() else { return Ok(None) };
        let (x, y) = maps::coordinates(&sweep);
        let columns = ["gamma_up", "lambda", "unstable", "real", "pairs", "real_rate", "pair_rate"];
        let mut table = Table::new("map", &columns);
        for (k, [real, pairs, real_rate, pair_rate]) in found.iter().enumerate() {
            let (up, lambda) = (x[k / y.len()], y[k % y.len()]);
            table.push(&[up, lambda, real + 2.0 * pairs, *real, *pairs, *real_rate, *pair_rate]);
        }
        let couplings = couplings(MOST, context.options.points);
        let lasing = line(self.study, Rate::NormalPair, ("lambda", &couplings), "gamma_up", (0.45, 1.0))?;
        let dicke =
            line(self.study, Rate::NormalReal, ("gamma_up", &evenly(0.0, 1.0, 21)), "lambda", (0.3, 0.7))?;
        let mut lines = Table::new("lines", &["line", "gamma_up", "lambda"]);
        for (name, points) in [("lasing", &lasing), ("superradiance", &dicke)] {
            for (up, lambda) in points {
                lines.rows.push(vec![name.into(), format!("{up:?}"), format!("{lambda:?}")]);
            }
        }
        let map = MapPanel {
            trimmed: true,
            title: "growing eigenvalues of the normal state".into(),
            x_label: UP.into(),
            y_label: LAMBDA.into(),
            kinds: found.iter().map(|g| (g[0].min(1.0) + 2.0 * g[1].min(1.0)) as usize).collect(),
            names: KINDS.map(|(name, colour)| (name.to_owned(), colour)).into(),
            curves: vec![
                Curve::solid("a pair begins to grow", lasing, "#000000"),
                Curve::solid("a real one begins to grow", dicke, "#3B1F6B").with(Stroke::Dashed, 2.0),
            ],
            notes: Vec::new(),
            x,
            y,
        };
        let sheet = Sheet {
            title: self.title.into(),
            columns: 1,
            rows: 1,
            cell: (860.0, 560.0),
            panels: vec![([0, 0, 1, 1], SheetPanel::Map(map))],
        };
        let notes =
            vec!["Map: the pumped ensemble at its own steady state, S down; lines by root finding.".into()];
        Ok(Some(Made {
            tables: vec![table, lines],
            pictures: vec![("figure".into(), sheet.picture())],
            claims,
            notes,
        }))
    }
}

/// Critical pumping at several couplings, as words and numbers.
pub(super) fn lasing_boundary(
    study: &PaperStudy,
    couplings: &[f64],
) -> Result<(String, Vec<f64>), ReproduceError> {
    let at =
        |lambda: &f64| critical(study, Rate::NormalPair, &[("lambda", *lambda)], "gamma_up", (0.5, 0.999));
    let found: Vec<Option<f64>> = couplings.iter().map(at).collect::<Result<_, _>>()?;
    let found: Vec<f64> = found.into_iter().map(|x| x.unwrap_or(f64::NAN)).collect();
    let words = couplings.iter().zip(&found).map(|(l, g)| format!("{g:.4} at λ = {l}"));
    Ok((words.collect::<Vec<_>>().join(", "), found))
}

/// The critical coupling of the normal state at some pumping.
pub(super) fn dicke_line(study: &PaperStudy, up: f64) -> Result<f64, ReproduceError> {
    let found = critical(study, Rate::NormalReal, &[("gamma_up", up)], "lambda", (0.4, 0.6))?;
    found.ok_or_else(|| ReproduceError::NotFound { figure: study.name, what: "the critical coupling".into() })
}

/// Fig. 4.
pub(super) fn fig4(context: &Context<'_>) -> Result<Option<Made>, ReproduceError> {
    let formula = FIG2.reference(&[])?.critical_coupling();
    let critical = dicke_line(&FIG2, 0.9)?;
    let (words, boundary) = lasing_boundary(&FIG2, &[0.02, 0.1, 0.3, 0.45])?;
    let claims = vec![
        Claim::new(
            "boundary between NS and SR",
            &format!("well approximated by λ_c of the Dicke model, {formula:.6}"),
            format!("{critical:.6} at γ↑ = 0.9"),
            (critical / formula - 1.0).abs() < 1e-3,
        ),
        Claim::new(
            "boundary between NS and lasing",
            "γ↑ = γ↓/2 (Fig. 2)",
            format!("γ↑/γₜ = {words}"),
            boundary.iter().all(|g| (g - 0.5).abs() < 0.02),
        )
        .remark("γₜ/2 is the boundary at λ -> 0 only, and γ↓ stands for γₜ; `superladder formulas` gives the boundary for small λ"),
        never_unstable()?,
    ];
    Map { title: "Fig. 4: stability of the normal state", study: &FIG2 }.made(context, claims)
}

/// The captions' `gamma_down = 1` taken literally: `gamma_t = 1 + gamma_up`.
pub(super) fn never_unstable() -> Result<Claim, ReproduceError> {
    let mut most = f64::NEG_INFINITY;
    for lambda in [0.02, 0.1, 0.2, 0.3, 0.4, 0.49] {
        for up in [0.5, 0.7, 0.9, 0.999] {
            let values = [("lambda", lambda), ("gamma_up", up), ("gamma_t", 1.0 + up)];
            most = most.max(Rate::NormalPair.at(&FIG2, &values)?);
        }
    }
    let claim = Claim::new(
        "γ↓ = 1 in the captions",
        "the normal state is unstable for γ↑ > γ↓/2",
        format!("with γ↓ = 1 and γ↑ < 1 the largest growth rate of a pair is {most:.5}"),
        most > 0.0,
    );
    Ok(claim.remark("γ↓ = 1 must be read as γₜ = γ↑ + γ↓ = 1: without inversion nothing lases"))
}

/// Fig. 5.
pub(super) fn fig5(context: &Context<'_>) -> Result<Option<Made>, ReproduceError> {
    let printed = FIG5.reference(&[])?.polariton_threshold_printed();
    let (words, boundary) = lasing_boundary(&FIG5, &[0.02, 0.1, 0.3, 0.49, 0.8])?;
    let spread = |v: &[f64]| v.iter().fold(0.0_f64, |most, x| most.max((x - v[1]).abs()));
    let claims = vec![
        Claim::new(
            "critical pumping by Eq. (5)",
            "γ↑ᶜ ≈ 0.7 γₜ",
            format!("formula {printed:.4}; eigenvalues {words}"),
            boundary.iter().all(|g| (g - 0.7).abs() < 0.05),
        ),
        Claim::new(
            "boundary is vertical",
            "set by the pumping rate alone, does not depend on λ",
            format!("varies by {:.4} for λ ≥ 0.1; goes to 1/2 for λ -> 0", spread(&boundary[1..])),
            spread(&boundary[1..]) < 0.02,
        ),
    ];
    Map { title: "Fig. 5: stability of the normal state, ω′z = ΩU(λ)", study: &FIG5 }.made(context, claims)
}

/// Fig. 7.
pub(super) fn fig7(context: &Context<'_>) -> Result<Option<Made>, ReproduceError> {
    let critical = dicke_line(&FIG6, 0.5)?;
    let formula = FIG6.reference(&[])?.critical_coupling();
    let (words, boundary) = lasing_boundary(&FIG6, &[0.02, 0.1, 0.3, 0.45])?;
    let photon_loss = lasing_boundary(&FIG2, &[0.02, 0.1, 0.3, 0.45])?;
    let lower = boundary.iter().zip(&photon_loss.1).all(|(g, l)| g < l);
    let claims = vec![
        Claim::new(
            "same picture as with photon loss",
            "qualitatively the diagram remains the same, boundaries are modified quantitatively",
            format!("lasing from γ↑/γₜ = {words}; with photon loss {}", photon_loss.0),
            lower,
        ),
        Claim::new(
            "boundary between NS and SR",
            "not given",
            format!("{critical:.6}; √(ω_c ω_z)/2 = {formula:.6}, since what stands still is not damped"),
            (critical - formula).abs() < 1e-4,
        ),
    ];
    Map { title: "Fig. 7: stability of the normal state, Gilbert damping", study: &FIG6 }
        .made(context, claims)
}
