/**
 * Names as the programs of an emulated host see them: what they ask by `node:dns`, in all its forms, is asked of that
 * host's resolver, and never of this computer's.
 */
import dns from 'node:dns';
import { promisify } from 'node:util';
import type { ProgramHost } from '../apps/program.js';
import { handOver } from './program-failures.js';
import { refusal } from './program-refusal.js';

type HostOfCaller = () => ProgramHost | undefined;
type Callback = (error: Error | null, ...results: unknown[]) => void;
type Method = (this: unknown, ...args: unknown[]) => unknown;

/** All that ask for records, of `dns`, `dns.promises` and both classes Resolver. */
const QUESTIONS = [
  ...['resolve', 'resolve4', 'resolve6', 'resolveAny', 'resolveCaa', 'resolveCname', 'resolveMx', 'resolveNaptr'],
  ...['resolveNs', 'resolvePtr', 'resolveSoa', 'resolveSrv', 'resolveTlsa', 'resolveTxt', 'reverse', 'lookupService'],
];

export function leadNames(hostOf: HostOfCaller): void {
  leadLookup(hostOf);
  leadQuestions(dns, hostOf, callBack);
  leadQuestions(dns.Resolver.prototype, hostOf, callBack);
  leadQuestions(dns.promises, hostOf, (answer) => answer);
  leadQuestions(dns.promises.Resolver.prototype, hostOf, (answer) => answer);
}

function leadLookup(hostOf: HostOfCaller): void {
  const { lookup } = dns;
  const { lookup: promised } = dns.promises;
  const lookupPromised = async (name: string, options?: unknown) => {
    const host = hostOf();
    if (host === undefined) return Reflect.apply(promised, dns.promises, [name, options ?? {}]);
    const addresses = await addressesOf(host, name, options);
    return isForAll(options) ? addresses : addresses[0];
  };
  const led = (...args: unknown[]) => {
    const host = hostOf();
    const [name, options] = args as [string, unknown];
    const callback = args.at(-1) as Callback;
    if (host === undefined || typeof callback !== 'function') return Reflect.apply(lookup as Method, dns, args);
    addressesOf(host, name, options).then(
      (found) => {
        const results = isForAll(options) ? [found] : [found[0].address, found[0].family];
        process.nextTick(callback, null, ...results);
      },
      (error: Error) => process.nextTick(callback, error),
    );
    return {};
  };
  dns.lookup = Object.assign(led, { [promisify.custom]: lookupPromised }) as unknown as typeof dns.lookup;
  dns.promises.lookup = lookupPromised as typeof dns.promises.lookup;
}

function leadQuestions(
  target: object,
  hostOf: HostOfCaller,
  give: (answer: Promise<unknown>, args: readonly unknown[]) => unknown,
): void {
  const methods = target as Record<string, Method | undefined>;
  for (const name of QUESTIONS) {
    const original = methods[name];
    if (original === undefined) continue;
    methods[name] = function (this: unknown, ...args: unknown[]) {
      const host = hostOf();
      return host === undefined ? Reflect.apply(original, this, args) : give(ask(host, name, args), args);
    };
  }
}

function callBack(answer: Promise<unknown>, args: readonly unknown[]): object {
  const callback = args.at(-1) as Callback;
  if (typeof callback !== 'function') throw new TypeError('The "callback" argument must be of type function.');
  answer.then(
    (result) => process.nextTick(callback, null, result),
    (error: Error) => process.nextTick(callback, error),
  );
  return {};
}

/** The host's resolver knows addresses, and asks for nothing else. */
async function ask(host: ProgramHost, method: string, [name, options]: readonly unknown[]): Promise<unknown> {
  const isAddress = method === 'resolve4' || (method === 'resolve' && (typeof options !== 'string' || options === 'A'));
  if (!isAddress || typeof name !== 'string') {
    throw refusal(method, 'the resolver of a host finds addresses alone: use dns.lookup, or dns.resolve4');
  }
  const addresses = await addressesOf(host, name);
  const withTtl = typeof options === 'object' && options !== null && (options as { ttl?: boolean }).ttl === true;
  return addresses.map(({ address }) => (withTtl ? { address, ttl: 0 } : address));
}

/** At least one; rejects as `dns.lookup` fails. */
async function addressesOf(host: ProgramHost, name: string, options?: unknown): Promise<readonly dns.LookupAddress[]> {
  const family = typeof options === 'number' ? options : (options as { family?: number | string } | undefined)?.family;
  if (family === 6 || family === 'IPv6') {
    const message = `getaddrinfo ENOTFOUND ${name}`;
    throw handOver(Object.assign(new Error(message), { code: 'ENOTFOUND', syscall: 'getaddrinfo', hostname: name }));
  }
  try {
    return (await host.resolve(name)).map((address) => ({ address, family: 4 }));
  } catch (error) {
    throw handOver(error);
  }
}

function isForAll(options: unknown): boolean {
  return typeof options === 'object' && options !== null && (options as { all?: boolean }).all === true;
}
