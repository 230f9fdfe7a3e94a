/**
 * A document with all that it asks for: what stands in it, what its style sheets ask for in turn, and the documents in its
 * frames. All requests are made as soon as they are known; how urgent they are decides when they are sent.
 */
import type { FetchedResource } from '../../../control/rpc.js';
import type { Instant } from '../../../stack/clock.js';
import type { Tracer } from '../../../stack/trace.js';
import { headerValue } from '../client/message.js';
import { isHtml, mediaType } from '../content-type.js';
import { DEFAULT_REFERRER_POLICY, readReferrerPolicy } from '../referrer.js';
import { parseAddress, withoutSecrets } from '../url-parts.js';
import { MAX_TEXT_BYTES } from './body.js';
import type { Connections } from './connections.js';
import type { Fetcher } from './fetcher.js';
import { type DecodedHtml, decodeCss, decodeHtml } from './html/charset.js';
import type { Fetchable } from './html/fetchable.js';
import { type Frame, type Hint, MAX_RESOURCES, type PageContents, readPage } from './html/page-contents.js';
import { readStyle, type StyleContents } from './html/style-resources.js';
import type { Libraries } from './libraries.js';
import { asLoadError } from './load-error.js';
import type { LoadNames } from './load-names.js';
import type { Loaded, RequestClient, ResourceRequest } from './resource-request.js';
import { typeOfResponse } from './sniffing.js';

/** Documents within documents, and style sheets that import style sheets, so deep. */
export const MAX_FRAME_DEPTH = 3;
export const MAX_IMPORT_DEPTH = 5;

export interface PageContext {
  readonly fetcher: Fetcher;
  readonly libraries: Libraries;
  readonly names: LoadNames;
  readonly connections: Connections;
  readonly tracer: Tracer;
  readonly now: () => Instant;
  /** All that the page has asked for, in the order of asking; shared with the documents in its frames. */
  readonly resources: PageResources;
}

/** Each URL once in a page, whoever asks for it. */
export class PageResources {
  private readonly slots: (FetchedResource | undefined)[] = [];
  private readonly running = new Map<string, Promise<Loaded>>();

  /** In the order of asking. */
  get list(): readonly FetchedResource[] {
    return this.slots.filter((resource) => resource !== undefined);
  }

  /** Undefined when the page has asked for enough. */
  once(url: string, load: () => Promise<Loaded>): Promise<Loaded> | undefined {
    const running = this.running.get(url);
    if (running !== undefined) return running;
    if (this.slots.length >= MAX_RESOURCES) return undefined;
    const slot = this.slots.push(undefined) - 1;
    const loading = load().then((loaded) => {
      this.slots[slot] = loaded.resource;
      return loaded;
    });
    this.running.set(url, loading);
    return loading;
  }
}

/** When what was reached; all later than the document itself. */
export interface DocumentMilestones {
  readonly domInteractive: Instant;
  readonly domContentLoaded: Instant;
  readonly domComplete: Instant;
}

export class DocumentLoad {
  readonly contents: PageContents;
  private readonly context: PageContext;
  /** On whose behalf it asks. */
  readonly client: RequestClient;
  /** URLs of the documents that this one stands in, and its own. */
  private readonly ancestors: readonly string[];
  private readonly encoding: string;

  constructor(
    { text, encoding }: DecodedHtml,
    { url, headers, top }: { url: URL; headers: readonly (readonly [string, string])[]; top?: URL },
    ancestors: readonly string[],
    context: PageContext,
  ) {
    this.context = context;
    this.ancestors = [...ancestors, withoutHash(url)];
    this.contents = readPage(text, url.href, context.libraries);
    this.encoding = encoding;
    const header = readReferrerPolicy(headerValue(headers, 'referrer-policy'));
    const referrerPolicy = this.contents.referrerPolicy ?? header ?? DEFAULT_REFERRER_POLICY;
    this.client = { url, referrerPolicy, topUrl: top ?? url };
    context.tracer.emit({
      event: 'html-parsed',
      url: withoutSecrets(url),
      resources: [...this.contents.resources, ...this.contents.frames].flatMap((resource) => resource.url ?? []),
    });
  }

  /** Resolves when everything is there that the load event waits for. */
  async run(): Promise<DocumentMilestones> {
    const { now } = this.context;
    const hints = this.contents.hints.map((hint) => this.follow(hint));
    const loads = this.contents.resources.map((resource) => ({ resource, done: this.load(resource) }));
    const inline = this.contents.styles.map(({ css, kind }) =>
      this.style(readStyle(css, { ...this.styleOptions(this.contents.baseUrl), kind }), this.client, [], 'high'),
    );
    const frames = this.contents.frames.map((frame) => this.frame(frame));
    const waitFor = async (phase: Fetchable['phase']) => {
      await Promise.all(loads.filter(({ resource }) => resource.phase === phase).map(({ done }) => done));
      return now();
    };
    const domInteractive = await waitFor('parser');
    const domContentLoaded = await waitFor('defer');
    await Promise.all([waitFor('load'), ...inline, ...frames, ...hints]);
    return { domInteractive, domContentLoaded, domComplete: now() };
  }

  /** `dns-prefetch` resolves a name before it is needed, `preconnect` connects. */
  private async follow({ hint, url }: Hint): Promise<void> {
    const { names, connections, tracer } = this.context;
    try {
      const target = parseAddress(url);
      tracer.emit({ event: 'resource-hint', hint, host: target.host });
      const addresses = await names.lookup(target.hostname);
      if (hint === 'preconnect') connections.preconnect(target, addresses);
    } catch {
      // A hint that leads nowhere; who needs the name will hear why.
    }
  }

