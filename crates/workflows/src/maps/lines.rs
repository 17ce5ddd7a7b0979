//! Lines of linear stability: where a rate of growth is zero, by root finding between the points of a grid.

use std::collections::BTreeMap;

use rayon::prelude::*;
use superladder_mean_field::{FixedKind, FixedPoint, MeanFieldEquations, refine, root};

use super::Growth;

/// A line of linear stability.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Line {
    /// What happens there.
    pub name: &'static str,
    /// Its connected pieces, each the points (x, y) in order.
    pub pieces: Vec<Vec<(f64, f64)>>,
}

/// A rate of growth.
type Rate = fn(&Growth) -> f64;

/// The lines that are looked for: of which fixed point, which rate.
const LINES: [(&str, FixedKind, Rate); 3] = [
    ("normal state: pair", FixedKind::Normal, |g| g.pair_rate),
    ("normal state: real", FixedKind::Normal, |g| g.real_rate),
    ("superradiant: pair", FixedKind::Superradiant, |g| g.pair_rate),
];

/// An edge between two neighbours of the grid: the point where it begins, and whether it runs along y.
type Edge = (usize, usize, bool);

/// The lines over the grid `x` times `y` (y fastest), at whose points the fixed points are `found`. On every
/// edge over which a rate changes its sign the zero is found to rounding, with the equations `at` the points
/// between and the fixed point continued from the nearer end. Edges that are crossed by the same cell are
/// joined. A sign that changes by a jump is no line.
pub fn lines(
    found: &[Vec<FixedPoint>],
    (x, y): (&[f64], &[f64]),
    at: &(impl Fn(f64, f64) -> Option<MeanFieldEquations> + Sync),
) -> Vec<Line> {
    LINES.iter().map(|line| traced(*line, found, (x, y), at)).collect()
}

fn traced(
    (name, kind, rate): (&'static str, FixedKind, Rate),
    found: &[Vec<FixedPoint>],
    (x, y): (&[f64], &[f64]),
    at: &(impl Fn(f64, f64) -> Option<MeanFieldEquations> + Sync),
) -> Line {
    let point = |i: usize, k: usize| found[i * y.len() + k].iter().find(|p| p.kind == kind);
    let mut edges: Vec<Edge> = Vec::new();
    for i in 0..x.len() {
        edges.extend((0..y.len().saturating_sub(1)).map(|k| (i, k, true)));
        if i + 1 < x.len() {
            edges.extend((0..y.len()).map(|k| (i, k, false)));
        }
    }
    let zero = |edge: &Edge| -> Option<(Edge, (f64, f64))> {
        let (i, k, along_y) = *edge;
        let (i2, k2) = if along_y { (i, k + 1) } else { (i + 1, k) };
        let (first, last) = (point(i, k)?, point(i2, k2)?);
        let crossed = rate(&Growth::at(first)) * rate(&Growth::at(last)) < 0.0;
        if !crossed {
            return None;
        }
        let place = |part: f64| (x[i] + part * (x[i2] - x[i]), y[k] + part * (y[k2] - y[k]));
        let between = |part: f64| {
            let near = if part < 0.5 { first } else { last };
            if part == 0.0 || part == 1.0 {
                return rate(&Growth::at(near));
            }
            let (x, y) = place(part);
            continued(at(x, y), near).map_or(f64::NAN, |p| rate(&Growth::at(&p)))
        };
        root(0.0, 1.0, between).map(|part| (*edge, place(part)))
    };
    let crossings: BTreeMap<Edge, (f64, f64)> =
        edges.par_iter().filter_map(zero).collect::<Vec<_>>().into_iter().collect();
    Line { name, pieces: joined(&crossings, x.len(), y.len()) }
}

/// The fixed point of the same kind near a known one.
fn continued(equations: Option<MeanFieldEquations>, near: &FixedPoint) -> Option<FixedPoint> {
    let equations = equations?;
    let conserved = equations.conserved_lengths();
    let state = refine(&equations, &near.state, &conserved)?;
    Some(FixedPoint::new(&equations, state, &conserved)).filter(|p| p.kind == near.kind)
}

/// Joins the crossings of the edges of every cell, and what hangs together to pieces.
fn joined(crossings: &BTreeMap<Edge, (f64, f64)>, columns: usize, rows: usize) -> Vec<Vec<(f64, f64)>> {
    let mut neighbours: BTreeMap<Edge, Vec<Edge>> = crossings.keys().map(|e| (*e, Vec::new())).collect();
    for i in 0..columns.saturating_sub(1) {
        for k in 0..rows.saturating_sub(1) {
            // Around the cell, so that in a saddle two crossings that follow each other belong together.
            let around = [(i, k, false), (i + 1, k, true), (i, k + 1, false), (i, k, true)];
            let crossed: Vec<Edge> = around.into_iter().filter(|e| crossings.contains_key(e)).collect();
            for pair in crossed.chunks_exact(2) {
                for (from, to) in [(pair[0], pair[1]), (pair[1], pair[0])] {
                    neighbours.entry(from).or_default().push(to);
                }
            }
        }
    }
    let mut left: Vec<Edge> = neighbours.keys().copied().collect();
    // Ends first, so that pieces are walked from end to end; closed ones are what remains.
    left.sort_by_key(|edge| (neighbours[edge].len() > 1, *edge));
    let mut seen = std::collections::BTreeSet::new();
    let mut pieces = Vec::new();
    for start in left {
        let mut piece = Vec::new();
        let mut here = Some(start);
        while let Some(edge) = here.filter(|edge| seen.insert(*edge)) {
            piece.push(crossings[&edge]);
            here = neighbours[&edge].iter().copied().find(|next| !seen.contains(next));
        }
        let closed = piece.len() > 2 && neighbours[&start].len() > 1;
        if closed {
            piece.push(piece[0]);
        }
        if !piece.is_empty() {
            pieces.push(piece);
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crossings_are_joined_from_end_to_end_and_around() {
        // A line that cuts three edges of a strip of two cells, and a circle about the point (4, 4).
        let mut crossings = BTreeMap::new();
        for (i, x) in [(0, 0.0), (1, 1.0), (2, 2.0)] {
            crossings.insert((i, 0, true), (x, 0.5));
        }
        for (edge, point) in [
            ((3, 4, false), (3.5, 4.0)),
            ((4, 4, false), (4.5, 4.0)),
            ((4, 3, true), (4.0, 3.5)),
            ((4, 4, true), (4.0, 4.5)),
        ] {
            crossings.insert(edge, point);
        }
        let pieces = joined(&crossings, 6, 6);
        assert_eq!(pieces.len(), 2, "{pieces:?}");
        assert_eq!(pieces[0], [(0.0, 0.5), (1.0, 0.5), (2.0, 0.5)]);
        assert_eq!((pieces[1].len(), pieces[1][0]), (5, pieces[1][4]));
    }
}
