// What is on a canvas, as far as a test can tell.

import assert from "node:assert/strict";

import { PATIENCE_MS } from "./browser.mjs";

/** Waits until `count` canvases or more show something: more than one colour. */
export async function waitForCharts(page, count) {
  await page.waitForFunction(
    (count) => {
      const drawn = [...document.querySelectorAll("canvas")].filter((canvas) => {
        if (canvas.width === 0 || canvas.height === 0) return false;
        const pixels = new Uint32Array(canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.buffer);
        return pixels.some((pixel) => pixel !== pixels[0]);
      });
      return drawn.length >= count;
    },
    count,
    { timeout: PATIENCE_MS },
  );
}

/** The pictures of all canvases, in document order. */
export function chartPictures(page) {
  return page.evaluate(() => [...document.querySelectorAll("canvas")].map((canvas) => canvas.toDataURL()));
}

/** Waits until at least one canvas differs from `before`. */
export async function waitForChange(page, before) {
  await page.waitForFunction(
    (before) => [...document.querySelectorAll("canvas")].some((canvas, at) => canvas.toDataURL() !== before[at]),
    before,
    { timeout: PATIENCE_MS, polling: 250 },
  );
  assert.notDeepEqual(await chartPictures(page), before);
}
