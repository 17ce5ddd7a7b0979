//! Results of others: a study at some points, held against what is known there.

use superladder_plot::Picture;
use superladder_workflows::sweep::{Results, measure, picture};
use superladder_workflows::workers::Limits;

use crate::error::ReproduceError;
use crate::figure::{Claim, Context, FigureDefinition, Made, Make, Table};
use crate::known::{Known, Published};

impl FigureDefinition {
    /// Makes it; `None` if interrupted.
    ///
    /// # Errors
    /// [`ReproduceError`].
    pub fn make(&self, context: &Context<'_>) -> Result<Option<Made>, ReproduceError> {
        match self.make {
            Make::Paper(make) => make(context),
            Make::Published(published) => published.make(self, context),
        }
    }
}

impl Published {
    /// Runs every point and holds it against what is known; `None` if interrupted.
    pub(crate) fn make(
        &self,
        figure: &FigureDefinition,
        context: &Context<'_>,
    ) -> Result<Option<Made>, ReproduceError> {
        let owned = |words: &[&str]| words.iter().map(ToString::to_string).collect::<Vec<_>>();
        let sweep = figure.study.sweep(&owned(self.sets), &owned(self.sweeps))?;
        let points: Vec<_> = sweep.points.iter().collect();
        context.begun("points", points.len());
        let limits = Limits::new(None, sweep.base.engine.memory_limit());
        let done = |_: &_| context.done(1);
        let (outcomes, workers) = measure(&points, context.store, &limits, context.watch.interrupted, &done)?;
        if context.stopped() {
            return Ok(None);
        }
        let results = Results::new(&sweep, outcomes, workers);
        let claims = self.known.iter().map(|known| claim(figure, &results, known));
        let claims = claims.collect::<Result<_, _>>()?;
        let shown: Picture = picture(&results)?;
        Ok(Some(Made {
            tables: vec![self.table(&results)],
            pictures: vec![("figure".to_owned(), shown)],
            claims,
            notes: vec![format!("Source: {}", self.source)],
        }))
    }

    /// All quantities that are known somewhere, at every point.
    fn table(&self, results: &Results<'_>) -> Table {
        let mut quantities: Vec<&str> = Vec::new();
        for known in self.known {
            if !quantities.contains(&known.of) {
                quantities.push(known.of);
            }
        }
        let axes: Vec<&str> = results.sweep.axes.iter().map(|axis| &*axis.key).collect();
        let mut table = Table::new("points", &[axes, quantities.clone(), vec!["converged"]].concat());
        for (point, outcome) in results.points() {
            let mut row: Vec<String> = point.values.iter().map(|value| value.text.clone()).collect();
            row.extend(quantities.iter().map(|name| format!("{:?}", Results::value(outcome, name))));
            row.push(Results::reasons(outcome).is_empty().to_string());
            table.rows.push(row);
        }
        table
    }
}

/// What is known beside what was found; a point that is not converged never agrees.
fn claim(figure: &FigureDefinition, results: &Results<'_>, known: &Known) -> Result<Claim, ReproduceError> {
    let missing =
        || ReproduceError::NotFound { figure: figure.name, what: format!("{} at {}", known.of, known.at) };
    let at = |(point, _): &(&_, &_)| results.sweep.words(point) == known.at;
    let (_, outcome) = results.points().find(at).ok_or_else(missing)?;
    let found = Results::value(outcome, known.of);
    let off = ((found - known.value) / known.value).abs();
    let reasons = Results::reasons(outcome);
    let subject = format!("{} at {}", known.of, known.at);
    let expected = format!("{} within {:e} ({})", known.value, known.within, known.by);
    let told = format!("{found:.12}, off by {off:.1e}");
    let claim = Claim::new(&subject, &expected, told, off <= known.within && reasons.is_empty());
    Ok(if reasons.is_empty() { claim } else { claim.remark(reasons.join("; ")) })
}
