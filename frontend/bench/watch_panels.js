// Looks at a dashboard's panels from inside its page, frame by frame: which are on the screen, and which of them are drawn.

globalThis.watchPanels = (() => {
  // A machine that does something else besides is slow, and not wrong.
  const PATIENCE_MS = 60_000;
  const frame = () => new Promise((next) => requestAnimationFrame(next));
  const main = () => document.querySelector(".app__main");

  /** The panels of which a part is on the screen. */
  function visible() {
    const { top, bottom } = main().getBoundingClientRect();
    return [...document.querySelectorAll(".board__panel")].filter((panel) => {
      const box = panel.getBoundingClientRect();
      return box.height > 0 && box.bottom > top && box.top < bottom;
    });
  }

  /** A panel is drawn when it has a sentence, a table or words, or a canvas that has been given its size, which is right before the picture. */
  function isDrawn(panel) {
    const content = panel.querySelector(".board__body > :not(.visually-hidden)");
    const canvas = panel.querySelector("canvas");
    return content !== null && (canvas === null || canvas.style.width !== "");
  }

  /** Waits until all panels on the screen are drawn. */
  async function untilDrawn() {
    const begun = performance.now();
    for (;;) {
      await frame();
      const panels = document.querySelector(".board__grid") === null ? [] : visible();
      if (panels.length > 0 && panels.every(isDrawn)) return { at: performance.now(), panels: panels.length };
      if (performance.now() - begun > PATIENCE_MS) {
        const missing = panels.filter((panel) => !isDrawn(panel)).map((panel) => panel.textContent.trim().slice(0, 40));
        throw new Error(`not drawn after ${PATIENCE_MS} ms: ${panels.length} panels, missing ${missing.join("; ")}`);
      }
    }
  }

  /** From a change of the address until everything visible is drawn. */
  async function open(hash) {
    const begun = performance.now();
    location.hash = hash;
    const { at, panels } = await untilDrawn();
    return { took: at - begun, panels };
  }

  /** Opens the rows that are closed, the last one first, so that none of their panels comes into sight meanwhile. */
  async function openRows() {
    const closed = [...document.querySelectorAll('.board__row-button[aria-expanded="false"]')];
    for (const button of closed.reverse()) button.click();
    await frame();
    return closed.length;
  }

  /** Scrolls to the end by a screen each `every` milliseconds. Says how long panels were on the screen without being drawn. */
  async function scrollThrough(every) {
    const since = new Map();
    const blank = new Map();
    const look = () => {
      const now = performance.now();
      for (const panel of visible()) {
        if (!since.has(panel)) since.set(panel, now);
        if (!blank.has(panel) && isDrawn(panel)) blank.set(panel, now - since.get(panel));
      }
      // What has gone out of sight undrawn was blank for as long as it was seen.
      for (const [panel, from] of since) if (!blank.has(panel) && !visible().includes(panel)) blank.set(panel, now - from);
    };
    const scroller = main();
    let next = performance.now() + every;
    for (;;) {
      await frame();
      look();
      const left = scroller.scrollHeight - scroller.clientHeight - scroller.scrollTop;
      if (left <= 1 && blank.size === since.size) break;
      if (left > 1 && performance.now() >= next) {
        scroller.scrollTop += scroller.clientHeight;
        next += every;
      }
    }
    const times = [...blank.values()].sort((a, b) => a - b);
    return { panels: times.length, median: times[Math.floor(times.length / 2)], worst: times.at(-1) };
  }

  return { open, untilDrawn, openRows, scrollThrough };
})();
