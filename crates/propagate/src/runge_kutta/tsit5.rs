//! Tsitouras 5(4).
#![allow(clippy::excessive_precision, clippy::unreadable_literal, reason = "digits as published")]

use super::controller::Controller;
use super::scheme::{Estimate, Evaluator, Scheme, Step};
use crate::vector::{ScaledVector, combine, copy, error_sums};

const STAGES: usize = 7;

const C: [f64; STAGES] = [0.0, 0.161, 0.327, 0.9, 0.9800255409045096857298102862870245954942, 1.0, 1.0];

/// The Runge-Kutta matrix; its last row holds the weights.
const A: [&[f64]; STAGES] = [
    &[],
    &[0.161],
    &[-0.8480655492356988544426874250230774675121e-2, 0.3354806554923569885444268742502307746752],
    &[
        2.897153057105493432130432594192938764925,
        -6.359448489975074843148159912383825625953,
        4.362295432869581411017727318190886861028,
    ],
    &[
        5.325864828439256604428877920840511317836,
        -11.74888356406282787774717033978577296189,
        7.495539342889836208304604784564358155659,
        -0.9249506636175524925650207933207191611350e-1,
    ],
    &[
        5.861455442946420028659251486982647890394,
        -12.92096931784710929170611868178335939542,
        8.159367898576158643180400794539253485182,
        -0.7158497328140099722453054252582973869127e-1,
        -0.2826905039406838290900305721271224146718e-1,
    ],
    &[
        0.9646076681806522951816731316512876333712e-1,
        0.01,
        0.4798896504144995747752495322905965199130,
        1.379008574103741893192274821856872770756,
        -3.290069515436080679901047585711363850116,
        2.324710524099773982415355918398765796109,
    ],
];

/// Differences between the embedded weights and the weights.
const E: [f64; STAGES] = [
    -1.780011052225771443378550607539534775945e-3,
    -8.164344596567469032236360633546862401863e-4,
    7.880878010261996010314727672526304238629e-3,
    -1.447110071732629075371651479726351167209e-1,
    5.823571654525552250199376106520421794261e-1,
    -4.580821059291869466616365188325542974428e-1,
    0.015151515151515151515151515151515151515,
];

/// Weights of the interpolant: w(theta) = sum over j of R[j] theta^(j+1).
const R: [[f64; 4]; STAGES] = [
    [
        0.999999999999999974283372471559910888475488471328,
        -2.763706197274825911336735930481400260916070804192,
        2.91325546182191274375068099306808,
        -1.0530884977290216,
    ],
    [0.0, 0.13169999999999999727, -0.22339999999999999818, 0.1017],
    [
        0.0,
        3.93029623689475152850687446709813398,
        -5.94103387213150473470249202589458001,
        2.490627285651252793,
    ],
    [
        0.0,
        -12.411077166933676983734381540685453484102414134010752,
        30.3381886302823215981729903691836576,
        -16.54810288924490272,
    ],
    [
        0.0,
        37.50931341651103919496903965334519631242339792120440212,
        -88.1789048947664011014276693541209817,
        47.37952196281928122,
    ],
    [
        0.0,
        -27.896526289197287805948263144598643896,
        65.09189467479367152629021928716553658,
        -34.87065786149660974,
    ],
    [0.0, 1.5, -4.0, 2.5],
];

/// Runge-Kutta method of order 5 with embedded order 4, 7 stages, first same as last, and a free
/// interpolant of order 4.
///
/// Source: Ch. Tsitouras, Comput. Math. Appl. 62, 770 (2011).
pub(crate) struct Tsit5Scheme {
    slopes: Vec<Vec<f64>>,
    /// Argument of the stages, then the new state.
    state: Vec<f64>,
    /// The interpolated state, or the carried error of a framed field.
    output: Vec<f64>,
    started: bool,
}

impl Tsit5Scheme {
    pub(crate) fn new(dim: usize) -> Self {
        let (state, output) = (vec![0.0; dim], vec![0.0; dim]);
        let slopes = (0..STAGES).map(|_| vec![0.0; dim]).collect();
        Self { slopes, state, output, started: false }
    }

    /// The terms y + h sum of w k.
    fn terms<'a>(
        slopes: &'a [Vec<f64>],
        weights: &[f64],
        h: f64,
        y: &'a [f64],
    ) -> [ScaledVector<'a>; STAGES + 1] {
        let mut terms: [ScaledVector; STAGES + 1] = [(0.0, &[]); STAGES + 1];
        terms[0] = (1.0, y);
        for ((term, slope), weight) in terms[1..].iter_mut().zip(slopes).zip(weights) {
            *term = (h * weight, slope);
        }
        terms
    }
}

