//! The factor f of each law, and with it the estimate `v_n + f (v_n - v_(n-1))`.

use super::{Law, Regime, farthest};

/// Differences below this, relative to the largest value, are rounding.
const ROUNDING: f64 = 1e-14;
/// An observed order further than this from the stated one says that the stated one does not hold.
const ORDER_TOLERANCE: f64 = 0.3;
/// Changes that fall by this factor a setting add up to no more than the last one.
const HALVED: f64 = 0.5;
/// Changes that fall by less than this factor a setting are not seen to fall at all.
const SLOWEST: f64 = 0.9;

/// Estimated converged values.
pub(super) struct Estimate {
    pub(super) values: Vec<f64>,
    pub(super) error: f64,
    pub(super) observed: Option<f64>,
    pub(super) regime: Regime,
}

/// The factor, and what was seen on the way.
struct Seen {
    factor: f64,
    observed: Option<f64>,
    regime: Regime,
}

impl Seen {
    fn none(observed: Option<f64>, regime: Regime) -> Self {
        Self { factor: 0.0, observed, regime }
    }
}

/// The estimate from at least two settings.
pub(super) fn estimate(sizes: &[f64], series: &[Vec<f64>], law: Law) -> Estimate {
    let count = series.len();
    let finest = &series[count - 1];
    let (change, _) = farthest(finest, &series[count - 2]);
    let largest = finest.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    let floor = ROUNDING * largest;
    let plain = |error: f64, observed: Option<f64>, regime: Regime| Estimate {
        values: finest.clone(),
        error: error.max(floor),
        observed,
        regime,
    };
    if matches!(law, Law::Unknown) {
        let spread = series.iter().map(|s| farthest(s, finest).0).fold(0.0, f64::max);
        return plain(spread, None, Regime::Unchecked);
    }
    if change <= floor {
        return plain(change, None, Regime::Rounding);
    }
    let found = factor(sizes, series, law, floor);
    if found.factor == 0.0 {
        let before = count.checked_sub(3).map_or(0.0, |k| farthest(&series[count - 2], &series[k]).0);
        // Largest changes that at least halve bound what is still to come by the last one, whatever their signs.
        let error = if change <= HALVED * before { change } else { change.max(before) };
        return plain(error, found.observed, found.regime);
    }
    let values = moved(series, found.factor);
    let previous = (count > 2).then(|| factor(&sizes[..count - 1], &series[..count - 1], law, floor));
    let error = match previous {
        Some(previous) if previous.factor != 0.0 => {
            farthest(&values, &moved(&series[..count - 1], previous.factor)).0
        }
        _ => found.factor.abs() * change,
    };
    // As above: the last change bounds what is still to come.
    let before = count.checked_sub(3).map_or(0.0, |k| farthest(&series[count - 2], &series[k]).0);
    let error = if change <= HALVED * before { error.min(change) } else { error };
    Estimate { values, error: error.max(floor), observed: found.observed, regime: found.regime }
}

/// `v_n + f (v_n - v_(n-1))`.
fn moved(series: &[Vec<f64>], factor: f64) -> Vec<f64> {
    let (finest, before) = (&series[series.len() - 1], &series[series.len() - 2]);
    finest.iter().zip(before).map(|(v, w)| v + factor * (v - w)).collect()
}

fn factor(sizes: &[f64], series: &[Vec<f64>], law: Law, floor: f64) -> Seen {
    let count = series.len();
    let quotient = quotient(series, floor);
    let last_three = |of: fn(f64) -> f64| -> Option<[f64; 3]> {
        (count > 2).then(|| [of(sizes[count - 3]), of(sizes[count - 2]), of(sizes[count - 1])])
    };
    match law {
        Law::KnownOrder { order } => {
            let logarithms = last_three(f64::ln);
            let seen = logarithms.zip(quotient).map(|(l, q)| rate(l, q));
            let factor = 1.0 / ((sizes[count - 2] / sizes[count - 1]).powf(order) - 1.0);
            match seen {
                _ if !factor.is_finite() => Seen::none(None, Regime::NotAsymptotic),
                None => Seen { factor, observed: None, regime: Regime::Unchecked },
                Some(Some(p)) if (p - order).abs() <= ORDER_TOLERANCE * order => {
                    Seen { factor, observed: Some(p), regime: Regime::Asymptotic }
                }
                Some(observed) => Seen::none(observed, Regime::NotAsymptotic),
            }
        }
        Law::Order => observed(last_three(f64::ln), quotient),
        Law::Exponential => observed(last_three(|s| -s), quotient),
        Law::Geometric => match quotient {
            None => Seen::none(None, Regime::Unchecked),
            Some(q) if q.abs() < SLOWEST => {
                Seen { factor: q / (1.0 - q), observed: Some(q), regime: Regime::Asymptotic }
            }
            Some(q) => Seen::none(Some(q), Regime::NotAsymptotic),
        },
        Law::Unknown => Seen::none(None, Regime::Unchecked),
    }
}

