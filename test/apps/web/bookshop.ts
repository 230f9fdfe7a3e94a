/** Two hosts on one cable: `client`, who reads, and `server`, who has the sites that a test gives it. */
import type { SiteConfig, WebConfig } from '../../../devices/control/config.js';
import type { FetchRequest, FetchResult } from '../../../devices/control/rpc.js';
import type { TraceEvent } from '../../../devices/control.js';
import { World } from '../../support/world.js';

export const SERVER = '10.0.0.2';

export interface Bookshop {
  readonly world: World;
  fetch(request: string | FetchRequest): Promise<FetchResult>;
  /** All events of one kind, of both machines. */
  traced<E extends TraceEvent['event']>(event: E): (TraceEvent & { event: E })[];
}

/**
 * `files` are put below `/srv`; the names of all sites are in the client's hosts file; `web`: more about the server;
 * `server`: its own hosts file, and whom it trusts.
 */
export function bookshop(
  sites: readonly SiteConfig[],
  files: Readonly<Record<string, string | Uint8Array>> = {},
  hosts: Readonly<Record<string, readonly string[]>> = {},
  web: Omit<WebConfig, 'sites'> = {},
  server: {
    readonly hosts?: Readonly<Record<string, readonly string[]>>;
    readonly authorities?: readonly string[];
  } = {},
): Bookshop {
  const world = new World({ seed: 'bookshop' });
  const names = sites.flatMap((site) => site.names.map((name) => [name, [SERVER]] as const));
  for (const [path, content] of Object.entries(files)) world.memory.put(`/srv/${path}`, content);
  world.add({
    name: 'client',
    kind: 'host',
    ports: [{ name: 'eth0', addresses: ['10.0.0.1/24'] }],
    resolver: { hosts: { ...Object.fromEntries(names), ...hosts } },
  });
  world.add({
    name: 'server',
    kind: 'host',
    ports: [{ name: 'eth0', addresses: [`${SERVER}/24`] }],
    resolver: { hosts: server.hosts ?? {} },
    ...(server.authorities && { authorities: server.authorities }),
    web: { ...web, sites },
  });
  world.link('client:eth0', 'server:eth0', { delayMs: 2 });
  world.start();
  return {
    world,
    fetch: (request) => world.fetch('client', typeof request === 'string' ? { url: request } : request),
    traced: <E extends TraceEvent['event']>(event: E) =>
      world.traced.filter((entry): entry is (typeof world.traced)[number] & { event: E } => entry.event === event),
  };
}
