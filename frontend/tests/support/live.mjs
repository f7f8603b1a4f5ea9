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
