/** The story of a page load for people at a terminal: chapters in the order in which things happen. */
import { plainFailure } from '../network-words.js';
import { formatBytes, type Paint, visible } from '../terminal.js';
import { type Chapter, ms, stepLines, wrapped } from './chapter.js';
import { closeChapter, handshakeChapter, otherConnections, pathChapter, tlsChapter } from './connection-chapters.js';
import { cacheChapter, cookiesChapter, pageChapter, requestChapter, responseChapter } from './http-chapters.js';
import { attemptOf, exchangeFor, toldExchange } from './http-story.js';
import { lossChapter } from './loss-chapter.js';
import { arpChapter, dhcpChapter, dnsChapter, urlChapter } from './name-chapters.js';
import { redirectChapter } from './redirect-chapter.js';
import type { FetchReport, OutageReport } from './report.js';

/** Wider lines are hard to read; of narrower terminals only tables take notice. */
const MAX_COLUMNS = 120;
const MIN_COLUMNS = 60;
const INDENT = 3;

export function summary(report: FetchReport, paint: Paint): string {
  const { resources, capture, durationMs } = report;
  const bytes = resources.reduce((sum, resource) => sum + resource.bytes, 0);
  const failed = resources.filter((resource) => resource.error !== undefined).length;
  // What failed is not counted among what was loaded; a failed document has its own line.
  const count = report.ok && failed > 0 ? `${resources.length - failed} of ${resources.length}` : `${resources.length}`;
  const facts = `${count} resource${resources.length === 1 ? '' : 's'}, ${formatBytes(bytes)}, ${ms(durationMs)}, ${capture.frames} frames captured`;
  const dropped = capture.dropped > 0 ? paint('red', `, ${capture.dropped} of them lost`) : '';
  const missed = capture.missed > 0 ? paint('red', `, ${capture.missed} not captured`) : '';
  const lost = `${dropped}${missed}${(capture.outages ?? []).map((outage) => paint('red', `, ${absence(outage)}`)).join('')}`;
  if (report.ok) return `${paint(['green', 'bold'], `${report.status} loaded`)}  ${facts}${lost}`;
  const { error } = report;
  if (error === undefined) return `${paint(['red', 'bold'], `${report.status}`)}  ${facts}${lost}`;
  return `${paint(['red', 'bold'], `failed at ${error.stage}`)}  ${plainFailure(error)}  ${paint('dim', facts)}${lost}`;
}

/** `without r1 for 1.2 s (killed by fault-3)` */
function absence({ device, state, by, fromMs, untilMs }: OutageReport): string {
  const time = untilMs === undefined ? '' : ` for ${ms(untilMs - Math.max(0, fromMs))}`;
  return `without ${device}${time} (${state}${by === undefined ? '' : ` by ${by}`})`;
}

/** @param columns of the terminal: no line is longer, where it can be cut; tables tell more where there is room */
export function renderReport(fetched: FetchReport, paint: Paint, columns = MAX_COLUMNS): string {
  const report = visible(fetched);
  const room = Math.max(MIN_COLUMNS, Math.min(columns, MAX_COLUMNS));
  const told = chapters(report, room - INDENT, paint)
    .filter(({ lines }) => lines.length > 0)
    .map(({ title, lines }, index) => {
      const heading = `${paint(['bold', 'cyan'], `${index + 1}`)}  ${paint('bold', title)}`;
      return [heading, ...lines.map((line) => wrapped(`${' '.repeat(INDENT)}${line}`.trimEnd(), room))].join('\n');
    });
  return [...told, summary(report, paint)].join('\n\n');
}

function chapters(report: FetchReport, columns: number, paint: Paint): Chapter[] {
  const url = report.resources[0]?.url;
  const document = exchangeFor(report.exchanges, url);
  const sent = toldExchange(report.exchanges, url);
  const isOf = (end: { local: string; remote: string }) => end.local === sent?.local && end.remote === sent.remote;
  const connection = report.connections.find(isOf) ?? attemptOf(report.connections, report.exchanges);
  const tls = report.tls.find(({ local, remote }) => local === connection?.local && remote === connection.remote);
  return [
    urlChapter(report, paint),
    redirectChapter(report, paint),
    dhcpChapter(report, paint),
    dnsChapter(report, paint),
    arpChapter(report, columns, paint),
    ...(connection === undefined ? [] : [handshakeChapter(report, connection, columns, paint)]),
    ...(tls === undefined ? [] : [tlsChapter(tls, columns, paint)]),
    ...(sent === undefined ? [] : [requestChapter(sent, sent.url === document?.url, connection?.maxData ?? 0, paint)]),
    ...(report.path.length === 0 ? [] : [pathChapter(report.path, sent === undefined, columns, paint)]),
    ...(sent !== undefined && sent.status > 0 ? [responseChapter(sent, paint)] : []),
    ...(document?.cache === 'memory' ? [cacheChapter(document)] : []),
    cookiesChapter(report, paint),
    pageChapter(report, columns, paint),
    ...(connection === undefined ? [] : [closeChapter(report, connection, columns, paint)]),
    ...(report.connections.length > 1 ? [otherConnections(report, columns, paint)] : []),
    lossChapter(report, paint),
    { title: 'What the network reported', lines: stepLines(report.steps, 'icmp', paint) },
  ];
}
