/** The story of a page load for people at a terminal: chapters in the order in which things happen. */
import { formatBytes, formatTable, type Paint, visible } from '../terminal.js';
import { exchangeFor } from './http-story.js';
import { ladder } from './ladder.js';
import type { ConnectionReport, DnsReport, ExchangeReport, FetchReport, Hop, Segment, Step } from './report.js';

/** More segments than this are summed up. */
const SEGMENTS_SHOWN = 6;

type Chapter = { readonly title: string; readonly lines: readonly string[] };

const CACHE_NAMES = { browser: 'browser', os: 'operating system', hosts: 'hosts file', router: 'router', isp: 'ISP' };

function ms(value: number): string {
  return `${value.toFixed(value < 10 ? 2 : 1)} ms`;
}

function frames(numbers: readonly number[], paint: Paint): string {
  return numbers.length === 0 ? '' : paint('dim', ` #${numbers.join(' #')}`);
}

function urlChapter(report: FetchReport, paint: Paint): Chapter {
  const parts = Object.entries(report.urlParts);
  const width = Math.max(0, ...parts.map(([name]) => name.length));
  const lines = parts.map(([name, value]) => `${paint('dim', name.padEnd(width))}  ${value}`);
  return { title: `The address  ${report.url}`, lines };
}

function dhcpChapter(report: FetchReport, paint: Paint): Chapter {
  return { title: 'An address of its own', lines: stepLines(report.steps, 'dhcp', paint) };
}

function stepLines(steps: readonly Step[], layer: Step['layer'], paint: Paint): string[] {
  const mine = steps.filter((step) => step.layer === layer);
  const width = Math.max(0, ...mine.map(({ device }) => device.length));
  return mine.map(
    (step) =>
      `${paint('dim', ms(step.atMs).padStart(10))}  ${paint('cyan', step.device.padEnd(width))}  ${step.summary}${frames(step.frames, paint)}`,
  );
}

function dnsLines({ name, caches, queries, addresses, source }: DnsReport, paint: Paint): string[] {
  const asked = caches.map(({ cache, hit }) => `${CACHE_NAMES[cache]} ${hit ? paint('green', 'hit') : 'miss'}`);
  const lines = [`${paint('bold', name)}  caches: ${asked.join(paint('dim', ' → ')) || 'none'}`];
  for (const query of queries) {
    const server = query.serverName === '' ? query.server : `${query.serverName} ${paint('dim', query.server)}`;
    const told = query.truncated ? 'too big for UDP' : `${query.kind}  ${query.answers.join(' ')}`;
    const way = query.transport === 'tcp' ? ' (TCP)' : '';
    const zone = query.zone === '' ? '' : paint('dim', ` [zone ${query.zone}]`);
    lines.push(
      `  ${paint('cyan', query.from)} → ${server}${zone}${way}  ${query.type} ${query.name}?  ${told}  ${paint('dim', ms(query.ms))}${frames(query.frames, paint)}`,
    );
  }
  const result = addresses.length === 0 ? paint('red', 'no address') : paint('green', addresses.join(' '));
  lines.push(`  = ${result} ${paint('dim', `from ${source === 'network' ? 'the network' : sourceName(source)}`)}`);
  return lines;
}

function sourceName(cache: keyof typeof CACHE_NAMES): string {
  return cache === 'hosts' ? 'the hosts file' : `the cache of the ${CACHE_NAMES[cache]}`;
}

function dnsChapter(report: FetchReport, paint: Paint): Chapter {
  return { title: 'The name', lines: report.dns.flatMap((dns) => dnsLines(dns, paint)) };
}

function arpChapter(report: FetchReport, paint: Paint): Chapter {
  return { title: 'The neighbours', lines: stepLines(report.steps, 'arp', paint) };
}

function optionsNote(optionBytes: number): string {
  return optionBytes > 0 ? `, of which options take ${optionBytes} in every segment` : '';
}

