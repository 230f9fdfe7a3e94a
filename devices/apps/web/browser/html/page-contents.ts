/**
 * What a document asks for besides itself, in the order in which it stands there: which is the order in which a browser's
 * preload scanner finds it. Read with parse5, which repairs broken HTML as browsers do. Scripts do not run here: `noscript`
 * counts, and what scripts would have asked for is not asked for.
 */
import type { FetchPriority } from '../../../../control/rpc.js';
import { type ReferrerPolicy, readReferrerPolicy } from '../../referrer.js';
import {
  type Attributes,
  attributesOf,
  childElements,
  type Element,
  pictureSources,
  playableSource,
  sourceAttributes,
  textOf,
} from './elements.js';
import { type Fetchable, isFetchable, PRIORITIES, scriptPriority } from './fetchable.js';
import { linkResource } from './link.js';
import { matchesMedia, type ParseCss } from './media-query.js';
import { type Refresh, readRefresh } from './refresh.js';
import { bestSource, chooseImage } from './srcset.js';

export interface InlineStyle {
  readonly css: string;
  /** `stylesheet` for a style element, `declarations` for a style attribute. */
  readonly kind: 'stylesheet' | 'declarations';
}

export interface Frame {
  readonly initiator: 'iframe' | 'frame';
  /** What it shows: a document of its own, or text that stands in the attribute. */
  readonly url?: string;
  readonly srcdoc?: string;
  readonly priority: FetchPriority;
}

export interface Hint {
  readonly hint: 'dns-prefetch' | 'preconnect';
  readonly url: string;
}

export interface PageContents {
  /** White space is stripped and collapsed; empty when there is no title. */
  readonly title: string;
  /** Where relative references start from. */
  readonly baseUrl: string;
  /** Each URL once, where it was first asked for. */
  readonly resources: readonly Fetchable[];
  readonly frames: readonly Frame[];
  readonly styles: readonly InlineStyle[];
  readonly hints: readonly Hint[];
  readonly refresh?: Refresh;
  readonly referrerPolicy?: ReferrerPolicy;
}

export interface HtmlLibraries {
  readonly parseHtml: typeof import('parse5').parse;
  readonly parseCss: ParseCss;
}

/** Documents may name any number of things; no honest one needs more than this of a browser at once. */
export const MAX_RESOURCES = 500;
/** `img` elements that are looked at: that what is to be done stays in proportion to the page. */
const MAX_IMAGES = 10 * MAX_RESOURCES;
/** Deeper nesting than Blink allows is flattened by it; here it is not looked into. */
const MAX_DEPTH = 512;

/** `documentUrl` is where the document came from, after redirects. Never throws: any text is some HTML. */
export function readPage(html: string, documentUrl: string, libraries: HtmlLibraries): PageContents {
  const collector = new Collector(documentUrl, libraries.parseCss);
  const pending = below(libraries.parseHtml(html, { scriptingEnabled: false }), 0);
  // Not recursive: nesting is up to the page's author, the depth of our call stack is not.
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { node, depth } = next;
    collector.element(node);
    // One by one: there may be more children than a call takes arguments.
    if (depth < MAX_DEPTH) for (const child of below(node, depth + 1)) pending.push(child);
  }
  return collector.contents();
}

/** Reversed, for a stack. */
function below(parent: Parameters<typeof childElements>[0], depth: number): { node: Element; depth: number }[] {
  return childElements(parent)
    .map((node) => ({ node, depth }))
    .reverse();
}

class Collector {
  private readonly documentUrl: string;
  private readonly parseCss: ParseCss;
  private base: string;
  private baseSeen = false;
  private title: string | undefined;
  private inBody = false;
  private images = 0;
  private refresh: Refresh | undefined;
  private referrerPolicy: ReferrerPolicy | undefined;
  private readonly resources = new Map<string, Fetchable>();
  private readonly frames: Frame[] = [];
  private readonly styles: InlineStyle[] = [];
  private readonly hints: Hint[] = [];

  constructor(documentUrl: string, parseCss: ParseCss) {
    this.documentUrl = documentUrl;
    this.base = documentUrl;
    this.parseCss = parseCss;
  }

