// A browser with certificates of its own: a home folder with an NSS database, and the policy that says which one to show where.

import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { BINARY, WORKSPACE } from "./demo.mjs";

// Where Chromium reads what its administrator decides; Chrome itself has another folder.
const POLICIES = "/etc/chromium/policies/managed";
const PASSWORD = "a password of the tests'";
const TOOLS = path.join(WORKSPACE, "target/tools/bin");

const run = (program, ...args) =>
  execFileSync(program, args, {
    env: { ...process.env, PATH: `${process.env.PATH}:${TOOLS}` },
    stdio: ["ignore", "pipe", "pipe"],
  });

/** Why a test that needs this cannot run here; undefined where it can. */
export function missingForOwnBrowser() {
  if (process.getuid() !== 0) return `not root, and only root tells Chromium by ${POLICIES} which certificate to show`;
  for (const program of ["certutil", "pk12util"]) {
    try {
      run("which", program);
    } catch {
      return `no ${program} here: deploy/setup.sh test gets it`;
    }
  }
  return undefined;
}

/**
 * A home folder for a browser: `authorities` are files whose certificates it trusts as signers of servers.
 *
 * @returns {{env: object, mint: (demo, user: string, groups: string[]) => void, fingerprint: (user: string) => string, remove: () => void}}
 */
export function makeHome({ authorities }) {
  const home = mkdtempSync(path.join(tmpdir(), "crowsnest-home-"));
  const database = path.join(home, ".pki/nssdb");
  mkdirSync(database, { recursive: true });
  run("certutil", "-N", "--empty-password", "-d", `sql:${database}`);
  authorities.forEach((file, at) => run("certutil", "-A", "-d", `sql:${database}`, "-n", `server-${at}`, "-t", "C,,", "-i", file));
  const passwordFile = path.join(home, "password");
  writeFileSync(passwordFile, PASSWORD);
  return {
    // Newer ones look below the second folder where there is nothing in the first.
    env: { HOME: home, XDG_DATA_HOME: path.join(home, "data"), XDG_CONFIG_HOME: path.join(home, "config") },
    /** Has the demo's cluster sign a certificate for somebody, and imports it as a person would. */
    mint(demo, user, groups) {
      const file = path.join(home, `${user}.p12`);
      const of = groups.flatMap((group) => ["--group", group]);
      run(BINARY, "cert", "mint", "--kubeconfig", demo.kubeconfig, "--user", user, ...of, "--out", file, "--password-file", passwordFile);
      run("pk12util", "-d", `sql:${database}`, "-i", file, "-W", PASSWORD);
    },
    /** SHA-256 of it, as `openssl x509 -fingerprint` prints it. */
    fingerprint(user) {
      const pem = run("certutil", "-L", "-d", `sql:${database}`, "-n", user, "-a").toString();
      return new X509Certificate(pem).fingerprint256;
    },
    remove: () => rmSync(home, { recursive: true, force: true }),
  };
}

/**
 * Lets browsers show the certificate that they have at these origins, without asking. Counts for the whole machine, so `remove` takes it
 * away again, and so does the end of the tests.
 */
export function showCertificatesAt(urls) {
  const file = path.join(POLICIES, `crowsnest-tests-${process.pid}.json`);
  const rules = urls.map((url) => JSON.stringify({ pattern: new URL(url).origin, filter: {} }));
  const isOurs = !existsSync(POLICIES);
  mkdirSync(POLICIES, { recursive: true });
  writeFileSync(file, JSON.stringify({ AutoSelectCertificateForUrls: rules }), { mode: 0o644 });
  const remove = () => {
    rmSync(file, { force: true });
    if (isOurs) rmSync(path.dirname(POLICIES), { recursive: true, force: true });
  };
  process.once("exit", remove);
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));
  return remove;
}
