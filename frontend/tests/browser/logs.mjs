// Logs: a pod's and a workload's, followed and paused, searched, formatted, and a hundred thousand lines at once.

import assert from "node:assert/strict";

import { apiServer } from "../support/kube.mjs";
import { at, pageTest, screenshotPath, shared, useDemo } from "../support/suite.mjs";

useDemo();

const lines = (page) => page.locator(".logs__line");
const log = (page) => page.getByRole("log", { name: "Logs" });
const find = (page) => page.getByRole("textbox", { name: "Search in lines" });
/** How far the lines are from their end, in pixels. */
const rest = (page) => log(page).evaluate((log) => log.scrollHeight - log.clientHeight - log.scrollTop);

const running = (name, annotations, label = name) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, namespace: "shop", labels: { app: label }, annotations },
  spec: { containers: [{ name: "main", image: "example.org/main:1" }], restartPolicy: "Always" },
});

pageTest("L opens the logs of a row, and those of all pods of a workload have their colours", {
  url: at("#/pods?ns=shop"),
}, async (page) => {
  await page.getByRole("link", { name: /^web-/ }).first().waitFor();
  await page.keyboard.press("j");
  await page.keyboard.press("l");
  await page.waitForURL(/#\/pods\/shop\/.*tab=logs/);
  await lines(page).filter({ hasText: "starting" }).first().waitFor();
  await page.screenshot({ path: screenshotPath("logs-pod") });
  await page.goto(shared.demo.url + "#/services/shop/catalog?tab=logs");
  const sources = page.getByRole("group", { name: "Containers" });
  await sources.getByRole("button", { name: /^catalog-/ }).nth(2).waitFor();
  await lines(page).filter({ hasText: "request served" }).first().waitFor();
  const pods = await page.locator(".logs__pod").evaluateAll((pods) => new Set(pods.map((pod) => pod.title)).size);
  assert.ok(pods >= 2, `lines of ${pods} pods`);
  await page.screenshot({ path: screenshotPath("logs-workload") });
  await page.emulateMedia({ colorScheme: "dark" });
  await page.screenshot({ path: screenshotPath("logs-workload-dark") });
  await page.setViewportSize({ width: 390, height: 844 });
  await page.screenshot({ path: screenshotPath("logs-workload-390") });
});

pageTest("a log is followed, stays where one reads, and loses nothing meanwhile", {
  url: at("#/services/shop/cart?tab=logs"),
}, async (page) => {
  await lines(page).filter({ hasText: "component=cart" }).first().waitFor();
  const follow = page.getByRole("button", { name: "Follow", exact: true });
  assert.equal(await follow.getAttribute("aria-pressed"), "true");
  await page.keyboard.press("f");
  const before = await lines(page).last().textContent();
  await page.getByRole("button", { name: /^\d+ newer lines?$/ }).waitFor();
  assert.equal(await lines(page).last().textContent(), before, "nothing moves while one reads");
  await page.getByRole("button", { name: /^\d+ newer lines?$/ }).click();
  assert.equal(await follow.getAttribute("aria-pressed"), "true");
  await page.waitForFunction((before) => [...document.querySelectorAll(".logs__line")].at(-1)?.textContent !== before, before);
});

pageTest("a hundred thousand lines are there at once, searched by words and by pattern", {
  url: at("#/pods?ns=shop"),
}, async (page) => {
  const kube = apiServer(shared.demo);
  await page.getByRole("link", { name: /^web-/ }).first().waitFor();
  const annotations = { "kubesim.crowsnest.dev/log-burst": "100000", "kubesim.crowsnest.dev/log-format": "json" };
  await kube.ask("POST", "/api/v1/namespaces/shop/pods", running("chatty", annotations));
  try {
    await page.getByRole("row").filter({ hasText: "chatty" }).getByText("Running").waitFor();
    await page.goto(shared.demo.url + "#/pods/shop/chatty?tab=logs&since=all");
    const count = page.locator(".logs__chips .chip__count");
    await page.waitForFunction(() => {
      const counts = [...document.querySelectorAll(".logs__chips .chip__count")];
      return counts.reduce((sum, count) => sum + Number(count.textContent), 0) >= 100_000;
    });
    assert.ok((await lines(page).count()) < 200, "few of them are in the document");
    assert.ok((await count.count()) >= 3);
    assert.ok((await rest(page)) < 5, "at the newest line");
    // Scrolling draws what is seen, and quickly.
    const slowest = await log(page).evaluate(async (log) => {
      let [slowest, last] = [0, performance.now()];
      for (let step = 0; step < 60; step += 1) {
        log.scrollTop = (log.scrollHeight * ((step * 7919) % 60)) / 60;
        await new Promise(requestAnimationFrame);
        const now = performance.now();
        [slowest, last] = [Math.max(slowest, now - last), now];
      }
      return slowest;
    });
    assert.ok(slowest < 1000, `a frame took ${slowest} ms`);
    await page.keyboard.press("/");
    await page.keyboard.type("payment provider");
    await page.getByText(/^\d{3,} lines$/).waitFor();
    await page.keyboard.press("Enter");
    await page.getByText(/^1 of \d+$/).waitFor();
    await page.locator(".logs__line.is-cursor mark").filter({ hasText: "payment provider" }).waitFor();
    await page.keyboard.press("Shift+Enter");
    await page.getByText(/^(\d+) of \1$/).waitFor();
    await page.getByRole("button", { name: "Regular expression" }).click();
    await find(page).fill("slow (query|request)$|\\[");
    await page.getByText(/^\d+ lines$/).waitFor();
    await find(page).fill("slow (");
    await page.getByText("not a pattern").waitFor();
    await find(page).fill("slow query");
    await page.getByRole("button", { name: "Only lines that match" }).click();
    await page.waitForFunction(() => [...document.querySelectorAll(".logs__line")].every((line) => line.textContent.includes("slow query")));
    // A line of JSON is its message first; the whole of it opens.
    const line = lines(page).first();
    await line.hover();
    await line.getByRole("button", { name: "The whole object" }).click();
    await page.locator(".logs__whole pre").filter({ hasText: '"level": "warn"' }).first().waitFor();
    await page.screenshot({ path: screenshotPath("logs-search") });
    assert.match(page.url(), /q=slow%20query.*only=1|only=1.*q=slow%20query/);
  } finally {
    await kube.deletePod("shop", "chatty");
  }
});

pageTest("levels, wrapping and the run before the last restart", {
  url: at("#/pods?ns=shop&filter=checkout-"),
}, async (page) => {
  await page.getByRole("link", { name: /^checkout-/ }).first().click();
  await page.getByRole("link", { name: "Logs", exact: true }).click();
  await lines(page).filter({ hasText: "cannot go on" }).first().waitFor();
  const info = page.getByRole("button", { name: /^Info/ });
  await info.click();
  await page.waitForURL(/hide=info/);
  await lines(page).filter({ hasText: "level=info" }).first().waitFor({ state: "detached" });
  await info.click();
  await page.getByRole("button", { name: "Wrap" }).click();
  await page.locator(".logs__place.is-wrapped").waitFor();
  await page.getByRole("button", { name: "Previous run" }).click();
  await page.waitForURL(/previous=1/);
  await lines(page).filter({ hasText: "cannot go on" }).first().waitFor();
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "Download" }).click()]);
  assert.match(download.suggestedFilename(), /^checkout-.*\.log$/);
});
