import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import t, { type Test } from 'tap';
import { findFreePorts, holdEndpoints, requireFreePorts } from '../../../orchestrator/lab/udp-ports.js';

/** Takes the port on all addresses, which takes it on loopback too. */
async function take(t: Test, port: number): Promise<void> {
  const socket = createSocket('udp4');
  socket.bind(port);
  await once(socket, 'listening');
  t.teardown(() => socket.close());
}

t.test('a lab gets the same block each time, in the range, and another when something is in the way', async (t) => {
  const base = await findFreePorts('a-lab-of-this-test', 10);
  t.ok(base >= 20000 && base + 10 <= 32700);
  t.equal(await findFreePorts('a-lab-of-this-test', 10), base);
  await take(t, base + 9);
  const next = await findFreePorts('a-lab-of-this-test', 10);
  t.ok(next > base + 9 || next + 10 <= base + 9, `${next} is clear of ${base + 9}`);
  t.equal(await findFreePorts('a-lab-of-this-test', 9), base, 'a smaller block still fits');
});

t.test('a lab without links needs no port', async (t) => {
  t.type(await findFreePorts('lonely', 0), 'number');
});

t.test('more ports than there are cannot be had', async (t) => {
  await t.rejects(findFreePorts('huge', 13000), { exitStatus: 1, message: /no 13000 consecutive free UDP ports/ });
});

t.test('ports that a topology fixes must be free; the first one that is not is named', async (t) => {
  const base = await findFreePorts('fixed-ports-of-this-test', 6);
  await requireFreePorts(base, 6);
  await take(t, base + 3);
  await requireFreePorts(base, 3);
  await t.rejects(requireFreePorts(base, 6), {
    exitStatus: 2,
    message: `UDP port 127.0.0.1:${base + 3} is in use; the topology asks for ${base} to ${base + 5}`,
  });
});

t.test('UDP ports for what is external are held while others are looked for', async (t) => {
  const base = await findFreePorts('held-ports-of-this-test', 4);
  const release = await holdEndpoints([{ address: '127.0.0.1', port: base + 1 }]);
  const next = await findFreePorts('held-ports-of-this-test', 4);
  t.ok(next > base + 1 || next + 4 <= base + 1, `${next} is clear of ${base + 1}`);
  await t.rejects(holdEndpoints([{ address: '127.0.0.1', port: base + 1 }]), {
    exitStatus: 1,
    message: `UDP port 127.0.0.1:${base + 1}, which the topology gives to something external, is in use`,
  });
  await release();
  t.equal(await findFreePorts('held-ports-of-this-test', 4), base);
  await t.rejects(holdEndpoints([{ address: '192.0.2.1', port: 9999 }]), {
    message: /cannot be used: this machine has no address 192\.0\.2\.1$/,
  });
});
