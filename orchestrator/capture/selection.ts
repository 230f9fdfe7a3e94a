/** Which ends of which links a capture takes, from the words of its user. */

import { nearest } from '../../devices/stack/wire/nearest.js';
import { CliError } from '../errors.js';
import type { LabLinkEnd } from '../lab/link-ends.js';
import { parseEndpoint, parseLink } from '../topology/endpoint.js';

/** What one device is asked for: the parameters of its `capture-start`. */
export interface DeviceSelection {
  /** All ports, also such as are attached later, when left out. */
  readonly ports?: readonly string[];
  /** Of these, only what leaves. */
  readonly outOnly: readonly string[];
}

export interface SelectionOptions {
  /** Each frame once a link, where it leaves, instead of at both ends. */
  readonly once: boolean;
}

/** A word that names nothing in the lab. With the `present` ports of devices known as well it may. */
export class UnknownLink extends CliError {}

/**
 * Words are links (`client:eth0 -- sw1:3`: both ends), ends of links (`client:eth0`) and devices (`client`: all its
 * ports); none means all. Throws {@link UnknownLink}: of status 3 for a device that is not there, else 2.
 */
export function selectEnds(
  words: readonly string[],
  devices: readonly string[],
  ends: readonly LabLinkEnd[],
  options: SelectionOptions,
): Map<string, DeviceSelection> {
  /** `undefined`: all ports of the device. */
  const chosen = new Map<string, Set<string> | undefined>(
    words.length === 0 ? devices.map((name) => [name, undefined]) : [],
  );
  for (const word of words) {
    const found = findEnds(word, devices, ends);
    if (typeof found === 'string') chosen.set(found, undefined);
    else {
      for (const { device, port } of found) {
        if (chosen.has(device)) chosen.get(device)?.add(port);
        else chosen.set(device, new Set([port]));
      }
    }
  }
  const isChosen = ({ device, port }: LabLinkEnd) => chosen.has(device) && (chosen.get(device)?.has(port) ?? true);
  const seenTwice = (end: LabLinkEnd) =>
    isChosen(end) &&
    ends.some((other) => other.link === end.link && other.link !== '' && !isSame(other, end) && isChosen(other));
  const inOrder = devices.filter((name) => chosen.has(name));
  return new Map(
    inOrder.map((device) => {
      const ports = chosen.get(device);
      const outOnly = options.once
        ? ends.filter((end) => end.device === device && seenTwice(end)).map(({ port }) => port)
        : [];
      return [device, { ...(ports && { ports: [...ports] }), outOnly }];
    }),
  );
}

/**
 * The words of `netarium capture a:eth0 -- sw:1`, typed without quotes: what reads options takes the `--` for the end of
 * them. `typed` is the command line as it was.
 */
export function joinLink(words: readonly string[], typed: readonly string[]): readonly string[] {
  const after = typed.includes('--') ? typed.slice(typed.indexOf('--') + 1) : [];
  const before = words.slice(0, words.length - after.length);
  if (before.length === 0 || after.length === 0) return words;
  return [...before.slice(0, -1), `${before.at(-1)} -- ${after[0]}`, ...after.slice(1)];
}

/** A device's name, or ends of links. */
function findEnds(word: string, devices: readonly string[], ends: readonly LabLinkEnd[]): string | LabLinkEnd[] {
  if (word.startsWith('-')) {
    throw new CliError(2, `"${word}" is no link`, 'Options come first; or put quotes around a link: "a:eth0 -- sw:1".');
  }
  const whole = ends.filter(({ link }) => link === word.trim());
  if (whole.length > 0) return whole;
  const link = parseLink(word);
  if (link !== undefined) return findLink(word, [link.left, link.right], devices, ends);
  const endpoint = parseEndpoint(word);
  if (endpoint === undefined) {
    throw new CliError(
      2,
      `"${word}" is no link`,
      'Write "client:eth0 -- sw1:3", one end (client:eth0), or a device (client).',
    );
  }
  const foreign = endsAtForeign(endpoint, ends);
  if (foreign.length > 0) return foreign;
  requireDevice(endpoint.device, devices);
  if (endpoint.port === undefined) return endpoint.device;
  const own = ends.filter(({ device }) => device === endpoint.device);
  const end = own.find(({ port }) => port === endpoint.port);
  if (end !== undefined) return [end];
  throw new UnknownLink(2, `${endpoint.device} has no port ${endpoint.port}`, known('Its ports', own.map(nameOf)));
}

type Side = { readonly device: string; readonly port?: string };

/** Both ends of the links between two devices; ports may be left out, and the ends be swapped. */
function findLink(
  word: string,
  sides: readonly [Side, Side],
  devices: readonly string[],
  ends: readonly LabLinkEnd[],
): LabLinkEnd[] {
  const fits = (end: LabLinkEnd, side: Side) => end.device === side.device && (side.port ?? end.port) === end.port;
  const foreign = [sides, [sides[1], sides[0]]].flatMap(([own, far]) =>
    endsAtForeign(far, ends).filter((end) => fits(end, own)),
  );
  if (foreign.length > 0) return foreign;
  for (const { device } of sides) requireDevice(device, devices);
  const links = ends.filter(({ link }) => link !== '').filter((end) => fits(end, sides[0]));
  const found = links.flatMap((end) => {
    const other = ends.find((one) => one.link === end.link && !isSame(one, end) && fits(one, sides[1]));
    return other === undefined ? [] : [end, other];
  });
  if (found.length > 0) return found;
  const near = ends.filter(({ device }) => sides.some((side) => side.device === device)).map(({ link }) => link);
  throw new UnknownLink(2, `there is no link ${word}`, known('Links of these devices', near));
}

/** Our ends of the links to something that is not ours, by the name that the topology gives it. */
function endsAtForeign({ device: name, port }: Side, ends: readonly LabLinkEnd[]): LabLinkEnd[] {
  return port !== undefined ? [] : ends.filter((end) => end.link === `${end.device}:${end.port} -- ${name}`);
}

function requireDevice(name: string, devices: readonly string[]): void {
  if (devices.includes(name)) return;
  const near = nearest(name, devices);
  const hint = near === undefined ? known('Devices', devices) : `Did you mean ${near}?`;
  const spaced = name.replace('--', ' -- ');
  throw new CliError(
    3,
    `the lab has no device ${name}`,
    parseLink(spaced) === undefined ? hint : `A link has spaces around its dashes: "${spaced}".`,
  );
}

function isSame(a: LabLinkEnd, b: LabLinkEnd): boolean {
  return a.device === b.device && a.port === b.port;
}

function nameOf({ device, port, link }: LabLinkEnd): string {
  return link === '' ? `${device}:${port}` : `${device}:${port} (${link})`;
}

function known(what: string, names: readonly string[]): string {
  const unique = [...new Set(names)].filter((name) => name !== '');
  return unique.length === 0 ? `${what}: none.` : `${what}: ${unique.join(', ')}.`;
}
