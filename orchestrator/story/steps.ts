/** Everything that happened during a page load, in order of time, one sentence a step, with the frames that show it. */

import type { RouteRow } from '../../devices/control.js';
import { type Ipv4Address, parseIpv4 } from '../../devices/stack/wire/address.js';
import { formatLayers } from '../../devices/stack/wire/dissect.js';
import { formatIcmp, isIcmpError } from '../../devices/stack/wire/icmp.js';
import type { LabFrame } from '../capture/session.js';
import { arpSteps } from './arp-story.js';
import type { ArpReport, ConnectionReport, DnsReport, ExchangeReport, Segment, Step, TlsReport } from './report.js';
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
    .map((frame) => step(scene, frame, 'dhcp', formatLayers(frame.layers)));
}

function dnsSteps(scene: Scene, dns: readonly DnsReport[]): Step[] {
  const asked = scene.traces('dns-cache').map(({ device, event }): Step => {
    const found = event.hit ? `knows ${event.name}: ${event.answers.join(' ')}` : `does not know ${event.name}`;
    return {
      atMs: scene.ms(event.at),
      device,
      layer: 'dns',
      summary: `${CACHE_NAMES[event.cache]} ${found}`,
      frames: [],
    };
  });
  const queries = dns
    .flatMap((report) => report.queries)
    .map((query): Step => {
      const server = query.serverName === '' ? query.server : `${query.serverName} (${query.server})`;
      const told = query.answers.length === 0 ? '' : `: ${query.answers.join(' ')}`;
      const way = query.transport === 'tcp' ? ' over TCP' : '';
      return {
        atMs: query.atMs,
        device: query.from,
        layer: 'dns',
        summary: `asks ${server}${way} for ${query.type} ${query.name}; ${query.truncated ? 'answer too big for UDP' : `${query.kind}${told}`}`,
        frames: query.frames,
      };
    });
  return [...asked, ...queries];
}

function step(scene: Scene, frame: LabFrame, layer: Step['layer'], summary: string): Step {
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
    return [{ atMs: handshake[0].atMs, device: scene.client, layer: 'routing', summary, frames: [] }];
  });
}

const HANDSHAKE_WORDS = ['first segment', 'second segment', 'third segment'];

function segmentStep(scene: Scene, segment: Segment, words: string): Step {
  const arrow = segment.direction === 'out' ? 'sends' : 'gets';
  const ack = segment.flags.includes('ACK') ? ` ack=${segment.ack}` : '';
  const summary = `${arrow} ${segment.flags} seq=${segment.seq}${ack} (${words})`;
  return { atMs: segment.atMs, device: scene.client, layer: 'tcp', summary, frames: [segment.frame] };
}

function tcpSteps(scene: Scene, connections: readonly ConnectionReport[]): Step[] {
  return connections.flatMap((connection) => {
    const between = `${connection.local} and ${connection.remote}`;
    return [
      ...connection.handshake.map((segment, i) =>
        segmentStep(scene, segment, `handshake of ${between}, ${HANDSHAKE_WORDS[i]}`),
      ),
      ...connection.closing.map((segment) => segmentStep(scene, segment, `close of ${between}`)),
    ];
  });
}

const RETRANSMISSION_REASONS = {
  timeout: 'no acknowledgement in time',
  fast: 'later segments have arrived',
  probe: 'a probe, since the last segments may be lost',
} as const;

function retransmissionSteps(scene: Scene): Step[] {
  return scene.traces('tcp-retransmit').map(({ device, event }) => ({
    atMs: scene.ms(event.at),
    device,
    layer: 'tcp',
    summary: `sends seq=${event.seq} to ${event.remote} again: ${RETRANSMISSION_REASONS[event.reason]}`,
    frames: [],
  }));
}

function icmpSteps(scene: Scene): Step[] {
  return scene
    .framesAt(scene.client)
    .filter(({ direction, layers }) => direction === 'in' && layers.icmp !== undefined && isIcmpError(layers.icmp.type))
    .map((frame) => {
      const { icmp, ip } = frame.layers;
      const text = icmp === undefined ? formatLayers(frame.layers) : formatIcmp(icmp);
      return step(scene, frame, 'icmp', `${ip === undefined ? '' : scene.nameOf(ip.src)} reports: ${text}`);
    });
}

/** What the other parts of the story have found. */
export interface StoryParts {
  readonly dns: readonly DnsReport[];
  readonly arp: readonly ArpReport[];
  readonly connections: readonly ConnectionReport[];
  readonly exchanges: readonly ExchangeReport[];
  readonly tls: readonly TlsReport[];
}

export function allSteps(scene: Scene, { dns, arp, connections, exchanges, tls }: StoryParts): Step[] {
  const steps = [
    ...urlSteps(scene),
    ...dhcpSteps(scene),
    ...dnsSteps(scene, dns),
    ...arpSteps(scene, arp),
    ...routingSteps(scene, connections),
    ...tcpSteps(scene, connections),
    ...retransmissionSteps(scene),
    ...tlsSteps(scene, tls),
    ...cacheSteps(scene),
    ...httpSteps(scene, exchanges),
    ...pageSteps(scene),
    ...icmpSteps(scene),
  ];
  // Stable: what happened at one instant stays in the order of the layers.
  return steps.sort((a, b) => a.atMs - b.atMs);
}
