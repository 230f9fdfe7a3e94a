/** Names for addresses and addresses for names, as command-line tools want them. */

import type { Network } from '../../net/network.js';
import { NameError, type Resolver } from '../../net/resolver.js';
import { formatIpv4, type Ipv4Address, parseIpv4 } from '../../stack/wire/address.js';

/** Reverse look-ups only make output nicer: they must not hold it up for a resolver's whole time. */
const REVERSE_LIMIT_MS = 2000;

/** What the C library says about a failed look-up. */
function nameProblem(error: unknown): string {
  if (!(error instanceof NameError)) throw error;
  return error.code === 'ENOTFOUND' ? 'Name or service not known' : 'Temporary failure in name resolution';
}

/** The first address of a host name or dotted address; otherwise a sentence that says why there is none. */
export async function addressOf(resolver: Resolver, host: string): Promise<Ipv4Address | string> {
  try {
    const { addresses } = await resolver.resolve(host);
    return parseIpv4(addresses[0]) ?? 'Name or service not known';
  } catch (error) {
    return nameProblem(error);
  }
}

/** The host name of an address; undefined when it has none, or when that takes longer than two seconds. */
export function hostNameOf(network: Network, resolver: Resolver, address: Ipv4Address): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const timer = network.after(REVERSE_LIMIT_MS, () => resolve(undefined));
    resolver
      .reverse(formatIpv4(address))
      .then(resolve, reject)
      .finally(() => timer.clear());
  });
}

const SERVICES: ReadonlyMap<number, string> = new Map([
  [7, 'echo'],
  [9, 'discard'],
  [13, 'daytime'],
  [19, 'chargen'],
  [22, 'ssh'],
  [53, 'domain'],
  [67, 'bootps'],
  [68, 'bootpc'],
  [80, 'http'],
  [443, 'https'],
  [8080, 'http-alt'],
]);

/** As /etc/services names it; the number for others. */
export function serviceName(port: number): string {
  return SERVICES.get(port) ?? String(port);
}

/** A number 1 … 65535, or one of the names of /etc/services. */
export function servicePort(text: string): number | undefined {
  for (const [port, name] of SERVICES) if (name === text) return port;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65535 ? port : undefined;
}
