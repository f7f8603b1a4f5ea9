// Times the drawing of a chart from inside its page: from what makes it draw to the last command, and to the pixels.

globalThis.watchDrawing = (() => {
  // Pictures begin with an empty canvas, and answers with their bytes.
  let [cleared, answered, firstDrawn] = [0, 0, 0];
  const clear = CanvasRenderingContext2D.prototype.clearRect;
  CanvasRenderingContext2D.prototype.clearRect = function (...area) {
    cleared += 1;
    return clear.apply(this, area);
  };
  // The last command, to which drawing is timed: at the end of the task the browser may begin to fill pixels.
  let commanded = 0;
  for (const command of ["stroke", "fill", "fillRect", "fillText"]) {
    const original = CanvasRenderingContext2D.prototype[command];
    CanvasRenderingContext2D.prototype[command] = function (...what) {
      original.apply(this, what);
      commanded = performance.now();
    };
  }
  const read = Response.prototype.arrayBuffer;
  Response.prototype.arrayBuffer = async function () {
    const bytes = await read.call(this);
    if (this.url.endsWith("/answers")) {
      answered = performance.now();
      done().then((at) => (firstDrawn = at));
    }
    return bytes;
  };
  const frame = () => new Promise((next) => requestAnimationFrame(next));
  const plot = () => document.querySelector(".board__stage canvas");

  /** Waits for a canvas with a size, which it has when the picture is on it; reading a pixel waits for all of them. */
  async function done() {
    while (plot() === null || plot().style.width === "") await frame();
    plot().getContext("2d").getImageData(0, 0, 1, 1);
    return performance.now();
  }

  /** From the answer to the picture. */
  async function first() {
    while (firstDrawn === 0) await frame();
    return firstDrawn - answered;
  }

  /** Has the picture drawn anew by other colours. */
  async function again(rounds) {
    const [drawn, filled] = [[], []];
    const root = document.documentElement;
    for (let round = 0; round < rounds; round += 1) {
      await frame();
      await frame();
      const before = cleared;
      const begun = performance.now();
      root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
      // Everything that follows from it is in microtasks, and a message comes after all of them.
      await new Promise((next) => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = next;
        port2.postMessage(0);
      });
      if (cleared === before) throw new Error("nothing was drawn");
      const drawnAt = commanded;
      plot().getContext("2d").getImageData(0, 0, 1, 1);
      drawn.push(drawnAt - begun);
      filled.push(performance.now() - begun);
    }
    return { drawn, filled };
  }

  return { first, again };
})();
