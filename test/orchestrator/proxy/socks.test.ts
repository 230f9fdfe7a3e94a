/** SOCKS clients of the proxy, byte by byte, over real sockets. */
import { once } from 'node:events';
import fc from 'fast-check';
import t, { type Test } from 'tap';
import { Credentials } from '../../../orchestrator/proxy/credentials.js';
import type { ProxyOptions } from '../../../orchestrator/proxy/proxy-server.js';
import { proxied, readAll, readBytes } from './support/proxied.js';

const ECHO = 7;
const GREETING = [5, 1, 0];

function request(host: string, port: number): number[] {
  return [5, 1, 0, 3, host.length, ...Buffer.from(host), port >> 8, port & 0xff];
}

function echoing(t: Test, options: Partial<ProxyOptions> = {}) {
  return proxied(t, { [ECHO]: (socket) => socket.pipe(socket) }, options);
}

t.test('a connection by name, with our end of it in the reply; both directions end by themselves', async (t) => {
  const { connect, device } = await echoing(t);
  const client = await connect();
  client.write(Uint8Array.from(GREETING));
  t.same([...(await readBytes(client, 2))], [5, 0]);
  client.write(Uint8Array.from(request('server', ECHO)));
  const reply = [...(await readBytes(client, 10))];
  t.same(reply.slice(0, 8), [5, 0, 0, 1, 10, 0, 0, 1]);
  t.equal(reply[8] * 256 + reply[9], (await device.firstAccepted()).remotePort);
  client.end('good day');
  t.equal(String(await readAll(client)), 'good day');
});

t.test('however the bytes are cut, and however much comes at once', async (t) => {
  const { connect } = await echoing(t);
  const bytes = [...GREETING, ...request('server', ECHO), ...Buffer.from('eager')];
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(fc.nat(bytes.length), { maxLength: 6 }), async (cuts) => {
      const client = await connect();
      client.setNoDelay(true);
      const at = [0, ...cuts.sort((a, b) => a - b), bytes.length];
      for (let i = 1; i < at.length; i++) {
        client.write(Uint8Array.from(bytes.slice(at[i - 1], at[i])));
        await new Promise((resolve) => setImmediate(resolve));
      }
      client.end();
      const answer = await readAll(client);
      return answer.subarray(0, 4).equals(Buffer.from([5, 0, 5, 0])) && answer.toString().endsWith('eager');
    }),
    { numRuns: 30 },
  );
  t.pass();
});

t.test('why there is no connection, in the codes of RFC 1928', async (t) => {
  const { connect } = await echoing(t);
  const replyTo = async (...bytes: number[]) => {
    const client = await connect();
    client.write(Uint8Array.from([...GREETING, ...bytes]));
    const answer = await readAll(client);
    return answer[3];
  };
  t.equal(await replyTo(...request('server', 81)), 5, 'connection refused');
  t.equal(await replyTo(...request('no.such.name', 80)), 4, 'host unreachable');
  t.equal(await replyTo(...request('198.51.100.1', 80)), 3, 'network unreachable');
  t.equal(await replyTo(...request('nobody', 80)), 6, 'TTL expired: it took too long');
  t.equal(await replyTo(5, 1, 0, 4, ...new Array(16).fill(0), 0, 80), 8, 'address type not supported');
  t.equal(await replyTo(...request('::1', 80)), 8, 'nor as a text');
  t.equal(await replyTo(5, 2, 0, 1, 10, 0, 0, 2, 0, 80), 7, 'command not supported: BIND');
  t.equal(await replyTo(5, 3, 0, 1, 10, 0, 0, 2, 0, 80), 7, 'command not supported: UDP ASSOCIATE');
  t.equal(await replyTo(...request('server', 0)), 5, 'nobody listens on port 0');
  t.equal(await replyTo(...request('', 80)), 4);
});

t.test('a method that is not offered here', async (t) => {
  const { connect } = await echoing(t);
  const client = await connect();
  client.write(Uint8Array.of(5, 1, 1));
  t.same([...(await readAll(client))], [5, 0xff]);
});

