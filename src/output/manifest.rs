//! `manifest.json`: what ran, with what, how it went and what it cost.

use std::time::Instant;

use serde_json::{Map, Value, json};

use super::{Column, Outcome};

/// What a run has cost.
#[derive(Debug, Clone, PartialEq)]
pub struct Effort {
    /// Everything from the start of the program.
    pub total: Spent,
    /// Preparing the engine and evolving, without reading the study and writing the results.
    pub evolution: Spent,
    /// Threads.
    pub threads: usize,
    /// Largest memory in bytes, where the system tells.
    pub peak_memory: Option<u64>,
    /// Time from which an interrupted run was continued; the effort before it is not counted.
    pub resumed_at: Option<f64>,
}

/// Time spent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spent {
    /// Seconds on the clock.
    pub wall_seconds: f64,
    /// Seconds of all threads together, where the system tells.
    pub cpu_seconds: Option<f64>,
}

/// Measures the time spent on something.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    start: Instant,
    cpu: Option<f64>,
}

impl Clock {
    /// Starts now.
    pub fn start() -> Self {
        Self { start: Instant::now(), cpu: cpu_seconds() }
    }

    /// The time spent since the start.
    pub fn read(&self) -> Spent {
        let cpu_seconds = cpu_seconds().zip(self.cpu).map(|(now, then)| now - then);
        Spent { wall_seconds: self.start.elapsed().as_secs_f64(), cpu_seconds }
    }
}

impl Effort {
    /// The cost of a program that began at `start` and of its `evolution`.
    pub fn since(start: Instant, evolution: Spent, resumed_at: Option<f64>) -> Self {
        Self {
            total: Spent { wall_seconds: start.elapsed().as_secs_f64(), cpu_seconds: cpu_seconds() },
            evolution,
            threads: rayon::current_num_threads(),
            peak_memory: peak_memory(),
            resumed_at,
        }
    }
}

/// Time spent by all threads, where the system tells.
fn cpu_seconds() -> Option<f64> {
    #[cfg(unix)]
    let time = Some(rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime));
    #[cfg(unix)]
    let seconds = time.map(|t| t.tv_sec as f64 + 1e-9 * t.tv_nsec as f64);
    #[cfg(not(unix))]
    let seconds = None;
    seconds
}

/// `VmHWM` of `/proc/self/status`, in bytes.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(1024 * kibibytes)
}

/// The manifest of a run.
pub fn manifest(outcome: &Outcome<'_>, columns: &[Column]) -> Value {
    let study = outcome.study;
    let undefined: Map<String, Value> = columns
        .iter()
        .filter(|c| c.undefined() > 0)
        .map(|c| (c.name.clone(), c.undefined().into()))
        .collect();
    let diagnostics: Map<String, Value> = outcome.diagnostics.checks.iter().map(|(name, check)| {
        let figures = json!({ "worst": check.worst, "time": check.time, "bound": check.bound, "holds": check.holds() });
        (name.clone(), figures)
    }).collect();
    json!({
        "program": "superladder",
        "version": env!("CARGO_PKG_VERSION"),
        "commit": option_env!("SUPERLADDER_COMMIT").unwrap_or("unknown"),
        "study": study.name,
        "converged": outcome.converged(),
        "reasons": outcome.reasons(),
        "interrupted": outcome.recorder.interrupted,
        "warnings": study.warnings.iter().chain(&outcome.warnings).collect::<Vec<_>>(),
        "records": outcome.recorder.records.len(),
        "undefined_values": undefined,
        "diagnostics": diagnostics,
        "statistics": outcome.statistics,
        "resources": outcome.resources,
        "wall_seconds": outcome.effort.total.wall_seconds,
        "cpu_seconds": outcome.effort.total.cpu_seconds,
        "evolution_wall_seconds": outcome.effort.evolution.wall_seconds,
        "evolution_cpu_seconds": outcome.effort.evolution.cpu_seconds,
        "resumed_at": outcome.effort.resumed_at,
        "threads": outcome.effort.threads,
        "peak_memory_bytes": outcome.effort.peak_memory,
        "estimated_memory_bytes": outcome.statistics.get("estimated_memory_bytes").cloned()
            .unwrap_or_else(|| outcome.resources.memory.into()),
        "columns": columns.iter().map(|c| c.name.as_str()).collect::<Vec<_>>(),
        "truncation": study.truncation(),
        "configuration": study.resolved(),
    })
}
