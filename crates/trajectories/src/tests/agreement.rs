//! When averages over trajectories agree with what they should be.
//!
//! Observables and times are correlated, so that the mean square of their deviations is not distributed as
//! that of independent numbers. Its distribution is taken from the trajectories themselves. A deviation is a
//! sum of contributions `d_bi` of the blocks b of the jackknife. Blocks are independent, and where a value i
//! has the expected mean, the contribution of a block, an average over hundreds of trajectories, is as likely
//! as its negative. With
//!
//! ```text
//! z_i = sum_b d_bi / sqrt(sum_b d_bi^2),   chi^2 = (1/n) sum_i z_i^2 = sum_bc e_b e_c G_bc,   all e_b = 1,
//! G_bc = (1/n) sum_i d_bi d_ci / sum_a d_ai^2
//! ```
//! the same form with random signs e_b = +-1 has the distribution of chi^2 under that hypothesis, given the
//! contributions up to sign and whatever their correlations: its mean is tr G = 1 and its variance
//! `2 sum_(b != c) G_bc^2 = 2 / nu`, nu being the effective number of independent values of Satterthwaite,
//! `(tr R)^2 / tr R^2` for the correlation matrix R. The limits are its quantiles at [`FALSE_ALARM`].
//!
//! Sources: F. E. Satterthwaite, Biometrics Bulletin 2, 110 (1946); E. S. Edgington and P. Onghena,
//! Randomization Tests (2007).

use superladder_engine::{Record, Recorder, record};
use superladder_sampling::{BLOCKS, Replicate, SampledEvolution, Sampling, Stream};

use super::*;

/// Probability with which chi^2 of right averages is above its upper limit, and the same for the lower one.
const FALSE_ALARM: f64 = 1e-3;
/// Random signs: so many that 20 are beyond a limit.
const FLIPS: u64 = 20_000;

/// Standard errors below this part of an observable's largest value come from a few rare jumps and are
/// themselves uncertain; deviations are then measured in this unit. A tenth of the 0.5 % that the comparison
/// is to resolve.
const RESOLVED: f64 = 5e-4;

/// What has been found, and what has been found without each block in turn.
pub(super) struct Found {
    pub(super) recorder: Recorder,
    pub(super) replicates: Vec<Replicate>,
}

/// What is found by an engine.
pub(super) fn found(engine: &Trajectories, problem: &Problem) -> (Box<dyn SampledEvolution>, Found) {
    let mut evolution = engine.begin(problem).expect("valid");
    let recorder = record(evolution.as_mut(), problem, &mut Silent).expect("runs");
    let replicates = evolution.replicates();
    (evolution, Found { recorder, replicates })
}

/// Deviations of many values.
#[derive(Debug)]
pub(super) struct Deviations {
    /// Largest one in standard errors (at least [`RESOLVED`] of the observable's scale).
    pub(super) worst: f64,
    /// By value that counts, the contributions of the blocks.
    parts: Vec<Vec<f64>>,
}

/// Values of a record, flattened.
fn flat(record: &Record) -> impl Iterator<Item = superladder_engine::Estimate> + '_ {
    record.measurements.iter().flat_map(|m| m.values.iter().copied())
}

/// The number of the observable of every value.
fn owners(record: &Record) -> Vec<usize> {
    let lengths = record.measurements.iter().map(|m| m.values.len()).enumerate();
    lengths.flat_map(|(observable, length)| std::iter::repeat_n(observable, length)).collect()
}

impl Found {
    /// Contributions of the blocks to `value - expected` of the value in this place: pseudo-values of the
    /// jackknife by their weights, and what they are off from the value altogether.
    fn parts(&self, row: usize, column: usize, value: f64, expected: f64) -> Vec<f64> {
        let pseudo = |r: &Replicate| r.ratio * value - (r.ratio - 1.0) * r.values[row][column];
        let centre = self.replicates.iter().map(|r| pseudo(r) / r.ratio).sum::<f64>();
        let shift = value - expected - centre;
        self.replicates.iter().map(|r| (pseudo(r) + shift) / r.ratio).collect()
    }

    /// From the density matrix.
    pub(super) fn against(&self, expected: &Recorder) -> Deviations {
        self.compared(expected, |_, _, _| None)
    }

    /// From another run with other random numbers, its errors taken into account; block by block.
    pub(super) fn against_sampled(&self, other: &Self) -> Deviations {
        self.compared(&other.recorder, |row, column, value| {
            Some(other.parts(row, column, value, value).iter().map(|d| -d).collect())
        })
    }

