//! The same study by every method, with and without symmetries, assembled and matrix-free.

use superladder_engine::{Recorder, Silent, run};
use superladder_propagate::METHODS;

use super::{Check, check};
use superladder_study::Study;

const STUDY: &str = "
    modes.a = { frequency = 1.0, cutoff = 6, initial = { state = 'thermal', occupation = 0.1 } }
    ensembles.S = { size = 2, frequency = 1.0, initial = { state = 'down' } }
    ensembles.T = { size = 2, frequency = 1.0, initial = { state = 'down' } }
    interactions = [
        { kind = 'dicke', mode = 'a', ensemble = 'S', strength = 0.3 },
        { kind = 'tavis-cummings', mode = 'a', ensemble = 'T', strength = 0.2 },
        { kind = 'exchange', ensembles = ['S', 'T'], strength = 0.1 },
    ]
    channels = [
        { kind = 'cavity-loss', mode = 'a', rate = 0.1 },
        { kind = 'pumping', ensemble = 'T', rate = 0.9 },
        { kind = 'emission', ensemble = 'T', rate = 0.1 },
    ]
    time = { end = 2.0, points = 5 }
    method = { name = 'dop853', rtol = 1e-12, atol = 1e-14 }
    output.observables = ['all']";

pub(super) fn checks() -> anyhow::Result<Vec<Check>> {
    let reference = ran(&[])?;
    let mut checks = Vec::new();
    // Methods for few numbers would refuse this study.
    for method in METHODS.iter().filter(|m| m.largest.is_none()) {
        let set = format!("method={{ name = '{}' }}", method.name);
        let figure = difference(&reference, &ran(&[set])?);
        checks.push(check(format!("method {} at its default tolerance", method.name), figure, 1e-4));
    }
    let unreduced = ran(&["engine.symmetries=false".to_owned()])?;
    checks.push(check("with = without symmetries", difference(&reference, &unreduced), 1e-10));
    let assembled = ran(&["engine.generator=assembled".to_owned()])?;
    checks.push(check("assembled = matrix-free run", difference(&reference, &assembled), 1e-10));
    Ok(checks)
}

fn ran(sets: &[String]) -> anyhow::Result<Recorder> {
    let study = Study::parse("verify.toml", "verify", STUDY, sets)?;
    Ok(run(study.engine().as_ref(), &study.problem, &mut Silent)?.1)
}

/// Largest difference of all values; NaN in one and not in the other counts as infinite.
fn difference(a: &Recorder, b: &Recorder) -> f64 {
    let values = |r: &Recorder| -> Vec<f64> {
        let measurements = r.records.iter().flat_map(|r| &r.measurements);
        measurements.flat_map(|m| m.values.iter().map(|v| v.value)).collect()
    };
    let pairs = values(a).into_iter().zip(values(b));
    let one = |(x, y): (f64, f64)| match (x.is_nan(), y.is_nan()) {
        (true, true) => 0.0,
        (false, false) => (x - y).abs(),
        _ => f64::INFINITY,
    };
    pairs.map(one).fold(0.0, f64::max)
}
