// Node Exporter Full: opened, scrolled through, refreshed, and all of its queries asked at once.

import { setTimeout as pause } from "node:timers/promises";

import { openPage } from "../tests/support/browser.mjs";
import { corpusFile } from "../tests/support/corpus.mjs";
import { Recording, STEP_MS } from "./recording.mjs";
import { median, ms, note, option } from "./table.mjs";

const NODES = option("nodes", 20);
const HOURS = option("hours", 6);
const UID = "bench-full";
const WINDOW = { width: 1440, height: 900, script: new URL("watch_panels.js", import.meta.url).pathname };
const SCREEN_MS = 200;
const ANSWERS = "/api/crowsnest/v1/answers";

/** Measures it and prints the figures. */
export async function fullDashboard(browser, { url, plain, post, store }) {
  const ticks = (HOURS * 3_600_000) / STEP_MS;
  const recording = new Recording(NODES);
  const start = Math.floor(Date.now() / STEP_MS) * STEP_MS - ticks * STEP_MS;
  const begun = Date.now();
  const samples = await recording.push(plain, start, 0, ticks);
  console.log(`${NODES} nodes, ${HOURS} hours, ${samples} samples pushed in ${((Date.now() - begun) / 1000).toFixed(1)} s`);
  const board = JSON.parse(corpusFile("dashboards/rfmoz--node-exporter-full.json"));
  await store(JSON.stringify({ ...board, uid: UID }));

  const { page, complaints, close } = await openPage(browser, WINDOW);
  const traffic = Traffic.of(page);
  const address = `#/dashboards/${UID}?from=now-${HOURS}h&to=now&refresh=off`;
  await page.goto(`${url}#/dashboards`);
  await page.getByRole("heading", { level: 1 }).waitFor();

  const first = await page.evaluate((address) => watchPanels.open(address), address);
  note(`opened: all of ${first.panels} visible panels are drawn, nothing is cached`, ms(first.took));
  await page.evaluate(() => (location.hash = "#/dashboards"));
  await page.locator(".board__grid").waitFor({ state: "detached" });
  const warm = await page.evaluate((address) => watchPanels.open(address), address);
  note("the same again", ms(warm.took), "< 1500 ms");
  await page.reload();
  const whole = await page.evaluate(() => watchPanels.untilDrawn());
  note("the page loaded anew with the dashboard in its address", ms(whole.at), "< 1500 ms");

  await page.evaluate(() => watchPanels.openRows());
  const scrolled = await page.evaluate((every) => watchPanels.scrollThrough(every), SCREEN_MS);
  note(`scrolled to the end, a screen per ${SCREEN_MS} ms: the longest that one of ${scrolled.panels} panels was blank`, ms(scrolled.worst), "<= 500 ms");
  note("the same, the median of all panels", ms(scrolled.median));

  // What is seen at the top is asked anew with the samples that have come since.
  await page.evaluate(() => (document.querySelector(".app__main").scrollTop = 0));
  await page.evaluate(() => watchPanels.untilDrawn());
  const all = traffic.take();
  await refreshed(page, traffic, () => recording.push(plain, start, ticks + 1, Math.floor((Date.now() - start) / STEP_MS)));
  await allAtOnce(post, all.queries);
  if (complaints.length > 0) console.log(`the page complained: ${complaints.slice(0, 3).join("; ")}`);
  await close();
}

/** What a refresh moves, beside what the same panels moved at first. */
async function refreshed(page, traffic, push) {
  const refresh = page.getByRole("button", { name: "Refresh now" });
  const whole = await traffic.during(page, () => page.reload());
  await push();
  const again = await traffic.during(page, () => refresh.click());
  note("the first screen: queries, samples and bytes of answers", `${whole.queries.length}, ${whole.samples}, ${kB(whole.bytes)}`);
  note("its refresh: queries, samples and bytes of answers", `${again.queries.length}, ${again.samples}, ${kB(again.bytes)}`);
}

/** All queries in one request, as the page writes it: first with nothing cached, then again. */
async function allAtOnce(post, asked) {
  // Nobody shows what he has: all of the answers is wanted.
  const queries = asked.map(({ held, ...query }) => query);
  const times = { anew: [], again: [] };
  for (let round = 1; round <= 5; round += 1) {
    // Steps at other moments are other answers.
    const moved = queries.map((query) => ({ ...query, from: query.from - round * 1000, to: query.to - round * 1000 }));
    for (const kind of ["anew", "again"]) {
      const begun = performance.now();
      const { status, body } = await post("answers", { queries: moved });
      if (status !== 200) throw new Error(`answers: ${status} ${body}`);
      times[kind].push(performance.now() - begun);
    }
  }
  note(`all ${queries.length} queries in one request, nothing cached, median of five`, ms(median(times.anew)), "< 1000 ms");
  note("the same again", ms(median(times.again)));
}

/** What a page asks of `answers`, and what it gets. */
class Traffic {
  static of(page) {
    const traffic = new Traffic();
    const isOne = (asked) => asked.url().endsWith(ANSWERS);
    page.on("request", (asked) => {
      if (!isOne(asked)) return;
      traffic.begun += 1;
      // The same query at another time is the same query.
      for (const query of asked.postDataJSON().queries) traffic.queries.set(`${query.step} ${query.expr}`, query);
    });
    page.on("requestfailed", (asked) => (traffic.done += isOne(asked)));
    page.on("requestfinished", async (asked) => {
      if (!isOne(asked)) return;
      const answer = await asked.response();
      traffic.answers.push(await answer.body().catch(() => Buffer.alloc(0)));
      traffic.done += 1;
    });
    return traffic;
  }

  queries = new Map();
  answers = [];
  begun = 0;
  done = 0;

  /** What has been asked since the last time. */
  take() {
    const { queries, answers } = this;
    [this.queries, this.answers] = [new Map(), []];
    return { queries: [...queries.values()], answers };
  }

  /** What `act` makes the page ask, until all that is visible is drawn and nothing is on its way. */
  async during(page, act) {
    this.take();
    const before = this.begun;
    await act();
    while (this.begun === before || this.done < this.begun) await pause(50);
    await page.evaluate(() => watchPanels.untilDrawn());
    const { queries, answers } = this.take();
    const bytes = answers.reduce((sum, body) => sum + body.length, 0);
    return { queries, bytes, samples: answers.reduce((sum, body) => sum + samplesOf(body), 0) };
  }
}

/** How many samples a body of answers has room for; its form is in `server/api/src/answers.rs`. */
function samplesOf(body) {
  let [at, samples] = [0, 0];
  const length = () => body.readUInt32LE((at += 4) - 4);
  while (at < body.length) {
    const size = length();
    const head = JSON.parse(body.subarray(at, at + size));
    at += size;
    for (let series = 0; series < head.series.length; series += 1) {
      samples += head.points;
      at += head.points * 8;
      for (let left = length(); left > 0; left -= 1) {
        at += 8;
        at += length() * 24;
      }
    }
  }
  return samples;
}

const kB = (bytes) => `${(bytes / 1000).toFixed(0)} kB`;
