// That a page shows what happens, without being asked.

/** Opens the pods of `shop`; a pod that comes then appears by itself. */
export async function goesOn(page, kube) {
  await page.getByRole("navigation", { name: "Main" }).waitFor();
  await page.goto(page.url().split("#")[0] + "#/pods?ns=shop");
  await page.getByRole("link", { name: /^web-/ }).first().waitFor();
  await page.getByText("Live", { exact: true }).waitFor();
  const name = `newcomer-${Math.random().toString(36).slice(2, 8)}`;
  await kube.createPod("shop", name);
  try {
    await page.getByRole("link", { name, exact: true }).waitFor();
  } finally {
    await kube.deletePod("shop", name);
  }
  await page.getByRole("link", { name, exact: true }).waitFor({ state: "detached" });
}

/** Opens a shell in a pod of `shop`, and has something said in it. */
export async function opensShell(page) {
  await page.goto(page.url().split("#")[0] + "#/pods?ns=shop&filter=cart-");
  await page.getByRole("link", { name: /^cart-/ }).first().click();
  await page.getByRole("link", { name: "Shell", exact: true }).click();
  const rows = page.locator(".xterm-rows");
  await rows.filter({ hasText: "#" }).waitFor();
  await page.keyboard.type("hostname\n");
  await rows.filter({ hasText: /cart-\w+-\w+.*cart-\w+-\w+/s }).or(rows.filter({ hasText: /hostname\s*cart-/ })).first().waitFor();
}