impl Scheme for Tsit5Scheme {
    const ORDER: f64 = 5.0;
    const CONTROLLER: Controller = Controller { exponent: 1.0 / 5.0, beta: 0.04, limits: (0.2, 5.0) };
    const DENSE: bool = true;

    fn started(&self) -> bool {
        self.started
    }

    fn forget(&mut self) {
        self.started = false;
    }

    fn start(&mut self, field: &mut Evaluator<'_>, t: f64, y: &[f64]) {
        self.started = field.derivative(t, 0.0, y, &mut self.slopes[0]).is_continue();
    }

    fn first_slope(&mut self) -> (&[f64], &mut [f64], &mut [f64]) {
        let (first, others) = self.slopes.split_at_mut(1);
        (&first[0], &mut self.state, &mut others[0])
    }

    fn attempt(&mut self, field: &mut Evaluator<'_>, step: Step, y: &[f64]) -> Estimate {
        let h = step.h;
        for stage in 1..STAGES {
            combine(&mut self.state, &Self::terms(&self.slopes, A[stage], h, y));
            if field.derivative(step.t, C[stage] * h, &self.state, &mut self.slopes[stage]).is_break() {
                return Estimate::ABANDONED;
            }
        }
        let [sum, _, plain, size] = if field.framed {
            combine(&mut self.output, &Self::terms(&self.slopes, &E, h, y)[1..]);
            field.carry(h, &mut self.output);
            field.carry(h, &mut self.state);
            error_sums(y, &self.state, step.tolerance, &[(1.0, &self.output)], &[])
        } else {
            error_sums(y, &self.state, step.tolerance, &Self::terms(&self.slopes, &E, h, y)[1..], &[])
        };
        let relative = if plain == 0.0 { 0.0 } else { (plain / size).sqrt() };
        Estimate { weighted: (sum / y.len().max(1) as f64).sqrt(), relative }
    }

    fn proposed(&self) -> &[f64] {
        &self.state
    }

    fn interpolate(&mut self, field: &Evaluator<'_>, step: Step, theta: f64, y: &[f64]) -> &[f64] {
        combine(&mut self.output, &Self::terms(&self.slopes, &interpolant(theta), step.h, y));
        field.carry(theta * step.h, &mut self.output);
        &self.output
    }

    fn finish(&mut self, field: &mut Evaluator<'_>, _step: Step, y: &mut [f64]) {
        copy(y, &self.state);
        self.slopes.swap(0, STAGES - 1);
        // Carried to the next frame it would differ in its last bits from the derivative evaluated there, and
        // a run that is broken off and continued from the one that is not.
        self.started = !field.framed;
    }

    fn state_vectors(&self) -> usize {
        STAGES + 2
    }
}

/// Weights of the interpolant at `theta`.
fn interpolant(theta: f64) -> [f64; STAGES] {
    R.map(|r| theta * (r[0] + theta * (r[1] + theta * (r[2] + theta * r[3]))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_sum_to_the_nodes() {
        for (row, c) in A.iter().zip(C) {
            assert!((row.iter().sum::<f64>() - c).abs() < 4e-15);
        }
    }

    #[test]
    fn weights_integrate_powers_up_to_their_order() {
        for power in 0..5 {
            let sum = |row: &[f64]| row.iter().zip(C).map(|(b, c)| b * c.powi(power)).sum::<f64>();
            assert!((sum(A[6]) - 1.0 / f64::from(power + 1)).abs() < 1e-14, "power {power}");
            assert!(power > 3 || sum(&E).abs() < 1e-14, "embedded, power {power}: {}", sum(&E));
            for theta in [0.0, 0.2, 0.5, 0.8, 1.0] {
                let exact = f64::powi(theta, power + 1) / f64::from(power + 1);
                let error = sum(&interpolant(theta)) - exact;
                assert!(power > 3 || error.abs() < 1e-13, "theta {theta}, power {power}: {error}");
            }
        }
    }

    #[test]
    fn interpolant_ends_with_the_weights() {
        for (w, b) in interpolant(1.0).iter().zip(A[6]) {
            assert!((w - b).abs() < 1e-13);
        }
    }
}