function handshakeChapter(report: FetchReport, connection: ConnectionReport, paint: Paint): Chapter {
  const { handshake, local, remote, mss, maxData } = connection;
  const route = report.steps.find((step) => step.layer === 'routing' && step.atMs === handshake[0]?.atMs);
  return {
    title: `The handshake  ${local} → ${remote}`,
    lines: [
      ...(route === undefined ? [] : [`${paint('dim', 'route')}  ${route.summary}`]),
      ...(mss > 0 ? [`${paint('dim', 'MSS')}    ${mss} bytes${optionsNote(mss - maxData)}`] : []),
      ...ladder(connection, 'open', report.from, paint),
    ],
  };
}

function segmentLines(segments: readonly Segment[], paint: Paint): string[] {
  const shown = segments.slice(0, SEGMENTS_SHOWN);
  const lines = shown.map(({ seq, length, frame }) => `  seq=${seq}  ${length} bytes${frames([frame], paint)}`);
  const rest = segments.length - shown.length;
  if (rest > 0) lines.push(paint('dim', `  … and ${rest} more segments`));
  return lines;
}

function headLines(head: string, paint: Paint): string[] {
  const [first, ...rest] = head.trimEnd().split('\r\n');
  return [paint('bold', first), ...rest].map((line) => `  ${line}`);
}

function requestChapter(exchange: ExchangeReport, maxData: number, paint: Paint): Chapter {
  const { requestHead, requestSegments, requestBytes } = exchange;
  const cut = `${requestBytes} bytes, at most ${maxData} a segment: ${requestSegments.length} segment${requestSegments.length === 1 ? '' : 's'}`;
  return {
    title: 'The request',
    lines: [...headLines(requestHead, paint), paint('dim', cut), ...segmentLines(requestSegments, paint)],
  };
}

function pathChapter(path: readonly Hop[], isAttempt: boolean, paint: Paint): Chapter {
  const rows = path.flatMap((hop) => {
    const sides = [];
    if (hop.in !== undefined) sides.push({ device: hop.device, kind: hop.kind, way: 'in', ...hop.in });
    if (hop.out !== undefined) {
      sides.push({ device: hop.in ? '' : hop.device, kind: hop.in ? '' : hop.kind, way: 'out', ...hop.out });
    }
    return sides;
  });
  const table = formatTable(
    rows,
    [
      { title: 'DEVICE', value: (row) => paint('cyan', row.device) },
      { title: 'KIND', value: (row) => row.kind },
      { title: '', value: (row) => `${row.way} ${row.port}` },
      { title: 'SOURCE MAC', value: (row) => row.srcMac },
      { title: 'TARGET MAC', value: (row) => row.dstMac },
      { title: 'SOURCE IP', value: (row) => row.srcIp },
      { title: 'TARGET IP', value: (row) => row.dstIp },
      { title: 'TTL', align: 'right', value: (row) => row.ttl },
      { title: 'FRAME', align: 'right', value: (row) => paint('dim', `#${row.frame}`) },
    ],
    paint,
  );
  return {
    title: isAttempt ? 'How far the first segment came' : 'The way of its first segment',
    lines: table.split('\n'),
  };
}

function responseChapter(exchange: ExchangeReport, paint: Paint): Chapter {
  const { responseHead, responseSegments, responseBytes } = exchange;
  const cut = `${formatBytes(responseBytes)} with its head, in ${responseSegments.length} segment${responseSegments.length === 1 ? '' : 's'}`;
  return {
    title: 'The response',
    lines: [...headLines(responseHead, paint), paint('dim', cut), ...segmentLines(responseSegments, paint)],
  };
}

function pageChapter(report: FetchReport, paint: Paint): Chapter {
  const table = formatTable(
    report.resources,
    [
      {
        title: 'STATUS',
        value: ({ status, error }) =>
          error ? paint('red', error.code) : paint(status < 400 ? 'green' : 'red', String(status)),
      },
      { title: 'ASKED BY', value: ({ initiator }) => initiator },
      { title: 'URL', value: ({ url }) => url },
      { title: 'TYPE', value: ({ contentType }) => contentType.split(';')[0] },
      { title: 'SIZE', align: 'right', value: ({ bytes }) => formatBytes(bytes) },
      { title: 'FROM', align: 'right', value: ({ startMs }) => ms(startMs) },
      { title: 'TO', align: 'right', value: ({ endMs }) => ms(endMs) },
    ],
    paint,
  );
  return { title: 'The page', lines: table.split('\n') };
}

