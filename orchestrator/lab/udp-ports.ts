/** Finding UDP ports for a lab's tunnels: a block of consecutive ones on 127.0.0.1 that nobody uses. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { formatEndpoint, type UdpEndpoint } from '../../devices/control.js';
import { CliError } from '../errors.js';

const FIRST_BASE = 20000;
/** Below the range that Linux and Windows hand out to clients. */
const LAST_PORT = 32700;
const STEP = 100;

/**
 * Takes the local ends of cables to what is not ours, so that the lab's own tunnels are not laid there, until the
 * returned function lets go of them. Throws a CliError that names the first one that cannot be had.
 */
export async function holdEndpoints(endpoints: readonly UdpEndpoint[]): Promise<() => Promise<void>> {
  const held: Socket[] = [];
  const release = async () => {
    await Promise.all(held.map((socket) => new Promise<void>((resolve) => socket.close(resolve))));
  };
  for (const endpoint of endpoints) {
    const socket = createSocket('udp4');
    held.push(socket);
    try {
      socket.bind({ ...endpoint, exclusive: true });
      await once(socket, 'listening');
    } catch (error) {
      await release();
      throw unusable(endpoint, (error as NodeJS.ErrnoException).code ?? (error as Error).message);
    }
  }
  return release;
}

function unusable(endpoint: UdpEndpoint, code: string): CliError {
  const head = `UDP port ${formatEndpoint(endpoint)}, which the topology gives to something external,`;
  if (code === 'EADDRINUSE') return new CliError(1, `${head} is in use`, 'Is a lab of the same topology up?');
  if (code !== 'EADDRNOTAVAIL') return new CliError(1, `${head} cannot be used (${code})`);
  return new CliError(1, `${head} cannot be used: this machine has no address ${endpoint.address}`);
}

/** Undefined when the port is free, else the system's code: EADDRINUSE, EACCES. */
function tryPort(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.once('error', (error: NodeJS.ErrnoException) => {
      socket.close();
      resolve(error.code ?? 'EADDRINUSE');
    });
    socket.bind({ address: '127.0.0.1', port, exclusive: true }, () => socket.close(() => resolve(undefined)));
  });
}

async function firstTaken(base: number, count: number): Promise<{ port: number; code: string } | undefined> {
  for (let port = base; port < base + count; port++) {
    const code = await tryPort(port);
    if (code !== undefined) return { port, code };
  }
  return undefined;
}

/** Where the search begins: another place for every lab's name, so that labs launched at once do not meet. */
function firstBase(lab: string): number {
  let hash = 0;
  for (const letter of lab) hash = (hash * 31 + letter.charCodeAt(0)) >>> 0;
  return FIRST_BASE + (hash % Math.floor((LAST_PORT - FIRST_BASE) / STEP)) * STEP;
}

/** A free block of `count` ports; the same one for the same lab while nothing is in its way. Throws a CliError when there is none. */
export async function findFreePorts(lab: string, count: number): Promise<number> {
  const first = firstBase(lab);
  const searches = [
    [first, LAST_PORT],
    [FIRST_BASE, Math.min(LAST_PORT, first + count)],
  ];
  for (const [from, to] of searches) {
    let base = from;
    while (base + count <= to) {
      const taken = await firstTaken(base, count);
      if (taken === undefined) return base;
      base += Math.ceil((taken.port + 1 - base) / STEP) * STEP;
    }
  }
  throw new CliError(
    1,
    `no ${count} consecutive free UDP ports between ${FIRST_BASE} and ${LAST_PORT}`,
    'End a lab with `netarium down`.',
  );
}

/** For a topology that fixes its ports. Throws a CliError that names the first port that cannot be had. */
export async function requireFreePorts(base: number, count: number): Promise<void> {
  const taken = await firstTaken(base, count);
  if (taken === undefined) return;
  const why = taken.code === 'EADDRINUSE' ? 'is in use' : `cannot be used (${taken.code})`;
  throw new CliError(
    2,
    `UDP port 127.0.0.1:${taken.port} ${why}; the topology asks for ${base} to ${base + count - 1}`,
    'Change or remove `ports.base` in the topology: without it free ports are found.',
  );
}
