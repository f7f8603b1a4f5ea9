// A reverse proxy under a path prefix, as the API server's service proxy or an ingress is one.

import { createServer } from "node:http";
import { request } from "node:https";

/**
 * Forwards `prefix/…` to `target/…` and says so in `X-Forwarded-Prefix`; everything beside the prefix is 404, which
 * is what an absolute URL of the page would run into.
 *
 * @returns {Promise<{url: string, missed: string[], stop: () => Promise<void>}>}
 */
export async function startProxy({ target, prefix }) {
  const missed = [];
  const server = createServer((incoming, outgoing) => {
    if (!incoming.url.startsWith(`${prefix}/`)) {
      missed.push(incoming.url);
      outgoing.writeHead(404).end();
      return;
    }
    const onward = request(
      new URL(incoming.url.slice(prefix.length), target),
      {
        method: incoming.method,
        headers: { ...incoming.headers, host: new URL(target).host, "x-forwarded-prefix": prefix },
        rejectUnauthorized: false,
      },
      (answer) => {
        outgoing.writeHead(answer.statusCode, answer.headers);
        answer.pipe(outgoing);
      },
    );
    onward.on("error", () => outgoing.destroy());
    incoming.pipe(onward);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}${prefix}/`,
    missed,
    stop: () =>
      new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      }),
  };
}
