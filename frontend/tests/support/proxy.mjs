// What stands between a browser and the server: a reverse proxy under a path prefix, as an ingress is one, and a plain TCP
// forwarder, as `kubectl port-forward` is one.

import { createServer } from "node:http";
import { request } from "node:https";
import { connect, createServer as createTcpServer } from "node:net";

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
  // WebSockets: what the two ends agree upon goes on as it is.
  const tunnels = new Set();
  server.on("upgrade", (incoming, socket, head) => {
    if (!incoming.url.startsWith(`${prefix}/`)) {
      missed.push(incoming.url);
      socket.destroy();
      return;
    }
    const onward = request(new URL(incoming.url.slice(prefix.length), target), {
      headers: { ...incoming.headers, host: new URL(target).host, "x-forwarded-prefix": prefix },
      rejectUnauthorized: false,
    });
    onward.on("upgrade", (answer, other, first) => {
      const lines = Object.entries(answer.headers).map(([name, value]) => `${name}: ${value}\r\n`);
      socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join("")}\r\n`);
      socket.write(first);
      other.write(head);
      for (const [from, to] of [[socket, other], [other, socket]]) {
        tunnels.add(from);
        from.on("error", () => to.destroy());
        from.on("close", () => to.destroy());
        from.pipe(to);
      }
    });
    onward.on("response", () => socket.destroy());
    onward.on("error", () => socket.destroy());
    onward.end();
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}${prefix}/`,
    missed,
    stop: () =>
      new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
        for (const socket of tunnels) socket.destroy();
      }),
  };
}

/** Passes bytes on to `target`, whatever they say. */
export async function startForwarder({ target }) {
  const { hostname, port } = new URL(target);
  const open = new Set();
  const server = createTcpServer((incoming) => {
    const outgoing = connect(Number(port), hostname);
    for (const [from, to] of [
      [incoming, outgoing],
      [outgoing, incoming],
    ]) {
      open.add(from);
      from.pipe(to);
      from.on("error", () => to.destroy());
      from.on("close", () => open.delete(from));
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `https://127.0.0.1:${server.address().port}/`,
    stop: () =>
      new Promise((resolve) => {
        server.close(resolve);
        for (const stream of open) stream.destroy();
      }),
  };
}