    /// `more` gives the contributions of the blocks of the expected value, by row, column and value.
    fn compared(
        &self,
        expected: &Recorder,
        more: impl Fn(usize, usize, f64) -> Option<Vec<f64>>,
    ) -> Deviations {
        assert_eq!(self.recorder.records.len(), expected.records.len());
        let owners = owners(&expected.records[0]);
        let mut scales = vec![0.0f64; expected.records[0].measurements.len()];
        for value in expected.records.iter().flat_map(|r| flat(r).map(|v| v.value.abs()).zip(&owners)) {
            scales[*value.1] =
                if value.0.is_finite() { scales[*value.1].max(value.0) } else { scales[*value.1] };
        }
        let mut deviations = Deviations { worst: 0.0, parts: Vec::new() };
        for (row, (a, b)) in self.recorder.records.iter().zip(&expected.records).enumerate() {
            for (column, (x, y)) in flat(a).zip(flat(b)).enumerate() {
                assert_eq!(x.value.is_nan(), y.value.is_nan(), "defined in one engine only");
                if x.value.is_nan() {
                    continue;
                }
                let mut error = x.standard_error.expect("trajectories give errors");
                let mut parts = self.parts(row, column, x.value, y.value);
                if let Some(more) = more(row, column, y.value) {
                    error = error.hypot(y.standard_error.expect("an error"));
                    parts.iter_mut().zip(more).for_each(|(d, e)| *d += e);
                }
                let unit = RESOLVED * scales[owners[column]];
                deviations.worst = deviations.worst.max(((x.value - y.value) / error.max(unit)).abs());
                if error > unit {
                    deviations.parts.push(parts);
                }
            }
        }
        let count = deviations.parts.len();
        assert!(count > 50, "only {count} numbers were compared");
        deviations
    }
}

/// The mean square of deviations and its limits.
#[derive(Debug, Clone, Copy)]
pub(super) struct ChiSquare {
    pub(super) value: f64,
    /// Quantiles at [`FALSE_ALARM`] from below and from above.
    limits: (f64, f64),
    /// Effective number of independent values, without what the finite number of blocks adds to `tr R^2`.
    effective: f64,
    /// Probability of more than the value.
    above: f64,
}

impl Deviations {
    /// Their mean square with its distribution under random signs.
    pub(super) fn chi_square(&self) -> ChiSquare {
        chi_square(&self.parts, FLIPS)
    }

    /// Few large deviations, and no more or less of them than chance makes.
    pub(super) fn assert_small(&self) {
        let chi_square = self.chi_square();
        println!("worst {:.2} standard errors of {}; {chi_square:.3?}", self.worst, self.parts.len());
        assert!(self.worst < 4.0, "{} standard errors", self.worst);
        let (low, high) = chi_square.limits;
        assert!(chi_square.value > low && chi_square.value < high, "{chi_square:?}");
    }

    /// Both measures see that something is wrong.
    pub(super) fn assert_large(&self) {
        let chi_square = self.chi_square();
        println!("wrong: worst {:.2} standard errors; {chi_square:.3?}", self.worst);
        assert!(self.worst > 4.0, "unseen: {} standard errors", self.worst);
        assert!(chi_square.value > chi_square.limits.1, "unseen: {chi_square:?}");
    }
}

fn chi_square(parts: &[Vec<f64>], flips: u64) -> ChiSquare {
    let (count, blocks) = (parts.len() as f64, parts[0].len());
    let mut gram = vec![vec![0.0; blocks]; blocks];
    for d in parts {
        let unit = 1.0 / (count * d.iter().map(|x| x * x).sum::<f64>());
        for (row, x) in gram.iter_mut().zip(d) {
            row.iter_mut().zip(d).for_each(|(g, y)| *g += unit * x * y);
        }
    }
    let squares: f64 = gram.iter().flatten().map(|g| g * g).sum();
    // Values that are independent have a squared correlation of 1 / blocks on average.
    let effective = (blocks as f64 - 1.0) / (blocks as f64 * squares - 1.0);
    let value = gram.iter().flatten().sum();
    let mut stream = Stream::new(0, 0);
    let mut signs = vec![1.0; blocks];
    let mut flipped = || {
        for sign in &mut signs {
            *sign = if stream.uniform() < 0.5 { -1.0 } else { 1.0 };
        }
        let row = |g: &Vec<f64>| g.iter().zip(&signs).map(|(g, s)| g * s).sum::<f64>();
        gram.iter().zip(&signs).map(|(g, s)| s * row(g)).sum::<f64>()
    };
    let mut sample: Vec<f64> = (0..flips).map(|_| flipped()).collect();
    sample.sort_by(f64::total_cmp);
    let beyond = (FALSE_ALARM * flips as f64) as usize;
    let above = sample.iter().filter(|x| **x > value).count() as f64 / flips as f64;
    ChiSquare { value, limits: (sample[beyond], sample[sample.len() - 1 - beyond]), effective, above }
}

