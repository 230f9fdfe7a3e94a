/** The names of a page load: which caches were asked, who was asked on the network, and what came back. */
import { formatIpv4 } from '../../devices/stack/wire/address.js';
import { type DnsMessage, isReferral, RCODE_NOERROR, RCODE_NXDOMAIN, rcodeName } from '../../devices/stack/wire/dns.js';
import { formatRecordData } from '../../devices/stack/wire/dns-record.js';
import type { LabFrame } from '../capture/session.js';
import type { CacheAsked, DnsQueryReport, DnsReport } from './report.js';
import type { Scene, Traced } from './scene.js';

type Query = Traced<'dns-query'>;

function sameName(a: string, b: string): boolean {
  const plain = (name: string) => name.toLowerCase().replace(/\.$/, '');
  return plain(a) === plain(b);
}

/** The query's frame as it left the asker, and the answer's as it came in. */
function framesOf(scene: Scene, { device, event }: Query): { query?: LabFrame; answer?: LabFrame } {
  const [server] = event.to.split(':');
  const matches = (frame: LabFrame, response: boolean) => {
    const { dns, ip } = frame.layers;
    if (dns === undefined || ip === undefined || dns.id !== event.id || dns.response !== response) return false;
    return formatIpv4(response ? ip.src : ip.dst) === server;
  };
  const frames = scene.framesAt(device);
  // What is lost at its own port, or answered there by chaos, it has sent all the same.
  const lost = scene.losses.map(({ frame }) => frame).filter((frame) => frame.device === device);
  const query = [...frames, ...lost].find(
    (frame) => frame.direction === 'out' && matches(frame, false) && frame.at >= event.at - 1,
  );
  const answer =
    query && frames.find((frame) => frame.direction === 'in' && matches(frame, true) && frame.at >= query.at);
  return { query, answer };
}

function kindOf(message: DnsMessage): DnsQueryReport['kind'] {
  if (message.rcode === RCODE_NXDOMAIN) return 'nxdomain';
  if (message.rcode !== RCODE_NOERROR) return 'error';
  return isReferral(message) ? 'referral' : 'answer';
}

/** As the resolver tells it, where the message itself was not seen: over TCP it may be in several segments. */
function codeOf(kind: Traced<'dns-answer'>['event']['kind']): string {
  if (kind === 'nxdomain') return rcodeName(RCODE_NXDOMAIN);
  return kind === 'error' ? 'error' : rcodeName(RCODE_NOERROR);
}

function answersIn(message: DnsMessage): string[] {
  return (isReferral(message) ? message.authorities : message.answers).map(formatRecordData);
}

function queryReport(scene: Scene, query: Query): DnsQueryReport {
  const { device, event } = query;
  const server = event.to.split(':')[0];
  const { query: asked, answer } = framesOf(scene, query);
  const reported = scene
    .traces('dns-answer')
    .find((trace) => trace.device === device && trace.event.id === event.id && trace.event.at >= event.at);
  const message = answer?.layers.dns;
  const givenUp = scene
    .traces('dns-timeout')
    .find((trace) => trace.device === device && trace.event.id === event.id && trace.event.at >= event.at);
  const endAt = answer?.at ?? reported?.event.at ?? givenUp?.event.at;
  const startAt = asked?.at ?? event.at;
  const fallback = reported?.event.kind === 'answer' || reported?.event.kind === 'nodata' ? 'answer' : 'error';
  const told =
    reported?.event.kind === 'referral' || reported?.event.kind === 'nxdomain' ? reported.event.kind : fallback;
  const kind = message === undefined ? told : kindOf(message);
  return {
    from: device,
    server,
    serverName: scene.ownerOf(server) ?? '',
    zone: event.zone ?? '',
    name: event.name,
    type: event.type,
    kind: kind === 'answer' && fromCache(scene, server, event.name, startAt, endAt) ? 'cached' : kind,
    code:
      message === undefined ? (reported === undefined ? '' : codeOf(reported.event.kind)) : rcodeName(message.rcode),
    transport: event.transport,
    ms: endAt === undefined ? 0 : Math.round((endAt - startAt) * 1000) / 1000,
    answers: message === undefined ? [...(reported?.event.answers ?? [])] : answersIn(message),
    truncated: message?.truncated ?? false,
    atMs: scene.ms(startAt),
    frames: [asked, answer].flatMap((frame) => (frame === undefined ? [] : [frame.n])),
  };
}

/** Did the server find the name in its own cache between question and answer? */
function fromCache(scene: Scene, server: string, name: string, from: number, to: number | undefined): boolean {
  const owner = scene.ownerOf(server);
  return scene
    .traces('dns-cache')
    .some(
      ({ device, event }) =>
        device === owner && event.hit && sameName(event.name, name) && event.at >= from && event.at <= (to ?? from),
    );
}

/** `SERVFAIL`, `no answer`: what else is no kind of success. */
export function dnsOutcome({ kind, code, truncated, ms }: DnsQueryReport): string {
  if (truncated) return 'answer too big for UDP';
  if (kind !== 'error') return kind;
  if (code !== '') return code;
  return ms === 0 ? 'no answer yet' : 'no answer';
}

/** One report a look-up of the browser, in order. */
export function dnsStory(scene: Scene): DnsReport[] {
  const lookups = scene.result.lookups.filter(({ source }) => source !== 'literal');
  const isLookup = (name: string) => lookups.some((lookup) => sameName(lookup.name, name));
  return lookups.map((lookup) => {
    const within = (at: number) => at >= lookup.startAt - 1 && at <= lookup.endAt + 1;
    // On the way a resolver asks for parts of the name alone (RFC 9156), and for names of name servers without glue.
    const isPart = (name: string) => lookup.name.toLowerCase().endsWith(`.${name.toLowerCase()}`);
    const belongs = (name: string, at: number) =>
      within(at) && (sameName(name, lookup.name) || isPart(name) || !isLookup(name));
    const queries = scene
      .traces('dns-query')
      .filter(({ event }) => belongs(event.name, event.at))
      .map((query) => queryReport(scene, query));
    const asked = scene
      .traces('dns-cache')
      .filter(({ event }) => within(event.at) && sameName(event.name, lookup.name));
    const caches = asked.map(({ device, event }): CacheAsked => ({ cache: event.cache, device, hit: event.hit }));
    // What a cache knows may be lost on its way to who asked.
    const isWhatCame = ({ event }: Traced<'dns-cache'>) => lookup.addresses.length > 0 || event.answers.length === 0;
    const knew = caches.find(({ hit }, index) => hit && isWhatCame(asked[index]))?.cache;
    return {
      name: lookup.name,
      type: lookup.type,
      addresses: lookup.addresses,
      source: knew ?? (lookup.source === 'literal' ? 'network' : lookup.source),
      caches,
      queries,
    };
  });
}
