//! A cycle as it is shown: numbers of every unknown, its stability, its files.

use std::fmt::Write as _;

use serde_json::{Value, json};
use superladder_mean_field::{Cycle, MeanFieldEquations, Settled, Waveform};
use superladder_propagate::PropagateError;

/// A cycle with its waveforms, one per unknown.
#[derive(Debug, Clone)]
pub struct Shown {
    /// The cycle.
    pub cycle: Cycle,
    /// Its waveforms.
    pub waves: Vec<Waveform>,
}

impl Shown {
    /// A cycle of these equations.
    ///
    /// # Errors
    /// [`PropagateError`] of the flow along it.
    pub fn new(equations: &MeanFieldEquations, cycle: Cycle) -> Result<Self, PropagateError> {
        let samples = cycle.samples(equations)?;
        let wave = |place: usize| Waveform::of(&samples.iter().map(|s| s[place]).collect::<Vec<_>>());
        Ok(Self { waves: (0..equations.dim()).map(wave).collect(), cycle })
    }

    /// For programs.
    pub fn json(&self, names: &[String]) -> Value {
        let wave = |(name, w): (&String, &Waveform)| {
            (
                name.clone(),
                json!({ "mean": w.mean, "min": w.min, "max": w.max, "amplitude": w.amplitude(), "harmonics": w.harmonics }),
            )
        };
        let multipliers: Vec<[f64; 2]> = self.cycle.multipliers.iter().map(|z| [z.re, z.im]).collect();
        json!({
            "period": self.cycle.period,
            "frequency": std::f64::consts::TAU / self.cycle.period,
            "symmetric": self.cycle.symmetric,
            "state": self.cycle.state,
            "multipliers": multipliers,
            "waveforms": names.iter().zip(&self.waves).map(wave).collect::<serde_json::Map<_, _>>(),
        })
    }

    /// For a reader; spin lengths of this number are conserved.
    pub fn text(&self, title: &str, names: &[String], conserved: usize) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = self.print(title, names, conserved, &mut text);
        text
    }

    fn print(&self, title: &str, names: &[String], conserved: usize, out: &mut String) -> std::fmt::Result {
        let Self { cycle, waves } = self;
        let frequency = std::f64::consts::TAU / cycle.period;
        writeln!(out, "{title}\nperiod {:.12}, angular frequency {frequency:.12}", cycle.period)?;
        let yes = |x: bool| if x { "yes" } else { "no" };
        writeln!(out, "half a period is the reflection of the parity: {}", yes(cycle.symmetric))?;
        writeln!(out, "stable: {}", yes(cycle.stable(conserved)))?;
        writeln!(
            out,
            "\n{:<12} {:>16} {:>16} {:>12} {:>12} {:>12} {:>12}",
            "unknown", "mean", "amplitude", "harmonic 1", "2", "3", "4"
        )?;
        for (name, wave) in names.iter().zip(waves) {
            let (mean, amplitude, h) = (wave.mean, wave.amplitude(), wave.harmonics);
            writeln!(
                out,
                "{name:<12} {mean:>16.10} {amplitude:>16.10} {:>12.3e} {:>12.3e} {:>12.3e} {:>12.3e}",
                h[0], h[1], h[2], h[3]
            )?;
        }
        writeln!(out, "\nFloquet multipliers (1 for time translation and for every conserved spin length)")?;
        for value in &cycle.multipliers {
            writeln!(out, "    {:>18.12} {:>+18.12} i   modulus {:.10}", value.re, value.im, value.norm())?;
        }
        Ok(())
    }
}

/// What a start settles on.
#[derive(Debug, Clone)]
pub struct Found {
    /// The cycle, if there is one.
    pub cycle: Option<Shown>,
    /// Why the search is not over, or found none.
    pub words: Option<String>,
    /// After this time.
    pub time: f64,
}

/// The cycle that `start` settles on; looked for after `burn`, and on until the flow has settled.
///
/// # Errors
/// [`PropagateError`] of the flow.
pub fn attracting(equations: &MeanFieldEquations, start: &[f64], burn: f64) -> Result<Found, PropagateError> {
    let shown = |cycle| Shown::new(equations, cycle);
    Ok(match Cycle::settling(equations, start, burn, 24)? {
        Settled::Cycle(cycle, time) => Found { cycle: Some(shown(cycle)?), words: None, time },
        Settled::FixedPoint(time) => {
            let words = format!("no limit cycle: the start settles on a fixed point (t = {time})");
            Found { cycle: None, words: Some(words), time }
        }
        Settled::Growing(time, energy) => {
            let words = format!(
                "NOT CONVERGED: the modes still grow, with {energy:.4} quanta per spin at t = {time}: what is pumped has no \
                 loss to balance it, or a slow one (raise --burn)"
            );
            Found { cycle: None, words: Some(words), time }
        }
        Settled::Undecided(cycle, time) => {
            let what =
                if cycle.is_some() { "the cycle shown is unstable" } else { "no limit cycle was found" };
            let words = format!(
                "NOT CONVERGED: {what}; up to t = {time} the start settles neither on a stable cycle nor on a fixed point \
                 (a torus, chaos, or slower than that: raise --burn)"
            );
            Found { cycle: cycle.map(shown).transpose()?, words: Some(words), time }
        }
    })
}
