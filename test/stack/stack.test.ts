import t from 'tap';
import { NEVER } from '../../devices/stack/clock.js';
import type { Connection } from '../../devices/stack/tcp/connection.js';
import { formatMac } from '../../devices/stack/wire/address.js';
import { ARP_REQUEST } from '../../devices/stack/wire/arp.js';
import { arpOf } from '../support/packets.js';
import { arpReply, cidr, echoRequest, ip, PEER, StackBench, udp } from '../support/stack-bench.js';
import { StackNode } from '../support/stack-node.js';
import { Wiring } from '../support/wiring.js';

const HELLO = new TextEncoder().encode('hello');

function ignore(connection: Connection): void {
  connection.handler = {
    onEstablished: () => {},
    onReadable: () => {},
    onEnd: () => {},
    onWritable: () => {},
    onClosed: () => {},
  };
}

t.test('the next deadline is that of the layer that waits', async (t) => {
  const bench = new StackBench({ eth0: '10.0.0.1/24' });
  t.equal(bench.stack.nextTimeoutAt(), NEVER);
  bench.wait(250);
  bench.ping('10.0.0.2');
  t.equal(bench.stack.nextTimeoutAt(), 1250, 'ARP asks again after a second');
  bench.stack.advance(1250);
  t.equal(bench.stack.nextTimeoutAt(), 2250);
});

t.test('time never goes back, and a packet runs no deadlines', async (t) => {
  const bench = new StackBench({ eth0: '10.0.0.1/24' });
  bench.ping('10.0.0.2');
  bench.said();
  bench.stack.perform(5000, () => {});
  t.same(bench.said(), []);
  bench.stack.perform(10, () => t.equal(bench.timers.now, 5000));
  bench.stack.advance(5000);
  t.equal(bench.said().length, 1);
});

t.test('programs are called when the stack is at rest: what they do there is done at once', async (t) => {
  const bench = new StackBench({ eth0: '10.0.0.1/24' });
  bench.knows('eth0', '10.0.0.2');
  const server = bench.stack.udp.bind({ address: 0, port: 7 });
  server.onDatagram = (payload, from) => {
    server.send(payload, from);
    server.close();
  };
  bench.hears('eth0', udp('10.0.0.2:5000', '10.0.0.1:7', HELLO));
  t.same(bench.said(), [`eth0 to ${formatMac(PEER)}: IP 10.0.0.1 > 10.0.0.2 UDP 7 > 5000 5 bytes`]);
  t.equal(bench.stack.udp.endpoints().length, 0);
});

t.test('a program that fails does not leave others without their news', async (t) => {
  const bench = new StackBench({ eth0: '10.0.0.1/24' });
  let told = false;
  t.throws(
    () =>
      bench.stack.perform(0, () => {
        bench.stack.events.post(() => {
          told = true;
        });
        throw new Error('a bug');
      }),
    { message: 'a bug' },
  );
  t.equal(told, true);
});

t.test('TCP: a connection within the machine', async (t) => {
  const bench = new StackBench({ eth0: '10.0.0.1/24' });
  const { tcp } = bench.stack;
  let accepted: Connection | undefined;
  bench.stack.perform(0, () => {
    tcp.listen({ address: 0, port: 80 }).onConnection = (connection) => {
      accepted = connection;
      ignore(connection);
    };
  });
  const client = bench.stack.perform(0, () => {
    const connection = tcp.connect({ remote: { address: ip('10.0.0.1'), port: 80 } });
    ignore(connection);
    return connection;
  });
  t.equal(client.state, 'ESTABLISHED');
  t.equal(accepted?.remote.port, client.local.port);
  bench.stack.perform(0, () => client.send(HELLO));
  t.same(accepted?.read(), HELLO);
  t.same(bench.said(), []);
});

