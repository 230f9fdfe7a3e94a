/** `ip route`. */
import type { Route } from '../../stack/ip/routes.js';
import { type Cidr, formatIpv4, networkOf, parseCidr, parseIpv4 } from '../../stack/wire/address.js';
import { CommandFailure, UsageError } from './define.js';
import { deviceOf, type IpContext, KERNEL_STATUS, keywords, verbOf } from './ip-context.js';

export function routeCommand(context: IpContext, words: readonly string[]): number {
  const { verb, rest } = verbOf(words, ['show', 'add', 'delete', 'get', 'replace']);
  switch (verb) {
    case 'get':
      return get(context, rest);
    case 'add':
      return add(context, rest);
    case 'delete':
      return remove(context, rest);
    case 'replace':
      while (context.network.stack.ipv4.routes.remove(prefixOnly(rest)));
      return add(context, rest);
    default:
      return show(context, rest);
  }
}

function prefixOnly(words: readonly string[]): { destination: number; prefixLength: number } {
  const cidr = prefixOf(keywords(words, ROUTE_WORDS).plain[0]);
  return { destination: networkOf(cidr), prefixLength: cidr.prefixLength };
}

function show(context: IpContext, words: readonly string[]): number {
  const { plain, pairs } = keywords(words, ['dev', 'via', 'proto']);
  const only = plain[0] === undefined ? undefined : prefixOf(plain[0]);
  const device = pairs.get('dev') === undefined ? undefined : deviceOf(context, pairs.get('dev'));
  const routes = [...context.network.stack.ipv4.routes.routes()].sort(
    (a, b) => a.destination - b.destination || a.prefixLength - b.prefixLength || a.metric - b.metric,
  );
  for (const route of routes) {
    const wanted =
      only === undefined || (route.destination === networkOf(only) && route.prefixLength === only.prefixLength);
    if (wanted && (device === undefined || route.nic === device)) context.io.stdout(`${routeLine(context, route)}\n`);
  }
  return 0;
}

function routeLine(context: IpContext, route: Route): string {
  const bits = route.prefixLength === 32 ? '' : `/${route.prefixLength}`;
  const parts = [route.prefixLength === 0 ? 'default' : `${formatIpv4(route.destination)}${bits}`];
  if (route.gateway !== undefined) parts.push(`via ${formatIpv4(route.gateway)}`);
  parts.push(`dev ${route.nic.name}`);
  parts.push(`proto ${route.source === 'connected' ? 'kernel' : route.source}`);
  if (route.gateway === undefined) parts.push('scope link');
  const { ipv4 } = context.network.stack;
  const source = route.source === 'connected' ? ipv4.sourceFor(route.destination + 1, route.nic) : undefined;
  if (source !== undefined) parts.push(`src ${formatIpv4(source)}`);
  if (route.metric !== 0) parts.push(`metric ${route.metric}`);
  return parts.join(' ');
}

/** Which way a packet would go: the answer of the same code that sends packets. */
function get(context: IpContext, words: readonly string[]): number {
  const { plain, pairs } = keywords(words, ['from', 'oif', 'dev', 'to']);
  const text = pairs.get('to') ?? plain[0];
  if (text === undefined) throw new CommandFailure('need at least a destination address');
  const address = parseIpv4(text.replace(/\/32$/, ''));
  if (address === undefined) throw new CommandFailure(`any valid address is expected rather than "${text}".`);
  const { ipv4 } = context.network.stack;
  if (ipv4.isLocal(address)) {
    context.io.stdout(`local ${text} dev lo src ${text}\n    cache <local>\n`);
    return 0;
  }
  const route = ipv4.routeFor(address);
  const source = ipv4.sourceFor(address);
  if (route === undefined || source === undefined) {
    throw new CommandFailure('RTNETLINK answers: Network is unreachable', KERNEL_STATUS);
  }
  const kind = ipv4.isBroadcast(address) ? 'broadcast ' : '';
  const via = route.gateway === undefined ? '' : ` via ${formatIpv4(route.gateway)}`;
  context.io.stdout(`${kind}${text}${via} dev ${route.nic.name} src ${formatIpv4(source)}\n    cache\n`);
  return 0;
}

const ROUTE_WORDS = ['via', 'dev', 'metric', 'proto', 'src', 'scope'];

function add(context: IpContext, words: readonly string[]): number {
  const { plain, pairs } = keywords(words, ROUTE_WORDS);
  const cidr = prefixOf(plain[0]);
  const { network } = context;
  const gatewayText = pairs.get('via');
  const gateway = gatewayText === undefined ? undefined : parseIpv4(gatewayText);
  if (gatewayText !== undefined && gateway === undefined) {
    throw new CommandFailure(`any valid address is expected rather than "${gatewayText}".`);
  }
  if (networkOf(cidr) !== cidr.address) throw new CommandFailure('RTNETLINK answers: Invalid argument', KERNEL_STATUS);
  const device = pairs.get('dev');
  const attached = gateway === undefined ? undefined : network.stack.ipv4.attachedNic(gateway);
  const nic = device === undefined ? attached : deviceOf(context, device);
  if (nic === undefined) {
    const reason = gateway === undefined ? 'No such device' : 'Nexthop has invalid gateway.';
    throw new CommandFailure(
      gateway === undefined ? `RTNETLINK answers: ${reason}` : `Error: ${reason}`,
      KERNEL_STATUS,
    );
  }
  const entry = {
    destination: cidr.address,
    prefixLength: cidr.prefixLength,
    nic,
    metric: metricOf(pairs.get('metric')),
    source: 'static' as const,
  };
  const added = network.perform(() =>
    network.stack.ipv4.routes.add(gateway === undefined ? entry : { ...entry, gateway }),
  );
  if (!added) throw new CommandFailure('RTNETLINK answers: File exists', KERNEL_STATUS);
  return 0;
}

function remove(context: IpContext, words: readonly string[]): number {
  const { pairs } = keywords(words, ROUTE_WORDS);
  const device = pairs.get('dev');
  const gateway = pairs.get('via');
  const like = {
    ...prefixOnly(words),
    ...(device === undefined ? {} : { nic: deviceOf(context, device) }),
    ...(gateway === undefined ? {} : { gateway: parseIpv4(gateway) }),
    ...(pairs.has('metric') ? { metric: metricOf(pairs.get('metric')) } : {}),
  };
  if (context.network.perform(() => context.network.stack.ipv4.routes.remove(like))) return 0;
  throw new CommandFailure('RTNETLINK answers: No such process', KERNEL_STATUS);
}

function prefixOf(text: string | undefined): Cidr {
  if (text === undefined) throw new UsageError('which prefix?');
  if (text === 'default' || text === 'all') return { address: 0, prefixLength: 0 };
  const cidr = parseCidr(text.includes('/') ? text : `${text}/32`);
  if (cidr === undefined) throw new CommandFailure(`any valid prefix is expected rather than "${text}".`);
  return cidr;
}

function metricOf(text: string | undefined): number {
  if (text === undefined) return 0;
  if (!/^\d{1,9}$/.test(text)) throw new CommandFailure(`"metric" value is invalid: "${text}"`);
  return Number(text);
}
