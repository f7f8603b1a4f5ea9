// How the interface takes a large cluster: `make bench-ui`, or `node frontend/bench/ui.mjs --pods 2000 --nodes 100 --events 2000`.
//
// A simulated API server, a server of ours and a Chromium, each a process of its own, all on this machine; nothing is cached, and every figure is of
// one run. Times are taken in the page by its own clock, from the input to the frame after the change.

import { setTimeout as pause } from "node:timers/promises";

import { launchBrowser, openPage } from "../tests/support/browser.mjs";
import { signIn } from "../tests/support/suite.mjs";
import { startCluster } from "./cluster.mjs";
import { residentMiB, rendererMiB } from "./memory.mjs";
import { ms, note, option } from "./table.mjs";
import { framesOf, ticksOf } from "./trace.mjs";

const SIZE = { nodes: option("nodes", 500), pods: option("pods", 10_000), events: option("events", 20_000) };
const CHANGES_PER_SECOND = option("changes", 200);
const SECONDS = option("seconds", 15);
const USERS = 5;

console.log(`${SIZE.nodes} nodes, ${SIZE.pods} pods, ${SIZE.events} events`);
const cluster = await startCluster(SIZE);
const browser = await launchBrowser();
try {
  const alone = residentMiB(cluster.server.pid);
  const { page, complaints, close } = await openPage(browser);
  await page.goto(cluster.url);
  await signIn(page, cluster.token);
  await page.getByRole("heading", { level: 1 }).waitFor();

  note("pods: from the address to the first rows", ms(await firstRows(page, "#/pods")), "< 1000 ms");
  await settled(page);
  note("events: from the address to the first rows", ms(await firstRows(page, "#/events")), "< 1000 ms");
  await firstRows(page, "#/pods");
  await settled(page);

  note("sort by name", ms(await changeAfter(page, () => document.querySelector("th.col--name button").click())), "< 100 ms");
  note("sort by name, the other way", ms(await changeAfter(page, () => document.querySelector("th.col--name button").click())), "< 100 ms");
  note("filter by a word", ms(await changeAfter(page, typeFilter, "load-000")), "< 100 ms");
  note("the filter is taken away", ms(await changeAfter(page, typeFilter, "")), "< 100 ms");

  report("scrolling", await framesOf(page, () => scroll(page)));
  await whileChanging("generator paused", 0);
  await whileChanging(`${CHANGES_PER_SECOND} changes a second`, CHANGES_PER_SECOND);

  note("the page's process", `${(await rendererMiB(browser)).toFixed(0)} MiB`, "< 300 MiB");
  await serversMemory(alone);
  if (complaints.length > 1) console.log(`the page complained: ${complaints.slice(1, 4).join("; ")}`);
  await close();

  function report(what, { longest, perFrame, frames, longTasks }) {
    note(`${what}: scripting and layout of a frame, median of ${frames}`, ms(perFrame.median), "<= 8 ms");
    note(`${what}: the same, 99 of 100`, ms(perFrame.p99));
    note(`${what}: tasks over 50 ms, the longest`, `${longTasks}, ${ms(longest)}`, "none");
  }

  async function whileChanging(what, perSecond) {
    const stop = perSecond === 0 ? () => 0 : cluster.change(perSecond);
    const seen = ticksOf(page, SECONDS);
    report(what, await framesOf(page, () => pause(SECONDS * 1000)));
    const { late } = await seen;
    const made = await stop();
    note(`${what}: the longest that the page did not draw`, ms(late));
    if (perSecond !== 0) note(`${what}: made by the generator`, `${(made / SECONDS).toFixed(0)} /s`, `${perSecond} /s`);
  }

  async function serversMemory(before) {
    const one = residentMiB(cluster.server.pid);
    note("the server alone, then with one user who looks at pods, nodes, events", `${before.toFixed(0)}, ${one.toFixed(0)} MiB`);
    const others = [];
    for (let user = 1; user < USERS; user += 1) {
      const other = await openPage(browser);
      others.push(other);
      await other.page.goto(`${cluster.url}#/pods`);
      await signIn(other.page, cluster.token);
      await settled(other.page);
    }
    const all = residentMiB(cluster.server.pid);
    note(`each of ${USERS - 1} more users of the same identity`, `${((all - one) / (USERS - 1)).toFixed(1)} MiB`);
    const objects = SIZE.pods + SIZE.nodes + SIZE.events;
    note("the server's memory a watched object", `${(((one - before) * 1024 * 1024) / objects).toFixed(0)} B`);
    for (const other of others) await other.close();
  }
} finally {
  await browser.close();
  await cluster.stop();
}

/** Milliseconds from changing the address to the frame that has rows. */
function firstRows(page, route) {
  return page.evaluate(async (route) => {
    const begun = performance.now();
    location.hash = route;
    for (;;) {
      await new Promise((next) => requestAnimationFrame(next));
      const heading = document.querySelector("h1")?.textContent.toLowerCase() ?? "";
      if (heading === route.slice(2) && document.querySelector("tr.table__row") !== null) return performance.now() - begun;
      if (performance.now() - begun > 60_000) throw new Error(`${route} has no rows`);
    }
  }, route);
}

/** Waits until the list is complete. */
async function settled(page) {
  const count = page.locator(".pagehead__count");
  while (Number((await count.innerText()).replaceAll(/[^0-9]/g, "")) < cluster.pods) await pause(100);
}

function typeFilter(text) {
  const input = document.querySelector(".list__filter input");
  input.value = text;
  input.dispatchEvent(new Event("input", { bubbles: true }));
}

/** Milliseconds from an input to the frame after the table has changed. */
async function changeAfter(page, act, argument) {
  await page.evaluate(() => {
    globalThis.changedAfter = (act) =>
      new Promise((resolve) => {
        const body = document.querySelector(".list__table tbody");
        const begun = performance.now();
        const seen = new MutationObserver(() => {
          seen.disconnect();
          requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - begun)));
        });
        seen.observe(body, { childList: true, subtree: true, characterData: true });
        act();
      });
  });
  const took = await page.evaluate(`changedAfter(() => (${act})(${JSON.stringify(argument)}))`);
  await pause(500);
  return took;
}

/** Turns the wheel for some seconds, as fast as somebody looks for something. */
async function scroll(page) {
  const place = await page.locator(".list__table").boundingBox();
  await page.mouse.move(place.x + place.width / 2, place.y + place.height / 2);
  const end = Date.now() + 5_000;
  while (Date.now() < end) {
    await page.mouse.wheel(0, 600);
    await pause(16);
  }
}