t.test('TCP: an ARP failure fails the connection', async (t) => {
  const bench = new StackBench({ eth0: '10.0.0.1/24' });
  let code: string | undefined;
  bench.stack.perform(0, () => {
    const connection = bench.stack.tcp.connect({ remote: { address: ip('10.0.0.9'), port: 80 } });
    ignore(connection);
    connection.handler.onClosed = (error) => {
      code = error?.code;
    };
  });
  bench.wait(5000);
  t.equal(code, 'EHOSTUNREACH');
});

t.test('static routes find their interface by the gateway', async (t) => {
  const interfaces = { eth0: '10.0.0.1/24', eth1: '192.168.1.1/24' };
  const routes = ['10.9.7.5/16 via 192.168.1.254', '10.8.0.0/16 dev eth0', '0.0.0.0/0 via 10.0.0.254 metric 5'];
  const { stack } = new StackBench(interfaces, { routes });
  t.same(
    stack.ipv4.routes.rows().map((row) => `${row.destination} ${row.gateway || '*'} ${row.interface} ${row.metric}`),
    [
      '0.0.0.0 10.0.0.254 eth0 5',
      '10.0.0.0 * eth0 0',
      '10.8.0.0 * eth0 0',
      '10.9.0.0 192.168.1.254 eth1 0',
      '192.168.1.0 * eth1 0',
    ],
  );
  t.equal(stack.addStaticRoute({ destination: cidr('10.8.0.0/16'), interface: 'eth0' }), false);
});

t.test('routes that lead nowhere are refused by name', async (t) => {
  const bench = (route: string) => () => new StackBench({ eth0: '10.0.0.1/24' }, { routes: [route] });
  t.throws(bench('10.9.0.0/16 via 192.0.2.1'), {
    message: 'bench: route to 10.9.0.0/16: gateway 192.0.2.1 is in no attached network',
  });
  t.throws(bench('10.9.0.0/16 dev eth7'), { message: 'bench: route to 10.9.0.0/16: no interface eth7' });
  t.throws(bench('10.9.0.0/16'), { message: 'bench: route to 10.9.0.0/16: neither gateway nor interface' });
});

t.test('two runs with one seed say the same', async (t) => {
  const run = (): string[] => {
    const bench = new StackBench({ eth0: '10.0.0.1/24' });
    bench.ping('10.0.0.2');
    bench.hears('eth0', arpReply('10.0.0.2', PEER, '10.0.0.1', bench.mac('eth0')));
    bench.hears('eth0', echoRequest('10.0.0.2', '10.0.0.1'));
    bench.stack.udp.bind({ address: 0, port: 0 }).send(HELLO, { address: ip('10.0.0.2'), port: 9 });
    return bench.packets().map((packet) => packet.join());
  };
  t.same(run(), run());
});

t.test('TCP: a connection that makes progress keeps its ARP entry fresh, without a request', async (t) => {
  const wiring = new Wiring();
  const options = { arpReachableMs: 10_000 };
  const a = wiring.attach(new StackNode({ name: 'a', addresses: ['10.0.0.1/24'], ...options }));
  const b = wiring.attach(new StackNode({ name: 'b', addresses: ['10.0.0.2/24'], ...options }));
  wiring.link('a:eth0', 'b:eth0');
  b.call(wiring.now, ({ tcp }) => tcp.listen({ address: 0, port: 80 })).onConnection = ignore;
  const remote = { address: b.address(), port: 80 };
  const connection = a.call(wiring.now, ({ tcp }) => tcp.connect({ remote }));
  wiring.runSync(wiring.now + 100);
  const state = () => a.stack.neighbors.entries().map((entry) => entry.state);
  wiring.frames.length = 0;
  for (let second = 0; second < 60; second += 4) {
    a.call(wiring.now, () => connection.send(Uint8Array.of(second)));
    wiring.runSync(wiring.now + 4000);
    t.same(state(), ['REACHABLE']);
  }
  const asked = wiring.frames.filter(
    ({ from, packet }) => from === 'a:eth0' && arpOf(packet)?.operation === ARP_REQUEST,
  );
  t.same(asked, []);
  wiring.runSync(wiring.now + 10_000);
  t.same(state(), ['STALE'], 'silence proves nothing');
});
