/** From the address to the neighbours: the chapters about what a host needs before it can connect. */
import { formatTable, type Paint } from '../terminal.js';
import { type Chapter, frameNumbers, frames, milliseconds, ms, stepLines, widthOf } from './chapter.js';
import { dnsOutcome } from './dns-story.js';
import type { ArpReport, DnsQueryReport, DnsReport, FetchReport } from './report.js';

const CACHE_NAMES = { browser: 'browser', os: 'operating system', hosts: 'hosts file', router: 'router', isp: 'ISP' };

export function urlChapter(report: FetchReport, paint: Paint): Chapter {
  const parts = Object.entries(report.urlParts);
  const width = Math.max(0, ...parts.map(([name]) => name.length));
  const lines = parts.map(([name, value]) => `${paint('dim', name.padEnd(width))}  ${value}`);
  return { title: `The address  ${report.url}`, lines };
}

export function dhcpChapter(report: FetchReport, paint: Paint): Chapter {
  return { title: 'An address of its own', lines: stepLines(report.steps, 'dhcp', paint) };
}

function outcomeText(query: DnsQueryReport, paint: Paint): string {
  return query.kind === 'error' ? paint('red', dnsOutcome(query)) : query.kind;
}

function dnsLines({ name, caches, queries, addresses, source }: DnsReport, paint: Paint): string[] {
  const asked = caches.map(({ cache, hit }) => `${CACHE_NAMES[cache]} ${hit ? paint('green', 'hit') : 'miss'}`);
  const lines = [`${paint('bold', name)}  caches: ${asked.join(paint('dim', ' → ')) || 'none'}`];
  for (const query of queries) {
    const server = query.serverName === '' ? query.server : `${query.serverName} ${paint('dim', query.server)}`;
    const told = query.truncated ? 'too big for UDP' : `${outcomeText(query, paint)}  ${query.answers.join(' ')}`;
    const way = query.transport === 'tcp' ? ' (TCP)' : '';
    const zone = query.zone === '' ? '' : paint('dim', ` [zone ${query.zone}]`);
    lines.push(
      `  ${paint('cyan', query.from)} → ${server}${zone}${way}  ${query.type} ${query.name}?  ${told}  ${paint('dim', ms(query.ms))}${frames(query.frames, paint)}`,
    );
  }
  const origin = source === 'network' ? 'the network' : sourceName(source);
  if (addresses.length > 0) lines.push(`  = ${paint('green', addresses.join(' '))} ${paint('dim', `from ${origin}`)}`);
  else lines.push(`  = ${paint('red', 'no address')}${paint('dim', whyNone(source, queries.length, origin))}`);
  return lines;
}

/** What the servers said stands in the lines above. */
function whyNone(source: DnsReport['source'], asked: number, origin: string): string {
  if (source !== 'network') return `, says ${origin}`;
  return asked === 0 ? '; nobody was asked' : '';
}

function sourceName(cache: keyof typeof CACHE_NAMES): string {
  return cache === 'hosts' ? 'the hosts file' : `the cache of the ${CACHE_NAMES[cache]}`;
}

export function dnsChapter(report: FetchReport, paint: Paint): Chapter {
  return { title: 'The name', lines: report.dns.flatMap((dns) => dnsLines(dns, paint)) };
}

/** With the names of those who are asked for where there is room; the columns of a narrow terminal hold all the rest. */
export function arpChapter({ arp }: FetchReport, columns: number, paint: Paint): Chapter {
  if (arp.length === 0) return { title: ARP_TITLE, lines: [] };
  const named = arpTable(arp, true, paint);
  return {
    title: ARP_TITLE,
    lines: named.every((line) => widthOf(line) <= columns) ? named : arpTable(arp, false, paint),
  };
}

const ARP_TITLE = 'The neighbours';

function arpTable(arp: readonly ArpReport[], withNames: boolean, paint: Paint): string[] {
  const owner = ({ kind, targetName }: ArpReport) => (kind === 'announcement' ? 'itself' : targetName);
  const table = formatTable(
    arp,
    [
      { title: 'AT MS', align: 'right', value: ({ atMs }) => paint('dim', milliseconds(atMs)) },
      { title: 'WHO ASKS', value: ({ device }) => paint('cyan', device) },
      { title: 'ON', value: (report) => report.interface },
      { title: 'FOR WHOM', value: ({ target }) => target },
      ...(withNames ? [{ title: '', value: (report: ArpReport) => paint('dim', owner(report)) }] : []),
      { title: 'ADDRESS', value: ({ mac }) => (mac === '' ? paint('red', 'no answer') : mac) },
      { title: 'FRAMES', value: (report) => frameNumbers(report.frames, paint) },
    ],
    paint,
  );
  return table.split('\n');
}
