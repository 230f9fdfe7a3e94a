/**
 * What a style sheet asks for. We have no layout, so that what a browser would load only once an element matches is all loaded,
 * but of rules for other media, and of a font the first format alone that is known.
 */
import type { Atrule, CssNode, List } from 'css-tree';
import { type Fetchable, PRIORITIES } from './fetchable.js';
import { matchesMediaList, type ParseCss } from './media-query.js';

/** Deeper nesting of blocks and functions is not looked into. */
const MAX_DEPTH = 64;
/** A font of one of these can be shown: `format("…")` of @font-face. */
const FONT_FORMATS =
  /^(woff2?|truetype|opentype|collection|woff2?-variations|truetype-variations|opentype-variations)$/i;
/** At-rules whose blocks hold rules. */
const CONDITIONAL = new Set(['media', 'supports', 'layer', 'container', 'scope', 'starting-style']);

export interface StyleContents {
  /** Style sheets of `@import`, which are read in turn. */
  readonly imports: readonly string[];
  readonly resources: readonly Fetchable[];
}

export interface StyleOptions {
  readonly kind: 'stylesheet' | 'declarations';
  /** Of the style sheet; for one that stands in a document, the document's base. */
  readonly baseUrl: string;
  readonly limit: number;
  readonly parse: ParseCss;
}

/** Never throws: what cannot be read is skipped, as CSS wants it. */
export function readStyle(css: string, options: StyleOptions): StyleContents {
  const collector = new Collector(options);
  try {
    const context = options.kind === 'stylesheet' ? 'stylesheet' : 'declarationList';
    collector.block(options.parse(css, { context, parseCustomProperty: false }), 0);
  } catch {
    // It has more mistakes than rules.
  }
  return { imports: [...collector.imports], resources: [...collector.resources.values()] };
}

class Collector {
  readonly imports = new Set<string>();
  readonly resources = new Map<string, Fetchable>();
  private readonly options: StyleOptions;
  /** CSS Cascade section 2: @import comes before all rules but @charset and @layer statements. */
  private importsAllowed = true;

  constructor(options: StyleOptions) {
    this.options = options;
  }

  block(node: CssNode, depth: number): void {
    if (depth > MAX_DEPTH) return;
    for (const child of childrenOf(node)) {
      if (child.type === 'Atrule') this.atrule(child, depth);
      else if (child.type === 'Rule') {
        this.importsAllowed = false;
        this.block(child.block, depth + 1);
      } else if (child.type === 'Declaration') this.urls(child.value, depth + 1);
    }
  }

  private atrule(rule: Atrule, depth: number): void {
    const name = rule.name.toLowerCase();
    if (name === 'import') {
      if (this.importsAllowed && depth === 0) this.importRule(rule);
      return;
    }
    if (name !== 'charset' && !(name === 'layer' && rule.block === null)) this.importsAllowed = false;
    if (rule.block === null) return;
    if (name === 'font-face') this.fontFace(rule.block);
    else if (name === 'media' && !mediaOf(rule.prelude)) return;
    else if (name === 'page') this.block(rule.block, depth + 1);
    else if (CONDITIONAL.has(name)) this.block(rule.block, depth + 1);
  }

  /** `@import url(a.css) layer(x) supports(…) screen and (…)` */
  private importRule({ prelude }: Atrule): void {
    if (prelude === null) return;
    const [first, ...conditions] = childrenOf(prelude);
    if (first?.type !== 'Url' && first?.type !== 'String') return;
    if (conditions.some((node) => node.type === 'MediaQueryList' && !matchesMediaList(node))) return;
    const url = this.resolve(first.value);
    if (url !== undefined && this.imports.size < this.options.limit) this.imports.add(url);
  }

  /** CSS Fonts section 4.3: the first source that can be used, and no other. No fonts are installed here. */
  private fontFace(block: CssNode): void {
    for (const declaration of childrenOf(block)) {
      if (declaration.type !== 'Declaration' || declaration.property.toLowerCase() !== 'src') continue;
      let url: string | undefined;
      let isKnown = true;
      const parts = [...childrenOf(declaration.value), { type: 'Operator', value: ',' } as CssNode];
      for (const part of parts) {
        if (part.type === 'Url') url = part.value;
        else if (part.type === 'Function' && part.name.toLowerCase() === 'format')
          isKnown = hasKnownFormat(part.children);
        else if (part.type === 'Operator' && part.value === ',') {
          if (url !== undefined && isKnown) {
            this.add(url, { kind: 'font', priority: PRIORITIES.font, cors: true });
            return;
          }
          url = undefined;
          isKnown = true;
        }
      }
    }
  }

  private urls(node: CssNode, depth: number): void {
    if (depth > MAX_DEPTH) return;
    if (node.type === 'Url') this.add(node.value, { kind: 'image', priority: PRIORITIES.image, cors: false });
    else if (node.type === 'Function' && /^(-webkit-)?image-set$/i.test(node.name)) this.imageSet(node.children);
    else for (const child of childrenOf(node)) this.urls(child, depth + 1);
  }

  /** The first entry of `1x`, or the first: the window has one device pixel a CSS pixel. */
  private imageSet(children: List<CssNode>): void {
    let first: string | undefined;
    let url: string | undefined;
    for (const part of children) {
      if (part.type === 'Url' || part.type === 'String') url = part.value;
      if (
        part.type === 'Dimension' &&
        part.unit.toLowerCase() === 'x' &&
        Number(part.value) === 1 &&
        url !== undefined
      ) {
        first = url;
        break;
      }
      first ??= url;
    }
    if (first !== undefined) this.add(first, { kind: 'image', priority: PRIORITIES.image, cors: false });
  }

  private add(reference: string, options: Pick<Fetchable, 'kind' | 'priority' | 'cors'>): void {
    const url = this.resolve(reference);
    if (url === undefined || this.resources.has(url) || this.resources.size >= this.options.limit) return;
    this.resources.set(url, { url, initiator: 'css', blocking: false, phase: 'load', ...options });
  }

  /** Absolute, without fragment: one alone, `url(#shadow)`, is about the document that there is. */
  private resolve(reference: string): string | undefined {
    const text = reference.trim();
    if (text === '' || text.startsWith('#') || !URL.canParse(text, this.options.baseUrl)) return undefined;
    const url = new URL(text, this.options.baseUrl);
    url.hash = '';
    return /^[a-z]+:\/\//.test(url.href) ? url.href : undefined;
  }
}

function childrenOf(node: CssNode): CssNode[] {
  const { children } = node as { children?: List<CssNode> | null };
  return children == null ? [] : children.toArray();
}

function mediaOf(prelude: Atrule['prelude']): boolean {
  if (prelude === null) return true;
  return childrenOf(prelude).some((node) => matchesMediaList(node));
}

function hasKnownFormat(children: List<CssNode>): boolean {
  return children
    .toArray()
    .some((node) =>
      FONT_FORMATS.test(node.type === 'String' ? node.value : node.type === 'Identifier' ? node.name : ''),
    );
}
