//! LU factors of sparse complex matrices whose rows have an order in which they are narrow.

use std::collections::VecDeque;

use num_complex::Complex64;

/// A sparse matrix by rows: columns and values of every row.
pub type SparseRows = Vec<Vec<(usize, Complex64)>>;

/// P A P^T = L U in an order that makes the band narrow, with partial pivoting inside of the band.
///
/// ```text
/// row i of the factors | columns i - below ... i + below + above |   fill by exchanges of rows included
/// ```
/// Source: E. Cuthill, J. McKee, Proc. 24th ACM Nat. Conf. (1969), 157.
#[derive(Debug, Clone)]
pub struct BandedLu {
    /// Place of every unknown in the order.
    place: Vec<usize>,
    below: usize,
    width: usize,
    band: Vec<Complex64>,
    pivots: Vec<usize>,
}

/// Order and widths of a band, known before anything is factorised.
#[derive(Debug, Clone)]
pub struct BandOrder {
    place: Vec<usize>,
    below: usize,
    above: usize,
}

impl BandOrder {
    /// The better one of the order given and that of Cuthill and McKee for the pattern of a matrix.
    pub fn new(rows: &SparseRows) -> Self {
        let mut neighbours: Vec<Vec<usize>> =
            rows.iter().map(|row| row.iter().map(|e| e.0).collect()).collect();
        for (i, row) in rows.iter().enumerate() {
            for (j, _) in row {
                neighbours[*j].push(i);
            }
        }
        for list in &mut neighbours {
            list.sort_unstable();
            list.dedup();
        }
        let found = Self::with(rows, cuthill_mckee(&neighbours));
        let given = Self::with(rows, (0..rows.len()).collect());
        if given.cost() <= found.cost() { given } else { found }
    }

    fn with(rows: &SparseRows, place: Vec<usize>) -> Self {
        let (mut below, mut above) = (0, 0);
        for (i, row) in rows.iter().enumerate() {
            for (j, _) in row {
                below = below.max(place[i].saturating_sub(place[*j]));
                above = above.max(place[*j].saturating_sub(place[i]));
            }
        }
        Self { place, below, above }
    }

    /// Complex multiplications and additions that the factorisation takes.
    pub fn cost(&self) -> f64 {
        self.place.len() as f64 * self.below as f64 * (self.below + self.above + 1) as f64
    }

    /// Complex numbers that the factors take.
    pub fn size(&self) -> usize {
        self.place.len() * (2 * self.below + self.above + 1)
    }
}

/// Place of every node, breadth first from a node far out, fewest neighbours first, and backwards.
fn cuthill_mckee(neighbours: &[Vec<usize>]) -> Vec<usize> {
    let n = neighbours.len();
    let mut order = Vec::with_capacity(n);
    let mut seen = vec![false; n];
    let mut nodes: Vec<usize> = (0..n).collect();
    nodes.sort_by_key(|node| neighbours[*node].len());
    for node in nodes {
        if !seen[node] {
            let start = *breadth_first(neighbours, node, &mut seen.clone()).last().unwrap_or(&node);
            order.extend(breadth_first(neighbours, start, &mut seen));
        }
    }
    let mut place = vec![0; n];
    order.iter().rev().enumerate().for_each(|(at, node)| place[*node] = at);
    place
}

fn breadth_first(neighbours: &[Vec<usize>], start: usize, seen: &mut [bool]) -> Vec<usize> {
    let (mut found, mut queue) = (Vec::new(), VecDeque::from([start]));
    seen[start] = true;
    while let Some(node) = queue.pop_front() {
        found.push(node);
        let mut next: Vec<usize> = neighbours[node].iter().copied().filter(|k| !seen[*k]).collect();
        next.sort_by_key(|k| neighbours[*k].len());
        for k in next {
            seen[k] = true;
            queue.push_back(k);
        }
    }
    found
}

impl BandedLu {
    /// Factorises A - `shift`. `None` if it is singular or not finite.
    pub fn new(rows: &SparseRows, order: BandOrder, shift: f64) -> Option<Self> {
        let BandOrder { place, below, above } = order;
        let (n, width) = (rows.len(), 2 * below + above + 1);
        let mut band = vec![Complex64::ZERO; n * width];
        for (i, row) in rows.iter().enumerate() {
            let at = |j: usize| place[i] * width + below + place[j] - place[i];
            for (j, value) in row {
                band[at(*j)] += value;
            }
            band[at(i)] -= shift;
        }
        let mut factors = Self { place, below, width, band, pivots: vec![0; n] };
        factors.factorise().then_some(factors)
    }

