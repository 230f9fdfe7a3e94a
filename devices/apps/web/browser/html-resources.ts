/**
 * What a page asks for besides itself: images, style sheets, scripts, icons, in the order in which they
 * stand in it. Read with parse5, which repairs broken HTML as browsers do.
 */
import { type DefaultTreeAdapterTypes, parse } from 'parse5';

export interface PageResource {
  /** Absolute, without fragment. */
  readonly url: string;
  /** The tag that asked: `img`, `link`, `script`, … */
  readonly initiator: string;
}

export interface PageContents {
  /** Each URL once, where it was first asked for. */
  readonly resources: readonly PageResource[];
  /** Host names of `<link rel="dns-prefetch">` and `preconnect`: to be resolved early. */
  readonly prefetchHosts: readonly string[];
}

/** Pages may name any number of things; no honest one needs more than this of a browser at once. */
const MAX_RESOURCES = 500;

/** Values of rel (HTML standard section 4.6.7) that make the browser load the link's target for this page. */
const LOADED_RELS = new Set(['stylesheet', 'icon', 'apple-touch-icon', 'preload', 'modulepreload', 'manifest']);

/** `documentUrl` is where the page came from, after redirects. Never throws: any text is some HTML. */
export function readPage(html: string, documentUrl: string): PageContents {
  const collector = new Collector(documentUrl);
  const pending: DefaultTreeAdapterTypes.ChildNode[] = [...parse(html).childNodes].reverse();
  // Not recursive: nesting is up to the page's author, the depth of our call stack is not.
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    if (!('tagName' in node)) continue;
    collector.element(node.tagName, new Map(node.attrs.map((attribute) => [attribute.name, attribute.value])));
    for (let i = node.childNodes.length - 1; i >= 0; i--) pending.push(node.childNodes[i]);
  }
  return collector.contents();
}

class Collector {
  private base: string;
  private baseSeen = false;
  private readonly resources = new Map<string, PageResource>();
  private readonly hosts = new Set<string>();

  constructor(documentUrl: string) {
    this.base = documentUrl;
  }

  contents(): PageContents {
    return { resources: [...this.resources.values()], prefetchHosts: [...this.hosts] };
  }

  element(tag: string, attributes: ReadonlyMap<string, string>): void {
    switch (tag) {
      case 'base':
        this.setBase(attributes.get('href'));
        return;
      case 'link':
        this.link(attributes);
        return;
      case 'img':
        this.image(attributes);
        return;
      case 'source':
      case 'audio':
      case 'embed':
      case 'script':
      case 'track':
        this.add(tag, attributes.get('src'));
        return;
      case 'video':
        this.add(tag, attributes.get('src'));
        this.add(tag, attributes.get('poster'));
        return;
      case 'input':
        if (attributes.get('type')?.toLowerCase() === 'image') this.add(tag, attributes.get('src'));
        return;
    }
  }

  /** HTML standard section 4.2.3: only the first base with an href counts. */
  private setBase(href: string | undefined): void {
    if (href === undefined || this.baseSeen) return;
    this.baseSeen = true;
    this.base = this.resolve(href)?.href ?? this.base;
  }

  private link(attributes: ReadonlyMap<string, string>): void {
    const rels = (attributes.get('rel') ?? '').toLowerCase().split(/\s+/);
    if (rels.includes('dns-prefetch') || rels.includes('preconnect')) {
      const host = this.resolve(attributes.get('href'))?.hostname;
      if (host) this.hosts.add(host);
    }
    // An alternate style sheet is one that the reader would have to choose first.
    if (rels.includes('alternate')) return;
    if (rels.some((rel) => LOADED_RELS.has(rel))) this.add('link', attributes.get('href'));
  }

  /** This browser has a screen of single density: it takes `src`, and of a `srcset` without one the first entry. */
  private image(attributes: ReadonlyMap<string, string>): void {
    const src = attributes.get('src')?.trim();
    this.add('img', src ? src : firstCandidate(attributes.get('srcset')));
  }

  private add(initiator: string, reference: string | undefined): void {
    const url = this.resolve(reference);
    if (url === undefined || this.resources.size >= MAX_RESOURCES) return;
    // data: and blob: carry their bytes with them, about: and javascript: have none.
    if (!/^[a-z]+:\/\//.test(url.href)) return;
    url.hash = '';
    if (!this.resources.has(url.href)) this.resources.set(url.href, { url: url.href, initiator });
  }

  private resolve(reference: string | undefined): URL | undefined {
    if (reference === undefined || reference.trim() === '') return undefined;
    try {
      return new URL(reference.trim(), this.base);
    } catch {
      return undefined;
    }
  }
}

/** The URL of the first candidate of a srcset: `small.png 1x, large.png 2x`. */
function firstCandidate(srcset: string | undefined): string | undefined {
  return srcset
    ?.trim()
    .split(/\s|,(?=\s|$)/, 1)[0]
    .replace(/,+$/, '');
}
