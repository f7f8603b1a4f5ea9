// One line a figure, beside its goal, as the benchmarks print them.

/** Prints a figure. */
export function note(what, figure, goal = "") {
  console.log(`${what.padEnd(76)} ${figure.padStart(16)}  ${goal}`);
}

/** Milliseconds as text. */
export const ms = (value) => `${value.toFixed(value < 10 ? 1 : 0)} ms`;

/** A number that follows `--name`. */
export function option(name, otherwise) {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : Number(process.argv[at + 1]);
}

export const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
