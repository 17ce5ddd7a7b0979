//! The picture of a branch of limit cycles.

use superladder_plot::{Curve, CurvesPanel, Note, Picture, Sheet, SheetPanel, Stroke, typeset};

/// A branch of limit cycles as it is drawn.
#[derive(Debug, Clone)]
pub struct CycleBranch {
    /// The parameter.
    pub key: String,
    /// The unknown whose mean and amplitude are shown.
    pub unknown: String,
    /// Parameter, period, mean, amplitude, largest modulus of a free multiplier.
    pub points: Vec<[f64; 5]>,
    /// Parameter and name of every bifurcation.
    pub bifurcations: Vec<(f64, String)>,
}

/// Mean, amplitude and period along a branch: solid where it is stable, dotted where it is not; bifurcations
/// are named.
pub fn cycle_branch(branch: &CycleBranch) -> Picture {
    let values = |k: usize| branch.points.iter().map(move |p| if k == 2 { p[k].abs() } else { p[k] });
    let ends =
        |k: usize| values(k).fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), x| (l.min(x), h.max(x)));
    let curves = |k: usize, name: &str, colour: &'static str| {
        let all = branch.points.iter().map(|p| (p[0], if k == 2 { p[k].abs() } else { p[k] })).collect();
        // A stable stretch begins and ends at the points around it, so that no gap is left.
        let count = branch.points.len();
        let stable = |i: usize| branch.points[i.min(count - 1)][4] < 1.0;
        let part = |i: usize| if stable(i) { branch.points[i][k] } else { f64::NAN };
        let solid = (0..count).map(|i| (branch.points[i][0], if k == 2 { part(i).abs() } else { part(i) }));
        vec![
            Curve::solid("", all, colour).with(Stroke::Dotted, 1.8),
            Curve::solid(name, solid.collect(), colour).with(Stroke::Solid, 2.4),
        ]
    };
    // Room for the names of bifurcations at the ends.
    let (left, right) = ends(0);
    let room = 0.08 * (right - left).max(1e-9);
    let (left, right) = (left - room, right + room);
    let panel = |curves: Vec<Curve>, label: &str, (low, high): (f64, f64)| {
        let margin = 0.15 * (high - low).max(1e-9 * high.abs().max(1.0));
        let (bottom, top) = (low - margin, high + 2.5 * margin);
        let line = |(p, _): &(f64, String)| {
            Curve::solid("", vec![(*p, bottom), (*p, high + margin)], "#000000").with(Stroke::Dotted, 1.0)
        };
        let lines = branch.bifurcations.iter().map(line);
        let note = |(p, name): &(f64, String)| Note { text: name.clone(), at: (*p, high + 1.1 * margin) };
        CurvesPanel {
            x_label: branch.key.clone(),
            y_label: label.to_owned(),
            curves: curves.into_iter().chain(lines).collect(),
            x_range: Some((left, right)),
            y_range: Some((bottom, top)),
            notes: branch.bifurcations.iter().map(note).collect(),
            ..CurvesPanel::default()
        }
    };
    let ((low, high), (l2, h2)) = (ends(3), ends(2));
    let both = [curves(3, "amplitude", "#D55E00"), curves(2, "|mean|", "#0072B2")].concat();
    let above = panel(both, &typeset(&branch.unknown), (low.min(l2), high.max(h2)));
    let below = panel(curves(1, "", "#009E73"), "period", ends(1));
    let sheet = Sheet {
        title: format!("Limit cycles over {}: solid where stable, dotted where not", branch.key),
        columns: 1,
        rows: 2,
        cell: (900.0, 360.0),
        panels: vec![([0, 0, 1, 1], SheetPanel::Curves(above)), ([1, 0, 1, 1], SheetPanel::Curves(below))],
    };
    sheet.picture()
}
