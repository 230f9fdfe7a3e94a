/**
 * All but line feeds and tabs that a terminal acts upon instead of showing it: C0 and C1 controls (U+009B alone begins an
 * escape sequence), what turns the direction of writing (Unicode UAX 9: text could pass for another), line separators.
 */
const ACTED_UPON =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is removed
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb]/g;

/** What a page says, safe for a terminal: what is not to be seen is left out. */
export function plainText(text: string): string {
  return text.replace(/\r\n?/g, '\n').replace(ACTED_UPON, '');
}
