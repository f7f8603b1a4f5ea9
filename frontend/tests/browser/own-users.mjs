// Users of the server's own (`--auth static`), who sign in with a name and a password.

import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { pageTest, shared, useDemo } from "../support/suite.mjs";

const PASSWORD = "correct horse";
// Of argon2id with m=64, t=1, p=1, which is enough for a test and for nothing else.
const HASH = "$argon2id$v=19$m=64,t=1,p=1$jM31f9gYDtCiw/qaYaRiDg$ceEhSRjlQDbbjrOBdvf1LMGEt22Ekpm1AW9G0supRns";
const folder = mkdtempSync(path.join(tmpdir(), "crowsnest-users-"));
const users = path.join(folder, "users.yaml");
const token = randomUUID();
const digest = createHash("sha256").update(token).digest("hex");
writeFileSync(users, `- {user: root, role: admin, token_sha256: ${digest}}\n- {user: pat, role: viewer, password_argon2id: "${HASH}"}\n`);

useDemo({ token, flags: ["--auth=static", `--static-token-file=${users}`], prepare: () => () => rmSync(folder, { recursive: true, force: true }) });

pageTest("a password signs in with its name and no other, and the wrong one is told nothing more", { signIn: false, expected: [/status of 401/] }, async (page) => {
  await page.getByRole("radio", { name: "Password" }).check();
  for (const [user, password] of [["pat", "wrong"], ["nobody", PASSWORD]]) {
    await page.getByLabel("User", { exact: true }).fill(user);
    await page.getByRole("textbox", { name: "Password" }).fill(password);
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await page.getByRole("alert").getByText(/User and password do not match/).waitFor();
  }
  await page.getByLabel("User", { exact: true }).fill("pat");
  await page.getByRole("textbox", { name: "Password" }).fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.getByRole("button", { name: "Account of pat" }).waitFor();
  const kept = await page.evaluate(() => JSON.stringify([location.href, { ...localStorage }, { ...sessionStorage }]));
  assert.ok(!kept.includes(PASSWORD));
});
