// Alerts: what fires, who was told, silences, rules, and what receivers said.

import assert from "node:assert/strict";

import { at, pageTest, screenshotPath, shared, signIn, useDemo } from "../support/suite.mjs";

useDemo();

const CRASHES = /crashes again and again/;
const row = (page, words) => page.getByRole("button", { expanded: false }).filter({ hasText: words }).first();
const group = (page, name) => page.getByRole("region", { name, exact: true });

pageTest("what fires is listed in groups, the worst first, with how many in the side bar", {}, async (page) => {
  await page.keyboard.press("g");
  await page.keyboard.press("l");
  await page.getByRole("heading", { level: 1, name: "Alerts", exact: true }).waitFor();
  await row(page, CRASHES).waitFor();
  const first = page.getByRole("region").filter({ has: page.getByRole("heading", { level: 2 }) }).first();
  await first.getByRole("heading", { name: "KubePodCrashLooping" }).waitFor();
  const badge = page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: /Alerts/ });
  await badge.getByText(/^\d+$/).waitFor();
  // The dead man's switch is shown as what it is, and is none of those that need somebody.
  await group(page, "Watchdog").getByText("Alerting works").first().waitFor();
  await page.getByText(/\d+ firing, \d+ pending/).waitFor();
});

pageTest("words, labels, states and groups choose among them, and the address keeps the choice", { url: at("#/alerts") }, async (page) => {
  await row(page, CRASHES).waitFor();
  await page.getByRole("searchbox").fill('severity=~"critical|page"');
  await group(page, "Watchdog").waitFor({ state: "hidden" });
  await row(page, CRASHES).waitFor();
  await page.getByRole("radio", { name: "Namespace" }).check({ force: true });
  await group(page, "payments").waitFor();
  assert.match(page.url(), /filter=severity.*group=namespace/);
  await page.reload();
  await group(page, "payments").waitFor();
  await page.getByRole("searchbox").fill("nothing is called so");
  await page.getByText("Nothing matches").waitFor();
  await page.getByRole("searchbox").fill("");
  await page.getByRole("button", { name: /^Pending/ }).click();
  await page.getByText(/of its memory/).first().waitFor();
  await row(page, CRASHES).waitFor({ state: "hidden" });
});

pageTest("an alert says what it compares, leads to its object and its rule, and why its receiver was told", { url: at("#/alerts") }, async (page) => {
  await row(page, CRASHES).click();
  const why = page.getByRole("region", { name: /Why was I notified/ });
  await why.getByText(/^It fires/).waitFor();
  await why.getByText("Not inhibited").waitFor();
  await why.getByText("Not silenced").waitFor();
  await why.getByText(/\(webhook\) was told/).waitFor();
  await why.getByText(/200 ok/).waitFor();
  await page.getByText(/What it compares/).waitFor();
  await page.getByRole("link", { name: "Its rule" }).click();
  await page.getByText(/every 15 s/).first().waitFor();
  await page.goBack();
  const object = page.getByRole("link").filter({ hasText: /^[a-z-]+-[a-z0-9]+-[a-z0-9]+$/ }).first();
  const name = (await object.innerText()).trim();
  await object.click();
  await page.getByRole("heading", { level: 1, name }).waitFor();
});

pageTest("what another alert says, too, is inhibited, and it is told by which", { url: at("#/alerts?filter=alertname%3DKubePodNotReady&state=muted") }, async (page) => {
  await row(page, "is not ready").click();
  await page.getByText("Inhibited: another alert says the same").waitFor();
  await page.getByText(/KubePodCrashLooping \{/).waitFor();
});

pageTest("two clicks silence an alert; the silence is listed, changed, ended and made again", { url: at("#/alerts?filter=alertname%3DKubeImagePullFails") }, async (page) => {
  const alert = row(page, /cannot be pulled/);
  await alert.waitFor();
  await page.getByRole("button", { name: /^Silence: The image of/ }).first().click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText(/It covers \d+ alerts? now/).waitFor();
  assert.match(await dialog.getByRole("textbox", { name: "Value" }).first().inputValue(), /KubeImagePullFails/);
  await dialog.getByRole("button", { name: /^Silence \d+ alerts?$/ }).click();
  await dialog.waitFor({ state: "hidden" });
  await page.getByText("Silenced", { exact: true }).first().waitFor();

  await page.getByRole("link", { name: "Silences", exact: true }).click();
  const silence = page.getByRole("row").filter({ hasText: "KubeImagePullFails" }).first();
  await silence.getByText("Active", { exact: true }).waitFor();
  await silence.getByRole("button", { name: "Edit" }).click();
  await dialog.getByLabel("Why", { exact: true }).fill("the registry is being mended");
  await dialog.getByRole("radio", { name: "8h" }).check({ force: true });
  await dialog.getByRole("button", { name: /^Silence \d+ alerts?$/ }).click();
  await page.getByText("the registry is being mended").waitFor();
  await silence.getByRole("button", { name: "End" }).click();
  const over = page.getByRole("row").filter({ hasText: "the registry is being mended" }).first();
  await over.getByText("Over", { exact: true }).waitFor();
  await over.getByRole("button", { name: "Again" }).click();
  await dialog.getByText(/It covers/).waitFor();
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "hidden" });
});

pageTest("rules are listed with how they are, and the history of one is drawn", { url: at("#/alerts?view=rules") }, async (page) => {
  await page.getByRole("button", { name: "KubePodCrashLooping" }).click();
  await page.getByText("Over the last day").waitFor();
  await page.getByText(/pod="/).first().waitFor();
  await page.getByText("namespace:kube_pod_info:count").first().waitFor();
  await page.getByRole("link", { name: /CrashLoopBackOff/ }).click();
  await page.getByRole("heading", { level: 1, name: "Explore", exact: true }).waitFor();
});

pageTest("what receivers were told is listed with what was sent and what they said", { url: at("#/alerts?view=log") }, async (page) => {
  const told = page.getByRole("row").filter({ hasText: "webhook" }).first();
  await told.getByText("Sent", { exact: true }).waitFor();
  await told.getByText("200 ok").waitFor();
  await told.getByRole("button").click();
  await page.getByRole("region", { name: "What was sent" }).getByText(/"groupKey"/).waitFor();
});

pageTest("somebody who sees one namespace sees its alerts and no others", { url: at("#/alerts"), signIn: false }, async (page) => {
  await signIn(page, shared.demo.viewerToken);
  await page.getByRole("heading", { level: 1, name: "Alerts", exact: true }).waitFor();
  await page.getByText(/\d+ firing, \d+ pending/).waitFor();
  const text = await page.getByRole("main").innerText();
  assert.ok(!/payments|Watchdog/.test(text), text);
});

for (const [theme, width] of [["light", 1280], ["dark", 1280], ["light", 390], ["dark", 390]]) {
  pageTest(`the page of alerts fits, ${theme}, ${width} px`, { theme, width, url: at("#/alerts") }, async (page) => {
    const fits = async (name) => {
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.equal(overflow, 0, name);
      await page.screenshot({ path: screenshotPath(`${name}-${theme}-${width}`) });
    };
    await row(page, CRASHES).click();
    await page.getByText(/was told|was not told/).first().waitFor();
    await fits("alerts");
    await page.goto(`${shared.demo.url}#/alerts?view=rules`);
    await page.getByRole("button", { name: "KubePodCrashLooping" }).waitFor();
    await fits("alert-rules");
    await page.goto(`${shared.demo.url}#/alerts?view=log`);
    await page.getByText("200 ok").first().waitFor();
    await fits("notifications");
  });
}
