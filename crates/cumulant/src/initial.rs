//! Joint cumulants of product states.

use num_complex::Complex64;
use superladder_model::{EnsembleState, InitialState, ModeState, Subsystem};

use crate::CumulantError;
use crate::representation::{decompose, site_basis, times};
use crate::variables::{Basis, JointCumulant, Ordering, Variable, Variables};

/// Largest loss of digits that initial Dicke states may have: `N^(order-1)` times rounding.
const LOSS: f64 = 1e-8;

/// Bloch vectors count as pure within this (mean-field solutions keep their length to their tolerance only).
const SHARP: f64 = 1e-6;

/// Refuses initial states whose cumulants would be rounding errors.
pub(crate) fn check(
    initial: &InitialState,
    variables: &Variables,
    order: usize,
) -> Result<(), CumulantError> {
    for (ensemble, state) in initial.ensembles.iter().enumerate() {
        let size = variables.size(ensemble);
        let limit =
            if order < 2 { f64::INFINITY } else { (LOSS / f64::EPSILON).powf(1.0 / (order - 1) as f64) };
        if is_correlated(state, size) && size as f64 > limit {
            return Err(CumulantError::DickeState { ensemble, size, order, limit: limit as usize });
        }
    }
    Ok(())
}

/// Whether a state is not a product of its sites.
fn is_correlated(state: &EnsembleState, size: usize) -> bool {
    match *state {
        EnsembleState::Dicke { twice_j, twice_m } => {
            twice_j != size || twice_m.unsigned_abs() as usize != size
        }
        EnsembleState::SpinCoherent { .. } | EnsembleState::Product { .. } => false,
    }
}

/// Whether the total spin of an ensemble is sharp.
pub(crate) fn has_fixed_spin(state: &EnsembleState) -> bool {
    match state {
        EnsembleState::SpinCoherent { .. } | EnsembleState::Dicke { .. } => true,
        EnsembleState::Product { bloch } => (bloch.iter().map(|r| r * r).sum::<f64>() - 1.0).abs() < SHARP,
    }
}

/// The scaled joint cumulant `N^e C` of a product state.
pub(crate) fn cumulant(initial: &InitialState, variables: &Variables, joint: JointCumulant) -> Complex64 {
    let list: Vec<Variable> = joint.variables().collect();
    let Some(&first) = list.first() else { return Complex64::ZERO };
    let (subsystem, _) = variables.place(first);
    if list.iter().any(|variable| variables.place(*variable).0 != subsystem) {
        return Complex64::ZERO;
    }
    let components: Vec<usize> = list.iter().map(|variable| variables.place(*variable).1).collect();
    match subsystem {
        Subsystem::Mode(m) => {
            let ordered = mode_cumulant(&initial.modes[m], variables.basis, &components);
            (ordered + symmetric_ordering(variables, &components))
                * variables.power(variables.twice_exponent(joint))
        }
        Subsystem::Ensemble(e) => spin_cumulant(&initial.ensembles[e], variables, e, joint, &components),
    }
}

/// What symmetrisation adds to a normally ordered second cumulant: the vacuum's 1/2.
fn symmetric_ordering(variables: &Variables, components: &[usize]) -> Complex64 {
    let vacuum = match (variables.basis, components) {
        (Basis::Cartesian, [k, l]) => k == l,
        (Basis::Ladder, [k, l]) => k != l,
        _ => false,
    };
    Complex64::from(if variables.ordering == Ordering::Symmetrised && vacuum { 0.5 } else { 0.0 })
}

