/**
 * The packages that only a page load needs. They are loaded with the first one, before anything goes on the wire, so that a
 * host that loads no page stays small: together they cost about 10 MiB.
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
  return { parseHtml: html.parse, parseCss: css.default, cookies, CachePolicy: cache.default };
}
