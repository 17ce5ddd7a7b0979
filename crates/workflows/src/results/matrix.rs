//! A sparse matrix as files that other programs read.

use std::io::{self, Seek, Write};

use num_complex::Complex64;
use sprs::CsMat;

use super::archive::Archive;

/// Writes the form that `scipy.sparse.load_npz` reads: indices, indptr, format, shape, data.
///
/// # Errors
/// Whatever the writer says, or a matrix stored by columns.
pub fn write_matrix_arrays(writer: &mut (impl Write + Seek), matrix: &CsMat<Complex64>) -> io::Result<()> {
    if !matrix.is_csr() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the matrix is stored by columns"));
    }
    let starts: Vec<i64> = matrix.indptr().into_raw_storage().iter().map(|i| *i as i64).collect();
    let indices: Vec<i64> = matrix.indices().iter().map(|i| *i as i64).collect();
    let shape = [matrix.rows() as i64, matrix.cols() as i64];
    let mut archive = Archive::new(writer);
    archive.array("indices", &[indices.len() as u64], &indices)?;
    archive.array("indptr", &[starts.len() as u64], &starts)?;
    archive.bytes("format", b"csr")?;
    archive.array("shape", &[2], &shape)?;
    archive.array("data", &[matrix.nnz() as u64], matrix.data())?;
    archive.finish()
}

/// Writes Matrix Market coordinate text (indices from 1), every number so that it reads back to the same
/// bits.
///
/// # Errors
/// Whatever the writer says.
pub fn write_matrix_market(
    writer: &mut impl Write,
    matrix: &CsMat<Complex64>,
    comment: &str,
) -> io::Result<()> {
    writeln!(writer, "%%MatrixMarket matrix coordinate complex general")?;
    for line in comment.lines() {
        writeln!(writer, "% {line}")?;
    }
    writeln!(writer, "{} {} {}", matrix.rows(), matrix.cols(), matrix.nnz())?;
    for (value, (row, column)) in matrix {
        writeln!(writer, "{} {} {:e} {:e}", row + 1, column + 1, value.re, value.im)?;
    }
    Ok(())
}
