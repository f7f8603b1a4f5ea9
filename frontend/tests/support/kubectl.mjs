// Real ones: Debian's, the oldest that has to work, and whichever the machine has.

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import path from "node:path";

import { WORKSPACE } from "./demo.mjs";

const DEBIANS = path.join(WORKSPACE, "target/tools/bin/kubectl");

/** What there is, as `[words, program]`. */
export function kubectls() {
  const found = existsSync(DEBIANS) ? [["Debian's", DEBIANS]] : [];
  try {
    const own = execFileSync("sh", ["-c", "command -v kubectl"], { encoding: "utf8" }).trim();
    if (own !== DEBIANS) found.push(["this machine's", own]);
  } catch {
    // There is none.
  }
  return found;
}

/** `kubectl proxy` on a port that it chooses. */
export async function startKubectlProxy(program, kubeconfig) {
  const child = spawn(program, ["--kubeconfig", kubeconfig, "proxy", "--port=0"], { stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  let url;
  for await (const part of child.stdout) {
    said += part;
    const address = /Starting to serve on (\S+)/.exec(said)?.[1];
    if (address !== undefined) {
      url = `http://${address}`;
      break;
    }
  }
  if (url === undefined) throw new Error(`kubectl proxy does not start: ${said}`);
  return {
    url,
    stop: async () => {
      const ended = once(child, "exit");
      child.kill();
      await ended;
    },
  };
}
