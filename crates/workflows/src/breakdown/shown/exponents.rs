//! Local exponents against N, a panel for every criterion.

use superladder_plot::{Axis, Band, COLOURS, Dashes, Line, Marks, Panel, Picture, Scale, Series};

use super::super::report::Report;
use super::times::{FRAME, MARKS, SIZES, criteria, of_criterion, roomy};

/// Colour of the joint law.
const LAW: &str = "#444444";
/// The exponent of the published law, and that of phase diffusion.
const LEVELS: [f64; 2] = [0.5, 1.0];

/// `d ln t_E / d ln N` between neighbouring sizes with its error, and that of the law through all engines that agree with
/// its interval.
pub(crate) fn picture(report: &Report<'_>) -> Picture {
    let panels: Vec<Panel> = criteria(report).iter().map(|criterion| panel(report, criterion)).collect();
    FRAME.picture(&report.plan.title, &panels)
}

fn panel(report: &Report<'_>, criterion: &str) -> Panel {
    let mut series: Vec<Series> = law(report, criterion).map(Series::Line).into_iter().collect();
    let mut sizes: Vec<f64> = Vec::new();
    for (index, fitted) in of_criterion(report, criterion) {
        let local = &fitted.report.local_exponents;
        sizes.extend(local.iter().map(|e| e.n));
        series.push(Series::Marks(Marks {
            label: fitted.series.clone(),
            points: local.iter().map(|e| (e.n, e.exponent)).collect(),
            colour: COLOURS[index % COLOURS.len()],
            size: SIZES[index.min(SIZES.len() - 1)],
            mark: MARKS[index % MARKS.len()],
            errors: local.iter().map(|e| e.standard_error.unwrap_or(0.0)).collect(),
        }));
    }
    let (low, high) = roomy(&sizes);
    let name = &report.plan.parameter;
    Panel {
        title: format!("Local exponent of tE by criterion {criterion}; grey: 1/2 and 1"),
        x: Axis { low, high, ..Axis::new(name.as_str()).scaled(Scale::Logarithmic) },
        y: Axis::new(format!("d ln tE / d ln {name}")),
        series,
        levels: LEVELS.to_vec(),
        ..Panel::default()
    }
}

/// The local exponent of the joint law with its interval.
fn law(report: &Report<'_>, criterion: &str) -> Option<Line> {
    let joint = report.joint.iter().find(|j| j.criterion == criterion)?;
    let law = joint.law.as_ref().ok()?;
    let edge = |upper: bool| {
        let end = |e: &superladder_analysis::SmoothExponent| {
            if upper { e.interval.upper } else { e.interval.lower }
        };
        law.exponents.iter().map(end).collect::<Vec<f64>>()
    };
    Some(Line {
        label: "joint law".to_owned(),
        points: law.exponents.iter().map(|e| (e.n, e.exponent)).collect(),
        colour: LAW,
        width: 1.6,
        dashes: Dashes::Dashed,
        band: Some(Band { low: edge(false), high: edge(true) }),
    })
}
