/** Where the user wants a port of this machine to be opened for others. */
import { BlockList, isIP, isIPv6 } from 'node:net';
import { CliError } from '../errors.js';

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** `127.0.0.1:1080`, `[::1]:1080`; port 0 is any free one. Throws a CliError of status 2. */
export function parseListenAddress(text: string): ListenAddress {
  const match = /^(?:\[(.+)\]|([^:]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2] ?? '';
  const port = Number(match?.[3] ?? -1);
  if (isIP(host) === 0 || port < 0 || port > 65535 || isIPv6(host) !== (match?.[1] !== undefined)) {
    throw new CliError(
      2,
      `--listen ${text} is not an address and a port`,
      'Write it like 127.0.0.1:1080 or [::1]:1080.',
    );
  }
  return { host, port };
}

export function isLoopback(address: string): boolean {
  return LOOPBACK.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}

export function formatAddress({ host, port }: ListenAddress): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

/**
 * Has `listen` take the address; one that the user has not asked for gives way to the next ports when it is busy. Throws a
 * CliError that says what is in the way.
 */
export async function listenAt<T>(
  address: ListenAddress,
  alternatives: number,
  listen: (host: string, port: number) => Promise<T>,
): Promise<T> {
  for (let offset = 0; ; offset++) {
    try {
      return await listen(address.host, address.port + offset);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === 'EADDRINUSE' && offset < alternatives) continue;
      throw new CliError(1, REASONS[code ?? '']?.(formatAddress(address)) ?? message);
    }
  }
}

const REASONS: Readonly<Record<string, (where: string) => string>> = {
  EADDRINUSE: (where) => `${where} is in use`,
  EADDRNOTAVAIL: (where) => `${where}: this machine does not have this address`,
  EACCES: (where) => `${where}: ports below 1024 need privileges`,
};
