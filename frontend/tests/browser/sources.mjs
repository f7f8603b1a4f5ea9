// Who pushes samples, how they are doing, and what to do about it.

import assert from "node:assert/strict";

import { at, pageTest, screenshotPath, shared, signIn, useDemo } from "../support/suite.mjs";

useDemo();

const rows = (page) => page.getByRole("table", { name: "Sources" }).getByRole("row");

pageTest("the sources are listed with what they push, and a click on their series says which", {}, async (page) => {
  await page.keyboard.press("g");
  await page.keyboard.press("s");
  await page.getByRole("heading", { level: 1, name: "Sources", exact: true }).waitFor();
  const agent = rows(page).filter({ hasText: "node-exporter" }).first();
  await agent.getByText("Pushing", { exact: true }).waitFor();
  const series = agent.getByRole("link");
  assert.match(await series.innerText(), /^\d[\d.,k]*$/);
  await series.click();
  await page.getByRole("heading", { level: 1, name: "Explore", exact: true }).waitFor();
  await page.getByText("node_cpu_seconds_total").first().waitFor();
});

pageTest("the filter of sources stays in the address", { url: at("#/sources") }, async (page) => {
  await rows(page).filter({ hasText: "node-exporter" }).first().waitFor();
  await page.getByRole("searchbox", { name: "Filter sources" }).fill("nobody-is-called-so");
  await rows(page).filter({ hasText: "node-exporter" }).first().waitFor({ state: "hidden" });
  assert.match(page.url(), /#\/sources\?filter=nobody-is-called-so$/);
  await page.reload();
  assert.equal(await page.getByRole("searchbox", { name: "Filter sources" }).inputValue(), "nobody-is-called-so");
});

pageTest("what is scraped is listed with what came of it, and its history is a click away", { url: at("#/sources") }, async (page) => {
  await page.getByRole("radio", { name: "Scraped" }).check({ force: true });
  assert.match(page.url(), /view=targets/);
  const targets = page.getByRole("table", { name: "Scraped" }).getByRole("row");
  const target = targets.filter({ hasText: "demo-1" }).first();
  await target.getByText("Up", { exact: true }).waitFor();
  await target.getByRole("link").click();
  await page.getByRole("heading", { level: 1, name: "Explore", exact: true }).waitFor();
  assert.match(await page.getByRole("textbox", { name: "Query" }).inputValue(), /^up\{.*instance="demo-1"/);
});

// What a sender with the wrong protocol leaves behind, and the page with a note about it.
const refuse = (page) =>
  page.request.post(new URL("api/v1/write", shared.demo.url).href, {
    headers: { authorization: `Bearer ${shared.demo.token}`, "content-type": "application/x-protobuf", "content-encoding": "snappy" },
    data: Buffer.from("nonsense"),
  });

pageTest("a push that cannot be read is told, with what the sender was answered and what to do", { url: at("#/sources") }, async (page) => {
  const answer = await refuse(page);
  assert.equal(answer.status(), 400);
  await page.getByText(/was refused as a whole|were refused as a whole/).waitFor();
  await page.getByText("not in a form that this server knows").waitFor();
});

pageTest("a sender that may end stands among the sources with its way in, and with what was refused of it by reason", { url: at("#/sources") }, async (page) => {
  const soon = Date.now() + 3_600_000;
  const answer = await page.request.post(new URL("write?db=telegraf&precision=ms", shared.demo.url).href, {
    headers: { authorization: `Bearer ${shared.demo.token}` },
    data: `cpu,job=telegraf,instance=web-1 user=1,idle=2\ncpu,job=telegraf,instance=web-1 user=1,idle=2 ${soon}\n`,
  });
  assert.equal(answer.status(), 400, "two of four are in the future");
  const row = rows(page).filter({ hasText: "web-1" }).first();
  await row.getByText("Partly refused", { exact: true }).waitFor();
  await row.getByText("Influx").waitFor();
  await page.getByText("Refused since the server started: 2 × in the future").waitFor();
  await page.getByText("Series per source, at most").waitFor();
});

for (const [theme, width] of [["light", 1280], ["dark", 1280], ["light", 390], ["dark", 390]]) {
  pageTest(`the page of sources fits, ${theme}, ${width} px`, { theme, width, url: at("#/sources"), signIn: false }, async (page) => {
    await signIn(page, shared.demo.token);
    await rows(page).filter({ hasText: "node-exporter" }).first().waitFor();
    await refuse(page);
    await page.getByText(/refused as a whole/).waitFor();
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.equal(overflow, 0);
    await page.screenshot({ path: screenshotPath(`sources-${theme}-${width}`) });
    await page.goto(`${shared.demo.url}#/sources?view=targets`);
    await page.getByRole("table", { name: "Scraped" }).getByRole("row").filter({ hasText: "demo-1" }).first().waitFor();
    await page.screenshot({ path: screenshotPath(`targets-${theme}-${width}`) });
  });
}
