//! Ensembles that are split into classes (`split = 5`), and what is distributed over them.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use superladder_model::{Classes, Ensemble, Interaction, Model, Operator, Split};

use crate::distribution::{Distribution, apportioned};
use crate::error::StudyError;
use crate::section::Section;

type Result<T> = std::result::Result<T, StudyError>;

/// Most classes of an ensemble.
const MOST: usize = 100;

/// What is distributed over the spins of an ensemble.
#[derive(Debug, Clone, PartialEq)]
enum Over {
    Frequency,
    /// The number of the interaction.
    Coupling(usize),
}

/// An ensemble that is split, as far as it has been read.
#[derive(Debug, Clone)]
struct Wanted {
    ensemble: usize,
    count: usize,
    spread: Option<(Distribution, Over)>,
}

/// The ensembles of a study that are split.
#[derive(Debug, Default)]
pub(crate) struct Splits {
    wanted: Vec<Wanted>,
}

/// How the ensembles of a study are split, and what there is to say about it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Finished {
    pub(crate) split: Split,
    /// For every split ensemble its name, and its classes in words.
    pub(crate) report: Vec<(String, String)>,
    pub(crate) warnings: Vec<String>,
}

impl Splits {
    /// Reads `split` and the frequencies of ensembles.
    pub(crate) fn read(ensembles: &[(String, Section<'_>)]) -> Result<Self> {
        let mut splits = Self::default();
        for (ensemble, (_, section)) in ensembles.iter().enumerate() {
            let count = section.count("split", 0)?;
            let frequency = section.distribution("frequency")?;
            let Some(count) = count else {
                if frequency.is_some() {
                    let needs = "`frequency` is distributed, which needs `split`: the number of classes";
                    return Err(Distribution::refused(section, "frequency", needs));
                }
                continue;
            };
            if !(1..=MOST).contains(&count) {
                return Err(section.wrong("split", format!("a number of classes from 1 to {MOST}")));
            }
            let spread = frequency.map(|distribution| (distribution, Over::Frequency));
            check_length(section, "frequency", spread.as_ref(), count)?;
            splits.wanted.push(Wanted { ensemble, count, spread });
        }
        Ok(splits)
    }

    /// Whether the frequencies of an ensemble differ.
    pub(crate) fn frequencies_differ(&self, ensemble: usize) -> bool {
        let of =
            |w: &&Wanted| w.ensemble == ensemble && w.spread.as_ref().is_some_and(|s| s.1 == Over::Frequency);
        self.wanted.iter().any(|w| of(&w))
    }

    /// Takes the distribution of a number of an interaction, which has been built with 1 in its place.
    pub(crate) fn couple(
        &mut self,
        (section, key): (&Section<'_>, &'static str),
        distribution: Distribution,
        (number, interaction): (usize, &Interaction),
        doubled: &Operator,
    ) -> Result<()> {
        let refused = |words: &str| {
            Err(Distribution::refused(section, key, format!("`{key}` is distributed, {words}")))
        };
        let [ensemble] = interaction.subject.ensembles[..] else {
            return refused("which needs an interaction with one ensemble");
        };
        let Some(wanted) = self.wanted.iter_mut().find(|w| w.ensemble == ensemble) else {
            return refused("which needs `split` of its ensemble: the number of classes");
        };
        let linear = interaction.operator.clone() * 2.0 + doubled.clone() * -1.0;
        if !linear.collected().terms.iter().all(|t| t.coefficient.norm() < 1e-12)
            || !Split::is_linear(&interaction.operator, ensemble)
        {
            return refused("but the interaction is not linear in it and in the spin operators");
        }
        if wanted.spread.is_some() {
            return refused(
                "but another number of the ensemble is already: one distribution belongs to an ensemble",
            );
        }
        wanted.spread = Some((distribution, Over::Coupling(number)));
        check_length(section, key, wanted.spread.as_ref(), wanted.count)
    }

    /// The classes of a model.
    pub(crate) fn finish(self, model: &Model) -> Finished {
        let mut finished = Finished::default();
        for wanted in self.wanted {
            let whole = &model.ensembles()[wanted.ensemble];
            finished.add(wanted, whole);
        }
        finished
    }
}

fn check_length(
    section: &Section<'_>,
    key: &str,
    spread: Option<&(Distribution, Over)>,
    count: usize,
) -> Result<()> {
    match spread.map(|(distribution, _)| distribution.nodes(count)) {
        Some(Err(found)) => {
            let conflict = format!("`{key}` has {found} values, but `split` makes {count} classes");
            Err(Distribution::refused(section, key, conflict))
        }
        _ => Ok(()),
    }
}

impl Finished {
    fn add(&mut self, wanted: Wanted, whole: &Ensemble) {
        let even = || vec![(1.0, 1.0 / wanted.count as f64); wanted.count];
        let nodes = wanted.spread.as_ref().and_then(|(d, _)| d.nodes(wanted.count).ok()).unwrap_or_else(even);
        let weights: Vec<f64> = nodes.iter().map(|(_, w)| *w).collect();
        let sizes = apportioned(whole.size, &weights);
        let over = wanted.spread.map(|(_, over)| over);
        let kept: Vec<(f64, usize)> =
            nodes.iter().map(|(x, _)| *x).zip(sizes).filter(|(_, size)| *size > 0).collect();
        let (name, left_out) = (&whole.name, wanted.count - kept.len());
        if left_out > 0 {
            self.warnings.push(format!(
                "ensemble '{name}': {left_out} of {} classes are left out, whose share of {} spins is less than one",
                wanted.count, whole.size
            ));
        }
        let member = |(k, (value, size)): (usize, &(f64, usize))| Ensemble {
            name: format!("{name}_{}", k + 1),
            size: *size,
            frequency: if over == Some(Over::Frequency) { *value } else { whole.frequency },
        };
        let members: Vec<Ensemble> = kept.iter().enumerate().map(member).collect();
        let words = |member: &Ensemble, value: f64| match over {
            Some(Over::Frequency) => format!("{} ({} spins, frequency {value:.6})", member.name, member.size),
            Some(Over::Coupling(_)) => {
                format!("{} ({} spins, coupling {value:.6})", member.name, member.size)
            }
            None => format!("{} ({} spins)", member.name, member.size),
        };
        let listed: Vec<String> = members.iter().zip(&kept).map(|(m, (value, _))| words(m, *value)).collect();
        self.report.push((format!("classes of {name}"), listed.join(", ")));
        let couplings = match over {
            Some(Over::Coupling(number)) => {
                BTreeMap::from([(number, kept.iter().map(|(x, _)| *x).collect())])
            }
            _ => BTreeMap::new(),
        };
        self.split.classes.push(Classes { ensemble: wanted.ensemble, members, couplings });
    }

    /// The classes of an ensemble, for the resolved study.
    pub(crate) fn shown(&self, ensemble: usize) -> Option<Json> {
        let classes = self.split.classes.iter().find(|c| c.ensemble == ensemble)?;
        let one = |(k, member): (usize, &Ensemble)| {
            let mut shown =
                json!({ "name": member.name, "size": member.size, "frequency": member.frequency });
            for weights in classes.couplings.values() {
                shown["coupling"] = json!(weights[k]);
            }
            shown
        };
        Some(classes.members.iter().enumerate().map(one).collect())
    }
}
