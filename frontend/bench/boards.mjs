// How fast dashboards are: `make bench-boards`, or `node frontend/bench/boards.mjs --hours 1 --nodes 5`.
//
// First Node Exporter Full over recorded pages that are replayed as twenty nodes: a server of ours and a Chromium on this machine, every figure of one
// run. Then one chart of many samples, drawn by us and by uPlot in the same browser.

import path from "node:path";

import { launchBrowser } from "../tests/support/browser.mjs";
import { corpusFile } from "../tests/support/corpus.mjs";
import { WORKSPACE } from "../tests/support/demo.mjs";
import { startServer } from "../tests/support/server.mjs";
import { fullDashboard } from "./full_dashboard.mjs";
import { oneChart } from "./one_chart.mjs";

if (corpusFile("capture/node_exporter.capture.gz") === undefined) {
  console.log("skipped: there is no corpus; CROWSNEST_CORPUS names its folder");
  process.exit(0);
}
const binaries = path.resolve(WORKSPACE, process.env.CROWSNEST_BENCH_BINARIES ?? "target/release");
const server = await startServer(path.join(binaries, "crowsnest"));
const browser = await launchBrowser();
try {
  await fullDashboard(browser, server);
  await oneChart(browser, server);
} finally {
  await browser.close();
  await server.stop();
}
