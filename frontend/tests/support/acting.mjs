// What tests that change the cluster do on every page: they find its object, choose an action, and ask the API server what came of it.

export const dialog = (page) => page.getByRole("dialog");

/** The heading of a page, which says that its object is known. */
export const heading = (page, name) => page.getByRole("heading", { level: 1, name, exact: true });

/** An action of the menu behind the buttons. */
export async function choose(page, name) {
  await page.getByRole("button", { name: "More", exact: true }).click();
  await page.getByRole("button", { name, exact: true }).click();
}

/** Asks until what the API server says is as it should be. */
export async function until(ask, holds) {
  for (const end = Date.now() + 60_000; Date.now() < end; ) {
    const said = await ask().catch((error) => error);
    if (holds(said)) return said;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error("the API server never said so");
}

/** Whether it said that the object is not there. */
export const isGone = (said) => said instanceof Error && said.message.includes(" 404 ");
