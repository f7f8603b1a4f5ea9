// Real files and recordings that tests run against, where there are some.

import { existsSync, readFileSync, readdirSync } from "node:fs";
import path from "node:path";

import { WORKSPACE } from "./demo.mjs";

const CORPUS = path.resolve(WORKSPACE, process.env.CROWSNEST_CORPUS ?? "../shared/corpus");

/** A file of the corpus; `undefined` where there is none. */
export function corpusFile(name) {
  const file = path.join(CORPUS, name);
  return existsSync(file) ? readFileSync(file) : undefined;
}

/** The dashboards of the corpus by the names of their files; none where there is no corpus. */
export function corpusDashboards() {
  const folder = path.join(CORPUS, "dashboards");
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".json")) : [];
  return names.map((name) => [name, readFileSync(path.join(folder, name), "utf8")]);
}
