/** Everything that happened during a page load, in order of time, one sentence a step, with the frames that show it. */

import type { RouteRow } from '../../devices/control.js';
import { type Ipv4Address, parseIpv4 } from '../../devices/stack/wire/address.js';
import { formatLayers } from '../../devices/stack/wire/dissect.js';
import { formatIcmp, isIcmpError } from '../../devices/stack/wire/icmp.js';
import type { LabFrame } from '../capture/session.js';
import { arpSteps } from './arp-story.js';
import { dnsOutcome } from './dns-story.js';
import { lossSteps, packetKind } from './loss-story.js';
import { repeatSteps } from './repeat-story.js';
import type {
  ArpReport,
  ConnectionReport,
  DnsReport,
  ExchangeReport,
  LossReport,
  MarkReport,
  Segment,
  Step,
  TlsReport,
} from './report.js';
import type { Scene } from './scene.js';
import { cacheSteps, httpSteps, pageSteps, tlsSteps } from './web-steps.js';

const CACHE_NAMES = {
  browser: "the browser's cache",
  os: "the operating system's cache",
  hosts: 'the hosts file',
  router: "the router's cache",
  isp: "the ISP's cache",
} as const;

function urlSteps(scene: Scene): Step[] {
  return scene.traces('url-parsed').map(({ device, event }) => ({
    atMs: scene.ms(event.at),
    device,
    layer: 'url',
    event: 'address',
    subject: event.url,
    outcome: '',
    summary: `${event.url}: ${Object.entries(event.parts)
      .map(([part, value]) => `${part} ${value}`)
      .join(', ')}`,
    frames: [],
  }));
}

function dhcpSteps(scene: Scene): Step[] {
  return scene
    .framesAt(scene.client)
    .filter(({ layers }) => layers.dhcp !== undefined)
    .map(
      (frame): Step => ({
        ...frameStep(scene, frame, 'dhcp', formatLayers(frame.layers)),
        ...{ event: 'message', subject: `${frame.direction} ${packetKind(frame)}`, outcome: '' },
      }),
    );
}

function dnsSteps(scene: Scene, dns: readonly DnsReport[]): Step[] {
  const asked = scene.traces('dns-cache').map(({ device, event }): Step => {
    const found = event.hit ? `knows ${event.name}: ${event.answers.join(' ')}` : `does not know ${event.name}`;
    return {
      atMs: scene.ms(event.at),
      device,
      layer: 'dns',
      event: 'cache',
      subject: `${event.name} in ${CACHE_NAMES[event.cache]}`,
      outcome: event.hit ? [...event.answers].sort().join(' ') : 'miss',
      summary: `${CACHE_NAMES[event.cache]} ${found}`,
      frames: [],
    };
  });
  const queries = dns
    .flatMap((report) => report.queries)
    .map((query): Step => {
      const server = query.serverName === '' ? query.server : `${query.serverName} (${query.server})`;
      const way = query.transport === 'tcp' ? ' over TCP' : '';
      return {
        atMs: query.atMs,
        device: query.from,
        layer: 'dns',
        event: 'query',
        subject: `${query.type} ${query.name.toLowerCase()} of ${server}${way}`,
        outcome: [dnsOutcome(query), ...[...query.answers].sort()].join(' '),
        endMs: Math.round((query.atMs + query.ms) * 1000) / 1000,
        summary: `asks ${server}${way} for ${query.type} ${query.name}; ${[dnsOutcome(query), query.answers.join(' ')].filter(Boolean).join(': ')}`,
        frames: query.frames,
      };
    });
  return [...asked, ...queries];
}

function frameStep(scene: Scene, frame: LabFrame, layer: Step['layer'], summary: string) {
  return { atMs: scene.ms(frame.at), device: frame.device, layer, summary, frames: [frame.n] };
}

/** The row that mask-and-compare chooses: longest mask first, then the lower metric. */
export function chooseRoute(routes: readonly RouteRow[], destination: Ipv4Address): RouteRow | undefined {
  const mask = (row: RouteRow) => parseIpv4(row.genmask) ?? 0;
  return routes
    .filter((row) => (destination & mask(row)) >>> 0 === parseIpv4(row.destination))
    .sort((a, b) => mask(b) - mask(a) || a.metric - b.metric)[0];
}

