//! The classifier on the plane of coupling and pumping against the known lines: those of linear stability by
//! root finding, the others from `data/reference/mean_field_targets.json`.

mod common;

use common::{Parameters, targets};
use superladder_mean_field::{
    Classifier, Family, FixedKind, LANES, LongTime, MeanFieldEquations, Phase, fixed_points, long_time,
    refine, root,
};
use superladder_model::{Channel, Ensemble, Interaction, Mode, Model, Value};

/// Spacing of the grid in both directions.
const CELL: f64 = 0.02;

/// Numbers by number, ascending.
fn table(value: &serde_json::Value) -> Vec<(f64, serde_json::Value)> {
    let entries = value.as_object().expect("a table").iter();
    let mut all: Vec<_> = entries.map(|(k, v)| (k.parse().expect("a number"), v.clone())).collect();
    all.sort_by(|a: &(f64, _), b| a.0.total_cmp(&b.0));
    all
}

struct Known {
    family: Family,
    pitchfork: Vec<(f64, f64)>,
    irregular: Vec<(f64, Vec<(f64, f64)>)>,
}

impl Known {
    fn new() -> Self {
        let all = targets();
        let number = |v: &serde_json::Value| v.as_f64().expect("a number");
        let pitchfork =
            table(&all["pitchfork_L1_L2_lam(gup)"]).iter().map(|(g, l)| (*g, number(l))).collect();
        let intervals = |list: &serde_json::Value| {
            let list = list.as_array().expect("a list").iter();
            list.map(|pair| (number(&pair[0]), number(&pair[1]))).collect()
        };
        let rows = table(&all["IR_intervals_lam(gup)_grid0.005_T6000burn_10000meas"]);
        let irregular = rows.iter().map(|(g, list)| (*g, intervals(list))).collect();
        Self { family: Family::new(), pitchfork, irregular }
    }

    fn equations(&self, lambda: f64, up: f64) -> MeanFieldEquations {
        self.family.member(&Parameters::standard(lambda, up, 0.06).model(10), &[]).expect("derived")
    }

    /// gamma_up at which a pair begins to grow at the fixed point of this kind.
    fn hopf(&self, kind: FixedKind, lambda: f64) -> f64 {
        let start = fixed_points(&self.equations(lambda, 0.5)).into_iter().find(|p| p.kind == kind);
        let start = start.unwrap_or_else(|| panic!("{kind:?} at {lambda}"));
        let growth = |up: f64| {
            let equations = self.equations(lambda, up);
            let mut state = start.state.clone();
            state[7] = up - 0.5;
            let state = refine(&equations, &state, &[0]);
            let point = state.map(|s| superladder_mean_field::FixedPoint::new(&equations, s, &[0]));
            point.filter(|p| p.kind == kind).map_or(f64::NAN, |p| p.leading().1)
        };
        root(0.55, 0.97, growth).expect("a change of sign")
    }

    /// lambda of the pitchfork of cycles where it is known.
    fn pitchfork(&self, up: f64) -> Option<f64> {
        let pair = self.pitchfork.windows(2).find(|w| w[0].0 <= up + 1e-9 && up - 1e-9 <= w[1].0)?;
        let part = (up - pair[0].0) / (pair[1].0 - pair[0].0);
        Some(pair[0].1 + part * (pair[1].1 - pair[0].1))
    }

    /// Whether lambda lies in an irregular interval of this row, grown by `more`; `None` where the row is not
    /// known.
    fn irregular(&self, lambda: f64, up: f64, more: f64) -> Option<bool> {
        let row = self.irregular.iter().find(|(g, _)| (g - up).abs() < 1e-9)?;
        Some(row.1.iter().any(|(from, to)| lambda > from - more && lambda < to + more))
    }
}

/// Least and greatest of a line one cell to either side.
fn around(x: f64, line: impl Fn(f64) -> f64) -> (f64, f64) {
    let values = [x - CELL, x, x + CELL].map(line);
    (values.into_iter().fold(f64::INFINITY, f64::min), values.into_iter().fold(f64::NEG_INFINITY, f64::max))
}

