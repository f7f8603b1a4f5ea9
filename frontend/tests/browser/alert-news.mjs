// Alerts that begin and end while the interface is open: told of on the page, and by the browser to whoever wants that.

import assert from "node:assert/strict";
import { request } from "node:https";

import { at, pageTest, screenshotPath, shared, signIn, useDemo } from "../support/suite.mjs";

useDemo();

// The page asks every fifteen seconds; and a server that has just been started says nothing of ends for two minutes.
const SOON = { timeout: 60_000 };
const LATER = { timeout: 150_000 };

let number = 0;
/** Names that no other test has. */
const fresh = (word) => `${word}${process.pid}n${(number += 1)}`;

/** Posts alerts as another Prometheus would. */
function post(alerts) {
  const body = JSON.stringify(alerts);
  const headers = { Authorization: `Bearer ${shared.demo.token}`, "Content-Type": "application/json" };
  const address = new URL("alertmanager/api/v2/alerts", shared.demo.url);
  return new Promise((resolve, reject) => {
    const sent = request(address, { method: "POST", headers, rejectUnauthorized: false }, (answer) => {
      answer.resume();
      answer.on("end", () => (answer.statusCode === 200 ? resolve() : reject(new Error(`${answer.statusCode}`))));
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

const alert = (alertname, { namespace = "payments", severity = "critical", ...more } = {}) => ({
  labels: { alertname, namespace, severity },
  annotations: { summary: `${alertname} is on fire` },
  ...more,
});
const over = (alertname) => alert(alertname, { endsAt: new Date(Date.now() - 1000).toISOString() });
const notices = (page) => page.locator(".notices");
/** The page knows what fires now. */
const hasLooked = (page) =>
  page.waitForResponse((response) => response.url().includes("/alerts/summary") && response.ok());

// An alert, and the notice of it. Where the demo's own begin at the same moment, they are told of together, as a number.
async function toldAlone(page) {
  for (let attempt = 1; ; attempt += 1) {
    const name = fresh("Oven");
    await post([alert(name)]);
    const began = notices(page).getByRole("link", { name: `Firing: ${name} is on fire` });
    const isSeen = await began.waitFor({ timeout: 20_000 }).then(() => true, () => false);
    if (isSeen) return [name, began];
    assert.ok(attempt < 4, "no alert was told of by itself");
  }
}

pageTest("an alert that begins is told of once, leads to itself, and its end is told of", {}, async (page) => {
  await hasLooked(page);
  const [name, began] = await toldAlone(page);
  await page.screenshot({ path: screenshotPath("alert-news") });
  assert.equal(await began.count(), 1);
  await began.click();
  await page.getByRole("button", { expanded: true }).filter({ hasText: `${name} is on fire` }).waitFor();
  assert.match(page.url(), /#\/alerts\?alert=[0-9a-f]{16}$/);
  await post([over(name)]);
  await notices(page).getByRole("link", { name: `Resolved: ${name} is on fire` }).waitFor(LATER);
});

pageTest("many at once are told of as a number, also in Korean", { language: "ko-KR", signIn: false }, async (page) => {
  await page.getByLabel("베어러 토큰", { exact: true }).fill(shared.demo.token);
  await page.keyboard.press("Enter");
  await hasLooked(page);
  const names = [1, 2, 3, 4, 5].map(() => fresh("Many"));
  await post(names.map((name) => alert(name)));
  await notices(page).getByRole("link", { name: /^경보 \d+건이 발생했습니다$/ }).waitFor(SOON);
  assert.equal(await notices(page).getByText("is on fire").count(), 0);
  await post(names.map(over));
});

pageTest("somebody who sees one namespace is told of its alerts and no others", { signIn: false }, async (page) => {
  await signIn(page, shared.demo.viewerToken);
  await hasLooked(page);
  const [theirs, other] = [fresh("Theirs"), fresh("Other")];
  const namespace = "shop";
  await post([alert(other), alert(theirs, { namespace })]);
  await notices(page).getByRole("link", { name: `Firing: ${theirs} is on fire` }).waitFor(SOON);
  assert.equal(await notices(page).getByText(other).count(), 0);
  await post([over(other), { ...over(theirs), labels: alert(theirs, { namespace }).labels }]);
});

const box = (page) => page.getByRole("checkbox", { name: /Alerts as notifications of the browser/ });
const openMenu = (page) => page.getByRole("button", { name: /^Account/ }).click();

pageTest("whoever allows it gets notifications of the browser, and a click leads to the alert", {}, async (page) => {
  await page.context().grantPermissions(["notifications"]);
  await page.addInitScript(() => {
    const Real = globalThis.Notification;
    globalThis.shownNotifications = [];
    globalThis.Notification = class extends Real {
      constructor(title, options) {
        super(title, options);
        globalThis.shownNotifications.push({ title, options, notification: this });
      }
    };
  });
  await page.reload();
  await openMenu(page);
  await box(page).check();
  await page.screenshot({ path: screenshotPath("browser-notices") });
  await page.keyboard.press("Escape");
  await page.reload();
  await hasLooked(page);
  const name = fresh("Kettle");
  await post([alert(name)]);
  await page.waitForFunction((name) => globalThis.shownNotifications.some((one) => one.title.includes(name)), name, SOON);
  // The demo has alerts of its own, which may begin meanwhile.
  const told = await page.evaluate(
    (name) => globalThis.shownNotifications.filter((one) => one.title.includes(name)).map(({ title, options }) => ({ title, tag: options.tag })),
    name,
  );
  assert.deepEqual(told.map((one) => one.title), [`Firing: ${name} is on fire`]);
  assert.match(told[0].tag, /^[0-9a-f]{16}$/);
  await page.evaluate((name) => globalThis.shownNotifications.find((one) => one.title.includes(name)).notification.onclick(), name);
  await page.getByRole("button", { expanded: true }).filter({ hasText: `${name} is on fire` }).waitFor();
  // The choice stays, and is taken back.
  await openMenu(page);
  assert.equal(await box(page).isChecked(), true);
  await box(page).uncheck();
  assert.equal(await page.evaluate(() => localStorage.getItem("crowsnest.notify")), "off");
  await post([over(name)]);
});

pageTest("where the browser denies it, the switch says so and does nothing", {}, async (page) => {
  await page.addInitScript(() => {
    Object.defineProperty(globalThis.Notification, "permission", { get: () => "denied" });
  });
  await page.reload();
  await openMenu(page);
  await page.getByText(/The browser does not allow this address to notify/).waitFor();
  assert.equal(await box(page).isDisabled(), true);
  assert.equal(await box(page).isChecked(), false);
});

for (const [theme, width] of [["light", 1280], ["dark", 1280], ["light", 390], ["dark", 390]]) {
  pageTest(`what tells of alerts fits, ${theme}, ${width} px`, { theme, width }, async (page) => {
    await hasLooked(page);
    const name = fresh("Fits");
    await post([alert(name), alert(`${name}b`, { severity: "warning" })]);
    await notices(page).getByRole("link").first().waitFor(SOON);
    await openMenu(page);
    await box(page).waitFor();
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.equal(overflow, 0);
    await page.screenshot({ path: screenshotPath(`alert-news-${theme}-${width}`) });
    await post([over(name), over(`${name}b`)]);
  });
}

pageTest("who is told is typed where no file says it, and said by the file where there is one", { url: at("#/alerts?view=routing") }, async (page) => {
  // The demo has an alertmanager.yml.
  await page.getByText("alertmanager.yml says who is told of alerts.").waitFor();
});
