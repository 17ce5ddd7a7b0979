//! Which engines may stand in one law: those that agree where they overlap.
//!
//! Engines come by rank, the best first. What is better is kept; of the next one those sizes are taken at which it agrees
//! with what is there, and what lies beyond only where it still agrees at the last size that both have. How far it is off
//! there, times `N_last / N`, is its error beyond: the approximations that come into question are off by a part that
//! falls as 1/N.

use serde::{Deserialize, Serialize};

use super::{FitPoint, JointPoint, Observed};

/// Relative difference of times that agree, beside twice their errors.
const CLOSE: f64 = 0.05;

/// The breakdown times of one engine.
#[derive(Debug, Clone)]
pub struct RankedSeries {
    /// Its label.
    pub label: String,
    /// 0: exact; what is larger is worse.
    pub rank: usize,
    /// Whether its error falls with N, so that it may go on alone where it has agreed.
    pub extends: bool,
    /// What it found.
    pub points: Vec<FitPoint>,
}

/// Sizes of a series that are not in the law, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LeftOut {
    /// Label of the series.
    pub series: String,
    /// Smallest and largest of the sizes.
    pub sizes: [f64; 2],
    /// Why, in words.
    pub reason: String,
}

/// A time with its relative error.
#[derive(Debug, Clone, Copy)]
struct Known {
    n: f64,
    time: f64,
    error: f64,
}

fn known(points: &[FitPoint]) -> Vec<Known> {
    let of = |p: &FitPoint| match p.observed {
        Observed::Crossed { time } if time > 0.0 => {
            let error = p.standard_error.filter(|e| e.is_finite()).unwrap_or(0.0) / time;
            Some(Known { n: p.n, time, error })
        }
        _ => None,
    };
    let mut known: Vec<Known> = points.iter().filter_map(of).collect();
    known.sort_by(|a, b| a.n.total_cmp(&b.n));
    known
}

/// The time at `n` from points by increasing size, linear in logarithms; none outside of them.
fn at(points: &[Known], n: f64) -> Option<Known> {
    let next = points.partition_point(|p| p.n < n);
    let right = points.get(next)?;
    if right.n == n {
        return Some(*right);
    }
    let left = points.get(next.checked_sub(1)?)?;
    let u = (n / left.n).ln() / (right.n / left.n).ln();
    let time = ((1.0 - u) * left.time.ln() + u * right.time.ln()).exp();
    Some(Known { n, time, error: left.error.max(right.error) })
}

/// The points of one law, and what is left out.
pub fn agreeing(series: &[RankedSeries]) -> (Vec<JointPoint>, Vec<LeftOut>) {
    let mut order: Vec<&RankedSeries> = series.iter().collect();
    order.sort_by_key(|s| s.rank);
    let (mut law, mut names): (Vec<Known>, Vec<(f64, String)>) = (Vec::new(), Vec::new());
    let mut left_out = Vec::new();
    for one in order {
        let own = known(&one.points);
        let (taken, reasons) = admitted(&law, &own, one);
        left_out.extend(reasons);
        // A size that a better engine has is that engine's.
        for point in taken.into_iter().filter(|p| !names.iter().any(|(n, _)| *n == p.n)).collect::<Vec<_>>() {
            names.push((point.n, one.label.clone()));
            law.push(point);
        }
        law.sort_by(|a, b| a.n.total_cmp(&b.n));
    }
    let named = |p: &Known| {
        let series = names.iter().find(|(n, _)| *n == p.n).map(|(_, name)| name.clone()).unwrap_or_default();
        JointPoint { series, n: p.n, time: p.time, relative_error: p.error }
    };
    (law.iter().map(named).collect(), left_out)
}

