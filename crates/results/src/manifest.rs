//! `manifest.json`: what ran, with what, how it went and what it cost. Every command's has the same head.

use std::time::Instant;

use serde_json::{Map, Value, json};

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

/// Version and commit of the program.
pub fn version() -> String {
    format!("{} ({})", env!("CARGO_PKG_VERSION"), commit())
}

fn commit() -> &'static str {
    option_env!("SUPERLADDER_COMMIT").unwrap_or("unknown")
}

/// What every manifest begins and ends with.
#[derive(Debug, Clone)]
pub struct Head<'a> {
    /// The command, `run`, `sweep`, ...
    pub command: &'a str,
    /// Name of the study.
    pub study: &'a str,
    /// The study as resolved: every default and every number filled in.
    pub configuration: Value,
    /// Started when the command began.
    pub clock: &'a Clock,
}

impl Head<'_> {
    /// The manifest: this head, the entries of the object `body`, the cost, the configuration.
    pub fn manifest(&self, body: Value) -> Value {
        let spent = self.clock.read();
        let head = json!({
            "program": "superladder",
            "command": self.command,
            "version": env!("CARGO_PKG_VERSION"),
            "commit": commit(),
            "study": self.study,
        });
        let foot = json!({
            "wall_seconds": spent.wall_seconds,
            "cpu_seconds": spent.cpu_seconds,
            "threads": rayon::current_num_threads(),
            "peak_memory_bytes": peak_memory(),
            "configuration": self.configuration,
        });
        let entries = [head, body, foot].into_iter().filter_map(|part| match part {
            Value::Object(entries) => Some(entries),
            _ => None,
        });
        entries.flatten().collect::<Map<_, _>>().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn head_and_foot_stand_around_the_body() {
        let head =
            Head { command: "run", study: "x", configuration: json!({ "time": 1 }), clock: &Clock::start() };
        let manifest = head.manifest(json!({ "converged": true }));
        let keys: Vec<&str> = manifest.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys[..6], ["program", "command", "version", "commit", "study", "converged"]);
        assert_eq!(manifest["configuration"], json!({ "time": 1 }));
        assert!(manifest["wall_seconds"].as_f64().is_some_and(|s| s >= 0.0));
    }
}
