//! Distributions over time: every level a row, the darker the more weight.

use kuva::plot::BandPlot;
use kuva::plot::legend::{LegendEntry, LegendShape};
use kuva::render::plots::Plot;

use crate::cells::edges;
use crate::data::MapData;

/// Shades of a power of ten, and powers of ten below the largest value that have shades.
const PER_DECADE: usize = 6;
const DECADES: usize = 4;
/// Colours between which shades are mixed, from the smallest value to the largest, evenly in the logarithm.
const COLOURS: [[f64; 3]; 5] = [
    [239.0, 243.0, 255.0],
    [189.0, 215.0, 231.0],
    [107.0, 174.0, 214.0],
    [33.0, 113.0, 181.0],
    [8.0, 48.0, 107.0],
];
/// More columns and rows than these are not told apart: neighbours are averaged.
const MOST_COLUMNS: usize = 150;
const MOST_ROWS: usize = 60;

/// A map of values that are not negative, by columns and rows, in shades of their logarithm. Where nothing is
/// drawn, a value is below the smallest shade or undefined.
#[derive(Debug, Clone, PartialEq)]
pub struct Heat {
    /// Coordinates of the columns, ascending.
    x: Vec<f64>,
    /// Coordinates of the rows, ascending.
    y: Vec<f64>,
    /// Values by row and column.
    rows: Vec<Vec<f64>>,
    /// Decimal logarithm of the upper end of the darkest shade.
    top: f64,
}

impl Heat {
    /// Rows of values at the columns `x`; row k stands at `first + k step`. Rows below and above all that has a
    /// shade are left out. `None` where nothing has one.
    pub fn new(x: &[f64], (first, step): (f64, f64), rows: &[Vec<f64>]) -> Option<Self> {
        let positive = |value: &&f64| value.is_finite() && **value > 0.0;
        let most = rows.iter().flatten().filter(positive).fold(0.0_f64, |most, value| most.max(*value));
        if most == 0.0 {
            return None;
        }
        // A full weight that rounding has left a little above 1 is one.
        let top = (most.log10() - 1e-6).ceil();
        let floor = 10_f64.powf(top - DECADES as f64);
        let seen = |row: &Vec<f64>| row.iter().any(|value| *value >= floor);
        let (low, high) = (rows.iter().position(seen)?, rows.iter().rposition(seen)?);
        let kept = &rows[low..=high];
        let (columns, together) = (parts(x.len(), MOST_COLUMNS), parts(kept.len(), MOST_ROWS));
        let mean = |rows: &[Vec<f64>], column: &std::ops::Range<usize>| {
            let values = rows.iter().flat_map(|row| row.get(column.clone()).unwrap_or_default());
            let finite: Vec<f64> = values.copied().filter(|value| value.is_finite()).collect();
            finite.iter().sum::<f64>() / finite.len() as f64
        };
        let centre = |range: &std::ops::Range<usize>| 0.5 * (range.start + range.end - 1) as f64;
        Some(Self {
            x: columns.iter().map(|c| f64::midpoint(x[c.start], x[c.end - 1])).collect(),
            y: together.iter().map(|r| first + step * (low as f64 + centre(r))).collect(),
            rows: together
                .iter()
                .map(|r| columns.iter().map(|c| mean(&kept[r.clone()], c)).collect())
                .collect(),
            top,
        })
    }

    /// The values as they are drawn, of neighbours their mean.
    pub(crate) fn data(&self) -> MapData {
        let columns = 0..self.x.len();
        MapData {
            x: self.x.clone(),
            y: self.y.clone(),
            values: columns.flat_map(|column| self.rows.iter().map(move |row| row[column])).collect(),
            colours: "Blues",
            logarithmic: true,
            range: Some((10_f64.powf(self.top - DECADES as f64), 10_f64.powf(self.top))),
            ..MapData::default()
        }
    }

    /// Number of rows of the data that share a row of the picture at most, for a title that says so.
    pub fn rows_together(&self, step: f64) -> usize {
        let height = |pair: &[f64]| ((pair[1] - pair[0]) / step).round() as usize;
        self.y.windows(2).map(height).max().unwrap_or(1)
    }

    /// The shade of a value, the darkest being the last.
    fn shade(&self, value: f64) -> Option<usize> {
        let above = (value.log10() - self.top + DECADES as f64) * PER_DECADE as f64;
        // An undefined value fails the comparison.
        (above >= -1e-9).then(|| (above.max(0.0) as usize).min(DECADES * PER_DECADE - 1))
    }

