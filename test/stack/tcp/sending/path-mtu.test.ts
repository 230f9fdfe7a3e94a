/** Path MTU discovery without help: black holes, the search for the largest packet, and what IP forgets. */
import t from 'tap';
import type { Connection } from '../../../../devices/stack/tcp/connection.js';
import { ACK, PSH } from '../../../../devices/stack/wire/tcp.js';
import { bytesOf, established, IRS, PEER, Pipe } from '../harness.js';

/** Sends `total` bytes from here to the peer, who reads at once; the connection on this side. */
function transfer(pipe: Pipe, total: number): { client: Connection; received: () => number } {
  let received = 0;
  const listener = pipe.peer.tcp.listen({ address: 0, port: 80 });
  listener.onConnection = (connection) => {
    connection.handler = {
      ...connection.handler,
      onReadable: () => {
        for (let bytes = connection.read(); bytes !== undefined; bytes = connection.read()) received += bytes.length;
      },
    };
  };
  const client = pipe.here.tcp.connect({ remote: { address: PEER, port: 80 } });
  let sent = 0;
  const write = () => {
    while (sent < total) {
      const count = client.send(bytesOf(Math.min(65_536, total - sent)));
      sent += count;
      if (count === 0) return;
    }
  };
  client.handler = { ...client.handler, onEstablished: write, onWritable: write };
  return { client, received: () => received };
}

t.test('a black hole: packets above 1,300 bytes vanish, and nobody tells', async (t) => {
  let swallowed = 0;
  const pipe = new Pipe({
    swallows: (packet) => {
      const gone = packet.payload.length + 20 > 1300;
      if (gone) swallowed += 1;
      return gone;
    },
  });
  const { client, received } = transfer(pipe, 4_000_000);
  t.ok(pipe.run(() => received() === 4_000_000, 60_000));
  t.equal(pipe.here.counters.get('tcp.blackHoles'), 1);
  const { pathMtu } = client.info().info ?? { pathMtu: 0 };
  t.ok(pathMtu > 1300 - 8 && pathMtu <= 1300, `the largest that gets through, within 8 bytes: ${pathMtu}`);
  t.ok(pipe.here.counters.get('tcp.mtuProbes') >= 5);
  t.ok(swallowed > 0);
});

t.test('when all is lost for a while the MSS falls, and finds its way back', async (t) => {
  let dead = false;
  const pipe = new Pipe({ swallows: () => dead });
  const { client, received } = transfer(pipe, 8_000_000);
  t.ok(pipe.run(() => received() > 100_000, 60_000));
  dead = true;
  t.ok(
    pipe.run(() => client.info().mss < 100, 120_000),
    'by halves',
  );
  dead = false;
  t.ok(pipe.run(() => received() === 8_000_000, 240_000));
  t.ok((client.info().info?.pathMtu ?? 0) > 1500 - 8);
});

t.test('the fourth timeout in a row sends 1,024 bytes, each further one half of that', async (t) => {
  const { c, client, una } = established();
  c.call(() => client.send(bytesOf(1460)));
  c.expect({ flags: PSH | ACK, seq: una, length: 1460 });
  const lengths: number[] = [];
  for (let i = 0; i < 7; i++) {
    const before = c.sent.length;
    t.equal(before, 0);
    while (c.sent.length === 0) c.until(c.timers.nextAt());
    lengths.push(c.sent[0].payload.length);
    c.sent.length = 0;
  }
  t.same(lengths, [1460, 1460, 1460, 1024, 512, 256, 128]);
});

t.test('small segments are not suspected', async (t) => {
  const { c, client } = established();
  c.call(() => client.send(bytesOf(500)));
  c.advance(60_000);
  t.equal(client.info().mss, 1460);
});

t.test('a narrow path is tried anew when IP has forgotten it (RFC 1191 section 6.3)', async (t) => {
  const { c, client, una } = established();
  c.machine.linkMtu = 1500;
  c.machine.mtu = 1000;
  c.call(() => client.send(bytesOf(1460)));
  c.expect({ flags: ACK, seq: una, length: 960 });
  c.expect({ flags: PSH | ACK, seq: una + 960, length: 500 });
  c.peer({ seq: IRS + 1, ack: una + 1460 });
  c.machine.mtu = 1500;
  c.call(() => client.send(bytesOf(1460)));
  c.expect({ flags: ACK, length: 960 });
  c.expect({ flags: PSH | ACK, length: 500 });
  c.peer({ seq: IRS + 1, ack: una + 2920 });
  c.advance(60_000);
  c.call(() => client.send(bytesOf(1460)));
  c.expect({ flags: PSH | ACK, length: 1460 });
  t.equal(client.info().mss, 1460);
});

t.test('full size is tried again as soon as anything gets through, then more and more rarely', async (t) => {
  let swallows = (_length: number) => true;
  const pipe = new Pipe({ swallows: (packet) => swallows(packet.payload.length) });
  swallows = () => false;
  const { client, received } = transfer(pipe, 3_000_000);
  t.ok(pipe.run(() => received() > 100_000, 60_000));
  swallows = () => true;
  t.ok(pipe.run(() => client.info().mss < 300, 120_000));
  swallows = () => false;
  const before = pipe.here.counters.get('tcp.mtuProbes');
  t.ok(pipe.run(() => client.info().mss === 1448, 120_000));
  t.equal(pipe.here.counters.get('tcp.mtuProbes') - before, 1, 'one trial');
  t.ok(pipe.run(() => received() === 3_000_000, 60_000));
});