  private async load(resource: Fetchable): Promise<void> {
    const loaded = await this.ask(resource, this.client);
    if (loaded === undefined || resource.kind !== 'style') return;
    await this.styleSheet(loaded, [resource.url], resource.blocking);
  }

  private ask(resource: Fetchable, client: RequestClient): Promise<Loaded> | undefined {
    const { fetcher, resources, now } = this.context;
    const { initiator, priority, blocking, cors, kind } = resource;
    return resources.once(resource.url, async () => {
      const startAt = now();
      try {
        const url = parseAddress(resource.url);
        const readBytes = kind === 'style' ? MAX_TEXT_BYTES : 0;
        return await fetcher.load({ ...GET, url, initiator, client, priority, blocking, cors, readBytes });
      } catch (error) {
        return unasked(resource, error, startAt, now());
      }
    });
  }

  /** What it imports, and what its rules show. Only CSS is read as CSS (HTML standard, section 4.6.7.17). */
  private async styleSheet({ resource, response, url }: Loaded, chain: readonly string[], blocking: boolean) {
    if (response === undefined || resource.status >= 400) return;
    if (resource.contentType !== '' && mediaType(resource.contentType) !== 'text/css') return;
    const css = decodeCss(response.beginning, resource.contentType, this.encoding);
    const contents = readStyle(css, { ...this.styleOptions(url.href), kind: 'stylesheet' });
    const found = [...contents.imports, ...contents.resources.map((one) => one.url)];
    this.context.tracer.emit({ event: 'css-parsed', url: withoutSecrets(url), resources: found });
    const policy = readReferrerPolicy(headerValue(response.headers, 'referrer-policy')) ?? this.client.referrerPolicy;
    await this.style(contents, { ...this.client, url, referrerPolicy: policy }, chain, blocking ? 'blocking' : 'high');
  }

  private styleOptions(baseUrl: string) {
    return { baseUrl, limit: MAX_RESOURCES, parse: this.context.libraries.parseCss };
  }

  /** `chain`: the style sheets on the way here; one that imports itself is not loaded again. */
  private async style(
    { imports, resources }: StyleContents,
    client: RequestClient,
    chain: readonly string[],
    urgency: 'blocking' | 'high',
  ): Promise<void> {
    const blocking = urgency === 'blocking';
    const wanted = chain.length > MAX_IMPORT_DEPTH ? [] : imports.filter((url) => !chain.includes(url));
    const sheets = wanted.map(async (url) => {
      const sheet: Fetchable = { ...IMPORTED, url, blocking };
      const loaded = await this.ask(sheet, client);
      if (loaded !== undefined) await this.styleSheet(loaded, [...chain, url], blocking);
    });
    await Promise.all([...sheets, ...resources.map((resource) => this.ask(resource, client))]);
  }

  /** HTML standard section 4.8.5: a document does not stand in itself, at whatever depth. */
  private async frame({ initiator, url, srcdoc, priority }: Frame): Promise<void> {
    if (this.ancestors.length > MAX_FRAME_DEPTH) return;
    if (srcdoc !== undefined) {
      await this.nested({ text: srcdoc, encoding: this.encoding }, new URL(this.contents.baseUrl), []);
      return;
    }
    if (url === undefined || this.ancestors.includes(url)) return;
    const { fetcher, resources, now } = this.context;
    const loaded = await resources.once(url, async () => {
      const startAt = now();
      const { client } = this;
      try {
        const target = parseAddress(url);
        const request = {
          ...GET,
          url: target,
          initiator,
          client,
          priority,
          readBytes: MAX_TEXT_BYTES,
          navigation: true,
        };
        return await fetcher.load(request);
      } catch (error) {
        return unasked({ url, initiator }, error, startAt, now());
      }
    });
    if (loaded?.response === undefined) return;
    const type = typeOfResponse(loaded.resource.contentType, loaded.response);
    if (!isHtml(type) || this.ancestors.includes(withoutHash(loaded.url))) return;
    const html = decodeHtml(loaded.response.beginning, type);
    await this.nested(html, loaded.url, loaded.response.headers);
  }

  private async nested(html: DecodedHtml, url: URL, headers: readonly (readonly [string, string])[]): Promise<void> {
    await new DocumentLoad(html, { url, headers, top: this.client.topUrl }, this.ancestors, this.context).run();
  }
}

const GET = {
  method: 'GET',
  headers: {},
  blocking: false,
  navigation: false,
  cors: false,
} as const satisfies Partial<ResourceRequest>;

const IMPORTED = { initiator: 'css', kind: 'style', priority: 'highest', phase: 'parser', cors: false } as const;

function withoutHash(url: URL): string {
  const clean = new URL(url);
  clean.hash = '';
  return clean.href;
}

/** What cannot even be asked for: another scheme, port 0. */
function unasked(
  { url, initiator }: Pick<Fetchable, 'url' | 'initiator'>,
  error: unknown,
  startAt: Instant,
  endAt: Instant,
): Loaded {
  const target = new URL(url);
  const nothing = { status: 0, bytes: 0, sha256: '', contentType: '', fromCache: false };
  const failure = asLoadError(error, 'url').toFailure();
  return {
    url: target,
    resource: { url: withoutSecrets(target), initiator, ...nothing, startAt, endAt, error: failure },
  };
}
