//! A sparse matrix as files that other programs read.

use std::io::{self, Seek, Write};

use num_complex::Complex64;
use sprs::CsMat;
use superladder_exact::{Exported, Unknown};

use crate::archive::Archive;

/// Writes the matrix as `scipy.sparse.load_npz` reads it (`indices`, `indptr`, `format`, `shape`, `data`), and
/// beside it what is needed to use it:
///
/// | array | shape | meaning |
/// |---|---|---|
/// | `sector` | rows | number of the sector of every unknown `<ket\| rho \|bra>` |
/// | `twice_j` | rows, ensembles | `2 j` of the sector |
/// | `ket`, `bra` | rows, modes + ensembles | photon numbers, then `2 m` |
/// | `initial` | rows | the initial state |
/// | `expectations` | observables, rows | weights `w`: the value is `sum_k w_k rho_k` |
/// | `names` | observables | their names |
///
/// # Errors
/// Whatever the writer says, or a matrix stored by columns.
pub fn write_exported(writer: &mut (impl Write + Seek), exported: &Exported) -> io::Result<()> {
    let Exported { liouvillian, unknowns, initial, expectations, .. } = exported;
    let matrix = &liouvillian.matrix;
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
    let rows = unknowns.len();
    let mut table = |name: &str, row: fn(&Unknown) -> Vec<i64>| {
        let values: Vec<i64> = unknowns.iter().flat_map(row).collect();
        let width = values.len().checked_div(rows).unwrap_or(0) as u64;
        archive.array(name, &[rows as u64, width], &values)
    };
    table("twice_j", |u| u.twice_j.iter().map(|j| *j as i64).collect())?;
    table("ket", |u| u.ket.clone())?;
    table("bra", |u| u.bra.clone())?;
    let sectors: Vec<i64> = unknowns.iter().map(|u| u.sector as i64).collect();
    archive.array("sector", &[rows as u64], &sectors)?;
    archive.array("initial", &[rows as u64], initial)?;
    let weights: Vec<Complex64> = expectations.iter().flat_map(|e| e.weights.iter().copied()).collect();
    archive.array("expectations", &[expectations.len() as u64, rows as u64], &weights)?;
    let names: Vec<String> = expectations.iter().map(|e| e.name.clone()).collect();
    archive.strings("names", &names)?;
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
