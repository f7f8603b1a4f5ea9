// What processes hold in memory.

import { readFileSync } from "node:fs";

/** Resident memory of a process, in MiB. */
export function residentMiB(pid) {
  return field(`/proc/${pid}/status`, "VmRSS") / 1024;
}

/** What the largest renderer of a browser has for itself, in MiB: its share of what several have counts by their number. */
export async function rendererMiB(browser) {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  const sizes = processInfo.filter(({ type }) => type === "renderer").map(({ id }) => field(`/proc/${id}/smaps_rollup`, "Pss") / 1024);
  return Math.max(...sizes);
}

function field(file, name) {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(readFileSync(file, "utf8"))[1]);
}
