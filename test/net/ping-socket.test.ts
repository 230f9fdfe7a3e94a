import { once } from 'node:events';
import t from 'tap';
import type { PingResponse } from '../../devices/net/ping-socket.js';
import { NetworkNode } from '../support/network-node.js';
import { StackNode } from '../support/stack-node.js';
import { Wiring } from '../support/wiring.js';

/** a 10.0.0.1 — router — b 10.1.0.2, 5 ms a link. */
function routed() {
  const wiring = new Wiring();
  const a = new NetworkNode(wiring, { name: 'a', addresses: ['10.0.0.1/24'], routes: ['default via 10.0.0.254'] });
  wiring.attach(new StackNode({ name: 'r', addresses: ['10.0.0.254/24', '10.1.0.254/24'], forwarding: true }));
  wiring.attach(new StackNode({ name: 'b', addresses: ['10.1.0.2/24'], routes: ['default via 10.1.0.254'] }));
  wiring.link('a:eth0', 'r:eth0', { delayMs: 5 });
  wiring.link('r:eth1', 'b:eth0', { delayMs: 5 });
  return { wiring, a: a.network };
}

t.test('a reply brings the data back, with its time and TTL', async (t) => {
  const { wiring, a } = routed();
  const socket = a.createPingSocket({ identifier: 77 });
  t.equal(socket.identifier, 77);
  const data = Buffer.from('netarium');
  socket.send({ address: '10.1.0.2', sequence: 1, data });
  data.fill(0);
  const [first] = (await wiring.until(once(socket, 'response'))) as [PingResponse];
  t.match(first, { kind: 'reply', from: '10.1.0.2', sequence: 1, ttl: 63, roundTripMs: 40 });
  t.equal(first.kind === 'reply' && first.data.toString(), 'netarium', 'what was sent, not what became of it');
  const second = await wiring.until(socket.probe({ address: '10.1.0.2', sequence: 2 }, 1000));
  t.match(second, { kind: 'reply', sequence: 2, roundTripMs: 20 }, 'ARP is done by now');
});

t.test('the router answers when the TTL is over', async (t) => {
  const { wiring, a } = routed();
  const socket = a.createPingSocket();
  const response = await wiring.until(socket.probe({ address: '10.1.0.2', sequence: 9, ttl: 1 }, 1000));
  t.match(response, {
    kind: 'error',
    from: '10.0.0.254',
    sequence: 9,
    type: 11,
    code: 0,
    text: 'ICMP time to live exceeded',
  });
});

t.test('a host that is not there', async (t) => {
  const { wiring, a } = routed();
  const socket = a.createPingSocket();
  const behind = await wiring.until(socket.probe({ address: '10.1.0.9', sequence: 1 }, 10_000));
  t.match(behind, { kind: 'error', from: '10.0.0.254', type: 3, code: 1, text: 'ICMP host unreachable' });
  const near = await wiring.until(socket.probe({ address: '10.0.0.9', sequence: 2 }, 10_000));
  t.match(near, { kind: 'error', from: '10.0.0.1', type: 3, code: 1 }, 'our own ARP says so');
});

t.test('silence', async (t) => {
  const { wiring, a } = routed();
  const socket = a.createPingSocket();
  const startedAt = wiring.now;
  t.equal(await wiring.until(socket.probe({ address: '10.1.0.9', sequence: 1 }, 800)), undefined);
  t.equal(wiring.now - startedAt, 800);
});

t.test('what cannot be sent', async (t) => {
  const { wiring, a } = routed();
  const socket = a.createPingSocket();
  await t.rejects(wiring.until(socket.probe({ address: 'www.server.com', sequence: 1 }, 10)), { code: 'ENOTFOUND' });
  t.throws(() => socket.send({ address: '10.1.0.2', sequence: 1, source: '10.9.9.9' }), { code: 'EADDRNOTAVAIL' });
  t.throws(() => socket.send({ address: '10.1.0.2', sequence: 1, data: Buffer.alloc(70_000) }), {
    code: 'EMSGSIZE',
    message: 'send EMSGSIZE 10.1.0.2',
  });
  const alone = new NetworkNode(wiring, { name: 'alone', addresses: ['10.7.0.1/24'] });
  const error = { message: 'send ENETUNREACH 192.0.2.1', code: 'ENETUNREACH', syscall: 'send' };
  t.throws(() => alone.network.createPingSocket().send({ address: '192.0.2.1', sequence: 1 }), error);
});

t.test('sockets do not hear each other, and end', async (t) => {
  const { wiring, a } = routed();
  const one = a.createPingSocket();
  const two = a.createPingSocket();
  t.not(one.identifier, two.identifier);
  t.throws(() => a.createPingSocket({ identifier: one.identifier }), { code: 'EADDRINUSE' });
  two.on('response', () => t.fail('that was for the other one'));
  await wiring.until(one.probe({ address: '10.1.0.2', sequence: 1 }, 1000));
  const waiting = two.probe({ address: '10.1.0.2', sequence: 1 }, 1000);
  two.close();
  two.close();
  t.equal(await wiring.until(waiting), undefined);
  t.throws(() => two.send({ address: '10.1.0.2', sequence: 2 }), { code: 'ERR_SOCKET_CLOSED' });
  t.equal(a.createPingSocket({ identifier: two.identifier }).identifier, two.identifier, 'it is free again');
});

t.test('an aborted probe', async (t) => {
  const { wiring, a } = routed();
  const socket = a.createPingSocket();
  const abort = new AbortController();
  a.after(3, () => abort.abort(new Error('Ctrl-C')));
  await t.rejects(wiring.until(socket.probe({ address: '10.1.0.2', sequence: 1 }, 1000, abort.signal)), {
    message: 'Ctrl-C',
  });
  await t.rejects(socket.probe({ address: '10.1.0.2', sequence: 1 }, 1000, abort.signal), { message: 'Ctrl-C' });
  t.equal(socket.listenerCount('response'), 0);
});
