//! Numerators and denominators from the numbers of one time.

use crate::Subsystems;

/// Euclidean norm.
pub(super) fn length(x: &[f64]) -> f64 {
    square(x).sqrt()
}

/// Squared Euclidean norm.
pub(super) fn square(x: &[f64]) -> f64 {
    x.iter().map(|x| x * x).sum()
}

/// Euclidean distance.
pub(super) fn distance(x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y).map(|(x, y)| (x - y).powi(2)).sum::<f64>().sqrt()
}

/// `|<S^- S^->_c|` from the symmetrised covariances xx, xy, yy:
/// `S^- S^- = S_x^2 - S_y^2 - i (S_x S_y + S_y S_x)`.
pub(super) fn lowering_pair(covariances: &[f64]) -> f64 {
    match covariances {
        [xx, xy, yy] => (xx - yy).hypot(2.0 * xy),
        _ => f64::NAN,
    }
}

/// `|v - w|^2` of the intensive first moments; amplitudes of modes first, then spins; `other` may be empty
/// (w = 0). `<Q>^2 + <P>^2 = 2 |<a>|^2`, per N; spins per N_e.
pub(super) fn intensive(system: &Subsystems, means: &[f64], other: &[f64]) -> f64 {
    let scale = system.scale();
    let modes = (0..2 * system.modes.len()).map(|_| 2.0 / scale);
    let spins = (0..3 * system.ensembles.len()).map(|k| system.spins(k / 3).powi(-2));
    let against = other.iter().copied().chain(std::iter::repeat(0.0));
    modes.chain(spins).zip(means.iter().zip(against)).map(|(w, (x, y))| w * (x - y).powi(2)).sum()
}

/// A subsystem: name, names of its components, and what divides them to make them intensive.
pub(super) struct Subsystem<'a> {
    pub(super) name: &'a str,
    pub(super) components: &'static [&'static str],
    divisor: f64,
}

/// Subsystem number `k`, modes first.
pub(super) fn subsystem(system: &Subsystems, k: usize) -> Subsystem<'_> {
    if let Some(name) = system.modes.get(k) {
        return Subsystem { name, components: &["Q", "P"], divisor: system.scale().sqrt() };
    }
    let e = k - system.modes.len();
    let name = system.ensembles.get(e).map_or("", |e| e.name.as_str());
    Subsystem { name, components: &["x", "y", "z"], divisor: system.spins(e) }
}

/// Subsystem numbers (x, y) with x <= y, in the order of the covariances.
pub(super) fn pairs(system: &Subsystems) -> Vec<(usize, usize)> {
    let count = system.modes.len() + system.ensembles.len();
    (0..count).flat_map(|x| (x..count).map(move |y| (x, y))).collect()
}

/// Frobenius norm of the covariance matrix of the intensive variables, `|G|/N` with `G = N Cov_sym(v, v)`;
/// each element off the diagonal counts twice.
pub(super) fn covariance_norm(system: &Subsystems, covariances: &[f64]) -> f64 {
    let mut values = covariances.iter();
    let mut sum = 0.0;
    for (x, y) in pairs(system) {
        let (a, b) = (subsystem(system, x), subsystem(system, y));
        for k in 0..a.components.len() {
            for l in (0..b.components.len()).filter(|l| x != y || k <= *l) {
                let element = values.next().copied().unwrap_or(f64::NAN) / (a.divisor * b.divisor);
                sum += if x == y && k == l { 1.0 } else { 2.0 } * element * element;
            }
        }
    }
    sum.sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::EnsembleSize;

    fn two_ensembles(n: usize) -> Subsystems {
        let ensemble = |name: &str| EnsembleSize { name: name.into(), size: n };
        Subsystems { modes: vec!["a".into()], ensembles: vec![ensemble("S"), ensemble("T")] }
    }

    #[test]
    fn a_product_state_of_vacuum_and_polarised_spins_has_its_known_norm() {
        // Q, P: 1/2 each, over N. Spins along z: Cov_xx = Cov_yy = N/4 over N^2, twice. Everything else is 0.
        for n in [1, 10, 1000] {
            let system = two_ensembles(n);
            let size = n as f64;
            let mut values = vec![0.0; 36];
            // Order: aa (QQ, QP, PP), aS (6), aT (6), SS (xx, xy, xz, yy, yz, zz), ST (9), TT (6).
            for (i, v) in
                [(0, 0.5), (2, 0.5), (15, size / 4.0), (18, size / 4.0), (30, size / 4.0), (33, size / 4.0)]
            {
                values[i] = v;
            }
            let exact = (2.0_f64 * 0.25 + 4.0 / 16.0).sqrt() / size;
            assert!((covariance_norm(&system, &values) - exact).abs() < 1e-15);
        }
    }

    #[test]
    fn intensive_distances_do_not_depend_on_the_number_of_spins() {
        let at = |n: usize| {
            let (root, size) = ((n as f64).sqrt(), n as f64);
            let v = [0.3 * root, -0.4 * root, 0.1 * size, 0.0, 0.2 * size, 0.0, 0.0, 0.4 * size];
            intensive(&two_ensembles(n), &v, &[])
        };
        let exact = 2.0 * 0.25 + 0.05 + 0.16;
        assert!((at(1) - exact).abs() < 1e-14 && (at(10_000) - exact).abs() < 1e-12);
    }

    #[test]
    fn pair_of_lowering_operators() {
        // <S^- S^->_c = (xx - yy) - 2i xy.
        assert_eq!(lowering_pair(&[3.0, 2.0, 0.0]), 5.0);
        assert!(lowering_pair(&[]).is_nan());
    }
}