/// Normally ordered cumulant; Cartesian components are expanded in `a` and `a^dag`.
fn mode_cumulant(state: &ModeState, basis: Basis, components: &[usize]) -> Complex64 {
    let r = std::f64::consts::FRAC_1_SQRT_2;
    // Q = (a + a^dag)/sqrt 2, P = -i (a - a^dag)/sqrt 2; ladder component 0 is a, 1 is a^dag.
    let expansion = |k: usize| match (basis, k) {
        (Basis::Ladder, k) => vec![(Complex64::ONE, k)],
        (Basis::Cartesian, 0) => vec![(Complex64::from(r), 0), (Complex64::from(r), 1)],
        (Basis::Cartesian, _) => vec![(Complex64::new(0.0, -r), 0), (Complex64::new(0.0, r), 1)],
    };
    multilinear(components, &expansion, &|ladder| {
        let created = ladder.iter().filter(|k| **k == 1).count();
        let annihilated = ladder.len() - created;
        let thermal = |occupation: f64| if (created, annihilated) == (1, 1) { occupation } else { 0.0 };
        match *state {
            ModeState::Coherent(alpha) => displacement(alpha, ladder),
            ModeState::DisplacedThermal { alpha, occupation } => {
                displacement(alpha, ladder) + thermal(occupation)
            }
            ModeState::Fock(n) => {
                let moment = |variables: &[usize]| Complex64::from(fock_moment(n, variables));
                from_moments(ladder, &moment)
            }
        }
    })
}

fn displacement(alpha: Complex64, ladder: &[usize]) -> Complex64 {
    match ladder {
        [0] => alpha,
        [1] => alpha.conj(),
        _ => Complex64::ZERO,
    }
}

/// `<n| a^dag^k a^l |n> = delta_kl n!/(n-k)!`.
fn fock_moment(n: usize, ladder: &[usize]) -> f64 {
    let created = ladder.iter().filter(|k| **k == 1).count();
    if 2 * created != ladder.len() || created > n {
        return 0.0;
    }
    (n - created + 1..=n).map(|k| k as f64).product()
}

/// `sum prod_i coefficient_i f(components)` over one entry of the expansion of every component.
fn multilinear(
    components: &[usize],
    expansion: &dyn Fn(usize) -> Vec<(Complex64, usize)>,
    f: &dyn Fn(&[usize]) -> Complex64,
) -> Complex64 {
    let mut products = vec![(Complex64::ONE, Vec::new())];
    for component in components {
        let entries = expansion(*component);
        let extend = |(c, list): &(Complex64, Vec<usize>)| {
            let (c, list) = (*c, list.clone());
            let with = move |(d, k): &(Complex64, usize)| (c * d, [list.as_slice(), &[*k]].concat());
            entries.iter().map(with).collect::<Vec<_>>()
        };
        products = products.iter().flat_map(extend).collect();
    }
    products.into_iter().map(|(c, list)| c * f(&list)).sum()
}

/// `C(L) = M(L) - sum C(B) M(L - B)` over proper subsets B that contain the first element.
fn from_moments(list: &[usize], moment: &dyn Fn(&[usize]) -> Complex64) -> Complex64 {
    let Some((first, others)) = list.split_first() else { return Complex64::ZERO };
    let mut value = moment(list);
    for mask in 0..(1_usize << others.len()).saturating_sub(1) {
        let pick = |inside: bool| {
            let chosen = others.iter().enumerate().filter(move |(i, _)| (mask >> i & 1 == 1) == inside);
            chosen.map(|(_, k)| *k).collect::<Vec<_>>()
        };
        let block = [&[*first], pick(true).as_slice()].concat();
        value -= from_moments(&block, moment) * moment(&pick(false));
    }
    value
}

fn spin_cumulant(
    state: &EnsembleState,
    variables: &Variables,
    ensemble: usize,
    joint: JointCumulant,
    components: &[usize],
) -> Complex64 {
    let size = variables.size(ensemble);
    let mean = |k: usize| spin_mean(state, size, variables.basis, k);
    let (n, scale) = (size as f64, variables.scale);
    if let [k] = components {
        return mean(*k) * if variables.ordering == Ordering::Sites { 1.0 } else { n / scale };
    }
    let on_sites = if is_correlated(state, size) && components.len() <= size {
        let ladder = |k: usize| expand_in_ladder(variables.basis, k);
        multilinear(components, &ladder, &|list| {
            from_moments(list, &|sites| dicke_moment(state, size, sites))
        })
    } else {
        Complex64::ZERO
    };
    match (variables.ordering, components) {
        (Ordering::Sites, _) => on_sites * variables.power(variables.twice_exponent(joint)),
        (Ordering::Symmetrised, [k, l]) => {
            let [a, b] = [k, l].map(|k| site_basis(variables.basis)[*k]);
            let product = (decompose(&times(&a, &b), variables.basis).0
                + decompose(&times(&b, &a), variables.basis).0)
                * 0.5;
            (on_sites * (n - 1.0) + product - mean(*k) * mean(*l)) * (n / scale)
        }
        (Ordering::Symmetrised, _) => Complex64::ZERO,
    }
}