/// Contributions of 64 blocks to `values` numbers that are made of `sources` independent ones, each off by
/// `shift` standard errors; uniform random numbers in place of normal ones.
fn correlated(values: usize, sources: usize, shift: f64, seed: u64) -> Vec<Vec<f64>> {
    let mut stream = Stream::new(seed, 1);
    let mut uniform = || 12f64.sqrt() * (stream.uniform() - 0.5);
    let weights: Vec<Vec<f64>> = (0..values).map(|_| (0..sources).map(|_| uniform()).collect()).collect();
    let made: Vec<Vec<f64>> =
        (0..BLOCKS).map(|_| (0..sources).map(|_| uniform() + shift / 8.0).collect()).collect();
    let value = |w: &Vec<f64>| made.iter().map(|m| w.iter().zip(m).map(|(a, b)| a * b).sum()).collect();
    weights.iter().map(value).collect()
}

#[test]
fn chi_square_of_correlated_values_has_the_distribution_of_random_signs() {
    let values = 80;
    for sources in [4, 40] {
        let found: Vec<ChiSquare> =
            (0..100).map(|seed| chi_square(&correlated(values, sources, 0.0, seed), 2000)).collect();
        let mean = |f: fn(&ChiSquare) -> f64| found.iter().map(f).sum::<f64>() / found.len() as f64;
        // Probabilities of more are uniform: exponential times of rate 1 as `-ln p`.
        let times = found.iter().map(|c| -(c.above.max(1e-3)).ln()).collect();
        let distance = kolmogorov_smirnov(times, 1.0);
        println!("{sources} sources: {:.2} effective, KS {distance:.2}", mean(|c| c.effective));
        assert!(distance < 1.628, "{distance}");
        // Squared cosines of the angles between weights: 1 with themselves, 1 / sources on average otherwise.
        let (n, k) = (values as f64, sources as f64);
        let expected = 1.0 / (1.0 / n + (1.0 - 1.0 / n) / k);
        assert!((mean(|c| c.effective) / expected - 1.0).abs() < 0.1, "{expected}");
        let off = chi_square(&correlated(values, sources, 8.0, 0), FLIPS);
        assert!(off.value > off.limits.1, "a shift of all goes unseen: {off:?}");
    }
}

#[test]
#[ignore = "long: many runs with other random numbers"]
fn chi_square_of_trajectories_has_its_distribution_over_seeds() {
    let problem = problem(reference(2), pure(), 6, 2.0);
    let expected = exact(&problem);
    for unravelling in [Unravelling::Jumps, Unravelling::Heterodyne { flux: 4.0 }] {
        let one = |seed| {
            let engine = Trajectories { seed, unravelling, ..engine(2_560) };
            found(&engine, &problem).1.against(&expected).chi_square()
        };
        let all: Vec<ChiSquare> = (1..=60).map(one).collect();
        let distance = kolmogorov_smirnov(all.iter().map(|c| -(c.above.max(1e-4)).ln()).collect(), 1.0);
        let mean = |f: fn(&ChiSquare) -> f64| all.iter().map(f).sum::<f64>() / all.len() as f64;
        let largest = all.iter().map(|c| c.value).fold(0.0, f64::max);
        let beyond = all.iter().filter(|c| c.value > c.limits.1 || c.value < c.limits.0).count();
        println!(
            "{unravelling:?}: KS {distance:.2}, mean {:.2}, largest {largest:.2}, limit {:.2}, effective {:.1}, beyond {beyond}",
            mean(|c| c.value),
            mean(|c| c.limits.1),
            mean(|c| c.effective)
        );
        assert!(distance < 1.628 && beyond <= 1, "{distance} {beyond}");
    }
}
