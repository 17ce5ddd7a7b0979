//! Samples side by side: one number per lane, and polynomials whose coefficients all lanes share.
//!
//! The inner loops run over lanes, so that they become vector instructions; everything else is loop control, whose
//! cost is shared by all lanes. A lane computes what it would compute alone, with fused products everywhere, so that
//! a sample is the same bits in whatever company.

use pulp::Simd;
use superladder_cumulant::TapeTerm;

/// Samples that move together: enough for four vectors of four doubles, which hides the latency of sums.
pub(crate) const LANES: usize = 16;

/// One number per lane, on a cache line of its own.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
pub(crate) struct Lane(pub(crate) [f64; LANES]);

impl Lane {
    pub(crate) const ZERO: Self = Self([0.0; LANES]);

    pub(crate) fn all(x: f64) -> Self {
        Self([x; LANES])
    }

    /// The lanes as `K` vectors, which stay in registers.
    #[inline(always)]
    pub(crate) fn load<S: Simd, const K: usize>(&self, simd: S) -> [S::f64s; K] {
        match S::as_simd_f64s(&self.0).0.first_chunk::<K>() {
            Some(vectors) => *vectors,
            None => [simd.splat_f64s(0.0); K],
        }
    }

    /// Takes `K` vectors as the lanes.
    #[inline(always)]
    pub(crate) fn store<S: Simd, const K: usize>(&mut self, _: S, vectors: [S::f64s; K]) {
        if let Some(own) = S::as_mut_simd_f64s(&mut self.0).0.first_chunk_mut::<K>() {
            *own = vectors;
        }
    }
}

/// `sum + a b`, fused, of all vectors.
#[inline(always)]
pub(crate) fn fused<S: Simd, const K: usize>(
    simd: S,
    a: [S::f64s; K],
    b: [S::f64s; K],
    mut sum: [S::f64s; K],
) -> [S::f64s; K] {
    for k in 0..K {
        sum[k] = simd.mul_add_f64s(a[k], b[k], sum[k]);
    }
    sum
}

/// `sum + a b` with one number a, fused.
#[inline(always)]
pub(crate) fn fused_scaled<S: Simd, const K: usize>(
    simd: S,
    a: f64,
    b: [S::f64s; K],
    sum: [S::f64s; K],
) -> [S::f64s; K] {
    fused(simd, [simd.splat_f64s(a); K], b, sum)
}

/// `a b` of all vectors.
#[inline(always)]
pub(crate) fn product<S: Simd, const K: usize>(
    simd: S,
    mut a: [S::f64s; K],
    b: [S::f64s; K],
) -> [S::f64s; K] {
    for k in 0..K {
        a[k] = simd.mul_f64s(a[k], b[k]);
    }
    a
}

/// `constant + sum c v + sum v (constant + sum c v)`: terms of second degree with a common variable stand together.
#[derive(Debug, Clone, Default)]
struct Row {
    constant: f64,
    linear: Vec<(u32, f64)>,
    nested: Vec<(u32, Vec<(u32, f64)>)>,
}

/// Polynomials as a straight program. Variables are the unknowns and, for terms above second degree, products of two
/// variables before them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Program {
    products: Vec<(u32, u32)>,
    rows: Vec<Row>,
}

