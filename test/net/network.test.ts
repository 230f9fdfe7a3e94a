import t from 'tap';
import { Network } from '../../devices/net/network.js';
import { NetworkNode } from '../support/network-node.js';
import { Wiring } from '../support/wiring.js';

function single() {
  const wiring = new Wiring();
  return { wiring, network: new NetworkNode(wiring, { name: 'a', addresses: ['10.0.0.1/24'] }).network };
}

t.test('after() runs once, on the stack’s clock', async (t) => {
  const { wiring, network } = single();
  const ran: number[] = [];
  network.after(250, () => ran.push(wiring.now));
  network.after(100, () => ran.push(wiring.now));
  network.after(50, () => ran.push(wiring.now)).clear();
  await wiring.run(1000);
  t.strictSame(ran, [100, 250]);
  t.equal(network.now(), 1000);
});

t.test('sleep()', async (t) => {
  const { wiring, network } = single();
  await wiring.until(network.sleep(1500));
  t.equal(wiring.now, 1500);
});

t.test('sleep() ends with the reason of its signal', async (t) => {
  const { wiring, network } = single();
  const abort = new AbortController();
  const slept = network.sleep(1500, abort.signal);
  network.after(200, () => abort.abort(new Error('enough')));
  await t.rejects(wiring.until(slept), { message: 'enough' });
  t.equal(wiring.now, 200);
  await t.rejects(network.sleep(1, abort.signal), { message: 'enough' });
  await wiring.run(5000);
});

t.test('perform() wakes the driver, also when the action throws', (t) => {
  const wiring = new Wiring();
  const { stack } = new NetworkNode(wiring, { name: 'a', addresses: [] });
  let woken = 0;
  const counting = new Network(stack, { now: () => 7, wallClock: () => 0, wake: () => woken++ });
  t.equal(
    counting.perform(() => stack.timers.now),
    7,
  );
  t.throws(() =>
    counting.perform(() => {
      throw new Error('broken');
    }),
  );
  t.equal(woken, 2);
  t.end();
});
