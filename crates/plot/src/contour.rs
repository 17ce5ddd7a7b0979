//! The line on which values over two parameters have one level: marching squares.
//!
//! ```text
//!  (i, j+1) ----e---- (i+1, j+1)     a point of the line on every edge whose ends lie on different
//!     |                  |           sides of the level, where the straight line between them has it;
//!     e   a cell         e           two or four such points in a cell are joined
//!     |                  |
//!  (i, j) ------e----- (i+1, j)
//! ```

use std::collections::BTreeMap;

/// A point with an edge: the number of its first grid point, and whether it leads upwards.
type Edge = (usize, bool);

/// Values at the points of a grid, y fastest; NaN means undefined.
pub(crate) struct Grid<'a> {
    pub(crate) x: &'a [f64],
    pub(crate) y: &'a [f64],
    pub(crate) values: &'a [f64],
}

/// The pieces of the line at `level`. A value counts as below it when it is so by more than rounding, beside the level or
/// the span of the values. No line runs through a cell with an undefined corner.
pub(crate) fn contour(grid: &Grid<'_>, level: f64) -> Vec<Vec<(f64, f64)>> {
    let finite = grid.values.iter().copied().filter(|x| x.is_finite());
    let (low, high) = finite.fold((level, level), |(l, h), x| (l.min(x), h.max(x)));
    let edge = level - 1e-9 * level.abs().max(high - low);
    let mut neighbours: BTreeMap<Edge, Vec<Edge>> = BTreeMap::new();
    for column in 0..grid.x.len().saturating_sub(1) {
        for row in 0..grid.y.len().saturating_sub(1) {
            for [a, b] in grid.segments(column, row, edge) {
                neighbours.entry(a).or_default().push(b);
                neighbours.entry(b).or_default().push(a);
            }
        }
    }
    let mut pieces = Vec::new();
    // Open pieces first, from one of their ends; then closed ones.
    for ends in [1, 2] {
        while let Some(start) = neighbours.iter().find(|(_, next)| next.len() == ends).map(|(edge, _)| *edge)
        {
            let way = walk(&mut neighbours, start);
            pieces.push(way.into_iter().map(|edge| grid.crossing(edge, level)).collect());
        }
    }
    pieces
}

/// Follows the line from an edge to its end or back, and removes what it passed.
fn walk(neighbours: &mut BTreeMap<Edge, Vec<Edge>>, start: Edge) -> Vec<Edge> {
    let mut way = vec![start];
    let mut here = start;
    while let Some(next) = neighbours.get(&here).and_then(|next| next.first().copied()) {
        for (from, to) in [(here, next), (next, here)] {
            let Some(list) = neighbours.get_mut(&from) else { continue };
            if let Some(place) = list.iter().position(|edge| *edge == to) {
                list.remove(place);
            }
            if list.is_empty() {
                neighbours.remove(&from);
            }
        }
        way.push(next);
        here = next;
    }
    way
}

impl Grid<'_> {
    fn point(&self, column: usize, row: usize) -> usize {
        column * self.y.len() + row
    }

    fn is_below(&self, point: usize, level: f64) -> bool {
        self.values[point] < level
    }

    /// The pieces of the line within a cell.
    fn segments(&self, column: usize, row: usize, level: f64) -> Vec<[Edge; 2]> {
        let corners = [(0, 0), (1, 0), (1, 1), (0, 1)].map(|(i, j)| self.point(column + i, row + j));
        if corners.iter().any(|p| !self.values[*p].is_finite()) {
            return Vec::new();
        }
        let [a, b, c, d] = corners;
        // Around the cell: below, right, above, left.
        let edges = [(a, false), (b, true), (d, false), (a, true)];
        let below = corners.map(|p| self.is_below(p, level));
        let cut: Vec<usize> = (0..4).filter(|k| below[*k] != below[(k + 1) % 4]).collect();
        match cut[..] {
            [first, second] => vec![[edges[first], edges[second]]],
            [_, _, _, _] => {
                // A saddle: its middle decides which corners belong together.
                let middle = [a, b, c, d].iter().map(|p| self.values[*p]).sum::<f64>() / 4.0;
                let joined = (middle < level) == below[0];
                let pairs = if joined { [[0, 1], [2, 3]] } else { [[3, 0], [1, 2]] };
                pairs.map(|pair| pair.map(|k: usize| edges[k])).to_vec()
            }
            _ => Vec::new(),
        }
    }

    /// Where an edge has the level.
    fn crossing(&self, (point, upwards): Edge, level: f64) -> (f64, f64) {
        let (column, row) = (point / self.y.len(), point % self.y.len());
        let (next_column, next_row) = if upwards { (column, row + 1) } else { (column + 1, row) };
        let (from, to) = (self.values[point], self.values[self.point(next_column, next_row)]);
        let part = if from == to { 0.5 } else { ((level - from) / (to - from)).clamp(0.0, 1.0) };
        let between = |a: f64, b: f64| a + part * (b - a);
        (between(self.x[column], self.x[next_column]), between(self.y[row], self.y[next_row]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(n: usize, level: f64, f: impl Fn(f64, f64) -> f64) -> Vec<Vec<(f64, f64)>> {
        let x: Vec<f64> = (0..n).map(|k| -2.0 + 4.0 * k as f64 / (n - 1) as f64).collect();
        let values: Vec<f64> =
            x.iter().flat_map(|x0| x.iter().map(|y0| f(*x0, *y0)).collect::<Vec<_>>()).collect();
        contour(&Grid { x: &x, y: &x, values: &values }, level)
    }

    #[test]
    fn of_a_cone_it_is_one_closed_circle() {
        let pieces = drawn(41, 1.0, f64::hypot);
        assert_eq!(pieces.len(), 1);
        assert_eq!(pieces[0].first(), pieces[0].last(), "closed");
        assert!(pieces[0].len() > 60 && pieces[0].iter().all(|(x, y)| (x.hypot(*y) - 1.0).abs() < 3e-3));
    }

    #[test]
    fn of_a_saddle_it_is_two_branches_and_of_a_plane_a_line() {
        let pieces = drawn(20, 0.5, |x, y| x * y);
        assert_eq!(pieces.len(), 2);
        let plane = drawn(10, 0.3, |x, _| x);
        assert!(
            plane.len() == 1 && plane[0].len() == 10 && plane[0].iter().all(|p| (p.0 - 0.3).abs() < 1e-12)
        );
    }

    #[test]
    fn gaps_break_it_and_rounding_draws_nothing() {
        let pieces = drawn(41, 1.0, |x, y| if x > 0.0 && y.abs() < 0.2 { f64::NAN } else { x.hypot(y) });
        assert!(pieces.len() == 1 && pieces[0].first() != pieces[0].last());
        assert!(drawn(10, 1.0, |x, y| 1.0 + 1e-15 * (x * y).signum()).is_empty());
        // At the edge of a plateau of zeros with rounding.
        let plateau = drawn(10, 0.0, |x, y| if x > 0.5 { 1e-16 * y } else { x - 0.5 });
        assert_eq!(plateau.len(), 1, "{plateau:?}");
    }
}
