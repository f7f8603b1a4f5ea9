// One chart of many samples, drawn by us and by uPlot: in the same browser, of the same numbers, at the same size.

import { readFileSync } from "node:fs";

import { openPage } from "../tests/support/browser.mjs";
import { median, ms, note } from "./table.mjs";
import { framesOf } from "./trace.mjs";

const WINDOW = { width: 1440, height: 900 };
const STEP_MS = 15_000;
const ROUNDS = 15;
// No slower than uPlot times this.
const BESIDE = 1.5;
const UPLOT = new URL("../node_modules/uplot/dist/uPlot.iife.min.js", import.meta.url).pathname;

const CHARTS = [
  { series: 50, points: 1000, most: 16 },
  { series: 1000, points: 1000, most: 150 },
];

/** Draws each and prints the figures. */
export async function oneChart(browser, { url, store }) {
  const uplot = `uPlot ${JSON.parse(readFileSync(new URL("../node_modules/uplot/package.json", import.meta.url))).version}`;
  for (const chart of CHARTS) {
    const data = curves(chart);
    const ours = await drawnByUs(browser, { url, store }, data);
    const theirs = await drawnByUplot(browser, data, ours.size);
    const name = `${chart.series} series × ${chart.points} points`;
    const times = (one) => `${ms(ours[one])}, ${ms(theirs[one])}, ${(ours[one] / theirs[one]).toFixed(2)}`;
    note(`${name}: drawn, median of ${ROUNDS}`, ms(ours.drawn), `< ${chart.most} ms`);
    // When a browser turns commands into pixels is its own affair: only both together are the same work.
    note(`${name}: with the pixels: ours, ${uplot}, times`, times("filled"), `<= ${BESIDE}`);
    note(`${name}: until the script is done: ours, ${uplot}, times`, times("drawn"));
    note(`${name}: from the answer to the picture; uPlot from its arrays`, `${ms(ours.first)}, ${ms(theirs.first)}`);
    const { longTasks, longest, perFrame } = ours.hover;
    note(`${name}: the pointer goes over it: tasks over 50 ms, the longest`, `${longTasks}, ${ms(longest)}`, "none");
    note(`${name}: scripting and layout of a frame meanwhile, median`, ms(perFrame.median));
  }
}

/** Curves that look like load: a wave each and a noise that is the same in every run. */
function curves({ series, points }) {
  let state = 42;
  const noise = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  const end = Math.floor(Date.now() / STEP_MS) * STEP_MS;
  const times = Array.from({ length: points }, (_, at) => end - (points - 1 - at) * STEP_MS);
  const one = (number) => times.map((_, at) => (Math.sin(at / 97 + number) + 1.5) * ((number % 50) + 1) + noise());
  return { times, values: Array.from({ length: series }, (_, number) => one(number)) };
}

/** A panel of a dashboard that is alone on its page; its answer is ours. */
async function drawnByUs(browser, { url, store }, data) {
  const uid = "bench-chart";
  const panel = { id: 1, type: "timeseries", title: "Chart", gridPos: { x: 0, y: 0, w: 24, h: 20 }, options: { legend: { showLegend: false } } };
  const targets = [{ refId: "A", expr: "x", interval: "15s", legendFormat: "{{pod}}" }];
  await store(JSON.stringify({ uid, title: uid, schemaVersion: 39, panels: [{ ...panel, targets }] }));
  const { page, close } = await openPage(browser, { ...WINDOW, script: new URL("watch_drawing.js", import.meta.url).pathname });
  await page.route("**/api/crowsnest/v1/answers", (route) => {
    const [question] = route.request().postDataJSON().queries;
    return route.fulfill({ contentType: "application/vnd.crowsnest.answers", body: answerOf(question, data) });
  });
  const [from, to] = [data.times[0], data.times.at(-1)];
  await page.goto(`${url}#/dashboards/${uid}?view=1&kiosk=1&refresh=off&from=${from}&to=${to}`);
  await page.locator(".board__stage canvas").first().waitFor();
  const first = await page.evaluate(() => watchDrawing.first());
  const { drawn, filled } = await page.evaluate((rounds) => watchDrawing.again(rounds), ROUNDS);
  const size = await page.locator(".board__stage canvas").first().boundingBox();
  const hover = await framesOf(page, () => hoverOver(page, size));
  await page.screenshot({ path: new URL(`../../target/screenshots/bench-chart-${data.values.length}.png`, import.meta.url).pathname });
  await close();
  return { first, drawn: median(drawn), filled: median(filled), size, hover };
}

/** The pointer from left to right, up and down meanwhile. */
async function hoverOver(page, { x, y, width, height }) {
  for (let step = 0; step <= 60; step += 1) {
    await page.mouse.move(x + (width - 2) * (step / 60) + 1, y + height * (0.5 + 0.4 * Math.sin(step / 5)));
    await page.evaluate(() => new Promise((next) => requestAnimationFrame(next)));
  }
}

/** One record as `server/api/src/answers.rs` has it. */
function answerOf({ from, step }, { times, values }) {
  const head = { index: 0, start: from, step, points: times.length, series: values.map((_, number) => ({ pod: `pod-${number}` })) };
  const text = Buffer.from(JSON.stringify(head));
  const body = Buffer.alloc(4 + text.length + values.length * (times.length * 8 + 4));
  body.writeUInt32LE(text.length);
  text.copy(body, 4);
  let at = 4 + text.length;
  for (const one of values) {
    for (const value of one) at = body.writeDoubleLE(value, at);
    // No native histograms.
    at = body.writeUInt32LE(0, at);
  }
  return body;
}

async function drawnByUplot(browser, { times, values }, { width, height }) {
  const { page, close } = await openPage(browser, WINDOW);
  await page.setContent("<!doctype html><body style='margin:0'></body>");
  await page.addScriptTag({ path: UPLOT });
  const colours = ["#3b82f6", "#f59e0b", "#10b981", "#ef4444", "#8b5cf6", "#ec4899", "#14b8a6", "#64748b"];
  const result = await page.evaluate(
    async ({ data, width, height, colours, rounds }) => {
      const turn = () => new Promise((next) => setTimeout(next));
      const series = data.slice(1).map((_, at) => ({ stroke: colours[at % colours.length], width: 1.5, points: { show: false } }));
      const options = { width, height, legend: { show: false }, series: [{}, ...series] };
      const begun = performance.now();
      const plot = new uPlot(options, data, document.body);
      await turn();
      plot.ctx.getImageData(0, 0, 1, 1);
      const first = performance.now() - begun;
      const [drawn, filled] = [[], []];
      for (let round = 0; round < rounds; round += 1) {
        await new Promise((next) => requestAnimationFrame(next));
        const begun = performance.now();
        // Paths are made anew, as for new data. It draws in a microtask.
        plot.redraw(true, true);
        await new Promise((next) => queueMicrotask(() => queueMicrotask(next)));
        drawn.push(performance.now() - begun);
        plot.ctx.getImageData(0, 0, 1, 1);
        filled.push(performance.now() - begun);
      }
      return { first, drawn, filled };
    },
    { data: [times.map((time) => time / 1000), ...values], width: Math.round(width), height: Math.round(height), colours, rounds: ROUNDS },
  );
  await close();
  return { first: result.first, drawn: median(result.drawn), filled: median(result.filled) };
}
