//! Random numbers of a trajectory.

use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// The stream of one trajectory: ChaCha with 12 rounds, keyed by the seed, its stream number the index of the
/// trajectory. What a trajectory draws depends on nothing else.
pub(crate) struct Stream(ChaCha12Rng);

impl Stream {
    /// The stream of trajectory `index`.
    pub(crate) fn new(seed: u64, index: u64) -> Self {
        let mut generator = ChaCha12Rng::seed_from_u64(seed);
        generator.set_stream(index);
        Self(generator)
    }

    /// Uniform in [0, 1), 53 bits.
    pub(crate) fn uniform(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Number of a weight, drawn in proportion to it; `total` is their sum.
    pub(crate) fn choose(&mut self, weights: impl Iterator<Item = f64>, total: f64) -> usize {
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
}
