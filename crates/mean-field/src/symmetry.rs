//! Symmetries of the equations that decide how a cycle is read.

use crate::MeanFieldEquations;

/// Number of modes and ensembles.
fn parts(equations: &MeanFieldEquations) -> usize {
    equations.modes() + (equations.dim() - 2 * equations.modes()) / 3
}

/// The signs under which the equations keep their form, if flipping some modes and transverse spins does; the
/// reflection that flips most is chosen.
pub fn parity(equations: &MeanFieldEquations) -> Option<Vec<f64>> {
    let (modes, dim) = (equations.modes(), equations.dim());
    let parts = parts(equations);
    if parts == 0 || parts > 12 {
        return None;
    }
    let signs = |mask: usize| -> Vec<f64> {
        let flipped = |part: usize| if mask >> part & 1 == 1 { -1.0 } else { 1.0 };
        let of_modes = (0..2 * modes).map(|i| flipped(i / 2));
        let of_spins = (0..dim - 2 * modes).map(|i| if i % 3 == 2 { 1.0 } else { flipped(modes + i / 3) });
        of_modes.chain(of_spins).collect()
    };
    let keeps = |s: &Vec<f64>| {
        equations.rows().iter().enumerate().all(|(i, row)| {
            let sign = |t: &superladder_cumulant::TapeTerm| {
                t.factors.iter().map(|f| s[*f as usize]).product::<f64>()
            };
            row.iter().all(|t| sign(t) == s[i])
        })
    };
    let mut masks: Vec<usize> = (1..1 << parts).collect();
    masks.sort_by_key(|m| std::cmp::Reverse(m.count_ones()));
    masks.into_iter().map(signs).find(keeps)
}

/// More subsystems than this are not looked through.
const MOST_PARTS: usize = 8;

/// The unknowns that a continuous symmetry turns: quadratures of modes and transverse spins whose phase is
/// that of the start. With integer charges -1, 0, 1 of the subsystems and the generator G of
/// `a_k -> a_k exp(-i c_k phi)`, `s_k^- -> s_k^- exp(-i c_k phi)`, the flow `v' = f(v)` keeps its form if
/// `J(v) G v = G f(v)` for all v. Empty without such a symmetry, and for more than eight subsystems.
pub fn turned(equations: &MeanFieldEquations) -> Vec<usize> {
    let (modes, dim) = (equations.modes(), equations.dim());
    let parts = parts(equations);
    if parts > MOST_PARTS {
        return Vec::new();
    }
    // The two unknowns of a subsystem that turn into each other, in the sense of its lowering operator.
    let pair = |part: usize| {
        if part < modes {
            (2 * part, 2 * part + 1)
        } else {
            let first = 2 * modes + 3 * (part - modes);
            (first + 1, first)
        }
    };
    let generic =
        |point: usize| -> Vec<f64> { (0..dim).map(|i| ((i * 11 + point * 17 + 5) as f64).sin()).collect() };
    let turn = |charges: &[i32], v: &[f64]| {
        let mut out = vec![0.0; dim];
        for (part, c) in charges.iter().enumerate() {
            let (q, p) = pair(part);
            (out[q], out[p]) = (f64::from(*c) * v[p], -f64::from(*c) * v[q]);
        }
        out
    };
    let keeps = |charges: &[i32]| {
        (0..3).all(|point| {
            let v = generic(point);
            let mut rate = vec![0.0; dim];
            equations.drift(&v, &mut rate);
            let (turned, jacobian) = (turn(charges, &v), equations.jacobian(&v));
            let moved = (0..dim).map(|i| (0..dim).map(|k| jacobian[i * dim + k] * turned[k]).sum::<f64>());
            moved.zip(turn(charges, &rate)).all(|(a, b)| (a - b).abs() < 1e-11)
        })
    };
    let mut free = vec![false; parts];
    for number in 1..3_usize.pow(parts as u32) {
        let charges: Vec<i32> =
            (0..parts).map(|part| (number / 3_usize.pow(part as u32) % 3) as i32 - 1).collect();
        let known = charges.iter().zip(&free).all(|(c, free)| *c == 0 || *free);
        if !known && keeps(&charges) {
            free.iter_mut().zip(&charges).for_each(|(free, c)| *free |= *c != 0);
        }
    }
    let mut unknowns: Vec<usize> =
        (0..parts).filter(|part| free[*part]).flat_map(|part| <[usize; 2]>::from(pair(part))).collect();
    unknowns.sort_unstable();
    unknowns
}
