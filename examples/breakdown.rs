//! Where mean field breaks down: t_E(N) of one closure, and its exponent.

use std::sync::atomic::AtomicBool;

use superladder::study::Plan;
use superladder::workflows::breakdown::{Report, measure_all};
use superladder::workflows::store::Store;
use superladder::workflows::watch::{Unheard, Watch};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let engines = "breakdown.engines=[{ engine = 'cumulant', values = [10, 20, 40, 80] }]";
    let plan = Plan::load("data/studies/quickstart.toml", &[engines.to_owned()])?;
    // Finished sizes are kept here, so that an interrupted measurement could go on.
    let kept = std::env::temp_dir().join("superladder-example-breakdown");
    let store = Store::beside(&kept);
    let watch = Watch { interrupted: &AtomicBool::new(false), count: &Unheard };
    let measured = measure_all(&plan, None, &store, watch)?;
    let report = Report::new(&plan, measured)?;
    for fitted in report.fits.iter().filter(|f| f.reading == "averaged") {
        if let Some(fit) = fitted.report.fit() {
            println!("{}, {}: t_E ~ N^{:.3}", fitted.series, fitted.criterion, fit.power_law.exponent);
        }
    }
    store.clear()?;
    Ok(())
}
