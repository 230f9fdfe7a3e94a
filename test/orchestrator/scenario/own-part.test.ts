/** Loads one after the other, and side by side: each report tells of its own. */
import t from 'tap';
import type { CaptureInterface } from '../../../devices/control.js';
import { compareReports } from '../../../orchestrator/diff/index.js';
import { type Load, ownPart } from '../../../orchestrator/scenario/own-part.js';
import { CapturedWorld } from '../../support/captured-world.js';
import { shippedWorld } from '../../world/shipped-world.js';
import { PAGE, rule } from '../diff/faulted.js';

t.test('of two loads with a fault between them, only the second one has lost something', async (t) => {
  const world = shippedWorld('mini-internet');
  await world.configured();
  // Neighbours and names are known before either.
  await world.fetch('client', { url: PAGE, subresources: false });
  await world.runFor(500);
  const captured = new CapturedWorld(world);
  const before: Load = { host: 'client', result: await world.fetch('client', { url: PAGE, subresources: false }) };
  world.order('web', rule('tcp.flags.syn == 1 && tcp.flags.ack == 1', { kind: 'drop' }, { count: 1 }));
  const after: Load = { host: 'client', result: await world.fetch('client', { url: PAGE, subresources: false }) };
  await world.runFor(500);
  const whole = captured.report('client', before.result);
  t.equal(whole.losses.length, 1, 'without a cut it would be told of the first one');

  const [a, b] = [before, after].map((load) => {
    return captured.report('client', load.result, (capture) => ownPart(capture, load, [], () => []));
  });
  await world.stop();
  t.match([a.losses, a.marks, a.capture.dropped, a.connections.length], [[], [], 0, 1]);
  t.equal(a.connections[0].close, whole.connections[0].close, 'its close is there');
  t.match(b.losses, [{ fault: 'fault-1: drop', kind: 'TCP SYN, ACK' }]);
  t.match(compareReports(a, b).first, { kind: 'only-b', device: 'web', event: 'loss' });
});

t.test('what another host loads at the same time, and loses, is not of this load', async (t) => {
  const world = shippedWorld('mini-internet');
  await world.configured();
  const captured = new CapturedWorld(world);
  world.order('laptop', rule('tcp.flags.syn == 1', { kind: 'drop' }, { count: 1 }));
  const loads = await Promise.all(
    ['client', 'laptop'].map(async (host): Promise<Load> => {
      return { host, result: await world.fetch(host, { url: PAGE, subresources: false }) };
    }),
  );
  await world.runFor(500);
  const [clients, laptops] = loads.map((load) => {
    return captured.report(load.host, load.result, (capture) => {
      return ownPart(capture, load, loads, (device) => {
        return capture.interfaces.filter((on) => on.device === device).flatMap(ipAddresses);
      });
    });
  });
  await world.stop();
  t.match([clients.losses, clients.capture.dropped], [[], 0]);
  t.notOk(clients.steps.some(({ device, summary }) => device === 'laptop' || summary.includes('laptop')));
  t.match(laptops.losses, [{ fault: 'fault-1: drop', device: 'laptop', kind: 'TCP SYN' }]);
  t.match(
    [clients, laptops].map(({ ok, exchanges }) => [ok, exchanges.length]),
    [
      [true, 1],
      [true, 1],
    ],
  );
});

function ipAddresses({ addresses }: CaptureInterface): string[] {
  return addresses.map((address) => address.split('/')[0]);
}
