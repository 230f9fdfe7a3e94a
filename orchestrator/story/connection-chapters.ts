/** The chapters about a connection: how it opens and closes, what encrypts it, the way of its packets. */
import { formatTable, type Paint } from '../terminal.js';
import { type Chapter, frames, ms } from './chapter.js';
import { arrow, LEFT_WIDTH, ladder } from './ladder.js';
import type { ConnectionReport, FetchReport, Hop, TlsReport } from './report.js';

function optionsNote(optionBytes: number): string {
  return optionBytes > 0 ? `, of which options take ${optionBytes} in every segment` : '';
}

export function handshakeChapter(report: FetchReport, connection: ConnectionReport, paint: Paint): Chapter {
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

/** What was agreed on, and the messages that did it. */
export function tlsChapter(tls: TlsReport, paint: Paint): Chapter {
  const { serverName, remote, protocol, cipher, group, alpn, certificate, sessionReused, establishedMs, messages } =
    tls;
  const agreed = [protocol, cipher, group, alpn].filter((word) => word !== '').join(', ');
  const reused = sessionReused ? paint('dim', ', with the keys of an earlier session') : '';
  const lines = [
    `${paint('dim', 'agreed')}  ${establishedMs === undefined ? paint('red', 'nothing') : agreed}${reused}`,
  ];
  if (certificate !== undefined) {
    lines.push(
      `${paint('dim', 'proof')}   ${certificate.subject}, certified by ${certificate.issuer}`,
      `        for ${certificate.names.join(' ')}, until ${certificate.validTo.slice(0, 10)}`,
    );
  }
  lines.push(
    ...messages.map(({ name, encrypted, bytes, direction, frames: numbers }) => {
      const text = ` ${name}${encrypted ? ', encrypted' : ''}, ${bytes} bytes `;
      return `${' '.repeat(LEFT_WIDTH)}${arrow(text, direction)} ${frames(numbers, paint)}`;
    }),
  );
  const [first] = messages;
  if (establishedMs !== undefined && first !== undefined) {
    lines.push(paint('dim', `after ${ms(establishedMs - first.atMs)} only the two ends can read what is said`));
  }
  return { title: `The encryption  ${serverName || remote}`, lines };
}

export function pathChapter(path: readonly Hop[], isAttempt: boolean, paint: Paint): Chapter {
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

export function closeChapter(report: FetchReport, connection: ConnectionReport, paint: Paint): Chapter {
  const { local, remote, close } = connection;
  return {
    title: `The close  ${local} → ${remote}  ${close}`,
    lines: ladder(connection, 'close', report.from, paint),
  };
}

/** The connections besides the first, one line each: the story tells one of them in full. */
export function otherConnections(report: FetchReport, paint: Paint): Chapter {
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