    fn factorise(&mut self) -> bool {
        let (n, width, below) = (self.pivots.len(), self.width, self.below);
        for k in 0..n {
            let last = (k + below).min(n - 1);
            let size = |i: usize| self.band[i * width + below + k - i].norm_sqr();
            let Some(pivot) = (k..=last).max_by(|i, j| size(*i).total_cmp(&size(*j))) else { return false };
            if size(pivot) == 0.0 || !size(pivot).is_finite() {
                return false;
            }
            self.pivots[k] = pivot;
            let end = (k + width - below).min(n);
            if pivot != k {
                for j in k..end {
                    self.band.swap(k * width + below + j - k, pivot * width + below + j - pivot);
                }
            }
            let (upper, lower) = self.band.split_at_mut((k + 1) * width);
            let source = &upper[k * width + below..][..end - k];
            for i in k + 1..=last {
                let row = &mut lower[(i - k - 1) * width + below + k - i..][..end - k];
                let factor = row[0] / source[0];
                row[0] = factor;
                if factor != Complex64::ZERO {
                    row[1..].iter_mut().zip(&source[1..]).for_each(|(r, s)| *r -= factor * s);
                }
            }
        }
        true
    }

    /// `x` <- (A - shift)^-1 `x`, with scratch of the same length.
    ///
    /// # Panics
    /// If a vector has another length than the matrix.
    pub fn solve(&self, x: &mut [Complex64], scratch: &mut [Complex64]) {
        let (n, width, below) = (self.pivots.len(), self.width, self.below);
        self.place.iter().zip(&*x).for_each(|(p, x)| scratch[*p] = *x);
        for k in 0..n {
            scratch.swap(k, self.pivots[k]);
            let value = scratch[k];
            for i in k + 1..=(k + below).min(n - 1) {
                scratch[i] -= self.band[i * width + below + k - i] * value;
            }
        }
        for k in (0..n).rev() {
            let end = (k + width - below).min(n);
            let row = &self.band[k * width + below..][..end - k];
            let sum: Complex64 = row[1..].iter().zip(&scratch[k + 1..end]).map(|(a, x)| a * x).sum();
            scratch[k] = (scratch[k] - sum) / row[0];
        }
        x.iter_mut().zip(&self.place).for_each(|(x, p)| *x = scratch[*p]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A grid with numbers that need pivoting, its nodes in an order without structure.
    fn grid(side: usize) -> SparseRows {
        let n = side * side;
        let number = |k: usize| (k * 37 + 11) % n;
        let mut rows = vec![Vec::new(); n];
        for k in 0..n {
            let (x, y) = (k % side, k / side);
            let mut add =
                |l: usize, re: f64, im: f64| rows[number(k)].push((number(l), Complex64::new(re, im)));
            add(k, 0.01, 0.3 * (k as f64).sin());
            if x > 0 {
                add(k - 1, 1.0, 0.2);
            }
            if x + 1 < side {
                add(k + 1, -0.7, (k as f64).cos());
            }
            if y > 0 {
                add(k - side, 0.4, -0.1);
            }
            if y + 1 < side {
                add(k + side, 0.9, 0.5);
            }
        }
        rows
    }

    #[test]
    fn systems_are_solved_and_the_band_is_narrow() {
        let rows = grid(13);
        let order = BandOrder::new(&rows);
        assert!(order.below <= 20 && order.cost() < 169.0 * 20.0 * 41.0, "{order:?}");
        let lu = BandedLu::new(&rows, order, 0.3).expect("regular");
        let b: Vec<Complex64> = (0..169_u32).map(|i| Complex64::new(f64::from(i).sin(), 1.0)).collect();
        let (mut x, mut scratch) = (b.clone(), b.clone());
        lu.solve(&mut x, &mut scratch);
        for (i, row) in rows.iter().enumerate() {
            let image: Complex64 = row.iter().map(|(j, a)| a * x[*j]).sum::<Complex64>() - 0.3 * x[i];
            assert!((image - b[i]).norm() < 1e-10, "{i}");
        }
        assert!(BandedLu::new(&vec![Vec::new(); 3], BandOrder::new(&vec![Vec::new(); 3]), 0.0).is_none());
    }
}
