/** CONNECT: RFC 9110 section 9.3.6. */
import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { answerFailure, failureOf, type ProxyFailure } from './failure.js';
import { parseAuthority } from './http-fields.js';
import { type Dial, dismiss, hangUp, relay } from './relay.js';

/** `head` is what the client has sent behind its request. */
export async function tunnel(request: IncomingMessage, client: Socket, head: Uint8Array, dial: Dial): Promise<void> {
  const target = parseAuthority(request.url ?? '');
  if (target === undefined) {
    const message = 'CONNECT wants a host and a port: CONNECT www.server.com:443';
    refuseTunnel(request, client, { status: 400, error: 'http_request_error', message });
    return;
  }
  try {
    const stream = await dial(target.host, target.port, hangUp(client));
    client.write('HTTP/1.1 200 Connection established\r\n\r\n');
    if (head.length > 0) stream.write(head);
    await relay(client, stream);
  } catch (error) {
    if (!client.destroyed) refuseTunnel(request, client, failureOf(error));
  }
}

/** Node has let go of the socket: the answer is written by a response of our own, and ends the connection. */
export function refuseTunnel(request: IncomingMessage, client: Socket, failure: ProxyFailure): void {
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(client);
  response.once('finish', () => {
    response.detachSocket(client);
    dismiss(client);
  });
  answerFailure(request, response, failure);
}