fn spin_mean(state: &EnsembleState, size: usize, basis: Basis, component: usize) -> Complex64 {
    let [x, y, z] = state.mean_spin(size);
    match (basis, component) {
        (Basis::Cartesian, k) => [x, y, z][k].into(),
        (Basis::Ladder, 0) => Complex64::new(x, -y),
        (Basis::Ladder, 1) => Complex64::new(x, y),
        (Basis::Ladder, _) => z.into(),
    }
}

/// A site component in -, +, z.
fn expand_in_ladder(basis: Basis, component: usize) -> Vec<(Complex64, usize)> {
    if basis == Basis::Ladder {
        return vec![(Complex64::ONE, component)];
    }
    let (_, c) = decompose(&site_basis(Basis::Cartesian)[component], Basis::Ladder);
    c.into_iter().enumerate().map(|(k, c)| (c, k)).filter(|(c, _)| *c != Complex64::ZERO).collect()
}

/// `<s^k1 s^k2 ...>` of distinct sites in a Dicke state, ladder components.
///
/// Multiplying the site-averaged product by `S^m` either meets one of its sites or a new one:
/// `(N - k) P(m, L) = S^m P(L) - sum_a [kappa P(L - a) + f P(L, a -> l)]`; vectors are powers of `S^+-` on
/// `|j, m>`.
fn dicke_moment(state: &EnsembleState, size: usize, sites: &[usize]) -> Complex64 {
    let EnsembleState::Dicke { twice_j, twice_m } = *state else { return Complex64::ZERO };
    let dicke = Dicke { size: size as f64, j: 0.5 * twice_j as f64, m: 0.5 * twice_m as f64 };
    let shift: i64 = sites.iter().map(|k| [-1, 1, 0][*k]).sum();
    if shift == 0 { dicke.amplitude(sites).into() } else { Complex64::ZERO }
}

struct Dicke {
    size: f64,
    j: f64,
    m: f64,
}

impl Dicke {
    /// Coefficient c of `P(sites) |m> = c |m + shift>`, in states reached by `S^-` with weight 1 and by `S^+`
    /// with weight `j(j+1) - m(m+1)`.
    fn amplitude(&self, sites: &[usize]) -> f64 {
        let Some((first, others)) = sites.split_first() else { return 1.0 };
        let shift: f64 = others.iter().map(|k| [-1.0, 1.0, 0.0][*k]).sum();
        let m = self.m + shift;
        let factor = match first {
            0 => 1.0,
            1 => self.j * (self.j + 1.0) - m * (m + 1.0),
            _ => m,
        };
        let mut value = factor * self.amplitude(others);
        let basis = site_basis(Basis::Ladder);
        for a in 0..others.len() {
            let (kappa, f) = decompose(&times(&basis[*first], &basis[others[a]]), Basis::Ladder);
            let mut rest = others.to_vec();
            rest.remove(a);
            if kappa != Complex64::ZERO {
                value -= kappa.re * self.amplitude(&rest);
            }
            for (l, f) in f.into_iter().enumerate().filter(|(_, f)| *f != Complex64::ZERO) {
                rest.insert(a, l);
                value -= f.re * self.amplitude(&rest);
                rest.remove(a);
            }
        }
        value / (self.size - others.len() as f64)
    }
}
