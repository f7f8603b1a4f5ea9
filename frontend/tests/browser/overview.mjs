// The page that opens first: this machine, moving.

import assert from "node:assert/strict";

import { chartPictures, waitForChange, waitForCharts } from "../support/charts.mjs";
import { pageTest, useDemo } from "../support/suite.mjs";

useDemo();

pageTest("four live charts are drawn and go on changing by themselves", {}, async (page) => {
  await waitForCharts(page, 4);
  const before = await chartPictures(page);
  await waitForChange(page, before);
});

pageTest("the overview names the machine and its state in words", {}, async (page) => {
  await page.getByRole("link", { name: "demo-1" }).first().waitFor();
  for (const title of ["CPU", "Memory", "Disk", "Network"]) {
    await page.getByRole("heading", { name: title, exact: true }).first().waitFor();
  }
});

// What the crosshair stands on: the time of a sample, beside the values.
const crosshairTime = (page) => page.getByText(/^\d{2}:\d{2}:\d{2}$/);

pageTest("the crosshair shows the values under the pointer", {}, async (page) => {
  await waitForCharts(page, 4);
  const chart = page.getByRole("img", { name: "Disk" });
  await chart.scrollIntoViewIfNeeded();
  const box = await chart.boundingBox();
  await page.mouse.move(box.x + box.width * 0.9, box.y + box.height / 2);
  await page.mouse.move(box.x + box.width * 0.98, box.y + box.height / 2);
  await crosshairTime(page).first().waitFor();
  await page.mouse.move(0, 0);
  await crosshairTime(page).first().waitFor({ state: "detached" });
});

pageTest("dragging over a chart zooms into that time, and back undoes it", {}, async (page) => {
  await waitForCharts(page, 4);
  const before = page.url();
  const chart = page.getByRole("img", { name: "Disk" });
  // What the cluster complains about comes above the charts and moves them, perhaps between looking and dragging.
  for (let tries = 0; tries < 5 && page.url() === before; tries += 1) {
    await chart.scrollIntoViewIfNeeded();
    const box = await chart.boundingBox();
    await page.mouse.move(box.x + box.width * 0.4, box.y + box.height / 2);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.6, box.y + box.height / 2, { steps: 5 });
    await page.mouse.up();
    await page.waitForTimeout(500);
  }
  await page.waitForFunction((before) => location.href !== before, before);
  await page.goBack();
  await page.waitForFunction((before) => location.href === before, before);
  assert.equal(page.url(), before);
});