/// Of the points of a series those that may be taken, and why others may not.
fn admitted(law: &[Known], own: &[Known], series: &RankedSeries) -> (Vec<Known>, Vec<LeftOut>) {
    let (Some(first), Some(last)) = (own.first(), own.last()) else { return (Vec::new(), Vec::new()) };
    let out = |sizes: [f64; 2], reason: String| LeftOut { series: series.label.clone(), sizes, reason };
    let Some(largest) = law.last().map(|p| p.n) else { return (own.to_vec(), Vec::new()) };
    // Relative difference and whether that is agreement, at every size that both have.
    let held = |p: &Known| {
        let other = at(law, p.n)?;
        let away = p.time / other.time - 1.0;
        Some((p.n, away, away.abs() <= CLOSE + 2.0 * p.error.hypot(other.error)))
    };
    let common: Vec<(f64, f64, bool)> = own.iter().filter_map(held).collect();
    let Some(&(end, away, agrees)) = common.last() else {
        return (Vec::new(), vec![out([first.n, last.n], "no size in common with a better engine".into())]);
    };
    if !agrees {
        let reason =
            format!("off by {:+.1} % at N = {end}, the largest size that a better engine has", 100.0 * away);
        return (Vec::new(), vec![out([first.n, last.n], reason)]);
    }
    let from = common.iter().rev().take_while(|c| c.2).last().map_or(end, |c| c.0);
    let mut left = Vec::new();
    if from > first.n {
        left.push(out([first.n, from], "off at small N".into()));
    }
    if !series.extends && last.n > largest {
        left.push(out([largest, last.n], "no better engine there to hold it against".into()));
    }
    let inside = |p: &&Known| p.n >= from && (series.extends || p.n <= largest);
    let of = |p: &Known| Known { error: p.error.hypot(away * (end / p.n).min(1.0)), ..*p };
    (own.iter().filter(inside).map(of).collect(), left)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(label: &str, rank: usize, extends: bool, points: &[(f64, f64)]) -> RankedSeries {
        let points = points.iter().map(|(n, t)| FitPoint::crossed(*n, *t)).collect();
        RankedSeries { label: label.into(), rank, extends, points }
    }

    #[test]
    fn what_agrees_goes_on_and_what_does_not_is_left_out() {
        let all = [
            series("closure", 3, false, &[(4.0, 9.9), (8.0, 15.0), (100.0, 60.0), (1e4, 2000.0)]),
            series("samples", 2, true, &[(4.0, 10.4), (8.0, 17.4), (100.0, 77.0), (1e4, 3200.0)]),
            series("exact", 0, true, &[(2.0, 6.9), (4.0, 10.2), (8.0, 16.8)]),
            series("elsewhere", 3, false, &[(1e6, 1e5)]),
        ];
        let (law, left) = agreeing(&all);
        let found: Vec<(&str, f64)> = law.iter().map(|p| (p.series.as_str(), p.n)).collect();
        let exact = [("exact", 2.0), ("exact", 4.0), ("exact", 8.0)];
        assert_eq!(found, [&exact[..], &[("samples", 100.0), ("samples", 1e4)]].concat());
        // 17.4 for 16.8 at N = 8, times 8/100.
        assert!((law[3].relative_error - (17.4 / 16.8 - 1.0) * 0.08).abs() < 1e-12);
        assert_eq!(left.iter().map(|l| l.series.as_str()).collect::<Vec<_>>(), ["closure", "elsewhere"]);
        assert!(left[0].reason.contains("-37.5 % at N = 10000"), "{}", left[0].reason);
        assert!(left[1].reason.contains("no size in common"), "{}", left[1].reason);
    }

    #[test]
    fn an_approximation_that_is_off_at_small_sizes_is_taken_from_where_it_agrees() {
        let exact = series("exact", 0, true, &[(4.0, 10.0), (8.0, 16.0), (16.0, 25.0)]);
        let closure = series("closure", 3, false, &[(4.0, 8.0), (8.0, 15.5), (12.0, 20.5), (100.0, 70.0)]);
        let (law, left) = agreeing(&[exact, closure]);
        assert_eq!(law.iter().map(|p| p.n).collect::<Vec<_>>(), [4.0, 8.0, 12.0, 16.0]);
        assert_eq!(left.iter().map(|l| l.sizes).collect::<Vec<_>>(), [[4.0, 8.0], [16.0, 100.0]]);
    }
}