impl Program {
    /// Of polynomials in `dim` unknowns.
    pub(crate) fn new<'a>(dim: usize, rows: impl IntoIterator<Item = &'a [TapeTerm]>) -> Self {
        let mut program = Self::default();
        let mut known: Vec<Vec<u32>> = Vec::new();
        for terms in rows {
            let mut row = Row::default();
            let mut quadratic = Vec::new();
            for TapeTerm { coefficient, factors } in terms {
                match factors[..] {
                    [] => row.constant += coefficient,
                    [one] => row.linear.push((one, *coefficient)),
                    [.., last] => {
                        let first = program.product(dim, &mut known, &factors[..factors.len() - 1]);
                        quadratic.push((first, last, *coefficient));
                    }
                }
            }
            row.nest(quadratic);
            program.rows.push(row);
        }
        program
    }

    /// The variable that holds a product of unknowns.
    fn product(&mut self, dim: usize, known: &mut Vec<Vec<u32>>, factors: &[u32]) -> u32 {
        if let [one] = factors {
            return *one;
        }
        if let Some(place) = known.iter().position(|k| k == factors) {
            return (dim + place) as u32;
        }
        let first = self.product(dim, known, &factors[..factors.len() - 1]);
        self.products.push((first, factors[factors.len() - 1]));
        known.push(factors.to_vec());
        (dim + known.len() - 1) as u32
    }

    /// Variables behind the unknowns.
    pub(crate) fn products(&self) -> usize {
        self.products.len()
    }

    /// Rows.
    pub(crate) fn rows(&self) -> usize {
        self.rows.len()
    }

    /// `out` = the rows at the unknowns that `v` begins with, times `factor`; what is behind them is filled.
    #[inline(always)]
    pub(crate) fn evaluate<S: Simd, const K: usize>(
        &self,
        simd: S,
        v: &mut [Lane],
        factor: &Lane,
        out: &mut [Lane],
    ) {
        let dim = v.len() - self.products.len();
        let factor = factor.load::<S, K>(simd);
        for (k, (a, b)) in self.products.iter().enumerate() {
            let (a, b) = (v[*a as usize].load::<S, K>(simd), v[*b as usize].load(simd));
            v[dim + k].store(simd, product(simd, a, b));
        }
        for (row, out) in self.rows.iter().zip(out) {
            let mut value = [simd.splat_f64s(row.constant); K];
            for (variable, c) in &row.linear {
                value = fused_scaled(simd, *c, v[*variable as usize].load(simd), value);
            }
            for (variable, others) in &row.nested {
                let mut form = [simd.splat_f64s(0.0); K];
                for (other, c) in others {
                    form = fused_scaled(simd, *c, v[*other as usize].load(simd), form);
                }
                value = fused(simd, v[*variable as usize].load(simd), form, value);
            }
            out.store(simd, product(simd, value, factor));
        }
    }
}

impl Row {
    /// Puts products in order: the variable that most of them share goes first.
    fn nest(&mut self, mut quadratic: Vec<(u32, u32, f64)>) {
        while !quadratic.is_empty() {
            let has = |t: &(u32, u32, f64), v: u32| t.0 == v || t.1 == v;
            let count = |v: u32| quadratic.iter().filter(|t| has(t, v)).count();
            let candidates = quadratic.iter().flat_map(|t| [t.0, t.1]);
            let Some(variable) = candidates.max_by_key(|v| (count(*v), std::cmp::Reverse(*v))) else {
                return;
            };
            let other = |t: &(u32, u32, f64)| (if t.0 == variable { t.1 } else { t.0 }, t.2);
            let own = quadratic.iter().filter(|t| has(t, variable)).map(other).collect();
            self.nested.push((variable, own));
            quadratic.retain(|t| !has(t, variable));
        }
    }
}

#[cfg(test)]
mod tests {
    use superladder_cumulant::Tape;

    use super::*;

    #[test]
    fn programs_are_their_polynomials() {
        let term = |coefficient: f64, factors: &[u32]| TapeTerm { coefficient, factors: factors.to_vec() };
        let rows = vec![
            vec![term(0.3, &[]), term(-1.5, &[0]), term(0.7, &[1, 2]), term(0.2, &[0, 0, 1, 2])],
            vec![term(1.0, &[0]), term(-0.4, &[0, 1]), term(0.5, &[0, 0]), term(0.1, &[1, 1, 1])],
            vec![term(-0.7, &[1, 2]), term(0.9, &[0, 2]), term(0.3, &[2, 2]), term(0.6, &[0, 1, 2])],
        ];
        let program = Program::new(3, rows.iter().map(Vec::as_slice));
        let tape = Tape::new(&rows);
        let mut v = vec![Lane::ZERO; 3 + program.products()];
        for l in 0..LANES {
            for (i, lane) in v[..3].iter_mut().enumerate() {
                lane.0[l] = ((7 * i + 3 * l + 1) as f64).sin();
            }
        }
        let mut out = vec![Lane::ZERO; 3];
        program.evaluate::<_, LANES>(pulp::Scalar, &mut v, &Lane::all(1.0), &mut out);
        for l in 0..LANES {
            let own: Vec<f64> = v[..3].iter().map(|lane| lane.0[l]).collect();
            let mut expected = vec![0.0; 3];
            tape.evaluate(&own, &mut expected);
            (0..3).for_each(|i| assert!((out[i].0[l] - expected[i]).abs() < 1e-14));
        }
    }
}
