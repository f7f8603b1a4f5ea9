//! What is written into a block is found in it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crowsnest_api::{Labels, Sample, Timestamp};
use crowsnest_promql::{MatchOp, Matcher};
use proptest::prelude::*;
use smol_str::SmolStr;

use super::times::NewColumns;
use super::{Block, BlockId, BlockMeta, BlockWriter, PageCache};
use crate::disk::Disk;
use crate::disk::faulty::FaultyDisk;
use crate::samples::Samples;
use crate::samples::arbitrary::extras;
use crate::server_sample::ServerSample;

/// Samples by source, and the server's own.
type Content = (BTreeMap<SmolStr, Samples>, Vec<ServerSample>);

fn write(series: &BTreeMap<Labels, Content>, columns: NewColumns) -> Block {
    let (disk, path) = (FaultyDisk::default(), Path::new("/block"));
    let at = Timestamp::from_millis(0);
    let meta = BlockMeta {
        id: BlockId(7),
        min_time: at,
        max_time: at,
        series: 0,
        chunks: 0,
        samples: 0,
        server_samples: 0,
        replaces: Vec::new(),
        cuts: Vec::new(),
        resolution: None,
        takes: Vec::new(),
    };
    let mut writer = BlockWriter::new(disk.create(path).unwrap(), meta).unwrap();
    writer.columns = columns;
    for (labels, (lanes, server)) in series {
        writer.add(labels, lanes.iter(), server.clone()).unwrap();
    }
    writer.finish().unwrap();
    Block::open(disk.map(path).unwrap(), Arc::new(PageCache::default())).unwrap()
}

fn check(series: &BTreeMap<Labels, Content>, columns: NewColumns) {
    let block = write(series, columns);
    block.verify().unwrap();
    assert_eq!(block.wrongs(), Vec::new());
    let index = block.index().unwrap();
    assert_eq!(index.len() as usize, series.len());
    for (labels, (lanes, server)) in series {
        let entry = index.find(labels).unwrap().unwrap();
        assert_eq!((&entry.labels, &entry.server), (labels, server));
        let mut found: BTreeMap<SmolStr, Samples> = BTreeMap::new();
        for chunk in &entry.chunks {
            let mut samples = Samples::default();
            block.read_chunk(chunk, &mut samples).unwrap();
            let bounds = Some((chunk.min, chunk.max));
            assert_eq!(samples.time_range(), bounds, "a chunk's bounds are those of its samples");
            found.entry(chunk.source.clone()).or_default().extend(&samples);
        }
        found.values_mut().for_each(Samples::tidy);
        assert_eq!(&found, lanes);
    }
    let every = index.matching(&[]).unwrap();
    let listed: Vec<Labels> = every.iter().map(|&number| index.entry(number).unwrap().labels).collect();
    assert_eq!(listed, series.keys().cloned().collect::<Vec<_>>());
    assert_eq!(index.find(&Labels::from_pairs([("no", "such")])), Ok(None));
}

fn content() -> impl Strategy<Value = Content> {
    // Few distinct times, so that columns are shared, and not by all.
    let lane = (0i64..3, prop_oneof![Just(15_000i64), Just(60_000), 1i64..1_000_000], 1usize..40).prop_map(
        |(start, step, count)| {
            let sample = |index| Sample::new(start * 7 + index as i64 * step, (index % 5) as f64);
            Samples::of_floats((0..count).map(sample).collect::<Vec<_>>())
        },
    );
    let extras = extras().prop_map(|extras| Samples::of_extras(&extras));
    let lane = prop_oneof![3 => lane, 1 => extras];
    let lanes = prop::collection::btree_map("[ab]", lane, 1..3);
    let server = prop::collection::btree_map(-500i64..500, 0u64..60_000, 0..3).prop_map(|samples| {
        let sample = |(at, silence)| ServerSample {
            sample: Sample::new(at, 0.0),
            silence: Duration::from_millis(silence),
        };
        samples.into_iter().map(sample).collect()
    });
    let lanes = lanes
        .prop_map(|lanes| lanes.into_iter().map(|(source, lane)| (SmolStr::from(source), lane)).collect());
    (lanes, server)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn series_read_back_as_they_were_written(
        series in prop::collection::btree_map(("[a-c]{1,2}", "[a-z]{0,3}"), content(), 1..60), shared: bool,
    ) {
        let labels = |(name, value): (String, String)| Labels::from_pairs([("__name__", name), ("l", value)]);
        let series = series.into_iter().map(|(name, content)| (labels(name), content)).collect();
        check(&series, if shared { NewColumns::default() } else { NewColumns::full() });
    }
}

#[test]
fn an_index_of_many_pages_answers_as_one_of_a_single_page() {
    let series = (0..3000).map(|number| {
        let labels = Labels::from_pairs([
            ("__name__", format!("m{:02}", number % 37)),
            ("l", format!("v{number:04}")),
        ]);
        let samples = Samples::of_floats((0..3).map(|at| Sample::new(at, f64::from(number))).collect());
        (labels, (BTreeMap::from([("s".into(), samples)]), Vec::new()))
    });
    let series: BTreeMap<Labels, Content> = series.collect();
    check(&series, NewColumns::default());
    let block = write(&series, NewColumns::default());
    let index = block.index().unwrap();
    let count = |matcher: &Matcher| index.matching(std::slice::from_ref(matcher)).unwrap().len();
    assert_eq!(count(&Matcher::equal("l", "v2999")), 1);
    assert_eq!(count(&Matcher::new("l", MatchOp::Regex, "v1.*").unwrap()), 1000);
    assert_eq!(count(&Matcher::new("l", MatchOp::NotRegex, "v.*").unwrap()), 0);
    assert_eq!(count(&Matcher::equal("__name__", "m00")), 82);
    let mut values = 0;
    index.each_label_value("l", &mut |_| values += 1).unwrap();
    assert_eq!(values, 3000);
}
