//! Blocks and write-ahead log: every header and footer, the whole log. `crowsnest blocks --verify` reads the rest.

use crowsnest_tsdb::{Contents, Fault, Inspection, OpenError};

use super::finding::{Finding, many};
use super::patient::Patient;
use crate::blocks::Catalogue;

pub(super) const SUBJECT: &str = "store";
/// Faults that are told.
const MAX_TOLD: usize = 20;

pub(super) fn check(patient: &Patient) -> Vec<Finding> {
    let folder = patient.data_dir.join("tsdb");
    if !["blocks", "wal"].iter().all(|part| folder.join(part).is_dir()) {
        return match patient.data_dir.is_dir() {
            true => vec![Finding::ok(SUBJECT, format!("{} has no samples yet", patient.data_dir.display()))],
            false => Vec::new(),
        };
    }
    let inspection = Inspection::new(&folder);
    let missing = match Catalogue::read(&patient.data_dir, &inspection) {
        Catalogue::Read(on_record) => on_record.missing,
        // What cannot be read of it is for the check of control state to tell.
        Catalogue::None | Catalogue::InUse | Catalogue::Damaged(_) => Vec::new(),
    };
    judge(&patient.data_dir.display().to_string(), inspection.contents(), &missing)
}

fn judge(data_dir: &str, contents: Result<Contents, OpenError>, missing: &[Fault]) -> Vec<Finding> {
    let contents = match contents {
        Ok(contents) => contents,
        Err(error) => {
            let remedy = "let the server's user read it; a store of a newer release wants that release";
            return vec![Finding::fail(SUBJECT, format!("{:#}", anyhow::Error::from(error)), remedy)];
        }
    };
    let remedy = format!(
        "the rest is served; `crowsnest blocks {data_dir} --verify` tells all, and `crowsnest restore` brings a backup back"
    );
    let faults: Vec<&Fault> = contents.faults.iter().chain(missing).collect();
    let mut findings: Vec<Finding> = faults
        .iter()
        .take(MAX_TOLD)
        .map(|fault| Finding::fail(SUBJECT, fault.to_string(), remedy.clone()))
        .collect();
    if faults.len() > MAX_TOLD {
        let what = format!("{} more", many(faults.len() - MAX_TOLD, "fault"));
        findings.push(Finding::fail(SUBJECT, what, remedy));
    }
    if findings.is_empty() {
        let samples: u64 = contents.blocks.iter().map(|block| block.samples).sum();
        let what = format!(
            "{} with {samples} samples and {}, no fault at first sight",
            many(contents.blocks.len(), "block"),
            many(contents.segments.len(), "log segment")
        );
        findings.push(Finding::ok(SUBJECT, what));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Level;

    fn fault(file: &str) -> Fault {
        Fault { file: file.to_owned(), offset: 541, what: "damaged footer".to_owned() }
    }

    #[test]
    fn damaged_and_missing_files_fail_by_name() {
        let contents = Contents { faults: vec![fault("blocks/0000000001.block")], ..Contents::default() };
        let found = judge("/data", Ok(contents), &[fault("blocks/0000000002.block")]);
        assert_eq!(found.len(), 2);
        assert!(found.iter().all(|finding| finding.level == Level::Fail));
        assert!(found[0].what.starts_with("blocks/0000000001.block at byte 541"), "{}", found[0]);
    }

    #[test]
    fn of_many_faults_the_first_are_told() {
        let contents = Contents { faults: vec![fault("wal/1.wal"); 50], ..Contents::default() };
        let found = judge("/data", Ok(contents), &[]);
        assert_eq!((found.len(), found[20].what.as_str()), (21, "30 faults more"));
    }

    #[test]
    fn a_whole_store_is_fine() {
        assert_eq!(judge("/data", Ok(Contents::default()), &[])[0].level, Level::Ok);
    }
}