  contents(): PageContents {
    const { title = '', base: baseUrl, frames, styles, hints, refresh, referrerPolicy } = this;
    const resources = [...this.resources.values()];
    return { title, baseUrl, resources, frames, styles, hints, refresh, referrerPolicy };
  }

  element(node: Element): void {
    const attributes = attributesOf(node);
    const style = attributes.get('style');
    if (style?.includes('(') && this.styles.length < MAX_RESOURCES)
      this.styles.push({ css: style, kind: 'declarations' });
    if (node.namespaceURI.endsWith('/svg')) this.svg(node, attributes);
    else this.html(node, attributes);
  }

  private html(node: Element, attributes: Attributes): void {
    switch (node.tagName) {
      case 'body':
        this.inBody = true;
        this.image('body', attributes.get('background'));
        return;
      case 'title':
        this.title ??= textOf(node).trim().replace(/\s+/g, ' ');
        return;
      case 'base':
        this.setBase(attributes.get('href'));
        return;
      case 'meta':
        this.meta(attributes);
        return;
      case 'link':
        this.link(attributes);
        return;
      case 'style':
        if (this.matches(attributes.get('media'))) this.styles.push({ css: textOf(node), kind: 'stylesheet' });
        return;
      case 'script':
        this.script(attributes);
        return;
      case 'img':
        this.img(node, attributes);
        return;
      case 'iframe':
      case 'frame':
        this.frame(node.tagName, attributes);
        return;
      case 'object':
        this.object(attributes);
        return;
      case 'audio':
      case 'video':
        this.media(node, attributes);
        return;
      default:
        this.others(node.tagName, attributes);
    }
  }

  private others(tag: string, attributes: Attributes): void {
    if (tag === 'embed') this.add(tag, attributes.get('src'), { kind: 'other', priority: 'high' });
    if (tag === 'track' && attributes.has('default')) {
      this.add(tag, attributes.get('src'), { kind: 'other', priority: PRIORITIES.media });
    }
    if (tag === 'input' && attributes.get('type')?.toLowerCase() === 'image') this.image(tag, attributes.get('src'));
    if (tag === 'table' || tag === 'td' || tag === 'th') this.image(tag, attributes.get('background'));
  }

  private svg(node: Element, attributes: Attributes): void {
    if (node.tagName !== 'image' && node.tagName !== 'feImage') return;
    this.image('image', attributes.get('href') ?? attributes.get('xlink:href'));
  }

  /** HTML standard section 4.2.3: only the first base with an href counts. */
  private setBase(href: string | undefined): void {
    if (href === undefined || this.baseSeen) return;
    this.baseSeen = true;
    const url = URL.canParse(href.trim(), this.documentUrl) ? new URL(href.trim(), this.documentUrl) : undefined;
    if (url !== undefined && /^https?:$/.test(url.protocol)) this.base = url.href;
  }

  private meta(attributes: Attributes): void {
    const content = attributes.get('content') ?? '';
    if (attributes.get('name')?.toLowerCase() === 'referrer') {
      this.referrerPolicy = readReferrerPolicy(content) ?? this.referrerPolicy;
    }
    if (attributes.get('http-equiv')?.toLowerCase() === 'refresh') this.refresh ??= readRefresh(content, this.base);
  }

  private link(attributes: Attributes): void {
    const rels = new Set((attributes.get('rel') ?? '').toLowerCase().split(/\s+/));
    const href = this.resolve(attributes.get('href'));
    for (const hint of ['dns-prefetch', 'preconnect'] as const) {
      if (rels.has(hint) && href !== undefined) this.hints.push({ hint, url: href.href });
    }
    const found = linkResource(rels, attributes, { inBody: this.inBody, matches: (media) => this.matches(media) });
    if (found === undefined) return;
    const srcset = attributes.get('imagesrcset');
    const chosen = srcset === undefined ? undefined : bestSource(srcset, attributes.get('imagesizes'), this.parseCss);
    this.add('link', chosen ?? attributes.get('href'), found);
  }

