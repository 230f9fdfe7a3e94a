/** `dhclient`: the DHCP clients of the machine's ports, told to ask, to ask again, or to give back. */
import type { Network } from '../../net/network.js';
import type { DhcpClient } from '../dhcp/client.js';
import type { DhcpWatcher } from '../dhcp/client-news.js';
import { parseArguments } from './arguments.js';
import { type Command, type CommandIo, INTERRUPTED_STATUS } from './command.js';
import { CommandFailure, defineCommand } from './define.js';

/** ISC dhclient's default `timeout`. */
const TIMEOUT_MS = 60_000;

export function dhclient(network: Network, clients: readonly DhcpClient[]): Command {
  return defineCommand({
    name: 'dhclient',
    summary: 'get an address by DHCP, or release it (-r)',
    usage: 'dhclient [-4] [-1] [-v] [-r] [interface ...]',
    async run(argv, io) {
      const args = parseArguments(argv, '41vr');
      const chosen = choose(clients, args.operands);
      const tell = (line: string): void => {
        if (args.has('v')) io.stderr(`${line}\n`);
      };
      for (const client of chosen) client.watchers.add(tell);
      try {
        if (!args.has('r')) return await obtain(network, chosen, io);
        await Promise.all(chosen.map((client) => client.stop()));
        return 0;
      } finally {
        for (const client of chosen) client.watchers.delete(tell);
      }
    },
  });
}

function choose(clients: readonly DhcpClient[], names: readonly string[]): readonly DhcpClient[] {
  if (clients.length === 0) throw new CommandFailure('no interface of this device is configured by DHCP');
  if (names.length === 0) return clients;
  return names.map((name) => {
    const client = clients.find((candidate) => candidate.nic.name === name);
    if (client === undefined) throw new CommandFailure(`${name} is not configured by DHCP`);
    return client;
  });
}

/** Waits until all have an address, a renewed one where they had one already. */
async function obtain(network: Network, clients: readonly DhcpClient[], io: CommandIo): Promise<number> {
  const limit = new AbortController();
  const timer = network.after(TIMEOUT_MS, () => limit.abort());
  const interrupt = (): void => limit.abort();
  io.signal.addEventListener('abort', interrupt, { once: true });
  if (io.signal.aborted) interrupt();
  try {
    const bound = await Promise.all(clients.map((client) => askAndWait(client, limit.signal)));
    if (bound.every((done) => done)) return 0;
    if (io.signal.aborted) return INTERRUPTED_STATUS;
    io.stderr('No DHCPOFFERS received.\n');
    return 2;
  } finally {
    timer.clear();
    io.signal.removeEventListener('abort', interrupt);
  }
}

/** True when the client has been bound; false when time was over first. It goes on asking all the same. */
function askAndWait(client: DhcpClient, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const end = (bound: boolean) => {
      client.watchers.delete(watch);
      signal.removeEventListener('abort', abort);
      resolve(bound);
    };
    const watch: DhcpWatcher = (_line, state) => {
      if (state === 'BOUND') end(true);
    };
    const abort = (): void => end(false);
    if (signal.aborted) {
      resolve(false);
      return;
    }
    client.watchers.add(watch);
    signal.addEventListener('abort', abort, { once: true });
    client.renew();
  });
}
