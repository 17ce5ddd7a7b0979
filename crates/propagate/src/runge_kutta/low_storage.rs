//! Kennedy-Carpenter-Lewis 4(3).

use super::controller::Controller;
use super::scheme::{Estimate, Evaluator, Scheme, Step};
use crate::vector::{accumulate, combine, copy, error_sums};

const STAGES: usize = 5;

/// Subdiagonal of the Runge-Kutta matrix; left of it every column repeats the weight of its stage.
const A: [f64; STAGES - 1] = [
    970_286_171_893.0 / 4_311_952_581_923.0,
    6_584_761_158_862.0 / 12_103_376_702_013.0,
    2_251_764_453_980.0 / 15_575_788_980_749.0,
    26_877_169_314_380.0 / 34_165_994_151_039.0,
];

const B: [f64; STAGES] = [
    1_153_189_308_089.0 / 22_510_343_858_157.0,
    1_772_645_290_293.0 / 4_653_164_025_191.0,
    -1_672_844_663_538.0 / 4_480_602_732_383.0,
    2_114_624_349_019.0 / 3_568_978_502_595.0,
    5_198_255_086_312.0 / 14_908_931_495_163.0,
];

/// Weights of the embedded method of order 3.
const EMBEDDED: [f64; STAGES] = [
    1_016_888_040_809.0 / 7_410_784_769_900.0,
    11_231_460_423_587.0 / 58_533_540_763_752.0,
    -1_563_879_915_014.0 / 6_823_010_717_585.0,
    606_302_364_029.0 / 971_179_775_848.0,
    1_097_981_568_119.0 / 3_980_877_426_909.0,
];

/// RK4(3)5[2R+]C: order 4 with embedded order 3 in five stages, of which only the last derivative, the
/// running sum, the stage argument and the running error are kept.
///
/// Source: C. A. Kennedy, M. H. Carpenter, R. M. Lewis, Appl. Numer. Math. 35, 177 (2000), table 1.
pub(crate) struct LowStorageScheme {
    slope: Vec<f64>,
    /// Argument of the stages.
    stage: Vec<f64>,
    /// y + h sum b k so far, in the end the new state.
    state: Vec<f64>,
    error: Vec<f64>,
    started: bool,
}

impl LowStorageScheme {
    pub(crate) fn new(dim: usize) -> Self {
        let zero = || vec![0.0; dim];
        Self { slope: zero(), stage: zero(), state: zero(), error: zero(), started: false }
    }
}

impl Scheme for LowStorageScheme {
    const ORDER: f64 = 4.0;
    const CONTROLLER: Controller = Controller { exponent: 1.0 / 4.0, beta: 0.05, limits: (0.2, 5.0) };
    const DENSE: bool = false;

    fn started(&self) -> bool {
        self.started
    }

    fn forget(&mut self) {
        self.started = false;
    }

    fn start(&mut self, field: &mut Evaluator<'_>, t: f64, y: &[f64]) {
        self.started = field.derivative(t, 0.0, y, &mut self.slope).is_continue();
    }

    fn first_slope(&mut self) -> (&[f64], &mut [f64], &mut [f64]) {
        (&self.slope, &mut self.state, &mut self.stage)
    }

    fn attempt(&mut self, field: &mut Evaluator<'_>, step: Step, y: &[f64]) -> Estimate {
        let h = step.h;
        // y + h sum over the earlier stages of b k.
        copy(&mut self.state, y);
        self.error.fill(0.0);
        let mut before = 0.0;
        for i in 0..STAGES {
            if i > 0 {
                let node = before + A[i - 1];
                before += B[i - 1];
                if field.derivative(step.t, node * h, &self.stage, &mut self.slope).is_break() {
                    return Estimate::ABANDONED;
                }
            }
            if i + 1 < STAGES {
                combine(&mut self.stage, &[(1.0, &self.state), (h * A[i], &self.slope)]);
            }
            accumulate(&mut self.state, &[(h * B[i], &self.slope)]);
            accumulate(&mut self.error, &[(h * (B[i] - EMBEDDED[i]), &self.slope)]);
        }
        self.started = false;
        field.carry(h, &mut self.state);
        field.carry(h, &mut self.error);
        let [sum, _, plain, size] = error_sums(y, &self.state, step.tolerance, &[(1.0, &self.error)], &[]);
        let relative = if plain == 0.0 { 0.0 } else { (plain / size).sqrt() };
        Estimate { weighted: (sum / y.len().max(1) as f64).sqrt(), relative }
    }

    fn proposed(&self) -> &[f64] {
        &self.state
    }

    /// Never asked for: steps end at the stops.
    fn interpolate(&mut self, _field: &Evaluator<'_>, _step: Step, _theta: f64, _y: &[f64]) -> &[f64] {
        &self.state
    }

    fn finish(&mut self, _field: &mut Evaluator<'_>, _step: Step, y: &mut [f64]) {
        copy(y, &self.state);
    }

    fn state_vectors(&self) -> usize {
        4
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The full table from its two-register form.
    fn table() -> [[f64; STAGES]; STAGES] {
        std::array::from_fn(|i| {
            std::array::from_fn(|j| match (j + 1).cmp(&i) {
                std::cmp::Ordering::Less => B[j],
                std::cmp::Ordering::Equal => A[j],
                std::cmp::Ordering::Greater => 0.0,
            })
        })
    }

    #[test]
    fn all_eight_order_conditions_hold() {
        let a = table();
        let c = a.map(|row| row.iter().sum::<f64>());
        let times = |v: [f64; STAGES]| a.map(|row| row.iter().zip(v).map(|(a, v)| a * v).sum::<f64>());
        let power = |n: i32| c.map(|c| c.powi(n));
        let ac = times(c);
        let c_ac: [f64; STAGES] = std::array::from_fn(|i| c[i] * ac[i]);
        let conditions = [
            (power(0), 1.0, 1),
            (c, 1.0 / 2.0, 2),
            (power(2), 1.0 / 3.0, 3),
            (ac, 1.0 / 6.0, 3),
            (power(3), 1.0 / 4.0, 4),
            (c_ac, 1.0 / 8.0, 4),
            (times(power(2)), 1.0 / 12.0, 4),
            (times(ac), 1.0 / 24.0, 4),
        ];
        for (v, exact, order) in conditions {
            let sum = |b: [f64; STAGES]| b.iter().zip(v).map(|(b, v)| b * v).sum::<f64>();
            assert!((sum(B) - exact).abs() < 1e-15, "order {order}");
            assert!(order == 4 || (sum(EMBEDDED) - exact).abs() < 1e-15, "embedded, order {order}");
        }
    }
}
