//! A branch of limit cycles over a parameter by pseudo-arclength continuation: it goes on around
//! saddle-nodes.
//!
//! Source: H. B. Keller, in Applications of Bifurcation Theory (Academic Press, 1977), p. 359.

use serde::Serialize;
use superladder_propagate::PropagateError;

use crate::MeanFieldEquations;
use crate::cycle::{Bifurcation, Branch, BranchPoint, Cycle, instability};
use crate::fixed::length_held;
use crate::flow::{advance, tangent};
use crate::least_squares::LeastSquares;
use crate::symmetry::parity;

/// How a branch is followed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Continuation {
    /// Where the parameter starts.
    pub from: f64,
    /// Where the parameter goes. The branch ends there, or back at `from` when it has turned.
    pub to: f64,
    /// Longest step of the parameter.
    pub step: f64,
    /// Largest number of points.
    pub most: usize,
    /// Error of the parameter at which a bifurcation is located.
    pub tolerance: f64,
}

/// A point of the extended space: state, period and parameter in units that make them comparable.
#[derive(Debug, Clone)]
struct Place {
    cycle: Cycle,
    parameter: f64,
}

struct Follower<'a, F> {
    equations: &'a F,
    continuation: Continuation,
}

impl<E: From<PropagateError>, F: Fn(f64) -> Result<MeanFieldEquations, E>> Follower<'_, F> {
    /// Unit of the parameter.
    fn unit(&self) -> f64 {
        (self.continuation.to - self.continuation.from).abs()
    }

    fn coordinates(&self, place: &Place) -> Vec<f64> {
        let mut x = place.cycle.state.clone();
        x.push(place.cycle.period);
        x.push(place.parameter / self.unit());
        x
    }

    /// The cycle on the plane through `guess` with the given normal, by Newton's method on state, period and
    /// parameter.
    fn solve(&self, guess: &[f64], normal: &[f64]) -> Result<Option<Place>, E> {
        let n = guess.len() - 2;
        let mut x = guess.to_vec();
        for _ in 0..12 {
            let parameter = x[n + 1] * self.unit();
            let here = (self.equations)(parameter)?;
            let conserved = here.conserved_lengths();
            let mut end = x[..n].to_vec();
            if !(x[n] > 0.0 && x[n] < 1e4) {
                return Ok(None);
            }
            let matrix = tangent(&here, &mut end, x[n])?;
            let slope = self.shift(&x, n)?;
            let (mut first, mut last) = (vec![0.0; n], vec![0.0; n]);
            here.drift(&x[..n], &mut first);
            here.drift(&end, &mut last);
            let (mut rows, mut right) = (Vec::with_capacity(n + 3), Vec::with_capacity(n + 3));
            for i in 0..n {
                let mut row = matrix[i * n..(i + 1) * n].to_vec();
                row[i] -= 1.0;
                row.extend([last[i], slope[i]]);
                rows.push(row);
                right.push(x[i] - end[i]);
            }
            // The place along the cycle is that of the guess.
            let along: f64 = first.iter().zip(guess).zip(&x).map(|((f, g), x)| f * (g - x)).sum();
            first.extend([0.0, 0.0]);
            rows.push(first);
            right.push(along);
            for e in &conserved {
                let (row, value) = length_held(&here, &x[..n], *e, n + 2);
                rows.push(row);
                right.push(value);
            }
            rows.push(normal.to_vec());
            right.push(normal.iter().zip(guess).zip(&x).map(|((w, g), x)| w * (g - x)).sum());
            let mut system = LeastSquares::new(n + 2);
            rows.iter().zip(&right).for_each(|(row, value)| system.add(row, *value));
            let Some(step) = system.solve() else { return Ok(None) };
            let size = step.iter().fold(0.0_f64, |most, s| most.max(s.abs()));
            if !(size.is_finite() && size < 2.0) {
                return Ok(None);
            }
            x.iter_mut().zip(step).for_each(|(x, dx)| *x += dx);
            if size < 1e-7 {
                break;
            }
        }
        let parameter = x[n + 1] * self.unit();
        let refined = Cycle::refine(&(self.equations)(parameter)?, &x[..n], x[n])?;
        let near = |c: &Cycle| c.state.iter().zip(&x).all(|(a, b)| (a - b).abs() < 1e-2);
        Ok(refined.filter(near).map(|cycle| Place { cycle, parameter }))
    }

    /// The derivative of the end of the trajectory by the scaled parameter, from two flows.
    fn shift(&self, x: &[f64], n: usize) -> Result<Vec<f64>, E> {
        let h = 1e-5;
        let mut ends = Vec::with_capacity(2);
        for sign in [1.0, -1.0] {
            let mut v = x[..n].to_vec();
            let there = (self.equations)((x[n + 1] + sign * h) * self.unit())?;
            advance(&there, &mut v, x[n], &[], &mut |_, _| {})?;
            ends.push(v);
        }
        Ok(ends[0].iter().zip(&ends[1]).map(|(a, b)| (a - b) / (2.0 * h)).collect())
    }

    /// The place at part `theta` of the way between two neighbours.
    fn between(&self, a: &Place, b: &Place, theta: f64) -> Result<Option<Place>, E> {
        let (x, y) = (self.coordinates(a), self.coordinates(b));
        let normal: Vec<f64> = y.iter().zip(&x).map(|(y, x)| y - x).collect();
        let guess: Vec<f64> = x.iter().zip(&normal).map(|(x, d)| x + theta * d).collect();
        self.solve(&guess, &normal)
    }

    fn value(&self, place: &Place) -> Result<(f64, Bifurcation), E> {
        let conserved = (self.equations)(place.parameter)?.conserved_lengths().len();
        Ok(instability(&place.cycle, conserved))
    }

    /// Bisects a change of stability between two neighbours.
    fn crossing(&self, a: &Place, b: &Place) -> Result<(f64, Bifurcation), E> {
        let ((sign, _), (_, mut kind)) = (self.value(a)?, self.value(b)?);
        let (mut low, mut high, mut at) = (0.0, 1.0, 0.5 * (a.parameter + b.parameter));
        let width = (b.parameter - a.parameter).abs();
        while (high - low) * width > self.continuation.tolerance {
            let theta = 0.5 * (low + high);
            let Some(place) = self.between(a, b, theta)? else { break };
            let (value, found) = self.value(&place)?;
            if value * sign > 0.0 {
                low = theta;
            } else {
                high = theta;
            }
            (kind, at) = (found, place.parameter);
            if high - low < 1e-9 {
                break;
            }
        }
        // Without a turn of the parameter a real multiplier at +1 is no saddle-node.
        let kind = if kind == Bifurcation::SaddleNode { Bifurcation::BranchPoint } else { kind };
        Ok((at, kind))
    }

    /// The extreme parameter between `a` and `c`, with the cycle `b` between them beyond both: successive
    /// parabolas.
    fn turn(&self, mut a: Place, mut b: Place, mut c: Place) -> Result<(f64, Bifurcation), E> {
        for _ in 0..12 {
            let (x, y, z) = (self.coordinates(&a), self.coordinates(&b), self.coordinates(&c));
            let chord: Vec<f64> = z.iter().zip(&x).map(|(z, x)| z - x).collect();
            let length: f64 = chord.iter().map(|d| d * d).sum();
            let part = y.iter().zip(&x).zip(&chord).map(|((y, x), d)| (y - x) * d).sum::<f64>() / length;
            let (p, q, r) = (a.parameter, b.parameter, c.parameter);
            let (u, v) = ((q - p) / part, (r - q) / (1.0 - part));
            let theta = 0.5 * (part - u / (v - u));
            let target = theta.clamp(0.02, 0.98);
            let Some(found) = self.between(&a, &c, target)? else { break };
            let moved = (found.parameter - q).abs();
            if target < part {
                (c, b) = (b, found);
            } else {
                (a, b) = (b, found);
            }
            if moved < self.continuation.tolerance {
                break;
            }
        }
        let here = (self.equations)(b.parameter)?;
        let kind =
            if asymmetry(&here, &b.cycle)? < 2e-2 { Bifurcation::Pitchfork } else { Bifurcation::SaddleNode };
        Ok((b.parameter, kind))
    }
}

