//! The folder of a figure: tables, pictures, claims, report and manifest; and whether it is finished already.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use superladder_workflows::identity;
use superladder_workflows::results::{Clock, Head, OutputFolder, write_rows};

use crate::error::ReproduceError;
use crate::figure::{Claim, FigureDefinition, Made, Options, Table};

/// What decides the contents of a figure's folder.
fn digest(figure: &FigureDefinition, options: &Options) -> String {
    identity::of_words(&format!("{} {options:?} {:?} {}", figure.name, figure.known(), figure.study.text))
}

impl FigureDefinition {
    /// Whether `target` holds this figure with these options, made by this version.
    pub fn is_finished(&self, target: &Path, options: &Options) -> bool {
        let text = std::fs::read_to_string(target.join("manifest.json")).unwrap_or_default();
        let manifest: Value = serde_json::from_str(&text).unwrap_or_default();
        manifest["digest"] == digest(self, options)
    }

    /// Writes the figure into `folder` and puts that in its place.
    ///
    /// # Errors
    /// [`ReproduceError`].
    pub fn write(
        &self,
        folder: OutputFolder,
        options: &Options,
        made: &Made,
        clock: &Clock,
    ) -> Result<PathBuf, ReproduceError> {
        for table in made.tables.iter().chain([&claims(self.says(), &made.claims)]) {
            folder.write(&format!("{}.csv", table.name), |file| {
                write_rows(file, &table.columns, &table.rows)
            })?;
        }
        for (name, picture) in &made.pictures {
            folder.write_picture(name, picture)?;
        }
        folder.write_text("report.txt", &self.report(made))?;
        folder.write_text("study.toml", self.study.text)?;
        let (command, study) = (format!("reproduce {}", self.name), self.study.name);
        let configuration = self.study.study(&[])?.resolved();
        let head = Head { command: &command, study, configuration, clock };
        let manifest = head.manifest(json!({
            "shows": self.shows,
            "points": options.points,
            "burn": options.burn,
            "window": options.window,
            "claims": made.claims.len(),
            "agreeing": made.claims.iter().filter(|c| c.agrees).count(),
            "notes": made.notes,
            "digest": digest(self, options),
        }));
        folder.write_json("manifest.json", &manifest)?;
        Ok(folder.finish()?)
    }

    /// Every claim of the paper beside what was found.
    pub fn report(&self, made: &Made) -> String {
        let mut lines = vec![format!("{}: {}", self.name, self.shows), String::new()];
        for claim in &made.claims {
            let verdict = if claim.agrees { "agrees" } else { "DIFFERS" };
            lines.push(format!("{verdict:<8} {}", claim.subject));
            lines.push(format!("           {:<11} {}", self.says(), claim.paper));
            lines.push(format!("           we find     {}", claim.found));
            if !claim.remark.is_empty() {
                lines.push(format!("           remark      {}", claim.remark));
            }
        }
        lines.push(String::new());
        lines.extend(made.notes.iter().cloned());
        lines.join("\n") + "\n"
    }
}

/// The table of claims.
fn claims(says: &str, claims: &[Claim]) -> Table {
    let verdict = |c: &Claim| if c.agrees { "agrees" } else { "differs" };
    let row = |c: &Claim| {
        vec![c.subject.clone(), c.paper.clone(), c.found.clone(), verdict(c).to_owned(), c.remark.clone()]
    };
    let says = says.replace(' ', "_");
    let columns = ["subject", &*says, "we_find", "verdict", "remark"].map(ToOwned::to_owned);
    Table { name: "claims".into(), columns: columns.into(), rows: claims.iter().map(row).collect() }
}
