/**
 * The packages that only a page load needs. They are loaded with the first one, before anything goes on the wire, so that a
 * host that loads no page stays small: together they cost about 3 MiB.
 */
type Parse5 = typeof import('parse5');
type CssTree = typeof import('css-tree');
type ToughCookie = typeof import('tough-cookie');
type CachePolicyClass = typeof import('http-cache-semantics');

export interface Libraries {
  readonly parseHtml: Parse5['parse'];
  readonly parseCss: CssTree['parse'];
  readonly cookies: ToughCookie;
  readonly CachePolicy: CachePolicyClass;
}

let loading: Promise<Libraries> | undefined;

/** The same ones for all browsers of a process. */
export function browserLibraries(): Promise<Libraries> {
  loading ??= load();
  return loading;
}

async function load(): Promise<Libraries> {
  const [html, css, cookies, cache] = await Promise.all([
    import('parse5'),
    import('css-tree/parser'),
    import('tough-cookie'),
    import('http-cache-semantics'),
  ]);
  return { parseHtml: html.parse, parseCss: forgiving(css.default), cookies, CachePolicy: cache.default };
}

/** Characters that are looked at because of mistakes, in one style sheet: about a second's worth. */
const MISTAKE_BUDGET = 64 * 1024 * 1024;

/**
 * css-tree goes on after a mistake, but looks through the whole style sheet for each, to quote it. One with more mistakes than
 * any honest one has is given up: throws RangeError.
 */
function forgiving(parse: CssTree['parse']): CssTree['parse'] {
  const bounded = (css: string, options?: Parameters<CssTree['parse']>[1]) => {
    let left = Math.max(10, MISTAKE_BUDGET / Math.max(css.length, 1));
    const onParseError = () => {
      left -= 1;
      if (left < 0) throw new RangeError('too many mistakes');
    };
    return parse(css, { ...options, onParseError });
  };
  return bounded as CssTree['parse'];
}