    /// Every run of one shade in a row is a rectangle; rows overlap a little, so that no gap is seen.
    pub(crate) fn plots(&self) -> Vec<Plot> {
        let (x, y) = (edges(&self.x, true), edges(&self.y, false));
        let mut plots = Vec::new();
        for (number, row) in self.rows.iter().enumerate() {
            let (low, high) = (y[number], y[number + 1]);
            let high = (high + 0.1 * (high - low)).min(y[self.y.len()]);
            let shades: Vec<Option<usize>> = row.iter().map(|value| self.shade(*value)).collect();
            let mut start = 0;
            for run in shades.chunk_by(|a, b| a == b) {
                let ends = [x[start], x[start + run.len()]];
                start += run.len();
                if let Some(shade) = run[0] {
                    let band = BandPlot::new(ends, [low, low], [high, high]);
                    plots.push(band.with_color(colour(shade)).with_opacity(1.0).into());
                }
            }
        }
        plots
    }

    /// What the shades stand for: the powers of ten, from the largest.
    pub(crate) fn entries(&self) -> Vec<LegendEntry> {
        let entry = |decade: usize| {
            let power = self.top - decade as f64;
            let shade = ((DECADES - decade) * PER_DECADE).saturating_sub(1);
            let label = if (-2.0..=3.0).contains(&power) {
                format!("{}", 10_f64.powf(power))
            } else {
                format!("1e{power}")
            };
            LegendEntry { label, color: colour(shade), shape: LegendShape::Rect, dasharray: None }
        };
        (0..=DECADES).map(entry).collect()
    }

    /// Ends of both axes.
    pub(crate) fn ends(&self) -> [f64; 4] {
        let (x, y) = (edges(&self.x, true), edges(&self.y, false));
        [x[0], x[self.x.len()], y[0], y[self.y.len()]]
    }

    /// Distance of the ticks of the vertical axis: levels are whole numbers.
    pub(crate) fn tick_step(&self) -> f64 {
        let [.., low, high] = self.ends();
        let decade = 10_f64.powf(((high - low) / 6.0).max(1.0).log10().floor());
        let steps = [1.0, 2.0, 5.0, 10.0].map(|step| step * decade);
        steps.into_iter().find(|step| 6.0 * step >= high - low).unwrap_or(10.0 * decade)
    }
}

/// Consecutive parts of `count` items, at most `most` of them, as even as can be.
fn parts(count: usize, most: usize) -> Vec<std::ops::Range<usize>> {
    let number = count.min(most);
    (0..number).map(|k| k * count / number..(k + 1) * count / number).collect()
}

/// The colour of a shade.
fn colour(shade: usize) -> String {
    let last = COLOURS.len() - 1;
    let at = last as f64 * shade as f64 / (DECADES * PER_DECADE - 1) as f64;
    let below = (at as usize).min(last - 1);
    let mixed = |k: usize| {
        let (a, b) = (COLOURS[below][k], COLOURS[below + 1][k]);
        (a + (b - a) * (at - below as f64)).round() as u8
    };
    format!("#{:02X}{:02X}{:02X}", mixed(0), mixed(1), mixed(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All the weight in one of eleven levels, then spread over two: rows without weight are left out.
    #[test]
    fn rows_and_shades_follow_the_weight() {
        let row = |k: usize| match k {
            8 => vec![0.0, 0.01, f64::NAN],
            10 => vec![1.0 + 1e-12, 0.99, 0.5],
            _ => vec![0.0, 1e-9, 0.0],
        };
        let rows: Vec<Vec<f64>> = (0..11).map(row).collect();
        let heat = Heat::new(&[0.0, 1.0, 2.0], (0.0, 1.0), &rows).expect("weight");
        assert_eq!((heat.y.as_slice(), heat.top, heat.rows_together(1.0)), (&[8.0, 9.0, 10.0][..], 0.0, 1));
        let shade = |value: f64| heat.shade(value);
        assert_eq!(
            (shade(1.0), shade(1e-4), shade(0.9e-4), shade(f64::NAN)),
            (Some(23), Some(0), None, None)
        );
        assert_eq!(shade(0.01), Some(12));
        // One rectangle for n = 8, two for n = 10, whose first two values share a shade.
        assert_eq!(heat.plots().len(), 3);
        assert_eq!((heat.ends(), heat.tick_step()), ([0.0, 2.0, 7.5, 10.5], 1.0));
        assert_eq!((colour(0), colour(23)), ("#EFF3FF".into(), "#08306B".into()));
        assert!(Heat::new(&[0.0], (0.0, 1.0), &[vec![0.0]]).is_none());
    }

    #[test]
    fn many_rows_and_columns_are_averaged() {
        let rows: Vec<Vec<f64>> = (0..130).map(|k| vec![f64::from(k % 2); 1000]).collect();
        let x: Vec<f64> = (0..1000).map(f64::from).collect();
        let heat = Heat::new(&x, (0.0, 1.0), &rows).expect("weight");
        assert_eq!((heat.rows.len(), heat.rows[0].len()), (MOST_ROWS, MOST_COLUMNS));
        assert!(heat.rows.iter().flatten().all(|value| (0.3..=0.7).contains(value)));
        assert_eq!((heat.rows_together(1.0), heat.tick_step()), (3, 50.0));
    }
}
