//! How the values of one column are distributed over samples.

use superladder_engine::Attachment;
use thiserror::Error;

/// How the values of one column of an observable in single samples are distributed.
#[derive(Debug, Clone, PartialEq)]
pub struct Histogram {
    /// The column, such as `photons(a)` or `spin(S).z`.
    pub column: String,
    /// Lower end of the first bin.
    pub low: f64,
    /// Upper end of the last bin.
    pub high: f64,
    /// Bins of equal width; values below and above are counted too, undefined ones are not.
    pub bins: usize,
}

/// Why a histogram cannot be counted.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum HistogramError {
    /// Its bins make no sense.
    #[error(
        "`histograms` of '{column}' must be [low, high, bins] with low < high and 1 to 10000 bins, but is [{low}, {high}, {bins}]"
    )]
    Bins {
        /// The column.
        column: String,
        /// Lower end.
        low: f64,
        /// Upper end.
        high: f64,
        /// Bins.
        bins: usize,
    },
    /// Its column is not measured.
    #[error("`histograms` names '{0}', which is not measured")]
    Unknown(String),
}

/// Histograms of columns at all output times, as counts in one row of bins.
#[derive(Debug, Clone, PartialEq)]
pub struct Histograms {
    /// With the number of their column among all.
    all: Vec<(Histogram, usize)>,
    times: usize,
}

impl Histograms {
    /// For columns with these numbers and names, at so many output times.
    ///
    /// # Errors
    /// [`HistogramError`].
    pub fn new(
        wanted: &[Histogram],
        columns: &[(usize, String)],
        times: usize,
    ) -> Result<Self, HistogramError> {
        let placed = |h: &Histogram| {
            let Histogram { column, low, high, bins } = h.clone();
            if !(low < high && (high - low).is_finite() && (1..=10_000).contains(&bins)) {
                return Err(HistogramError::Bins { column, low, high, bins });
            }
            let place = columns.iter().find(|(_, name)| *name == column).map(|(number, _)| *number);
            Ok((h.clone(), place.ok_or(HistogramError::Unknown(column))?))
        };
        Ok(Self { all: wanted.iter().map(placed).collect::<Result<_, _>>()?, times })
    }

    /// True without any.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Bins of all histograms at all times.
    pub fn bins(&self) -> usize {
        self.times * self.all.iter().map(|(h, _)| h.bins + 2).sum::<usize>()
    }

    /// Counts the `values` of all columns of one sample at an output time.
    pub fn count(&self, output: usize, values: &[f64], counts: &mut [u64]) {
        let mut before = 0;
        for (h, column) in &self.all {
            let x = values[*column];
            let position = (x - h.low) / (h.high - h.low) * h.bins as f64;
            let bin = if position < 0.0 { 0 } else { 1 + (position as usize).min(h.bins) };
            if !x.is_nan() {
                counts[before + output * (h.bins + 2) + bin] += 1;
            }
            before += self.times * (h.bins + 2);
        }
    }

    /// The table of all histograms, one column a bin; none without any.
    pub fn table(&self, times: &[f64], counts: &[u64]) -> Option<Attachment> {
        let mut before = 0;
        let mut columns = vec![("t".to_owned(), times.to_vec())];
        for (h, _) in &self.all {
            let width = (h.high - h.low) / h.bins as f64;
            for bin in 0..h.bins + 2 {
                let name = match bin {
                    0 => format!("{} below {}", h.column, h.low),
                    bin if bin > h.bins => format!("{} from {}", h.column, h.high),
                    bin => format!("{} from {}", h.column, h.low + width * (bin - 1) as f64),
                };
                let counts = counts.iter().skip(before + bin).step_by(h.bins + 2).take(times.len());
                columns.push((name, counts.map(|c| *c as f64).collect()));
            }
            before += self.times * (h.bins + 2);
        }
        (columns.len() > 1).then(|| Attachment { name: "histograms".into(), columns })
    }
}
