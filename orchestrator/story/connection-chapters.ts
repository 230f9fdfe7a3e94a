/** The chapters about a connection: how it opens and closes, what encrypts it, the way of its packets. */
import { type Column, formatTable, type Paint } from '../terminal.js';
import { type Chapter, frames, ms } from './chapter.js';
import { arrow, LEFT_WIDTH, ladder } from './ladder.js';
import type { ConnectionReport, FetchReport, Hop, HopSide, TlsReport } from './report.js';

/** Where the path has room for its addresses of IP, and the list of connections for their states. */
const WIDE_PATH = 105;
const WIDE_STATES = 117;

/** One side of a hop. */
interface Row extends HopSide {
  readonly device: string;
  readonly kind: string;
  readonly way: 'in' | 'out';
}

function optionsNote(optionBytes: number): string {
  return optionBytes > 0 ? `, of which options take ${optionBytes} in every segment` : '';
}

export function handshakeChapter(
  report: FetchReport,
  connection: ConnectionReport,
  columns: number,
  paint: Paint,
): Chapter {
  const { handshake, local, remote, mss, maxData } = connection;
  const route = report.steps.find((step) => step.layer === 'routing' && step.atMs === handshake[0]?.atMs);
  return {
    title: `The handshake  ${local} → ${remote}`,
    lines: [
      ...(route === undefined ? [] : [`${paint('dim', 'route')}  ${route.summary}`]),
      ...(mss > 0 ? [`${paint('dim', 'MSS')}    ${mss} bytes${optionsNote(mss - maxData)}`] : []),
      ...triesLine(connection, paint),
      ...ladder(connection, 'open', report.from, columns, paint),
    ],
  };
}

/** Only the first SYN is drawn of a handshake that was answered. */
function triesLine({ tries, handshake }: ConnectionReport, paint: Paint): string[] {
  const isAnswered = handshake.some(({ direction }) => direction === 'in');
  if (tries < 2 || !isAnswered) return [];
  return [
    `${paint('dim', 'tries')}  ${paint('red', `${tries} SYN were sent`)} until one was answered: the first is drawn`,
  ];
}

/** What was agreed on, and the messages that did it. */
export function tlsChapter(tls: TlsReport, columns: number, paint: Paint): Chapter {
  const { serverName, remote, protocol, cipher, group, alpn, certificate, sessionReused, messages } = tls;
  const { establishedMs, refusal } = tls;
  const agreed = [protocol, cipher, group, alpn].filter((word) => word !== '').join(', ');
  const reused = sessionReused ? paint('dim', ', with the keys of an earlier session') : '';
  const lines = [
    `${paint('dim', 'agreed')}  ${(establishedMs ?? refusal) === undefined ? paint('red', 'nothing') : agreed}${reused}`,
  ];
  if (refusal !== undefined) lines.push(`${paint('dim', 'refused')} ${paint('red', refusal.message)}`);
  if (certificate !== undefined) {
    lines.push(
      `${paint('dim', 'proof')}   ${certificate.subject}, certified by ${certificate.issuer}`,
      `        for ${certificate.names.join(' ')}, until ${certificate.validTo.slice(0, 10)}`,
    );
  }
  lines.push(
    ...messages.map(({ name, encrypted, bytes, direction, frames: numbers }) => {
      const text = ` ${name}${encrypted ? ', encrypted' : ''}, ${bytes} B `;
      return `${' '.repeat(LEFT_WIDTH)}${arrow(text, direction, columns)} ${frames(numbers, paint)}`;
    }),
  );
  const [first] = messages;
  if (establishedMs !== undefined && first !== undefined) {
    lines.push(paint('dim', `after ${ms(establishedMs - first.atMs)} only the two ends can read what is said`));
  }
  return { title: `The encryption  ${serverName || remote}`, lines };
}

export function pathChapter(path: readonly Hop[], isAttempt: boolean, columns: number, paint: Paint): Chapter {
  const isWide = columns >= WIDE_PATH;
  const rows = path.flatMap((hop) => {
    const sides: Row[] = [];
    if (hop.in !== undefined) sides.push({ device: hop.device, kind: hop.kind, way: 'in', ...hop.in });
    if (hop.out !== undefined) {
      sides.push({ device: hop.in ? '' : hop.device, kind: hop.in ? '' : hop.kind, way: 'out', ...hop.out });
    }
    return sides;
  });
  const addresses: Column<Row>[] = [
    { title: 'SOURCE IP', value: (row) => row.srcIp },
    { title: 'TARGET IP', value: (row) => row.dstIp },
  ];
  const table = formatTable(
    rows,
    [
      { title: 'DEVICE', value: (row) => paint('cyan', row.device) },
      ...(isWide ? [{ title: 'KIND', value: (row: Row) => row.kind }] : []),
      { title: '', value: (row) => `${row.way} ${row.port}` },
      { title: 'SOURCE MAC', value: (row) => row.srcMac },
      { title: 'TARGET MAC', value: (row) => row.dstMac },
      ...(isWide ? addresses : []),
      { title: 'TTL', align: 'right', value: (row) => row.ttl },
      { title: 'FRAME', align: 'right', value: (row) => paint('dim', `#${row.frame}`) },
    ],
    paint,
  );
  // Who it was for has it coming in, and does not send it on.
  const end = path.at(-1)?.out === undefined ? [] : [paint('red', 'further on nobody saw it')];
  return {
    title: isAttempt ? 'How far the first segment came' : 'The way of its first segment',
    lines: [...table.split('\n'), ...end],
  };
}

export function closeChapter(
  report: FetchReport,
  connection: ConnectionReport,
  columns: number,
  paint: Paint,
): Chapter {
  const { local, remote, close } = connection;
  return {
    title: `The close  ${local} → ${remote}  ${close}`,
    lines: ladder(connection, 'close', report.from, columns, paint),
  };
}

/** The connections besides the first, one line each: the story tells one of them in full. */
export function otherConnections(report: FetchReport, columns: number, paint: Paint): Chapter {
  const table = formatTable(
    report.connections,
    [
      { title: 'LOCAL', value: ({ local }) => local },
      { title: 'REMOTE', value: ({ remote }) => remote },
      { title: 'OUT', align: 'right', value: ({ segmentsOut }) => segmentsOut },
      { title: 'IN', align: 'right', value: ({ segmentsIn }) => segmentsIn },
      { title: 'AGAIN', align: 'right', value: ({ retransmissions }) => retransmissions },
      { title: 'CLOSE', value: ({ close }) => close },
      ...(columns >= WIDE_STATES
        ? [{ title: 'STATES', value: ({ states }: ConnectionReport) => states.join(' ') }]
        : []),
    ],
    paint,
  );
  return { title: 'All connections', lines: table.split('\n') };
}