function closeChapter(report: FetchReport, connection: ConnectionReport, paint: Paint): Chapter {
  const { local, remote, close } = connection;
  return {
    title: `The close  ${local} → ${remote}  ${close}`,
    lines: ladder(connection, 'close', report.from, paint),
  };
}

/** The connections besides the first, one line each: the story tells one of them in full. */
function otherConnections(report: FetchReport, paint: Paint): Chapter {
  const table = formatTable(
    report.connections,
    [
      { title: 'LOCAL', value: ({ local }) => local },
      { title: 'REMOTE', value: ({ remote }) => remote },
      { title: 'OUT', align: 'right', value: ({ segmentsOut }) => segmentsOut },
      { title: 'IN', align: 'right', value: ({ segmentsIn }) => segmentsIn },
      { title: 'AGAIN', align: 'right', value: ({ retransmissions }) => retransmissions },
      { title: 'CLOSE', value: ({ close }) => close },
      { title: 'STATES', value: ({ states }) => states.join(' ') },
    ],
    paint,
  );
  return { title: 'All connections', lines: table.split('\n') };
}

export function summary(report: FetchReport, paint: Paint): string {
  const { resources, capture, durationMs } = report;
  const bytes = resources.reduce((sum, resource) => sum + resource.bytes, 0);
  const failed = resources.filter((resource) => resource.error !== undefined).length;
  // What failed is not counted among what was loaded; a failed document has its own line.
  const count = report.ok && failed > 0 ? `${resources.length - failed} of ${resources.length}` : `${resources.length}`;
  const facts = `${count} resource${resources.length === 1 ? '' : 's'}, ${formatBytes(bytes)}, ${ms(durationMs)}, ${capture.frames} frames captured`;
  const lost = capture.missed > 0 ? paint('red', `, ${capture.missed} not captured`) : '';
  if (report.ok) return `${paint(['green', 'bold'], `${report.status} loaded`)}  ${facts}${lost}`;
  const { error } = report;
  if (error === undefined) return `${paint(['red', 'bold'], `${report.status}`)}  ${facts}${lost}`;
  return `${paint(['red', 'bold'], `failed at ${error.stage}`)}  ${error.code}: ${error.message}  ${paint('dim', facts)}${lost}`;
}

export function renderReport(fetched: FetchReport, paint: Paint): string {
  const report = visible(fetched);
  const exchange = exchangeFor(report.exchanges, report.resources[0]?.url);
  const connection =
    report.connections.find(({ local, remote }) => local === exchange?.local && remote === exchange.remote) ??
    report.connections[0];
  const chapters: Chapter[] = [urlChapter(report, paint)];
  if (report.redirects.length > 0) {
    const lines = report.redirects.map(({ from, to, status }) => `${status}  ${from} → ${to}`);
    chapters.push({ title: 'Sent elsewhere', lines });
  }
  chapters.push(dhcpChapter(report, paint), dnsChapter(report, paint), arpChapter(report, paint));
  if (connection !== undefined) chapters.push(handshakeChapter(report, connection, paint));
  if (exchange !== undefined) {
    chapters.push(requestChapter(exchange, connection?.maxData ?? 0, paint));
  }
  if (report.path.length > 0) chapters.push(pathChapter(report.path, exchange === undefined, paint));
  if (exchange !== undefined) {
    if (exchange.status > 0) chapters.push(responseChapter(exchange, paint));
  }
  if (report.resources.length > 1) chapters.push(pageChapter(report, paint));
  if (connection !== undefined) chapters.push(closeChapter(report, connection, paint));
  if (report.connections.length > 1) chapters.push(otherConnections(report, paint));
  chapters.push({ title: 'What the network reported', lines: stepLines(report.steps, 'icmp', paint) });
  const told = chapters
    .filter(({ lines }) => lines.length > 0)
    .map(({ title, lines }, index) => {
      const heading = `${paint(['bold', 'cyan'], `${index + 1}`)}  ${paint('bold', title)}`;
      return [heading, ...lines.map((line) => `   ${line}`.trimEnd())].join('\n');
    });
  return [...told, summary(report, paint)].join('\n\n');
}
