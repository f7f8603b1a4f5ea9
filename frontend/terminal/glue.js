// What the interface needs of xterm.js, and nothing else of it. This file and the library become one asset, loaded when a terminal is opened.
//
// The library writes its styles into <style> elements, which our Content-Security-Policy refuses. The bundle has them made here
// instead: an element that looks like one, and a constructed style sheet behind it.

globalThis.crowsnestSheet = () => {
  const sheet = new CSSStyleSheet();
  const element = document.createElement("span");
  const remove = element.remove.bind(element);
  element.hidden = true;
  Object.defineProperty(element, "textContent", { set: (text) => sheet.replaceSync(text), get: () => "" });
  Object.defineProperty(element, "sheet", { get: () => sheet });
  element.remove = () => {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((other) => other !== sheet);
    remove();
  };
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  return element;
};

/** Opens a terminal in `place`; `typed` gets bytes, `resized` columns and rows. */
globalThis.crowsnestTerminal = (place, typed, resized) => {
  const style = (name) => getComputedStyle(place).getPropertyValue(name).trim();
  const theme = () => ({
    background: style("--bg-surface"),
    foreground: style("--text-1"),
    cursor: style("--accent"),
    cursorAccent: style("--bg-surface"),
    selectionBackground: style("--accent-line"),
    red: style("--status-critical"),
    green: style("--status-ok"),
    yellow: style("--status-warning"),
    blue: style("--accent-text"),
    magenta: style("--chart-7"),
    cyan: style("--status-progress"),
  });
  const terminal = new globalThis.Terminal({
    fontFamily: style("--font-mono"),
    fontSize: 13,
    scrollback: 10_000,
    cursorBlink: !matchMedia("(prefers-reduced-motion: reduce)").matches,
    screenReaderMode: false,
    theme: theme(),
  });
  const fit = new globalThis.FitAddon.FitAddon();
  terminal.loadAddon(fit);
  terminal.open(place);
  terminal.onData((text) => typed(new TextEncoder().encode(text)));
  terminal.onBinary((text) => typed(Uint8Array.from(text, (letter) => letter.charCodeAt(0))));
  terminal.onResize(({ cols, rows }) => resized(cols, rows));
  const refit = () => {
    if (place.clientWidth > 0 && place.clientHeight > 0) fit.fit();
  };
  const sized = new ResizeObserver(refit);
  sized.observe(place);
  const themed = new MutationObserver(() => {
    terminal.options.theme = theme();
  });
  themed.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  refit();
  return {
    write: (bytes) => terminal.write(bytes),
    focus: () => terminal.focus(),
    columns: () => terminal.cols,
    rows: () => terminal.rows,
    dispose: () => {
      sized.disconnect();
      themed.disconnect();
      terminal.dispose();
    },
  };
};
