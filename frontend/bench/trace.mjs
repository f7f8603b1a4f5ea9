// What a page does while something happens, from the browser's own trace.

// Work that a frame waits for.
const WORK = new Set([
  "FunctionCall", "EventDispatch", "FireAnimationFrame", "TimerFire", "RunMicrotasks", "v8.callFunction", "UpdateLayoutTree", "Layout", "PrePaint", "Paint", "Layerize", "Commit",
]);
const LONG_MS = 50;

/** Scripting, style, layout and painting by frame, and the long tasks, while `act` runs. */
export async function framesOf(page, act) {
  const devtools = await page.context().newCDPSession(page);
  const events = [];
  devtools.on("Tracing.dataCollected", ({ value }) => events.push(...value));
  await devtools.send("Tracing.start", { transferMode: "ReportEvents", categories: "devtools.timeline,disabled-by-default-devtools.timeline,toplevel" });
  await act();
  const over = new Promise((resolve) => devtools.once("Tracing.tracingComplete", resolve));
  await devtools.send("Tracing.end");
  await over;
  await devtools.detach();
  return summary(events);
}

function summary(events) {
  const main = mainThread(events);
  const own = events.filter((event) => event.pid === main.pid && event.tid === main.tid && event.ph === "X");
  const tasks = own.filter(({ name }) => name === "RunTask" || name === "ThreadControllerImpl::RunTask");
  const durations = tasks.map(({ dur = 0 }) => dur / 1000);
  const work = outermost(own.filter(({ name }) => WORK.has(name)));
  const ends = own.filter(({ name }) => name === "Commit").map(({ ts }) => ts).sort((a, b) => a - b);
  const frames = ends.slice(1).map((end, at) => sum(work.filter(({ ts }) => ts > ends[at] && ts <= end)) / 1000);
  frames.sort((a, b) => a - b);
  const at = (share) => frames[Math.min(frames.length - 1, Math.floor(frames.length * share))] ?? 0;
  return {
    frames: frames.length,
    perFrame: { median: at(0.5), p99: at(0.99) },
    longTasks: durations.filter((duration) => duration > LONG_MS).length,
    longest: Math.max(0, ...durations),
  };
}

/** The main thread of the page's own process: the one that did most of the work. */
function mainThread(events) {
  const spent = new Map();
  for (const { name, pid, tid, dur = 0, ph } of events) {
    if (ph !== "X" || !WORK.has(name)) continue;
    const key = `${pid} ${tid}`;
    spent.set(key, (spent.get(key) ?? 0) + dur);
  }
  const [key = "0 0"] = [...spent].sort(([, a], [, b]) => b - a)[0] ?? [];
  const [pid, tid] = key.split(" ").map(Number);
  return { pid, tid };
}

/** Those that are not part of another. */
function outermost(events) {
  const sorted = [...events].sort((a, b) => a.ts - b.ts || (b.dur ?? 0) - (a.dur ?? 0));
  let end = -1;
  return sorted.filter(({ ts, dur = 0 }) => {
    if (ts + dur <= end) return false;
    end = Math.max(end, ts + dur);
    return true;
  });
}

function sum(events) {
  return events.reduce((total, { dur = 0 }) => total + dur, 0);
}

/** For some seconds: the longest between two frames. */
export function ticksOf(page, seconds) {
  return page.evaluate(async (seconds) => {
    const end = performance.now() + seconds * 1000;
    let [before, late] = [performance.now(), 0];
    while (performance.now() < end) {
      await new Promise((next) => requestAnimationFrame(next));
      late = Math.max(late, performance.now() - before);
      before = performance.now();
    }
    return { late };
  }, seconds);
}
