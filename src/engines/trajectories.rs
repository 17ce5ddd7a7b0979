//! The engine of quantum trajectories as study files see it.

use serde_json::json;
use superladder_trajectories::{Choice, Trajectories, Unravelling};

use super::{Common, EngineDefinition, EngineOption, Read, object, sampling};
use crate::config::section::Section;
use crate::config::{ConfigError, Fault};

pub(super) const TRAJECTORIES: EngineDefinition = EngineDefinition {
    name: "trajectories",
    summary: "quantum jumps of pure states inside of and between sectors; averages with standard errors",
    truncated: true,
    adaptive: false,
    displaces: |section, cutoff| Ok(choice(section, "displaced")?.0.displaces(cutoff)),
    options: &[
        EngineOption {
            name: "trajectories",
            default: "1000",
            allowed: "a whole number >= 1",
            meaning: "how many, or the most there may be with a `target_error`",
        },
        EngineOption {
            name: "seed",
            default: "1",
            allowed: "a whole number >= 0",
            meaning: "the same seed gives the same bits on any number of threads",
        },
        EngineOption {
            name: "unravelling",
            default: "jumps",
            allowed: "jumps or heterodyne",
            meaning: "count what modes lose, or mix it with a local oscillator first: the same averages; a lasing state keeps its phase, and its basis small, only under heterodyne",
        },
        EngineOption {
            name: "oscillator_flux",
            default: "10",
            allowed: "> 0",
            meaning: "quanta per unit time of the local oscillator of unravelling 'heterodyne'",
        },
        EngineOption {
            name: "tolerance",
            default: "1e-8",
            allowed: "> 0 and <= 0.01",
            meaning: "relative error of a state per unit time",
        },
        EngineOption {
            name: "windows",
            default: "auto: on where a basis moves or the largest sector has 2000 states or more",
            allowed: "auto, on or off",
            meaning: "keep only the levels around the state; windows follow it, grow and shrink by themselves",
        },
        EngineOption {
            name: "displaced",
            default: "auto: on for modes with a `cutoff` of 24 or more",
            allowed: "auto, on or off",
            meaning: "a = alpha + b, alpha following the <a> of each trajectory; `cutoff` then limits the levels of b",
        },
        EngineOption {
            name: "rotating",
            default: "auto: on for ensembles of 16 spins or more",
            allowed: "auto, on or off",
            meaning: "Dicke states along the mean spin of each trajectory",
        },
        EngineOption {
            name: "truncation",
            default: "5e-7",
            allowed: "> 0 and <= 0.01",
            meaning: "weight that windows and moving bases may discard in one trajectory, all times together",
        },
        EngineOption {
            name: "target_error",
            default: "none: all trajectories are run",
            allowed: "> 0, or a table from observables or columns to numbers > 0",
            meaning: "stop when no standard error at any time is larger, of all observables or of those named",
        },
        EngineOption {
            name: "target_observables",
            default: "all",
            allowed: "a list of observables or columns",
            meaning: "what a single `target_error` is asked for",
        },
        EngineOption {
            name: "shown",
            default: "0",
            allowed: "an integer >= 0",
            meaning: "write the first so many trajectories and their jumps one by one (trajectories.csv, jumps.csv)",
        },
        EngineOption {
            name: "histograms",
            default: "none",
            allowed: "a table from columns to [low, high, bins]",
            meaning: "count how values of single trajectories are distributed at every time (histograms.csv)",
        },
    ],
    of_run: &[("target_error", "{}"), ("target_observables", "[]"), ("shown", "0"), ("histograms", "{}")],
    read: trajectories,
};

/// `auto`, `on` or `off`, and as resolved.
fn choice(section: &Section<'_>, key: &'static str) -> Result<(Choice, &'static str), ConfigError> {
    Ok(match section.choice(key, key, &["auto", "on", "off"])? {
        Some("on") => (Choice::On, "on"),
        Some("off") => (Choice::Off, "off"),
        _ => (Choice::Auto, "auto"),
    })
}

fn trajectories(section: &Section<'_>, common: &Common) -> Result<Read, ConfigError> {
    let default = Trajectories::default();
    let positive = |key: &str, most: f64, allowed: &str| match section.number(key)? {
        Some(x) if !(x > 0.0 && x <= most && x.is_finite()) => Err(section.wrong(key, allowed)),
        found => Ok(found),
    };
    let count = section.count("trajectories", 1)?.map_or(default.trajectories, |n| n as u64);
    let seed = section.count("seed", 0)?.map_or(default.seed, |n| n as u64);
    let unravelling = section.choice("unravelling", "unravelling", &["jumps", "heterodyne"])?;
    let unravelling = unravelling.unwrap_or("jumps");
    let flux = positive("oscillator_flux", f64::MAX, "> 0")?.unwrap_or(10.0);
    let tolerance = positive("tolerance", 0.01, "> 0 and <= 0.01")?.unwrap_or(default.tolerance);
    let (targets, resolved_targets) = sampling::targets(section)?;
    let (histograms, resolved_histograms) = sampling::histograms(section)?;
    let shown = section.count("shown", 0)?.map_or(default.shown, |n| n as u64);
    let truncation = positive("truncation", 0.01, "> 0 and <= 0.01")?.unwrap_or(default.truncation);
    let choice = |key| choice(section, key);
    let (windows, displaced, rotating) = (choice("windows")?, choice("displaced")?, choice("rotating")?);
    let options = object(json!({
        "trajectories": count,
        "seed": seed,
        "unravelling": unravelling,
        "oscillator_flux": flux,
        "tolerance": tolerance,
        "target_error": resolved_targets,
        "shown": shown,
        "histograms": resolved_histograms,
        "windows": windows.1,
        "displaced": displaced.1,
        "rotating": rotating.1,
        "truncation": truncation,
    }));
    let engine = Trajectories {
        trajectories: count,
        seed,
        unravelling: if unravelling == "heterodyne" {
            Unravelling::Heterodyne { flux }
        } else {
            Unravelling::Jumps
        },
        tolerance,
        targets,
        histograms,
        shown,
        windows: windows.0,
        displaced: displaced.0,
        rotating: rotating.0,
        truncation,
        bounds: common.bounds,
        ..default
    };
    if common.method.is_some() {
        let conflict =
            "the engine 'trajectories' has its own propagator (a Taylor series); remove the table `method`";
        let fault = Fault::Conflict { of: section.of().to_owned(), conflict: conflict.into() };
        return Err(section.fault("kind", fault));
    }
    Ok(Read { constructor: Box::new(move || Box::new(engine.clone())), options, method: None })
}
