/** Two hosts and the two routers between them; each cable takes 1 ms one way. The second host has a web site. */
import { World } from '../../support/world.js';

export const A_MAC = '02:00:00:00:01:01';
export const R1_MAC = '02:00:00:00:02:01';

export function threeNetworks(): World {
  const world = new World({ seed: 'three networks' });
  world.add({
    name: 'a',
    kind: 'host',
    ports: [{ name: 'eth0', addresses: ['10.0.0.2/24'] }],
    routes: [{ destination: '0.0.0.0/0', gateway: '10.0.0.1' }],
    resolver: { hosts: { b: ['10.0.2.2'], r1: ['10.0.0.1'] } },
  });
  world.add({
    name: 'r1',
    kind: 'router',
    ports: [
      { name: 'eth0', addresses: ['10.0.0.1/24'] },
      { name: 'eth1', addresses: ['10.0.1.1/24'] },
    ],
    routes: [{ destination: '10.0.2.0/24', gateway: '10.0.1.2' }],
  });
  world.add({
    name: 'r2',
    kind: 'router',
    ports: [
      { name: 'eth0', addresses: ['10.0.1.2/24'] },
      { name: 'eth1', addresses: ['10.0.2.1/24'], mtu: 1400 },
    ],
    routes: [{ destination: '10.0.0.0/24', gateway: '10.0.1.1' }],
  });
  world.add({
    name: 'b',
    kind: 'host',
    ports: [{ name: 'eth0', addresses: ['10.0.2.2/24'], mtu: 1400 }],
    routes: [{ destination: '0.0.0.0/0', gateway: '10.0.2.1' }],
    web: {
      sites: [{ names: ['b'], echoPath: '/echo', redirects: [{ from: '/old', to: '/echo', status: 302 }] }],
    },
  });
  const oneMs = { delayMs: 1 };
  world.link('a:eth0', 'r1:eth0', oneMs);
  world.link('r1:eth1', 'r2:eth0', oneMs);
  world.link('r2:eth1', 'b:eth0', oneMs);
  world.start();
  return world;
}

/** Ctrl-C, so many milliseconds of the world's time from now. */
export function interruptAfter(world: World, device: string, ms: number): AbortSignal {
  const controller = new AbortController();
  const { timers } = world.machine(device).ports[0];
  timers.advance(world.now);
  timers.after(ms, () => controller.abort());
  return controller.signal;
}
