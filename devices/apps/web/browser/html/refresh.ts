/** `<meta http-equiv=refresh>` and the Refresh header (HTML standard, section 4.2.5.3, "shared declarative refresh steps"). */

export interface Refresh {
  readonly seconds: number;
  /** Absolute; that of the document itself when it names none. */
  readonly url: string;
}

/** Undefined for what is no refresh, and for one to what is no http or https URL. */
export function readRefresh(text: string, base: string): Refresh | undefined {
  const found = /^[\t\n\f\r ]*(\d+|(?=\.))[\d.]*(?:[\t\n\f\r ;,]+(.*))?$/s.exec(text);
  if (found === null) return undefined;
  const seconds = Number(found[1] || 0);
  const rest = (found[2] ?? '').trim();
  const named = /^url[\t\n\f\r ]*=[\t\n\f\r ]*/i.exec(rest);
  let reference = named ? rest.slice(named[0].length) : rest;
  const quote = /^["']/.exec(reference)?.[0];
  if (quote !== undefined) reference = reference.slice(1).split(quote, 1)[0];
  if (!URL.canParse(reference, base)) return undefined;
  const url = new URL(reference, base);
  return /^https?:$/.test(url.protocol) ? { seconds, url: url.href } : undefined;
}
