//! How much memory a run may take: what the machine has to give, and what limits the process.

use std::fs;
use std::path::Path;

use crate::{EngineError, Problem};

/// Of what is there, a run may take this part: estimates are estimates, and others need some too.
const PART: f64 = 0.9;

/// Bytes that a run may take by default: 90 % of the smallest of what the machine has available, what is left
/// below the limits of the control groups that the process is in (containers, batch systems), and what is left
/// of its address space (`ulimit -v`). `None` where the system says nothing of this.
pub fn available_memory() -> Option<u64> {
    let left = if cfg!(target_os = "linux") { left_below(Path::new("/")) } else { left_elsewhere() };
    left.map(|bytes| (PART * bytes as f64) as u64)
}

#[cfg(target_os = "linux")]
fn left_elsewhere() -> Option<u64> {
    None
}

/// macOS, Windows and others.
#[cfg(not(target_os = "linux"))]
fn left_elsewhere() -> Option<u64> {
    let mut system = sysinfo::System::new();
    system.refresh_memory();
    let available = system.available_memory();
    (available > 0).then_some(available)
}

/// What is left according to the files of a Linux system below `root`.
fn left_below(root: &Path) -> Option<u64> {
    let machine = kibibytes(&root.join("proc/meminfo"), "MemAvailable:");
    machine.into_iter().chain(left_of_address_space(root)).chain(left_of_groups(root)).min()
}

/// The number of a line such as `MemAvailable:  123 kB`, in bytes.
fn kibibytes(file: &Path, name: &str) -> Option<u64> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1024)
}

/// The soft limit of the address space less what is in use.
fn left_of_address_space(root: &Path) -> Option<u64> {
    let limits = fs::read_to_string(root.join("proc/self/limits")).ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max address space"))?;
    let limit: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(limit.saturating_sub(kibibytes(&root.join("proc/self/status"), "VmSize:").unwrap_or(0)))
}

/// What is left in the control groups of the process and in those above them, the smallest.
fn left_of_groups(root: &Path) -> Option<u64> {
    let groups = fs::read_to_string(root.join("proc/self/cgroup")).ok()?;
    let of_line = |line: &str| {
        let mut parts = line.splitn(3, ':').skip(1);
        let (controllers, path) = (parts.next()?, parts.next()?);
        let version_1 = controllers.split(',').any(|c| c == "memory");
        if !version_1 && !controllers.is_empty() {
            return None;
        }
        let (mount, names) = if version_1 {
            (
                root.join("sys/fs/cgroup/memory"),
                ["memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"],
            )
        } else {
            (root.join("sys/fs/cgroup"), ["memory.max", "memory.current", "inactive_file"])
        };
        // Inside of a container the path may be that outside of it: then only the mount itself is there.
        let below = path.trim_start_matches('/');
        let folders = Path::new(below).ancestors().map(|part| mount.join(part));
        folders.filter_map(|folder| left_of_group(&folder, names)).min()
    };
    groups.lines().filter_map(of_line).min()
}

/// The limit of one group less what it uses, but for files in memory that can be dropped.
fn left_of_group(folder: &Path, [limit, usage, dropped]: [&str; 3]) -> Option<u64> {
    let number = |name: &str| fs::read_to_string(folder.join(name)).ok()?.trim().parse::<u64>().ok();
    let limit = number(limit)?;
    let statistics = fs::read_to_string(folder.join("memory.stat")).unwrap_or_default();
    let line = statistics.lines().find_map(|line| line.strip_prefix(dropped)?.strip_prefix(' '));
    let droppable = line.and_then(|n| n.trim().parse::<u64>().ok()).unwrap_or(0);
    Some(limit.saturating_sub(number(usage).unwrap_or(0).saturating_sub(droppable)))
}

/// Bytes of the records of a problem: every number at every output time, as long as the run lives and once
/// more in the tables that are written.
pub fn memory_of_records(problem: &Problem) -> u64 {
    /// An estimate with its error, the number in a table, and its text.
    const PER_NUMBER: f64 = 64.0;
    /// The record itself, its diagnostics and their names.
    const PER_TIME: f64 = 600.0;
    let levels = problem.levels();
    let numbers: f64 = problem.observables.iter().map(|o| o.count(problem.model(), &levels)).sum();
    ((PER_NUMBER * numbers + PER_TIME) * problem.times.len() as f64) as u64
}

/// Refuses a run of `engine` that needs more than is `available`.
///
/// # Errors
/// [`EngineError::Memory`].
pub fn check_memory(
    engine: &'static str,
    needed: u64,
    available: Option<u64>,
    unknowns: u64,
) -> Result<(), EngineError> {
    let available = available.unwrap_or(u64::MAX);
    if needed > available {
        return Err(EngineError::Memory { engine, needed, available, unknowns });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A system that says what is written here.
    fn system(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        root
    }

    const MACHINE: (&str, &str) = ("proc/meminfo", "MemTotal: 9000 kB\nMemAvailable:    8000 kB\n");

    #[test]
    fn the_smallest_of_all_limits_counts() {
        let left = |files: &[(&str, &str)]| left_below(system(&[&[MACHINE], files].concat()).path()).unwrap();
        assert_eq!(left(&[]), 8000 * 1024);
        let limits = "Limit  Soft  Hard  Units\nMax address space         5000000              unlimited            bytes\n";
        assert_eq!(
            left(&[("proc/self/limits", limits), ("proc/self/status", "VmSize:  1000 kB\n")]),
            5_000_000 - 1_024_000
        );
        let unlimited = limits.replace("5000000", "unlimited");
        assert_eq!(left(&[("proc/self/limits", &unlimited)]), 8000 * 1024);
        // Version 2: the parent is tighter than the group itself; files that can be dropped do not count.
        let group = [
            ("proc/self/cgroup", "0::/job/step\n"),
            ("sys/fs/cgroup/job/step/memory.max", "max\n"),
            ("sys/fs/cgroup/job/memory.max", "4000000\n"),
            ("sys/fs/cgroup/job/memory.current", "1500000\n"),
            ("sys/fs/cgroup/job/memory.stat", "anon 9\ninactive_file 500000\n"),
        ];
        assert_eq!(left(&group), 3_000_000);
        // A container that sees its own group only.
        let inside = [("proc/self/cgroup", "0::/\n"), ("sys/fs/cgroup/memory.max", "700000\n")];
        assert_eq!(left(&inside), 700_000);
        let group = [
            ("proc/self/cgroup", "5:cpu:/x\n3:memory:/job\n1:name=systemd:/y\n"),
            ("sys/fs/cgroup/memory/job/memory.limit_in_bytes", "2000000\n"),
            ("sys/fs/cgroup/memory/job/memory.usage_in_bytes", "300000\n"),
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"),
        ];
        assert_eq!(left(&group), 1_700_000);
    }
}
