/** What two ends of TLS say to each other, with Node's own TLS at both: for what reads records and decrypts captures. */
import { once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import { Duplex } from 'node:stream';
import tls from 'node:tls';
import { CERTIFICATE, PRIVATE_KEY } from './self-signed.js';

export interface TlsConversation {
  /** Flights in order; each is what one end said until the other answered. */
  readonly flights: readonly { readonly from: 'client' | 'server'; readonly bytes: Uint8Array }[];
  /** Lines of an NSS key log. */
  readonly keyLog: readonly string[];
  /** What the client got. */
  readonly body: string;
}

/** Two ends of a pipe; `heard` is told what passes, and by whom. */
function pipe(heard: (from: 'client' | 'server', bytes: Uint8Array) => void): Record<'client' | 'server', Duplex> {
  const end = (name: 'client' | 'server', peer: () => Duplex): Duplex =>
    new Duplex({
      read() {},
      write(chunk: Buffer, _encoding, callback) {
        heard(name, chunk);
        peer().push(chunk);
        callback();
      },
      final(callback) {
        peer().push(null);
        callback();
      },
    });
  const client = end('client', () => server);
  const server = end('server', () => client);
  return { client, server };
}

/** One GET of `https://www.server.com/`, over HTTP/2 or HTTP/1.1. */
export async function tlsConversation(
  alpn: 'h2' | 'http/1.1',
  maxVersion: 'TLSv1.2' | 'TLSv1.3' = 'TLSv1.3',
): Promise<TlsConversation> {
  const flights: { from: 'client' | 'server'; bytes: Buffer }[] = [];
  const ends = pipe((from, bytes) => {
    const last = flights.at(-1);
    if (last?.from === from) last.bytes = Buffer.concat([last.bytes, bytes]);
    else flights.push({ from, bytes: Buffer.from(bytes) });
  });
  const keyLog: string[] = [];
  const options = { cert: CERTIFICATE, key: PRIVATE_KEY, maxVersion };
  const answer = (_request: unknown, response: { end(text: string): void }) => response.end('a secret page');
  const server =
    alpn === 'h2'
      ? http2.createSecureServer(options, answer)
      : (await import('node:https')).createServer(options, answer);
  server.emit('connection', ends.server);
  const socket = tls.connect({
    socket: ends.client,
    servername: 'www.server.com',
    ca: CERTIFICATE,
    ALPNProtocols: [alpn],
    maxVersion,
  });
  socket.on('keylog', (line: Buffer) => keyLog.push(line.toString().trim()));
  await once(socket, 'secureConnect');
  const body = alpn === 'h2' ? await getByHttp2(socket) : await getByHttp1(socket);
  return { flights, keyLog, body };
}

async function getByHttp2(socket: tls.TLSSocket): Promise<string> {
  const session = http2.connect('https://www.server.com', { createConnection: () => socket });
  const stream = session.request({ ':path': '/' });
  let body = '';
  for await (const chunk of stream) body += chunk;
  session.close();
  await once(session, 'close');
  return body;
}

async function getByHttp1(socket: tls.TLSSocket): Promise<string> {
  const request = http.get({
    host: 'www.server.com',
    createConnection: () => socket,
    headers: { connection: 'close' },
  });
  const [response] = await once(request, 'response');
  let body = '';
  for await (const chunk of response) body += chunk;
  return body;
}