t.test('with a password, RFC 1929', async (t) => {
  const { connect } = await echoing(t, { credentials: new Credentials('me', 'secret') });
  const talk = async (...bytes: (number | string)[]) => {
    const client = await connect();
    for (const part of bytes) client.write(typeof part === 'number' ? Uint8Array.of(part) : part);
    client.end();
    return [...(await readAll(client))];
  };
  const rest = request('server', ECHO);
  t.same((await talk(5, 2, 0, 2, 1, 2, 'me', 6, 'secret', ...rest)).slice(0, 6), [5, 2, 1, 0, 5, 0]);
  t.same(await talk(5, 1, 2, 1, 2, 'me', 6, 'guess!', ...rest), [5, 2, 1, 1]);
  t.same(await talk(5, 1, 0, ...rest), [5, 0xff]);
  t.same((await talk(4, 1, 0, ECHO, 10, 0, 0, 2, 0))[1], 91, 'SOCKS 4 has no passwords');
});

t.test('SOCKS 4a', async (t) => {
  const { connect } = await echoing(t);
  const client = await connect();
  client.write(Uint8Array.from([4, 1, 0, ECHO, 0, 0, 0, 1, 0, ...Buffer.from('server'), 0]));
  t.same([...(await readBytes(client, 2))], [0, 90]);
  const refused = await connect();
  refused.write(Uint8Array.from([4, 1, 0, 81, 10, 0, 0, 2, 0]));
  t.equal((await readAll(refused))[1], 91);
});

t.test('garbage and silence are cut off; others are served meanwhile', async (t) => {
  const { connect } = await echoing(t, { handshakeLimitMs: 300 });
  const silent = await connect();
  const slow = await connect();
  slow.write(Uint8Array.of(5, 200));
  const wrong = await connect();
  wrong.write(Uint8Array.from([...GREETING, 9, 9, 9, 9]));
  const client = await connect();
  client.write(Uint8Array.from([...GREETING, ...request('server', ECHO)]));
  t.equal((await readBytes(client, 12))[3], 0);
  await Promise.all([silent, slow, wrong].map(async (one) => one.closed || readAll(one)));
  t.pass('all three');
  await new Promise((resolve) => setTimeout(resolve, 400));
  client.end('still here');
  t.equal(String(await readAll(client)), 'still here', 'the limit is on the handshake alone');
});

t.test('whatever a client sends, it comes to an end, and the proxy goes on', async (t) => {
  const { connect } = await echoing(t, { handshakeLimitMs: 1000 });
  const beginning = fc.constantFrom(
    [],
    [5],
    GREETING,
    [4, 1],
    [...Buffer.from('GET ')],
    [...Buffer.from('CONNECT a:1 ')],
  );
  await fc.assert(
    fc.asyncProperty(beginning, fc.uint8Array({ maxLength: 200 }), async (first, rest) => {
      const client = await connect();
      client.end(Uint8Array.from([...first, ...rest]));
      await readAll(client);
      client.destroy();
    }),
    { numRuns: 60 },
  );
  const client = await connect();
  client.end(Uint8Array.from([...GREETING, ...request('server', ECHO), ...Buffer.from('still here')]));
  t.match(String(await readAll(client)), /still here$/);
});

t.test('more clients than there is room for are turned away at once', async (t) => {
  const { connect } = await echoing(t, { maxClients: 2 });
  const [first, , third] = [await connect(), await connect(), await connect()];
  t.equal((await readAll(third)).length, 0);
  first.destroy();
  await once(first, 'close');
});

t.test('a reset goes all the way, in both directions', async (t) => {
  const { connect, device } = await proxied(t, { 80: (socket) => socket.once('data', () => socket.resetAndDestroy()) });
  const client = await connect();
  client.write(Uint8Array.from([...GREETING, ...request('server', 80)]));
  await readBytes(client, 12);
  const broken = once(client, 'error');
  client.write('hello');
  client.resume();
  t.match(await broken, [{ code: 'ECONNRESET' }]);

  const second = await connect();
  second.write(Uint8Array.from([...GREETING, ...request('server', 80)]));
  await readBytes(second, 12);
  while (device.accepted.length < 2) await new Promise((resolve) => setImmediate(resolve));
  second.resetAndDestroy();
  device.accepted[1].resume();
  await once(device.accepted[1], 'end');
});