/// How far half a period is from the reflection of the parity; infinite without one.
fn asymmetry(equations: &MeanFieldEquations, cycle: &Cycle) -> Result<f64, PropagateError> {
    let Some(signs) = parity(equations) else { return Ok(f64::INFINITY) };
    let mut half = cycle.state.clone();
    advance(equations, &mut half, 0.5 * cycle.period, &[], &mut |_, _| {})?;
    let off = half.iter().zip(&cycle.state).zip(signs).map(|((h, v), s)| (h - s * v).abs());
    Ok(off.fold(0.0, f64::max))
}

/// Follows the cycle `start` of `equations(continuation.from)` until the parameter leaves `[from, to]`,
/// around saddle-nodes. It locates and names every change of stability and every turn of the parameter. When
/// `go_on` says no, it returns what it has.
///
/// # Errors
/// The error of `equations`, or [`PropagateError`] turned into it.
pub fn followed<E: From<PropagateError>>(
    start: &Cycle,
    continuation: Continuation,
    equations: impl Fn(f64) -> Result<MeanFieldEquations, E>,
    go_on: &dyn Fn(usize) -> bool,
) -> Result<Branch, E> {
    let follower = Follower { equations: &equations, continuation };
    let mut branch = Branch::default();
    let direction = (continuation.to - continuation.from).signum();
    let mut places = vec![Place { cycle: start.clone(), parameter: continuation.from }];
    let mut step = continuation.step / follower.unit();
    let inside =
        |p: f64| (p - continuation.from) * direction >= -1e-12 && (continuation.to - p) * direction >= -1e-12;
    while places.len() < continuation.most && go_on(places.len()) {
        let known = &places[places.len() - 1];
        let x = follower.coordinates(known);
        let heading: Vec<f64> = match places.len() {
            1 => x.iter().enumerate().map(|(i, _)| if i + 1 == x.len() { direction } else { 0.0 }).collect(),
            count => {
                let before = follower.coordinates(&places[count - 2]);
                let d: Vec<f64> = x.iter().zip(&before).map(|(a, b)| a - b).collect();
                let length = d.iter().map(|d| d * d).sum::<f64>().sqrt();
                d.into_iter().map(|d| d / length).collect()
            }
        };
        let guess: Vec<f64> = x.iter().zip(&heading).map(|(x, d)| x + step * d).collect();
        let Some(next) = follower.solve(&guess, &heading)?.filter(|p| p.parameter != known.parameter) else {
            step *= 0.5;
            if step < 1e-4 * continuation.step / follower.unit() {
                branch.lost = Some(known.parameter);
                break;
            }
            continue;
        };
        // The longest step is one of the parameter, which along a steep branch is a small part of the way.
        let moved = ((next.parameter - known.parameter) / continuation.step).abs();
        step = (1.4 * step).min(step / moved.max(1e-9)).min(0.25);
        let here = places.len();
        let turned = here > 1
            && (next.parameter - known.parameter) * (known.parameter - places[here - 2].parameter) < 0.0;
        if turned {
            branch.bifurcations.push(follower.turn(places[here - 2].clone(), known.clone(), next.clone())?);
        }
        let (before, after) = (follower.value(known)?.0, follower.value(&next)?.0);
        if before * after < 0.0 && !turned {
            let found = follower.crossing(known, &next)?;
            let same = |b: &(f64, Bifurcation)| (b.0 - found.0).abs() < 0.1 * continuation.step;
            // Beside a turn the multiplier passes +1 in the same step or in the one before or after.
            if found.1 != Bifurcation::BranchPoint || !branch.bifurcations.iter().any(same) {
                branch.bifurcations.push(found);
            }
        }
        let left = !inside(next.parameter);
        places.push(next);
        if left {
            break;
        }
    }
    branch.points =
        places.into_iter().map(|p| BranchPoint { parameter: p.parameter, cycle: p.cycle }).collect();
    Ok(branch)
}
