//! `superladder verify`.

use std::io::Write;
use std::time::Instant;

use superladder::verify::GROUPS;

/// Runs all cross-checks and prints a table; true if every check holds.
pub(crate) fn verify(out: &mut dyn Write) -> anyhow::Result<bool> {
    let mut failed = 0;
    let mut count = 0;
    for group in GROUPS {
        let start = Instant::now();
        writeln!(out, "{}", group.name)?;
        match (group.run)() {
            Ok(checks) => {
                for check in checks {
                    let verdict = if check.holds() { "ok" } else { "FAILED" };
                    writeln!(
                        out,
                        "  {:<74} {:>8.1e} <= {:<7.0e} {verdict}",
                        check.name, check.figure, check.bound
                    )?;
                    failed += usize::from(!check.holds());
                    count += 1;
                }
            }
            Err(error) => {
                writeln!(out, "  FAILED: {error:#}")?;
                failed += 1;
                count += 1;
            }
        }
        writeln!(out, "  ({:.1} s)", start.elapsed().as_secs_f64())?;
    }
    writeln!(out, "{} of {count} checks hold", count - failed)?;
    Ok(failed == 0)
}
