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
  await page.getByText("demo-1").first().waitFor();
  for (const title of ["CPU", "Memory", "Disk", "Network"]) {
    await page.getByRole("heading", { name: title, exact: true }).first().waitFor();
  }
});

pageTest("the crosshair shows the values under the pointer", {}, async (page) => {
  await waitForCharts(page, 4);
  const before = await page.locator("main").innerText();
  const box = await page.locator("canvas").first().boundingBox();
  await page.mouse.move(box.x + box.width * 0.8, box.y + box.height / 2);
  await page.mouse.move(box.x + box.width * 0.9, box.y + box.height / 2);
  await page.getByRole("tooltip").first().waitFor();
  assert.notEqual(await page.locator("main").innerText(), before);
});
