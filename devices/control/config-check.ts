/** Validation of a device's config file. */
import {
  booleanOr,
  type Checker,
  integer,
  isBoolean,
  isCidr,
  isIpv4,
  isIpv4OrCidr,
  isMac,
  isRecordType,
  isSeed,
  isText,
  list,
  number,
  object,
  oneOf,
  record,
} from './check.js';
import {
  COOKIE_VALUES,
  DEVICE_KINDS,
  type DeviceConfig,
  HTTPS_MODES,
  LOG_FORMATS,
  SAME_SITE,
  SERVICE_NAMES,
} from './config.js';
import { isImpairment } from './impairment-check.js';
import { collide, formatEndpoint, isTunnel } from './tunnel.js';

const port = object(
  { name: isText },
  {
    link: isText,
    mac: isMac,
    addresses: list(isCidr),
    dhcp: isBoolean,
    // RFC 791: every link must carry 68 bytes.
    mtu: integer(68, 65535),
    tunnel: isTunnel,
    impairment: isImpairment,
    impairmentIn: isImpairment,
  },
);

const route = object({ destination: isCidr }, { gateway: isIpv4, interface: isText, metric: integer(0, 0xffffffff) });

const resolver = object({}, { servers: list(isIpv4), domain: isText, hosts: record(list(isIpv4)) });

/** Seconds that a cache, a browser or Node's timers can hold. */
const MAX_SECONDS = 0x7fffffff;

const redirect = object({ from: isText, to: isText, status: oneOf([301, 302, 303, 307, 308]) });
const rule = object({ match: isText, control: isText }, { expiresSeconds: integer(0, MAX_SECONDS) });
const cookie = object(
  { name: isText },
  {
    value: oneOf(COOKIE_VALUES),
    text: isText,
    match: isText,
    path: isText,
    maxAgeSeconds: integer(0, MAX_SECONDS),
    httpOnly: isBoolean,
    secure: isBoolean,
    sameSite: oneOf(SAME_SITE),
  },
);
const site = object(
  { names: list(isText) },
  {
    root: isText,
    redirects: list(redirect),
    echoPath: isText,
    app: object({ module: isText }, { export: isText }),
    https: oneOf(HTTPS_MODES),
    hstsSeconds: integer(0, MAX_SECONDS),
    cache: list(rule),
    headers: list(object({ match: isText, set: record(isText) })),
    cookies: list(cookie),
    errorPages: record(isText),
    maxBodyBytes: integer(0, Number.MAX_SAFE_INTEGER),
  },
);
const web = object(
  { sites: list(site) },
  {
    port: integer(1, 65535),
    httpsPort: integer(1, 65535),
    certificates: list(object({ names: list(isText), chain: isText, key: isText })),
    unknownHost: oneOf([404, 421]),
    accessLog: object({ file: isText }, { format: oneOf(LOG_FORMATS) }),
  },
);

const dhcpServer = object(
  { interface: isText, from: isIpv4, to: isIpv4, leaseSeconds: number(1) },
  { gateway: isIpv4, dnsServers: list(isIpv4), domain: isText, reservations: record(isIpv4) },
);

const zoneRecord = object({ name: isText, type: isRecordType, data: isText }, { ttlSeconds: integer(0, 0x7fffffff) });
const zone = object(
  { name: isText, records: list(zoneRecord) },
  {
    primaries: list(isIpv4),
    transfer: list(isIpv4OrCidr),
    update: list(isIpv4OrCidr),
    notify: list(isIpv4),
    weights: record(record(integer(0, 65535))),
  },
);
const dns = object(
  {},
  {
    zones: list(zone),
    recursion: booleanOr(object({ allow: list(isIpv4OrCidr) })),
    rootHints: list(object({ name: isText, address: isIpv4 })),
  },
);

const device = object(
  { lab: isText, name: isText, kind: oneOf(DEVICE_KINDS), seed: isSeed, control: isText, ports: list(port) },
  {
    logFile: isText,
    logLevel: oneOf(['trace', 'debug', 'info', 'warn', 'error']),
    supervisor: isText,
    attachedFile: isText,
    routes: list(route),
    resolver,
    web,
    authorities: list(isText),
    services: list(oneOf(SERVICE_NAMES)),
    macAgeSeconds: number(1),
    dhcpServers: list(dhcpServer),
    dnsForwarder: object({ servers: list(isIpv4) }),
    dns,
    timing: object({}, { tcpMslMs: number(1), arpReachableMs: number(1) }),
    tcp: object({}, { congestionControl: oneOf(['cubic', 'reno']), ecn: oneOf(['accept', 'request', 'off']) }),
  },
);

const portNamesDiffer: Checker = (value) => {
  const names = (value as DeviceConfig).ports.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  return twice === undefined ? undefined : `ports: two ports have the name ${twice}`;
};

const tunnelsDiffer: Checker = (value) => {
  const { ports } = value as DeviceConfig;
  for (const [index, { tunnel }] of ports.entries()) {
    const other = ports
      .slice(0, index)
      .find((port) => tunnel && port.tunnel && collide(port.tunnel.local, tunnel.local));
    if (tunnel === undefined || other === undefined) continue;
    return `ports[${index}].tunnel.local: UDP ${formatEndpoint(tunnel.local)} is that of port ${other.name} already`;
  }
  return undefined;
};

/** Kinds with an address need a MAC address on every port; switches and hubs have none. */
const macsAreThere: Checker = (value) => {
  const { kind, ports } = value as DeviceConfig;
  if (kind === 'switch' || kind === 'hub') return undefined;
  const index = ports.findIndex(({ mac }) => mac === undefined);
  return index < 0 ? undefined : `ports[${index}].mac: is missing`;
};

/** `only` would leave such a site without any door. */
const certificatesAreThere: Checker = (value) => {
  const { web } = value as DeviceConfig;
  if (web === undefined || (web.certificates ?? []).length > 0) return undefined;
  const index = web.sites.findIndex(({ https }) => https === 'only');
  return index < 0 ? undefined : `web.sites[${index}].https: is only, but web.certificates has none`;
};

/** Returns the config, or a text that says what is wrong and where. Nothing of a wrong config is used. */
export function checkDeviceConfig(value: unknown): DeviceConfig | string {
  return (
    device(value, '') ??
    portNamesDiffer(value, '') ??
    tunnelsDiffer(value, '') ??
    macsAreThere(value, '') ??
    certificatesAreThere(value, '') ??
    (value as DeviceConfig)
  );
}
