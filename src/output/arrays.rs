//! `observables.npz`: the records as NumPy arrays.

use std::io::{self, Seek, Write};

use npyz::npz::NpzWriter;
use npyz::zip::write::FileOptions;
use npyz::{AutoSerialize, WriterBuilder};
use num_complex::Complex64;
use superladder_engine::{Problem, Recorder};
use superladder_model::Shape;

use super::columns::{diagnostics, standard_errors};

/// Writes `t` with shape (T,), every observable with shape (T,), (T, k), (T, L), complex (T, n, n) for a matrix or
/// complex (T, sum d^2) for blocks, standard errors as `name.standard_error`, and the diagnostics.
///
/// # Errors
/// Whatever the writer says.
pub fn write_arrays(
    writer: &mut (impl Write + Seek),
    problem: &Problem,
    recorder: &Recorder,
) -> io::Result<()> {
    let mut archive = Archive::new(writer);
    let rows = recorder.records.len() as u64;
    archive.array("t", &[rows], &recorder.times())?;
    let levels = recorder.levels(problem);
    for (index, observable) in problem.observables.iter().enumerate() {
        let shape = observable.shape(problem.model(), &levels);
        let length = shape.len();
        let row = |r: usize| recorder.values(problem, &levels, r, index);
        let values: Vec<f64> = (0..recorder.records.len()).flat_map(row).collect();
        let dimensions = match &shape {
            Shape::Components(names) if names.len() == 1 => vec![rows],
            Shape::Components(_) | Shape::Vector(_) => vec![rows, length as u64],
            Shape::Matrix(n) => vec![rows, *n as u64, *n as u64],
            Shape::Blocks(_) => vec![rows, length as u64 / 2],
        };
        if matches!(shape, Shape::Matrix(_) | Shape::Blocks(_)) {
            let pairs: Vec<Complex64> = values.chunks_exact(2).map(|z| Complex64::new(z[0], z[1])).collect();
            archive.array(&observable.name, &dimensions, &pairs)?;
            continue;
        }
        archive.array(&observable.name, &dimensions, &values)?;
        let errors: Vec<_> = (0..length).filter_map(|c| standard_errors(recorder, index, c)).collect();
        if errors.len() == length && length > 0 {
            let rows: Vec<f64> =
                (0..recorder.records.len()).flat_map(|t| errors.iter().map(move |e| e[t])).collect();
            archive.array(&format!("{}.standard_error", observable.name), &dimensions, &rows)?;
        }
    }
    for column in diagnostics(recorder) {
        archive.array(&column.name, &[rows], &column.values)?;
    }
    archive.finish()
}

/// An `.npz` file in the making: uncompressed, without dates, so that equal results are equal files.
pub(super) struct Archive<W: Write + Seek> {
    npz: NpzWriter<W>,
}

impl<W: Write + Seek> Archive<W> {
    pub(super) fn new(writer: W) -> Self {
        Self { npz: NpzWriter::new(writer) }
    }

    /// Writes one array in C order.
    pub(super) fn array<T: AutoSerialize>(
        &mut self,
        name: &str,
        shape: &[u64],
        values: &[T],
    ) -> io::Result<()> {
        // Beyond 4 GiB a zip entry needs the 64-bit form; smaller ones stay readable everywhere.
        let large = size_of_val(values) as u64 >= u64::from(u32::MAX) / 2;
        let options = FileOptions::default()
            .compression_method(npyz::zip::CompressionMethod::Stored)
            .last_modified_time(npyz::zip::DateTime::default())
            .large_file(large);
        let builder = self.npz.array(name, options)?.default_dtype().shape(shape);
        let mut array = builder.begin_nd()?;
        array.extend(values)?;
        array.finish()
    }

    /// Writes one byte string, as `numpy.bytes_`.
    pub(super) fn bytes(&mut self, name: &str, text: &[u8]) -> io::Result<()> {
        let options = FileOptions::default().last_modified_time(npyz::zip::DateTime::default());
        let width = text.len() as u64;
        let kind = npyz::DType::Plain(format!("|S{width}").parse().map_err(io::Error::other)?);
        let builder = self.npz.array::<[u8]>(name, options)?.dtype(kind).shape(&[]);
        let mut array = builder.begin_nd()?;
        array.push(text)?;
        array.finish()
    }

    /// Writes the directory at the end. (Dropping the writer would hide a full disk.)
    pub(super) fn finish(mut self) -> io::Result<()> {
        self.npz.zip_writer().finish()?.flush()
    }
}

/// Writes real arrays as `.npz`: name, shape, and values in row-major order.
///
/// # Errors
/// Whatever the writer says.
pub fn write_real_arrays(
    writer: &mut (impl Write + Seek),
    arrays: &[(&str, Vec<u64>, Vec<f64>)],
) -> io::Result<()> {
    let mut archive = Archive::new(writer);
    for (name, shape, values) in arrays {
        archive.array(name, shape, values)?;
    }
    archive.finish()
}
