/** The tables that each kind of device has, and the fields of their rows. */
import {
  type ArpRow,
  type CookieRow,
  type CounterRow,
  type DeviceKind,
  type DhcpRow,
  type DnsCacheRow,
  DROP_REASONS,
  type DropReason,
  type FaultRow,
  type HttpCacheRow,
  type InterfaceRow,
  type MacRow,
  type RouteRow,
  type SocketRow,
  type TableName,
  type ZoneRow,
} from '../../devices/control.js';
import type { Fields, ShapeOf } from './shape.js';

const INTERFACES: ShapeOf<InterfaceRow> = {
  name: true,
  link: true,
  mac: true,
  addresses: true,
  mtu: true,
  carrier: true,
  framesIn: true,
  framesOut: true,
  bytesIn: true,
  bytesOut: true,
  datagramsIn: true,
  datagramsOut: true,
  droppedIn: true,
  droppedOut: true,
  drops: Object.fromEntries(DROP_REASONS.map((reason) => [reason, true])) as Record<DropReason, true>,
};

const ARP: ShapeOf<ArpRow> = { ip: true, mac: true, interface: true, state: true, ageMs: true, queued: true };

const ROUTES: ShapeOf<RouteRow> = {
  destination: true,
  genmask: true,
  gateway: true,
  interface: true,
  metric: true,
  flags: true,
  source: true,
};

const SOCKETS: ShapeOf<SocketRow> = {
  protocol: true,
  local: true,
  remote: true,
  state: true,
  recvQueue: true,
  sendQueue: true,
  program: true,
  timer: true,
  timerMs: true,
  retransmissions: true,
  mss: true,
  congestionWindow: true,
  slowStartThreshold: true,
  rttMs: true,
  rtoMs: true,
  sendWindow: true,
  receiveWindow: true,
  bytesSent: true,
  bytesReceived: true,
  info: {
    congestionControl: true,
    congestionState: true,
    sendWindowScale: true,
    receiveWindowScale: true,
    timestamps: true,
    sack: true,
    ecn: true,
    rttVarMs: true,
    minRttMs: true,
    pathMtu: true,
    receiveMss: true,
    advertisedMss: true,
    unackedSegments: true,
    sackedSegments: true,
    lostSegments: true,
    retransmissionsInFlight: true,
    reorderingMs: true,
    reorderingSegments: true,
    dsacksIn: true,
    tailLossProbes: true,
    backoff: true,
    segmentsIn: true,
    segmentsOut: true,
    dataSegmentsIn: true,
    dataSegmentsOut: true,
    bytesAcked: true,
    bytesRetransmitted: true,
    lastDataSentMs: true,
    lastDataReceivedMs: true,
    lastAckMs: true,
    delayedAckMs: true,
    receiveRttMs: true,
    receiveSpaceBytes: true,
    receiveBufferBytes: true,
    sendBufferBytes: true,
    userTimeoutMs: true,
  },
};

const MACS: ShapeOf<MacRow> = { mac: true, port: true, ageMs: true };

const DNS_CACHE: ShapeOf<DnsCacheRow> = { cache: true, name: true, type: true, data: true, ttlSeconds: true };

const ZONES: ShapeOf<ZoneRow> = {
  name: true,
  role: true,
  state: true,
  serial: true,
  records: true,
  journal: true,
  primaries: true,
  notify: true,
  refreshSeconds: true,
  expireSeconds: true,
};

const HTTP_CACHE: ShapeOf<HttpCacheRow> = {
  url: true,
  status: true,
  contentType: true,
  bytes: true,
  ageSeconds: true,
  freshSeconds: true,
  validator: true,
};

const COOKIES: ShapeOf<CookieRow> = {
  name: true,
  value: true,
  domain: true,
  path: true,
  expiresMs: true,
  secure: true,
  httpOnly: true,
  sameSite: true,
};

const DHCP: ShapeOf<DhcpRow> = {
  role: true,
  interface: true,
  address: true,
  mac: true,
  state: true,
  server: true,
  leaseSeconds: true,
  hostName: true,
};

const COUNTERS: ShapeOf<CounterRow> = { name: true, value: true };

const FAULTS: ShapeOf<FaultRow> = {
  fault: true,
  title: true,
  port: true,
  direction: true,
  matched: true,
  hit: true,
  exhausted: true,
};

export const TABLE_FIELDS: Readonly<Record<TableName, Fields>> = {
  interfaces: INTERFACES,
  arp: ARP,
  routes: ROUTES,
  sockets: SOCKETS,
  'mac-table': MACS,
  'dns-cache': DNS_CACHE,
  zones: ZONES,
  'http-cache': HTTP_CACHE,
  cookies: COOKIES,
  dhcp: DHCP,
  counters: COUNTERS,
  faults: FAULTS,
};

const LINK: readonly TableName[] = ['interfaces', 'counters', 'faults'];
const STACK: readonly TableName[] = [...LINK, 'arp', 'routes', 'sockets', 'dns-cache', 'dhcp'];

/** A hub learns nothing; only hosts have a browser. */
export const TABLES_OF: Readonly<Record<DeviceKind, readonly TableName[]>> = {
  hub: LINK,
  switch: [...LINK, 'mac-table'],
  router: STACK,
  host: [...STACK, 'http-cache', 'cookies'],
  'dns-server': [...STACK, 'zones'],
};
