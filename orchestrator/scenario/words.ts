/** A command line as one types it: words apart by blanks, quotes around those that have some. */

/** Undefined when a quote does not end. */
export function splitWords(line: string): string[] | undefined {
  const words: string[] = [];
  let rest = line.trim();
  while (rest !== '') {
    // A word is made of plain parts and quoted ones: `--data='a b'`.
    const found = /^(?:[^\s"']+|"[^"]*"|'[^']*')+/.exec(rest);
    if (found === null) return undefined;
    words.push(found[0].replace(/"([^"]*)"|'([^']*)'/g, (_all, double, single) => double ?? single));
    rest = rest.slice(found[0].length);
    if (rest !== '' && !/^\s/.test(rest)) return undefined;
    rest = rest.trimStart();
  }
  return words;
}