/// The phases that are possible more than one cell away from every known line; none where that is not known.
fn expected(known: &Known, lambda: f64, up: f64, hopf: &dyn Fn(FixedKind, f64) -> f64) -> Vec<Phase> {
    use Phase::{IR, L1, L2, NS, QuasiPeriodic, SR};
    const CRITICAL: f64 = 0.500_224;
    let forks = [up - CELL, up, up + CELL].map(|up| known.pitchfork(up));
    let displaced = forks.iter().all(|fork| fork.is_some_and(|fork| lambda > fork + CELL));
    if lambda > 1.5 * CELL && lambda < CRITICAL - CELL {
        let (least, greatest) = around(lambda, |l| hopf(FixedKind::Normal, l.clamp(CELL, CRITICAL - 1e-3)));
        if up < least - CELL {
            return vec![NS];
        }
        let low = up + CELL <= 0.81;
        let before = forks.iter().all(|fork| fork.is_some_and(|fork| lambda < fork - CELL));
        if up > greatest + CELL && (low || before) {
            return vec![L1, QuasiPeriodic];
        }
        if !displaced {
            return Vec::new();
        }
    }
    if lambda <= 1.5 * CELL || lambda <= CRITICAL - CELL && !displaced {
        return Vec::new();
    }
    let (least, greatest) = around(lambda, |l| hopf(FixedKind::Superradiant, l.max(CRITICAL + 1e-3)));
    if lambda > CRITICAL + CELL && up < least - CELL {
        return vec![SR];
    }
    let rows = [up - CELL, up, up + CELL];
    let inside = known.irregular(lambda, up, -CELL) == Some(true)
        && rows.iter().all(|up| known.irregular(lambda, *up, -CELL) != Some(false));
    if inside {
        return vec![IR];
    }
    if displaced && up > greatest + CELL {
        let outside = known.irregular(lambda, up, CELL) == Some(false)
            && rows.iter().all(|up| known.irregular(lambda, *up, CELL) != Some(true));
        return if outside { vec![L2] } else { vec![L2, IR] };
    }
    Vec::new()
}

fn settled(known: &Known, points: &[(f64, f64)], classifier: Classifier) -> Vec<LongTime> {
    let mut found = Vec::new();
    for chunk in points.chunks(LANES) {
        let equations: Vec<MeanFieldEquations> = chunk.iter().map(|(l, g)| known.equations(*l, *g)).collect();
        let fixed: Vec<_> = equations.iter().map(fixed_points).collect();
        let models: Vec<_> = equations.iter().zip(fixed.iter().map(Vec::as_slice)).collect();
        found.extend(long_time(classifier, &models));
    }
    found
}

/// Compares and returns the number of points with a known phase, and of undecided ones.
fn compared(points: &[(f64, f64)]) -> (usize, usize) {
    let known = Known::new();
    let lines = std::cell::RefCell::new(std::collections::BTreeMap::new());
    let hopf = |kind: FixedKind, lambda: f64| -> f64 {
        let key = (kind as u8, lambda.to_bits());
        *lines.borrow_mut().entry(key).or_insert_with(|| known.hopf(kind, lambda))
    };
    let (mut claimed, mut wrong) = (0, Vec::new());
    let found = settled(&known, points, Classifier::default());
    for ((lambda, up), point) in points.iter().zip(&found) {
        let expected = expected(&known, *lambda, *up, &hopf);
        claimed += usize::from(!expected.is_empty());
        if !expected.is_empty() && !expected.contains(&point.phase) {
            wrong.push(format!("({lambda}, {up}): {point:?} instead of {expected:?}"));
        }
    }
    let undecided: Vec<String> = points
        .iter()
        .zip(&found)
        .filter(|(_, p)| p.phase == Phase::Undecided)
        .map(|((l, g), p)| {
            format!(
                "({l:.2}, {g:.2}) mean {:.4} amplitude {:.4} exponent {:.4}",
                p.mean, p.amplitude, p.exponent
            )
        })
        .collect();
    println!("{claimed} of {} points have a known phase; undecided: {}", points.len(), undecided.len());
    println!("{}", undecided.join("\n"));
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    (claimed, undecided.len())
}

fn grid(columns: u32, rows: u32, cell: f64) -> Vec<(f64, f64)> {
    let column = |l: u32| (0..rows).map(move |g| (cell * f64::from(l), cell * f64::from(g)));
    (0..columns).flat_map(column).collect()
}