  private script(attributes: Attributes): void {
    const type = (attributes.get('type') ?? '').trim().toLowerCase();
    const isModule = type === 'module';
    // HTML standard section 4.12.1: other types are blocks of data.
    if (!isModule && type !== '' && !/^(text|application)\/(x-)?(java|ecma|j|live)script(1\.[0-5])?$/.test(type))
      return;
    // We are a browser that knows modules, whether or not it runs them.
    if (!isModule && attributes.has('nomodule')) return;
    const isAsync = attributes.has('async');
    const isDeferred = isModule || attributes.has('defer');
    const waits = !isAsync && !isDeferred;
    this.add('script', attributes.get('src'), {
      kind: 'script',
      priority: scriptPriority(waits, this.inBody && this.images > 0, attributes.get('fetchpriority')),
      blocking: waits && !this.inBody,
      phase: isAsync ? 'load' : isDeferred ? 'defer' : 'parser',
      cors: isModule || attributes.has('crossorigin'),
    });
  }

  private img(node: Element, attributes: Attributes): void {
    this.images += 1;
    if (this.images > MAX_IMAGES) return;
    const own = sourceAttributes(attributes);
    const chosen = chooseImage(own, pictureSources(node), this.parseCss);
    const lazy = attributes.get('loading')?.toLowerCase() === 'lazy';
    const raised = attributes.get('fetchpriority')?.toLowerCase() === 'high';
    const priority = raised ? 'high' : lazy ? 'lowest' : PRIORITIES.image;
    this.add('img', chosen, { kind: 'image', priority, cors: attributes.has('crossorigin') });
  }

  private frame(initiator: 'iframe' | 'frame', attributes: Attributes): void {
    const srcdoc = initiator === 'iframe' ? attributes.get('srcdoc') : undefined;
    if (this.frames.length >= MAX_RESOURCES) return;
    if (srcdoc !== undefined) {
      this.frames.push({ initiator, srcdoc, priority: PRIORITIES.document });
      return;
    }
    const url = this.resolve(attributes.get('src'));
    if (url === undefined || !isFetchable(url)) return;
    url.hash = '';
    this.frames.push({ initiator, url: url.href, priority: PRIORITIES.document });
  }

  /** What it is, only its content can tell: HTML in it is shown as in a frame. */
  private object(attributes: Attributes): void {
    const type = attributes.get('type')?.toLowerCase() ?? '';
    this.add('object', attributes.get('data'), { kind: 'other', priority: type.startsWith('image/') ? 'low' : 'high' });
  }

  /** `src`, or the first source that can be played; with preload=none, nothing. */
  private media(node: Element, attributes: Attributes): void {
    if (node.tagName === 'video') this.image('video', attributes.get('poster'));
    if (attributes.get('preload')?.toLowerCase() === 'none' && !attributes.has('autoplay')) return;
    const options = { kind: 'other', priority: PRIORITIES.media } as const;
    if (attributes.has('src')) {
      this.add(node.tagName, attributes.get('src'), options);
      return;
    }
    this.add('source', playableSource(node), options);
  }

  private image(initiator: string, reference: string | undefined): void {
    this.add(initiator, reference, { kind: 'image', priority: PRIORITIES.image });
  }

  private matches(media: string | undefined): boolean {
    return matchesMedia(media, this.parseCss);
  }

  private add(initiator: string, reference: string | undefined, options: FetchableOptions): void {
    const url = this.resolve(reference);
    if (url === undefined || this.resources.size >= MAX_RESOURCES || !isFetchable(url)) return;
    url.hash = '';
    if (this.resources.has(url.href)) return;
    const defaults = { blocking: false, phase: 'load', cors: false } as const;
    this.resources.set(url.href, { url: url.href, initiator, ...defaults, ...options });
  }

  private resolve(reference: string | undefined): URL | undefined {
    const text = reference?.trim() ?? '';
    return text !== '' && URL.canParse(text, this.base) ? new URL(text, this.base) : undefined;
  }
}

type FetchableOptions = Pick<Fetchable, 'kind' | 'priority'> & Partial<Fetchable>;
