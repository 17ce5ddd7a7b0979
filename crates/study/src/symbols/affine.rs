//! Which numbers of an entry its coefficients are proportional to, found by putting other numbers in.

use num_complex::Complex64;

/// Coefficients by what they belong to.
pub(super) type Coefficients<K> = Vec<(K, Complex64)>;

/// What an entry is made of.
type Build<'a, K> = dyn Fn(&[f64]) -> Option<Coefficients<K>> + 'a;

/// `f(x) = sum_S f_S prod_(j in S) x_j` over sets S of those numbers in which f is affine; the others stay put.
pub(super) struct Affine<K> {
    /// The sets, and their coefficients.
    pub(super) parts: Vec<(Vec<usize>, Coefficients<K>)>,
    /// Numbers at which no coefficient is zero by chance.
    pub(super) probe: Vec<f64>,
}

impl<K: PartialEq + Clone> Affine<K> {
    /// Of the numbers that `may` be put in otherwise.
    pub(super) fn of(values: &[f64], may: impl Fn(usize) -> bool, build: &Build<'_, K>) -> Self {
        let affine: Vec<usize> =
            (0..values.len()).filter(|j| may(*j) && is_affine(values, *j, build)).collect();
        let parts = expanded(values, &affine, build).filter(|parts| agree(parts, values, build));
        let mut parts = parts.unwrap_or_else(|| vec![(Vec::new(), build(values).unwrap_or_default())]);
        parts.retain(|(_, coefficients)| !coefficients.is_empty());
        let mut probe = values.to_vec();
        affine.iter().enumerate().for_each(|(number, j)| probe[*j] = 1.5 + 0.25 * number as f64);
        Self { parts, probe }
    }
}

/// `a f + b g`.
fn combined<K: PartialEq + Clone>(
    a: f64,
    f: &Coefficients<K>,
    b: f64,
    g: &Coefficients<K>,
) -> Coefficients<K> {
    let mut sum: Coefficients<K> = f.iter().map(|(key, c)| (key.clone(), c * a)).collect();
    for (key, c) in g {
        match sum.iter_mut().find(|(known, _)| known == key) {
            Some((_, known)) => *known += c * b,
            None => sum.push((key.clone(), c * b)),
        }
    }
    let largest = f.iter().chain(g).map(|(_, c)| c.norm()).fold(0.0, f64::max);
    sum.retain(|(_, c)| c.norm() > 1e-13 * largest);
    sum
}

fn with(values: &[f64], j: usize, x: f64) -> Vec<f64> {
    let mut values = values.to_vec();
    values[j] = x;
    values
}

/// Whether the second difference vanishes in one of the numbers.
fn is_affine<K: PartialEq + Clone>(values: &[f64], j: usize, build: &Build<'_, K>) -> bool {
    let at = |x: f64| build(&with(values, j, x));
    let (Some(one), Some(two), Some(three)) = (at(1.0), at(2.0), at(3.0)) else { return false };
    combined(1.0, &combined(1.0, &one, 1.0, &three), -2.0, &two).is_empty()
}

fn expanded<K: PartialEq + Clone>(
    values: &[f64],
    affine: &[usize],
    build: &Build<'_, K>,
) -> Option<Vec<(Vec<usize>, Coefficients<K>)>> {
    let Some((j, others)) = affine.split_first() else { return Some(vec![(Vec::new(), build(values)?)]) };
    let one = expanded(&with(values, *j, 1.0), others, build)?;
    let two = expanded(&with(values, *j, 2.0), others, build)?;
    let both = one.into_iter().zip(two);
    Some(
        both.flat_map(|((subset, one), (_, two))| {
            let more = [&[*j], subset.as_slice()].concat();
            [(subset, combined(2.0, &one, -1.0, &two)), (more, combined(1.0, &two, -1.0, &one))]
        })
        .collect(),
    )
}

/// Whether the parts add up to what they are parts of.
fn agree<K: PartialEq + Clone>(
    parts: &[(Vec<usize>, Coefficients<K>)],
    values: &[f64],
    build: &Build<'_, K>,
) -> bool {
    let Some(whole) = build(values) else { return false };
    let sum = parts.iter().fold(Coefficients::new(), |sum, (subset, coefficients)| {
        combined(1.0, &sum, subset.iter().map(|j| values[*j]).product(), coefficients)
    });
    let largest = whole.iter().map(|(_, c)| c.norm()).fold(0.0, f64::max);
    combined(1.0, &whole, -1.0, &sum).iter().all(|(_, c)| c.norm() <= 1e-12 * largest)
}
