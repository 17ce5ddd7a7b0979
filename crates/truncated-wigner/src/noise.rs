//! Random increments of all lanes at once.
//!
//! A weak scheme of second order needs increments with the first five moments of normal numbers, no more. Four bits
//! give such a number,
//!
//! ```text
//! +-a with probability 1/16 each, +-b with 7/16 each;  a^2 + 7 b^2 = 8,  a^4 + 7 b^4 = 24
//! ```
//! (P. E. Kloeden and E. Platen, Numerical Solution of Stochastic Differential Equations, Springer (1992), Ch. 14).
//! The bits of each lane come from a generator of its own (xoshiro256++; D. Blackman and S. Vigna, ACM Trans. Math.
//! Softw. 47, 36 (2021)), whose 256 bits of state are the next ones of the stream of the sample.

use superladder_sampling::Stream;

use crate::lanes::{LANES, Lane};

/// Increments in one word.
const EACH: usize = 16;
/// The large and the small increment: `b^2 = 1 - 2/sqrt 14`, `a^2 = 8 - 7 b^2`.
const LARGE: f64 = 2.177_534_703_919_536;
const SMALL: f64 = 0.682_259_126_853_684;

/// The generators of all lanes.
#[derive(Debug, Clone)]
pub(crate) struct LaneNoise {
    state: [[u64; LANES]; 4],
    word: [u64; LANES],
    left: usize,
}

impl LaneNoise {
    pub(crate) fn new() -> Self {
        Self { state: [[0; LANES]; 4], word: [0; LANES], left: 0 }
    }

    /// Gives a lane the bits that its stream has next.
    pub(crate) fn seed(&mut self, lane: usize, stream: &mut Stream) {
        self.state.iter_mut().for_each(|word| word[lane] = stream.bits());
    }

    /// The next 64 bits of every lane.
    #[inline(always)]
    fn next(&mut self) -> [u64; LANES] {
        let [a, b, c, d] = &mut self.state;
        let mut out = [0; LANES];
        for l in 0..LANES {
            let sum = a[l].wrapping_add(d[l]);
            out[l] = sum.rotate_left(23).wrapping_add(a[l]);
            let shifted = b[l] << 17;
            c[l] ^= a[l];
            d[l] ^= b[l];
            b[l] ^= c[l];
            a[l] ^= d[l];
            c[l] ^= shifted;
            d[l] = d[l].rotate_left(45);
        }
        out
    }

    /// The next increment of every lane: mean 0, variance 1.
    #[inline(always)]
    pub(crate) fn increment(&mut self) -> Lane {
        if self.left == 0 {
            self.word = self.next();
            self.left = EACH;
        }
        self.left -= 1;
        let mut out = Lane::ZERO;
        for l in 0..LANES {
            let word = self.word[l];
            let size = match word & 7 {
                0 => LARGE,
                _ => SMALL,
            };
            out.0[l] = f64::from_bits(size.to_bits() | ((word & 8) << 60));
            self.word[l] = word >> 4;
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn increments_have_the_moments_of_normal_numbers() {
        let square = |x: f64| x * x;
        assert!((square(LARGE) / 8.0 + 7.0 / 8.0 * square(SMALL) - 1.0).abs() < 1e-15);
        assert!((square(square(LARGE)) / 8.0 + 7.0 / 8.0 * square(square(SMALL)) - 3.0).abs() < 1e-14);
        let mut noise = LaneNoise::new();
        (0..LANES).for_each(|l| noise.seed(l, &mut Stream::new(1, l as u64)));
        let mut sums = [0.0; 5];
        let draws = 50_000;
        for _ in 0..draws {
            let x = noise.increment();
            let y = noise.increment();
            for l in 0..LANES {
                let (x, y) = (x.0[l], y.0[l]);
                let terms = [x, x * x, x * x * x * x, x * y, x * x * y * y];
                sums.iter_mut().zip(terms).for_each(|(sum, term)| *sum += term);
            }
        }
        let count = f64::from(draws) * LANES as f64;
        for (sum, expected) in sums.into_iter().zip([0.0, 1.0, 3.0, 0.0, 1.0]) {
            assert!((sum / count - expected).abs() < 0.03, "{} is not {expected}", sum / count);
        }
    }

    /// The first words of the published generator from the state 1, 2, 3, 4.
    #[test]
    fn the_generator_is_the_published_one() {
        let mut noise = LaneNoise::new();
        (0..4).for_each(|k| noise.state[k] = [k as u64 + 1; LANES]);
        let found: Vec<u64> = (0..3).map(|_| noise.next()[0]).collect();
        assert_eq!(found, [41_943_041, 58_720_359, 3_588_806_011_781_223]);
    }
}
