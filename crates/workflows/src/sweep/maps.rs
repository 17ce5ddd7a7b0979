//! Quantities over two parameters as maps in colours.

use superladder_plot::{Axis, ColourMap, Panel, Scale, Series};

use super::arrangement::Arrangement;
use super::{Axis as Swept, Results};
use crate::shown::ValueAxis;

/// Values beyond the tenth part of them that is largest are of the last colour where they would leave the others
/// without: where all values together span more than this many times what the rest does.
const RARE: f64 = 0.1;
const FAR: f64 = 10.0;

/// The maps of one quantity: one for each combination of the other parameters, all with the same colours.
pub(super) fn panels(results: &Results<'_>, arrangement: &Arrangement, y: usize, name: &str) -> Vec<Panel> {
    let axis = ValueAxis::of(&results.sweep.base, name);
    let (columns, rows) =
        (Coordinates::of(&results.sweep.axes[arrangement.x]), Coordinates::of(&results.sweep.axes[y]));
    let place = |point: usize| {
        let values = &results.sweep.points[point].values;
        Some((columns.place(&values[arrangement.x].text)?, rows.place(&values[y].text)?))
    };
    let value = |point: usize| {
        let x = axis.value(Results::value(&results.outcomes[point], name));
        if axis.is_logarithmic() { x.log10() } else { x }
    };
    let all: Vec<f64> = (0..results.outcomes.len()).map(value).filter(|x| x.is_finite()).collect();
    let log = |x: f64| if axis.is_logarithmic() { x.log10() } else { x };
    let given = axis.limits().map(|(low, high)| (log(low), log(high)));
    let (range, clipped) = match given {
        Some(given) => (Some(given), false),
        None => colours(all),
    };
    let level = axis.level().map(|(level, words)| (log(level), words));
    let map = |(words, members): (String, Vec<usize>)| {
        let mut values = vec![f64::NAN; columns.at.len() * rows.at.len()];
        let mut marked = Vec::new();
        for point in members {
            let Some((column, row)) = place(point) else { continue };
            values[column * rows.at.len() + row] = value(point);
            let broken = !Results::reasons(&results.outcomes[point]).is_empty();
            marked.extend(broken.then(|| (columns.at[column], rows.at[row])));
        }
        let beyond = if clipped { " (colours end at the largest tenth)" } else { "" };
        let words = if words.is_empty() { words } else { format!(", {words}") };
        Panel {
            title: format!("{}{words}{beyond}", axis.label(name)),
            x: columns.axis(),
            y: rows.axis(),
            series: vec![Series::Map(ColourMap {
                x: columns.at.clone(),
                y: rows.at.clone(),
                values,
                logarithmic: axis.is_logarithmic(),
                range,
                level: level.clone(),
                marked: (marked, "not converged".into()),
            })],
            ..Panel::default()
        }
    };
    arrangement.groups(&results.sweep.axes, &results.sweep.points).into_iter().map(map).collect()
}

/// Ends of the colours, and whether some values lie beyond.
fn colours(mut values: Vec<f64>) -> (Option<(f64, f64)>, bool) {
    values.sort_by(f64::total_cmp);
    let (Some(low), Some(high)) = (values.first(), values.last()) else { return (None, false) };
    let most = values[((values.len() - 1) as f64 * (1.0 - RARE)) as usize];
    if most > *low && high - low > FAR * (most - low) {
        (Some((*low, most)), true)
    } else {
        (Some((*low, *high)), false)
    }
}

/// The values of a parameter in ascending order, as they are drawn.
struct Coordinates<'a> {
    label: &'a str,
    logarithmic: bool,
    at: Vec<f64>,
    texts: Vec<&'a str>,
}

impl<'a> Coordinates<'a> {
    fn of(swept: &'a Swept) -> Self {
        let mut values: Vec<(f64, &str)> =
            swept.values.iter().map(|v| (v.number.unwrap_or(f64::NAN), v.text.as_str())).collect();
        values.sort_by(|a, b| a.0.total_cmp(&b.0));
        let logarithmic = swept.logarithmic && values.iter().all(|(x, _)| *x > 0.0);
        let at = values.iter().map(|(x, _)| if logarithmic { x.log10() } else { *x }).collect();
        Self { label: &swept.key, logarithmic, at, texts: values.into_iter().map(|(_, text)| text).collect() }
    }

    fn place(&self, text: &str) -> Option<usize> {
        self.texts.iter().position(|known| *known == text)
    }

    fn axis(&self) -> Axis {
        Axis::new(self.label).scaled(if self.logarithmic { Scale::Powers } else { Scale::Linear })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_huge_value_does_not_take_the_colours_from_the_others() {
        let many: Vec<f64> = (0..50).map(|k| 1.0 + 0.02 * f64::from(k)).collect();
        assert_eq!(colours(many.clone()), (Some((1.0, many[49])), false));
        let (range, clipped) = colours([many, vec![1e4]].concat());
        assert!(clipped && range.is_some_and(|(low, high)| low == 1.0 && high < 2.0));
        assert_eq!(colours(Vec::new()), (None, false));
    }
}