/// Order or rate from the last three settings, and `f = 1/(e^(p (l_2 - l_3)) - 1)`.
fn observed(logarithms: Option<[f64; 3]>, quotient: Option<f64>) -> Seen {
    let Some((l, q)) = logarithms.zip(quotient) else { return Seen::none(None, Regime::Unchecked) };
    match rate(l, q) {
        // f of 10 and more: changes fall so slowly that extrapolation is a guess.
        Some(p) => match 1.0 / (p * (l[1] - l[2])).exp_m1() {
            factor if factor.is_finite() && factor > 0.0 && factor < SLOWEST / (1.0 - SLOWEST) => {
                Seen { factor, observed: Some(p), regime: Regime::Asymptotic }
            }
            _ => Seen::none(Some(p), Regime::NotAsymptotic),
        },
        None => Seen::none(None, Regime::NotAsymptotic),
    }
}

/// `q = (d_1 . d_2)/(d_1 . d_1)` of the last two changes; none with fewer than three settings or when d_1 is
/// rounding.
fn quotient(series: &[Vec<f64>], floor: f64) -> Option<f64> {
    let count = series.len();
    let (a, b, c) = (series.get(count.checked_sub(3)?)?, &series[count - 2], &series[count - 1]);
    let changes = || a.iter().zip(b).zip(c).map(|((a, b), c)| (b - a, c - b));
    let largest = changes().fold(0.0_f64, |m, (d, _)| m.max(d.abs()));
    if largest <= floor {
        return None;
    }
    // In units of the largest change, so that squares neither overflow nor vanish.
    let (product, square) = changes().fold((0.0, 0.0), |(p, s), (d1, d2)| {
        let (d1, d2) = (d1 / largest, d2 / largest);
        (p + d1 * d2, s + d1 * d1)
    });
    Some(product / square)
}

/// The p > 0 with `(e^(p l_1) - e^(p l_2)) q = e^(p l_2) - e^(p l_3)`, for `l_1 > l_2 > l_3`, by bisection;
/// none when the changes do not fall at any positive rate.
fn rate(l: [f64; 3], q: f64) -> Option<f64> {
    let (wide, narrow) = (l[0] - l[1], l[1] - l[2]);
    // Quotient of the changes at rate p, falling from narrow/wide at 0 to 0.
    let at = |p: f64| -(-p * narrow).exp_m1() / (p * wide).exp_m1();
    if !(wide > 0.0 && narrow > 0.0 && q > 0.0 && q < narrow / wide) {
        return None;
    }
    let mut high = 1.0 / wide;
    while at(high) > q {
        high *= 2.0;
        if !high.is_finite() {
            return None;
        }
    }
    let mut low = 0.0;
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if at(middle) > q {
            low = middle;
        } else {
            high = middle;
        }
    }
    Some(0.5 * (low + high))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_and_rates_are_recovered_on_uneven_sizes() {
        for p in [0.5, 1.0, 4.0, 12.0] {
            let h: [f64; 3] = [0.3, 0.2, 0.05];
            let e = h.map(|h| h.powf(p));
            let q = (e[2] - e[1]) / (e[1] - e[0]);
            let found = rate(h.map(f64::ln), q).expect("falls");
            assert!((found - p).abs() < 1e-6 * p, "{p} {found}");
        }
        assert_eq!(rate([2.0, 1.0, 0.0], -0.5), None);
        assert_eq!(rate([2.0, 1.0, 0.0], 1.5), None);
        assert_eq!(rate([2.0, 1.0, 0.0], f64::NAN), None);
    }
}
