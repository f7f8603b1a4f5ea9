// Signing in with the certificate that is in the browser: a stock Chromium that picks it by policy, as people with managed machines have.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { launchBrowser } from "../support/browser.mjs";
import { exposeApi, exposeService } from "../support/installed.mjs";
import { apiServer } from "../support/kube.mjs";
import { goesOn } from "../support/live.mjs";
import { makeHome, missingForOwnBrowser, showCertificatesAt } from "../support/own_browser.mjs";
import { pageTest, shared, signIn, useDemo } from "../support/suite.mjs";

const skip = missingForOwnBrowser();
const folder = mkdtempSync(path.join(tmpdir(), "crowsnest-certificates-"));
const denied = path.join(folder, "denied");
writeFileSync(denied, "");

let kube, api, authorities;
// Homes and browsers of people, by their names.
const people = {};

if (skip === undefined) {
  useDemo({
    flags: ["--certificate-sign-in", "--apiserver-sign-on", `--client-cert-deny-file=${denied}`],
    prepare: async () => {
      kube = apiServer(shared.demo);
      authorities = [shared.demo.ca, path.join(folder, "cluster.crt")];
      writeFileSync(authorities[1], kube.ca);
      await kube.bindViewer("shop", "alice");
      await exposeService(kube, "crowsnest");
      api = await exposeApi(kube);
      const forget = showCertificatesAt([shared.demo.url, kube.url]);
      return async () => {
        for (const { browser, home } of Object.values(people)) {
          await browser.close();
          home.remove();
        }
        forget();
        rmSync(folder, { recursive: true, force: true });
      };
    },
  });
}

/** The browser of somebody who has imported the certificate that `cert mint` has made for them. */
async function browserOf(user, groups = []) {
  if (people[user] === undefined) {
    const home = makeHome({ authorities });
    home.mint(shared.demo, user, groups);
    people[user] = { home, browser: await launchBrowser({ env: home.env }) };
  }
  return people[user].browser;
}

const account = (page, name) => page.getByRole("button", { name: `Account of ${name}` });
// These browsers believe the certificates of servers that they are shown, and no others.
const as = (user, groups) => ({ browser: () => browserOf(user, groups), signIn: false, trusting: false, skip });

pageTest("whose browser has a certificate continues with one click", as("alice", ["devs"]), async (page) => {
  await page.getByRole("button", { name: "Continue as alice" }).click();
  await account(page, "alice").waitFor();
  await goesOn(page, kube);
  await page.goto(`${shared.demo.url}#/pods`);
  await page.getByRole("link", { name: /^web-/ }).first().waitFor();
  assert.equal(await page.getByRole("link", { name: /^postgres-/ }).count(), 0, "what alice may not see is not there");
  await account(page, "alice").click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByText("You are signed out.").waitFor();
  await page.getByRole("button", { name: "Continue as alice" }).waitFor();
});

pageTest("whose browser has one can sign in with a token all the same", as("alice", ["devs"]), async (page) => {
  await page.getByRole("radio", { name: "Token" }).check();
  await signIn(page, shared.demo.viewerToken);
  await account(page, "system:serviceaccount:shop:viewer").waitFor();
});

pageTest("whose browser has none is not asked and signs in as ever", { skip }, async (page) => {
  await account(page, "system:serviceaccount:crowsnest:admin-user").waitFor();
});

pageTest("whom the API server knows by a certificate is in at once below it", {
  ...as("alice", ["devs"]),
  url: () => kube.url + api,
}, async (page) => {
  await account(page, "alice").waitFor();
  const cookies = (await page.context().cookies()).map(({ name, path, secure }) => ({ name, path, secure }));
  assert.deepEqual(cookies, [{ name: "crowsnest_session", path: api, secure: true }]);
  await goesOn(page, kube);
});

pageTest("a certificate on the deny-list is refused with the reason, and ends the session it has opened", {
  ...as("mallory"),
  expected: [/status of 401/],
}, async (page) => {
  await page.getByRole("button", { name: "Continue as mallory" }).click();
  await account(page, "mallory").waitFor();
  writeFileSync(denied, people.mallory.home.fingerprint("mallory"));
  await page.getByText("Your session has ended.").waitFor();
  await page.reload();
  await page.getByRole("radio", { name: "Browser" }).check();
  await page.getByRole("button", { name: "Sign in with certificate" }).click();
  await page.getByRole("alert").getByText(/has been revoked/).waitFor();
});
