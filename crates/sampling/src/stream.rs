//! Random numbers of a sample.

use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// Below this mean a binomial number is found by going through its probabilities.
const FEW: f64 = 10.0;

/// The stream of one sample: ChaCha with 12 rounds, keyed by the seed, its stream number the index of the sample.
/// What a sample draws depends on nothing else.
#[derive(Debug)]
pub struct Stream(ChaCha12Rng);

impl Stream {
    /// The stream of sample `index`.
    pub fn new(seed: u64, index: u64) -> Self {
        let mut generator = ChaCha12Rng::seed_from_u64(seed);
        generator.set_stream(index);
        Self(generator)
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Uniform in [0, 1), 53 bits.
    pub fn uniform(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Number of a weight, drawn in proportion to it; `total` is their sum.
    pub fn choose(&mut self, weights: impl Iterator<Item = f64>, total: f64) -> usize {
        let aim = self.uniform() * total;
        let (mut sum, mut chosen) = (0.0, 0);
        for (number, weight) in weights.enumerate() {
            // Rounding must not choose what cannot happen.
            if weight > 0.0 {
                chosen = number;
                sum += weight;
                if aim < sum {
                    break;
                }
            }
        }
        chosen
    }

    /// Two independent normal numbers (G. E. P. Box and M. E. Muller, Ann. Math. Stat. 29, 610 (1958)).
    pub fn normal_pair(&mut self) -> [f64; 2] {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        let (sine, cosine) = (std::f64::consts::TAU * self.uniform()).sin_cos();
        [radius * cosine, radius * sine]
    }

    /// How many of `trials` independent trials succeed, each with the probability `p`.
    pub fn binomial(&mut self, trials: u64, p: f64) -> u64 {
        if p > 0.5 {
            return trials - self.binomial(trials, 1.0 - p);
        }
        if p <= 0.0 || trials == 0 {
            return 0;
        }
        if trials as f64 * p < FEW { self.inverted(trials, p) } else { self.rejected(trials, p) }
    }

    /// By inversion of the distribution function.
    fn inverted(&mut self, trials: u64, p: f64) -> u64 {
        let (n, odds) = (trials as f64, p / (1.0 - p));
        let (mut left, mut probability) = (self.uniform(), (n * (-p).ln_1p()).exp());
        let mut k = 0;
        while left > probability && k < trials {
            left -= probability;
            probability *= odds * (n - k as f64) / (k + 1) as f64;
            k += 1;
        }
        k
    }

    /// By transformed rejection with squeeze (W. Hoermann, J. Stat. Comput. Simul. 46, 101 (1993), BTRS).
    fn rejected(&mut self, trials: u64, p: f64) -> u64 {
        let n = trials as f64;
        let (odds, deviation) = (p / (1.0 - p), (n * p * (1.0 - p)).sqrt());
        let b = 1.15 + 2.53 * deviation;
        let a = -0.0873 + 0.0248 * b + 0.01 * p;
        let (centre, squeeze) = (n * p + 0.5, 0.92 - 4.2 / b);
        let (alpha, mode) = ((2.83 + 5.1 / b) * deviation, ((n + 1.0) * p).floor());
        loop {
            let (u, v) = (self.uniform() - 0.5, self.uniform());
            let edge = 0.5 - u.abs();
            let k = ((2.0 * a / edge + b) * u + centre).floor();
            if edge >= 0.07 && v <= squeeze {
                return k as u64;
            }
            if !(0.0..=n).contains(&k) {
                continue;
            }
            let bound = (mode + 0.5) * ((mode + 1.0) / (odds * (n - mode + 1.0))).ln()
                + (n + 1.0) * ((n - mode + 1.0) / (n - k + 1.0)).ln()
                + (k + 0.5) * (odds * (n - k + 1.0) / (k + 1.0)).ln()
                + stirling(mode)
                + stirling(n - mode)
                - stirling(k)
                - stirling(n - k);
            if (v * alpha / (a / (edge * edge) + b)).ln() <= bound {
                return k as u64;
            }
        }
    }
}

/// `ln k! - [(k + 1/2) ln(k + 1) - (k + 1) + ln(2 pi)/2]`, what Stirling's formula leaves.
fn stirling(k: f64) -> f64 {
    const FIRST: [f64; 10] = [
        0.081_061_466_795_327_26,
        0.041_340_695_955_409_29,
        0.027_677_925_684_998_34,
        0.020_790_672_103_765_09,
        0.016_644_691_189_821_19,
        0.013_876_128_823_070_75,
        0.011_896_709_945_891_77,
        0.010_411_265_261_972_09,
        0.009_255_462_182_712_733,
        0.008_330_563_433_362_87,
    ];
    if let Some(known) = FIRST.get(k as usize) {
        return *known;
    }
    let next = k + 1.0;
    let square = next * next;
    (1.0 / 12.0 - (1.0 / 360.0 - 1.0 / 1260.0 / square) / square) / next
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Chi-square per degree of freedom of binomial numbers against their probabilities.
    fn chi_square(trials: u64, p: f64, draws: u32) -> f64 {
        let mut stream = Stream::new(3, trials);
        let mut counts = vec![0.0; trials as usize + 1];
        (0..draws).for_each(|_| counts[stream.binomial(trials, p) as usize] += 1.0);
        let n = trials as f64;
        let (mut sum, mut cells) = (0.0, 0.0);
        let mut log = n * (1.0 - p).ln();
        for (k, count) in counts.iter().enumerate() {
            let expected = log.exp() * f64::from(draws);
            if expected > 20.0 {
                sum += (count - expected) * (count - expected) / expected;
                cells += 1.0;
            }
            log += ((n - k as f64) * p / ((k + 1) as f64 * (1.0 - p))).ln();
        }
        sum / cells
    }

    #[test]
    fn binomial_numbers_have_their_distribution() {
        for (trials, p) in [(1, 0.5), (7, 0.3), (40, 0.9), (64, 0.5), (400, 0.5), (1000, 0.13)] {
            let found = chi_square(trials, p, 200_000);
            assert!((0.2..1.9).contains(&found), "{trials}, {p}: {found}");
        }
        assert_eq!((Stream::new(1, 0).binomial(10, 1.0), Stream::new(1, 0).binomial(10, 0.0)), (10, 0));
    }

    #[test]
    fn large_binomial_numbers_have_mean_and_variance() {
        let (trials, p, draws) = (1_000_000_u64, 0.25, 20_000);
        let mut stream = Stream::new(5, 1);
        let scale = (trials as f64 * p * (1.0 - p)).sqrt();
        let numbers: Vec<f64> =
            (0..draws).map(|_| (stream.binomial(trials, p) as f64 - trials as f64 * p) / scale).collect();
        let mean = numbers.iter().sum::<f64>() / f64::from(draws);
        let square = numbers.iter().map(|x| x * x).sum::<f64>() / f64::from(draws);
        assert!(mean.abs() < 0.03 && (square - 1.0).abs() < 0.04, "{mean}, {square}");
    }
}