#[test]
fn a_coarse_diagram_agrees_with_the_known_lines() {
    let (claimed, undecided) = compared(&grid(9, 11, 0.1));
    assert!(claimed >= 60 && undecided <= 1, "{claimed} {undecided}");
}

#[test]
#[ignore = "long"]
fn the_diagram_of_2091_points_agrees_with_the_known_lines() {
    let (claimed, undecided) = compared(&grid(41, 51, CELL));
    assert!(claimed > 1600 && undecided < 42, "{claimed} {undecided}");
}

/// Every row of the reference at its own resolution of 0.005: the first and the last irregular point are the
/// ends of its interval, or their neighbours, where the exponent is as small as the bound and depends on the
/// trajectory.
#[test]
#[ignore = "long"]
fn irregular_intervals_end_where_those_of_the_reference_do() {
    let known = Known::new();
    let classifier = Classifier { burn: 6000.0, window: 10_000.0, ..Classifier::default() };
    let couplings: Vec<f64> = (0..47).map(|k| 0.43 + 0.005 * f64::from(k)).collect();
    assert_eq!(known.irregular.len(), 6);
    for (up, intervals) in &known.irregular {
        let points: Vec<(f64, f64)> = couplings.iter().map(|l| (*l, *up)).collect();
        let found = settled(&known, &points, classifier);
        let irregular = points.iter().zip(&found).filter(|(_, p)| p.phase == Phase::IR);
        let irregular: Vec<f64> = irregular.map(|(point, _)| point.0).collect();
        let [(from, to)] = intervals[..] else {
            assert!(intervals.is_empty() && irregular.is_empty(), "{up}: {irregular:?}");
            continue;
        };
        let ends = (irregular[0], irregular[irregular.len() - 1]);
        assert!((ends.0 - from).abs() < 0.0051 && (ends.1 - to).abs() < 0.0051, "{up}: {irregular:?}");
        // Regular windows inside are narrow.
        let inside = ((ends.1 - ends.0) / 0.005).round() + 1.0;
        assert!(irregular.len() as f64 > 0.85 * inside, "{up}: {irregular:?}");
    }
}

/// `lambda = eta' = 0`, seen in the frame that rotates with the mode: the laser stands still, and `<T^x> = 0`
/// for the phase that the start gives it. S takes no part; with T first the order parameter is a quadrature.
#[test]
fn a_laser_in_its_rotating_frame_is_no_normal_state() {
    let laser = |up: f64| {
        let mode = Mode { name: "a".into(), frequency: 0.0 };
        let ensemble = Ensemble { name: "T".into(), size: 10, frequency: 0.0 };
        let model = Model::new(vec![mode], vec![ensemble]).expect("valid");
        let names = |name: &str| vec![name.to_owned()];
        let value = |key: &str, x: f64| [(key.to_owned(), Value::Real(x))];
        let strength = value("strength", 0.1);
        let coupling = Interaction::new(&model, "tavis-cummings", &names("a"), &names("T"), &strength);
        let mut made = model.clone().with_interaction(coupling.expect("valid"));
        for (name, rate) in [("pumping", up), ("emission", 1.0 - up)] {
            let channel = Channel::new(&model, name, &[], &names("T"), &value("rate", rate)).expect("valid");
            made = made.with_channel(channel);
        }
        let loss =
            Channel::new(&model, "cavity-loss", &names("a"), &[], &value("rate", 0.02)).expect("valid");
        MeanFieldEquations::new(&made.with_channel(loss)).expect("derived")
    };
    // Threshold: T^z = kappa gamma_t / (8 eta^2) = 0.25, gamma_up = 0.75; `tavis_cummings` of the targets has
    // n = 7.5 at 0.9.
    let models = [laser(0.6), laser(0.9)];
    let fixed: Vec<_> = models.iter().map(fixed_points).collect();
    let both: Vec<_> = models.iter().zip(fixed.iter().map(Vec::as_slice)).collect();
    let found = long_time(Classifier::default(), &both);
    assert_eq!((found[0].phase, found[1].phase), (Phase::NS, Phase::SR), "{found:?}");
    assert!((0.5 * found[1].mean * found[1].mean - 7.5).abs() < 1e-6, "{found:?}");
}
