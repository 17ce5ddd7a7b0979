//! One law through all engines that agree, for every criterion.

use std::fmt::Write as _;

use serde::Serialize;
use superladder_analysis::{Interval, JointFit, JointPoint, LeftOut, RankedSeries, agreeing, joint_fit};
use superladder_study::Plan;

use super::fitted::Fitted;
use super::reading::AVERAGED;

/// Engines by rank, and whether the error of one falls with the size.
const RANKS: [(&str, bool); 4] =
    [("exact", true), ("trajectories", true), ("truncated-wigner", true), ("cumulant", false)];

/// The law through the engines that agree by one criterion.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Joint {
    /// Name of the criterion.
    pub criterion: String,
    /// The points, each of the best engine at its size.
    pub points: Vec<JointPoint>,
    /// What is not among them, and why.
    pub left_out: Vec<LeftOut>,
    /// The law, or why there is none.
    pub law: Result<JointFit, String>,
}

/// The joint laws of all criteria that are read as averages by two engines at least.
pub(super) fn joint(plan: &Plan, fits: &[Fitted]) -> Vec<Joint> {
    let mut criteria: Vec<&str> = Vec::new();
    for fitted in fits.iter().filter(|f| f.reading == AVERAGED) {
        if !criteria.contains(&fitted.criterion.as_str()) {
            criteria.push(&fitted.criterion);
        }
    }
    let of = |criterion: &str| {
        let rank = |label: &str| {
            let series = plan.series.iter().find(|s| s.label == label)?;
            let rank = RANKS.iter().position(|(engine, _)| *engine == series.engine)?;
            Some((rank, RANKS[rank].1))
        };
        let own = fits.iter().filter(|f| f.reading == AVERAGED && f.criterion == criterion);
        let series: Vec<RankedSeries> = own
            .filter_map(|f| {
                let (rank, extends) = rank(&f.series)?;
                let points = f.report.used.clone();
                Some(RankedSeries { label: f.series.clone(), rank, extends, points })
            })
            .collect();
        let (points, left_out) = agreeing(&series);
        let law = joint_fit(&points, plan.fit.level);
        (series.len() > 1).then(|| Joint { criterion: criterion.to_owned(), points, left_out, law })
    };
    criteria.into_iter().filter_map(of).collect()
}

impl Joint {
    /// In one line; nothing where there is no law.
    pub(super) fn short(&self, parameter: &str) -> String {
        let Ok(law) = &self.law else { return String::new() };
        let Interval { lower, upper } = law.asymptote.interval;
        format!(
            "\nAll that agree, {}: the local exponent goes from {:.2} to {:.3} ({lower:.2} to {upper:.2}) at {parameter} = {}\n",
            self.criterion,
            law.first.exponent,
            law.asymptote.exponent,
            law.asymptote.n.round()
        )
    }

    /// For a reader.
    pub(super) fn text(&self, parameter: &str) -> String {
        let mut text = format!(
            "\nOne law t_E = A {parameter}^delta({parameter}) through the engines that agree, criterion {}\n",
            self.criterion
        );
        let mut engines: Vec<&str> = self.points.iter().map(|p| p.series.as_str()).collect();
        engines.dedup();
        for engine in engines {
            let sizes: Vec<String> =
                self.points.iter().filter(|p| p.series == engine).map(|p| p.n.to_string()).collect();
            let _ = writeln!(text, "  {engine}: {parameter} = {}", sizes.join(", "));
        }
        for left in &self.left_out {
            let [low, high] = left.sizes;
            let _ =
                writeln!(text, "  left out: {}, {parameter} = {low} to {high}: {}", left.series, left.reason);
        }
        match &self.law {
            Err(reason) => {
                let _ = writeln!(text, "  No law: {reason}.");
            }
            Ok(law) => text += &law_in_words(law, parameter),
        }
        text
    }
}

fn law_in_words(law: &JointFit, parameter: &str) -> String {
    let percent = (1e6 * law.level).round() / 1e4;
    let shown = |e: &superladder_analysis::SmoothExponent| {
        format!("{:.3} ({:.3} to {:.3})", e.exponent, e.interval.lower, e.interval.upper)
    };
    let mut text = format!(
        "  asymptotic exponent {}, {percent} % interval; at small {parameter} {}; it changes about {parameter} = {:.0}\n",
        shown(&law.asymptote),
        shown(&law.first),
        law.turning
    );
    let _ = writeln!(
        text,
        "  chi^2 = {:.1} for {} degrees of freedom, errors scaled by {:.2}; one power law: chi^2 = {:.1}",
        law.chi_square, law.freedom, law.scaled, law.chi_square_of_power_law
    );
    let step = (law.exponents.len() / 8).max(1);
    for e in law.exponents.iter().step_by(step) {
        let _ = writeln!(text, "  {parameter} = {:>10.0}  local exponent {}", e.n, shown(e));
    }
    text
}
