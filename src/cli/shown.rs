//! Arguments that say what is read off a run and what its pictures show.

use clap::Args;

use super::StudyArguments;

/// What is read off a run and shown of it.
#[derive(Debug, Args)]
pub(crate) struct Shown {
    /// Read a number off a column, for instance "minimum squeezing(S).wineland from 2 to 6" or "mean photons(a) in
    /// dB"; repeatable, in place of the study's `output.reductions`; kinds: `superladder list reductions`.
    #[arg(long = "reduce", value_name = "REDUCTION")]
    reductions: Vec<String>,
    /// Change a key of the study's table [plot], for instance `scale=dB`, `separate=true` or
    /// `limits=[0, 2]`; repeatable; keys: `superladder list keys`.
    #[arg(long = "plot", value_name = "KEY=VALUE")]
    plots: Vec<String>,
}

impl StudyArguments {
    /// All changes of the study, those of `shown` among them.
    pub(crate) fn sets_with(&self, shown: &Shown) -> Vec<String> {
        let words = shown.reductions.iter().map(|text| serde_json::Value::from(text.as_str()).to_string());
        let list = words.collect::<Vec<_>>().join(", ");
        let reductions = (!list.is_empty()).then(|| format!("output.reductions=[{list}]"));
        let plots = shown.plots.iter().map(|set| format!("plot.{set}"));
        self.sets.iter().cloned().chain(reductions).chain(plots).collect()
    }
}
