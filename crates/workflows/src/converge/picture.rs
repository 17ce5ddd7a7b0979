//! The picture of the command `converge`: changes of every observable against what is varied.
//!
//! Axes are linear in the decimal logarithm: the library's own logarithmic axes end at 1e-10.

use superladder_plot::{Axis, COLOURS, Dashes, Frame, Line, Mark, Marks, Panel, Picture, Scale, Series};

use super::Vary;
use super::findings::{Findings, Varied};

const FRAME: Frame = Frame::large((760.0, 400.0), (84.0, 230.0));
/// Smaller changes are rounding.
const LEAST: f64 = 1e-16;
/// More observables than this are not told apart; those that change most are drawn.
const MOST_LINES: usize = 12;
/// Colours repeat with another marker.
const MARKS: [Mark; 2] = [Mark::Circle, Mark::Triangle];

/// One panel per family: largest change of every observable relative to its largest value, on a logarithmic
/// axis, with the tolerance.
pub(super) fn picture(findings: &Findings) -> Picture {
    let drawn: Vec<&Varied> = findings.varied.iter().filter(|v| !v.judged.is_empty()).collect();
    let title = format!("Convergence: {}", findings.study.title);
    let panels: Vec<Panel> = drawn.iter().map(|v| panel(v, findings.tolerance)).collect();
    FRAME.picture(&title, &panels)
}

/// Points of every observable, the worst of its components; those that change most come first.
fn lines(v: &Varied) -> Vec<(String, Vec<(f64, f64)>)> {
    let mut lines: Vec<(String, Vec<(f64, f64)>)> = Vec::new();
    let settings = v.family.choices.len();
    for judged in &v.judged {
        let point = |k: usize| match v.family.vary {
            Vary::Method | Vary::Closure if k + 1 == settings => None,
            Vary::Method | Vary::Closure => Some((k as f64, judged.distance_at(k).max(LEAST).log10())),
            Vary::Tolerance | Vary::Truncation => {
                Some((v.family.choices[k].size.log10(), judged.change_at(k)?.max(LEAST).log10()))
            }
            Vary::Number => {
                let error = judged.error_at(Vary::Number, k);
                Some((v.family.choices[k].size, error.max(LEAST).log10())).filter(|p| p.1.is_finite())
            }
            Vary::Cutoff | Vary::Order => {
                Some((v.family.choices[k].size, judged.change_at(k)?.max(LEAST).log10()))
            }
        };
        let points: Vec<(f64, f64)> = (0..settings).filter_map(point).collect();
        match lines.iter_mut().find(|(name, _)| *name == judged.observable) {
            Some((_, known)) => {
                known.iter_mut().zip(points).for_each(|(a, b)| a.1 = a.1.max(b.1));
            }
            None => lines.push((judged.observable.clone(), points)),
        }
    }
    let peak = |points: &[(f64, f64)]| points.iter().fold(f64::NEG_INFINITY, |most, p| most.max(p.1));
    lines.sort_by(|a, b| peak(&b.1).total_cmp(&peak(&a.1)));
    lines.truncate(MOST_LINES);
    lines
}

fn panel(v: &Varied, tolerance: f64) -> Panel {
    let mut series = Vec::new();
    let start = (tolerance.log10(), tolerance.log10());
    let lines = lines(v);
    let all = lines.iter().flat_map(|(_, points)| points);
    let (low, high) = all.fold(start, |(l, h), p| (p.1.min(l), p.1.max(h)));
    for (index, (label, points)) in lines.into_iter().enumerate() {
        let colour = COLOURS[index % COLOURS.len()];
        if !v.family.vary.is_named() {
            let (points, dashes) = (points.clone(), Dashes::Solid);
            series.push(Series::Line(Line { points, colour, width: 1.4, dashes, ..Line::default() }));
        }
        let mark = MARKS[index / COLOURS.len() % 2];
        series.push(Series::Marks(Marks { label, points, colour, size: 4.0, mark, errors: Vec::new() }));
    }
    let own = &v.family.choices[v.own].label;
    let grey = format!("grey: tolerance {tolerance:.0e}");
    let name = &v.family.name;
    let others = v.family.choices.len() - 1;
    let labels = || v.family.choices[..others].iter().map(|c| c.label.clone()).collect();
    let (x, y, title) = match v.family.vary {
        Vary::Number => (
            Axis::new(&**name),
            "standard error, relative",
            format!("Standard error against the {name} (the study: {own}); {grey}"),
        ),
        Vary::Cutoff | Vary::Order => (
            Axis::new(&**name),
            "change from the setting before, relative",
            format!("Change against the {name} (the study: {own}); {grey}"),
        ),
        Vary::Tolerance | Vary::Truncation => (
            Axis { step: Some(1.0), ..Axis::new(&**name).scaled(Scale::Powers) },
            "change from the coarser one, relative",
            format!("Change against {name} (the study: {own}); {grey}"),
        ),
        Vary::Method | Vary::Closure => (
            Axis::new(&*v.family.key).scaled(Scale::Words(labels())),
            "distance to the study's own, relative",
            format!("Others against '{own}'; {grey}"),
        ),
    };
    let (low, high) = (low.floor() - 1.0, high.ceil() + 1.0);
    let step = Some(((high - low) / 7.0).ceil());
    let y = Axis { step, ..Axis::new(y).scaled(Scale::Powers).between(low, high) };
    Panel { title, x, y, series, levels: vec![tolerance.log10()], moments: Vec::new() }
}