function routingSteps(scene: Scene, connections: readonly ConnectionReport[]): Step[] {
  return connections.flatMap(({ local, remote, handshake }): Step[] => {
    const [source] = local.split(':');
    const [target] = remote.split(':');
    const row = chooseRoute(scene.routes, parseIpv4(target) ?? 0);
    if (row === undefined || handshake.length === 0) return [];
    const way =
      row.gateway === ''
        ? `directly on ${row.interface}`
        : `by the gateway ${scene.nameOf(row.gateway)} on ${row.interface}`;
    const summary = `${target} matches ${row.destination}/${row.genmask}: ${way}; source address ${source}`;
    return [
      {
        atMs: handshake[0].atMs,
        device: scene.client,
        layer: 'routing',
        event: 'route',
        subject: target,
        outcome: way,
        summary,
        frames: [],
      },
    ];
  });
}

const HANDSHAKE_WORDS = ['first segment', 'second segment', 'third segment'];

/** Without an answer there are only first segments, one a try. */
function handshakeWords({ handshake }: ConnectionReport, index: number): string {
  const isAnswered = handshake.some(({ direction }) => direction === 'in');
  return isAnswered ? HANDSHAKE_WORDS[index] : `first segment${index === 0 ? '' : ', sent again'}`;
}

function segmentStep(scene: Scene, segment: Segment, words: string, event: string, remote: string): Step {
  const arrow = segment.direction === 'out' ? 'sends' : 'gets';
  const ack = segment.flags.includes('ACK') ? ` ack=${segment.ack}` : '';
  const summary = `${arrow} ${segment.flags} seq=${segment.seq}${ack} (${words})`;
  return {
    ...{ atMs: segment.atMs, device: scene.client, layer: 'tcp', event },
    subject: `${arrow} ${segment.flags} ${segment.direction === 'out' ? 'to' : 'from'} ${scene.endName(remote)}`,
    ...{ outcome: '', summary, frames: [segment.frame] },
  };
}

function tcpSteps(scene: Scene, connections: readonly ConnectionReport[]): Step[] {
  return connections.flatMap((connection) => {
    const { remote } = connection;
    const between = `${connection.local} and ${connection.remote}`;
    return [
      ...connection.handshake.map((segment, i) =>
        segmentStep(scene, segment, `handshake of ${between}, ${handshakeWords(connection, i)}`, 'handshake', remote),
      ),
      ...connection.closing.map((segment) => segmentStep(scene, segment, `close of ${between}`, 'close', remote)),
    ];
  });
}

function icmpSteps(scene: Scene): Step[] {
  return scene
    .framesAt(scene.client)
    .filter(({ direction, layers }) => direction === 'in' && layers.icmp !== undefined && isIcmpError(layers.icmp.type))
    .map((frame): Step => {
      const { icmp, ip } = frame.layers;
      const text = icmp === undefined ? formatLayers(frame.layers) : formatIcmp(icmp);
      const from = ip === undefined ? '' : scene.nameOf(ip.src);
      return {
        ...frameStep(scene, frame, 'icmp', `${from} reports: ${text}`),
        ...{ event: 'report', subject: `${text}, by ${from}`, outcome: '' },
      };
    });
}

/** What the other parts of the story have found. */
export interface StoryParts {
  readonly dns: readonly DnsReport[];
  readonly arp: readonly ArpReport[];
  readonly connections: readonly ConnectionReport[];
  readonly exchanges: readonly ExchangeReport[];
  readonly tls: readonly TlsReport[];
  readonly losses: readonly LossReport[];
  readonly marks: readonly MarkReport[];
}

export function allSteps(scene: Scene, parts: StoryParts): Step[] {
  const { dns, arp, connections, exchanges, tls, losses, marks } = parts;
  const steps = [
    ...urlSteps(scene),
    ...dhcpSteps(scene),
    ...dnsSteps(scene, dns),
    ...arpSteps(scene, arp),
    ...routingSteps(scene, connections),
    ...tcpSteps(scene, connections),
    ...lossSteps(losses, marks),
    ...repeatSteps(scene),
    ...tlsSteps(scene, tls),
    ...cacheSteps(scene),
    ...httpSteps(scene, exchanges),
    ...pageSteps(scene),
    ...icmpSteps(scene),
  ];
  // Stable: what happened at one instant stays in the order of the layers.
  return steps.sort((a, b) => a.atMs - b.atMs);
}
