/** `ip address` and `ip link`. */
import type { Nic } from '../../stack/link/nic.js';
import {
  type Cidr,
  directedBroadcast,
  formatCidr,
  formatIpv4,
  formatMac,
  parseCidr,
} from '../../stack/wire/address.js';
import { CommandFailure } from './define.js';
import { deviceOf, type IpContext, KERNEL_STATUS, keywords, verbOf } from './ip-context.js';

/** Largest packet that a machine sends to itself, as Linux says it of `lo`. */
const LOOPBACK_MTU = 65536;

export function addressCommand(context: IpContext, words: readonly string[]): number {
  const { verb, rest } = verbOf(words, ['show', 'add', 'delete', 'flush']);
  if (verb === 'show') return show(context, rest, true);
  const { plain, pairs } = keywords(rest, ['dev', 'broadcast', 'brd', 'label', 'scope']);
  const nic = deviceOf(context, pairs.get('dev'));
  const { ipv4, neighbors } = context.network.stack;
  if (verb === 'flush') {
    const { addresses } = interfaceOf(context, nic);
    context.network.perform(() => {
      for (const { address } of [...addresses]) ipv4.removeAddress(nic, address);
    });
    return 0;
  }
  const cidr = parseCidr(plain[0]?.includes('/') ? plain[0] : `${plain[0]}/32`);
  if (cidr === undefined) throw new CommandFailure(`any valid prefix is expected rather than "${plain[0] ?? ''}".`);
  const done = context.network.perform(() => {
    if (verb === 'delete') return ipv4.removeAddress(nic, cidr.address);
    if (!ipv4.addAddress(nic, cidr)) return false;
    neighbors.announce(nic, cidr.address);
    return true;
  });
  if (done) return 0;
  const reason = verb === 'delete' ? 'Cannot assign requested address' : 'File exists';
  throw new CommandFailure(`RTNETLINK answers: ${reason}`, KERNEL_STATUS);
}

export function linkCommand(context: IpContext, words: readonly string[]): number {
  const { verb, rest } = verbOf(words, ['show', 'set', 'add', 'delete']);
  if (verb !== 'show') throw new CommandFailure('RTNETLINK answers: Operation not supported', KERNEL_STATUS);
  return show(context, rest, false);
}

function interfaceOf(context: IpContext, nic: Nic): { readonly addresses: readonly Cidr[] } {
  return context.network.stack.ipv4.interfaces.find((candidate) => candidate.nic === nic) ?? { addresses: [] };
}

function show(context: IpContext, words: readonly string[], withAddresses: boolean): number {
  const { plain, pairs } = keywords(words, ['dev']);
  const name = pairs.get('dev') ?? plain[0];
  if (name !== undefined && name !== 'lo') deviceOf(context, name);
  if (name === undefined || name === 'lo') context.io.stdout(loopback(context, withAddresses));
  context.network.stack.nics.forEach((nic, index) => {
    if (name !== undefined && nic.name !== name) return;
    context.io.stdout(
      context.brief ? briefLine(context, nic, withAddresses) : paragraph(context, nic, index + 2, withAddresses),
    );
  });
  return 0;
}

function loopback(context: IpContext, withAddresses: boolean): string {
  if (context.brief) {
    const what = withAddresses ? '127.0.0.1/8' : '00:00:00:00:00:00 <LOOPBACK,UP,LOWER_UP>';
    return `${'lo'.padEnd(16)} ${'UNKNOWN'.padEnd(14)} ${what}\n`;
  }
  const lines = [
    `1: lo: <LOOPBACK,UP,LOWER_UP> mtu ${LOOPBACK_MTU} qdisc noqueue state UNKNOWN group default`,
    '    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00',
  ];
  if (withAddresses) lines.push('    inet 127.0.0.1/8 scope host lo', '       valid_lft forever preferred_lft forever');
  return `${lines.join('\n')}\n`;
}

function flags(nic: Nic): string {
  return nic.port.carrier ? '<BROADCAST,UP,LOWER_UP>' : '<NO-CARRIER,BROADCAST,UP>';
}

function briefLine(context: IpContext, nic: Nic, withAddresses: boolean): string {
  const { addresses } = interfaceOf(context, nic);
  const what = withAddresses ? addresses.map(formatCidr).join(' ') : `${formatMac(nic.mac)} ${flags(nic)}`;
  return `${nic.name.padEnd(16)} ${(nic.port.carrier ? 'UP' : 'DOWN').padEnd(14)} ${what}\n`;
}

function paragraph(context: IpContext, nic: Nic, index: number, withAddresses: boolean): string {
  const state = nic.port.carrier ? 'UP' : 'DOWN';
  const lines = [
    `${index}: ${nic.name}: ${flags(nic)} mtu ${nic.mtu} qdisc noqueue state ${state} group default`,
    `    link/ether ${formatMac(nic.mac)} brd ff:ff:ff:ff:ff:ff`,
  ];
  if (withAddresses) {
    for (const cidr of interfaceOf(context, nic).addresses) lines.push(...addressLines(context, nic, cidr));
  }
  if (context.statistics) lines.push(...statistics(nic));
  return `${lines.join('\n')}\n`;
}

function addressLines(context: IpContext, nic: Nic, cidr: Cidr): string[] {
  const lease = context.dhcpClients.find((client) => client.nic === nic)?.lease;
  const leased = lease?.address === cidr.address ? lease : undefined;
  const broadcast = cidr.prefixLength <= 30 ? ` brd ${formatIpv4(directedBroadcast(cidr))}` : '';
  const dynamic = leased === undefined ? '' : ' dynamic';
  const leftMs = leased === undefined ? Number.POSITIVE_INFINITY : leased.expiresAt - context.network.now();
  const left = leftMs === Number.POSITIVE_INFINITY ? 'forever' : `${Math.max(0, Math.ceil(leftMs / 1000))}sec`;
  return [
    `    inet ${formatCidr(cidr)}${broadcast} scope global${dynamic} ${nic.name}`,
    `       valid_lft ${left} preferred_lft ${left}`,
  ];
}

function statistics(nic: Nic): string[] {
  const { counters } = nic.port;
  const line = (bytes: number, packets: number, dropped: number): string =>
    `    ${String(bytes).padEnd(11)}${String(packets).padEnd(9)}0       ${String(dropped).padEnd(8)}0       0`;
  return [
    '    RX: bytes  packets  errors  dropped missed  mcast',
    line(counters.bytesIn, counters.framesIn, counters.droppedIn),
    '    TX: bytes  packets  errors  dropped carrier collsns',
    line(counters.bytesOut, counters.framesOut, counters.droppedOut),
  ];
}
