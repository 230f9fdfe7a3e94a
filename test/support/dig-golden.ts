/**
 * What Debian's dig, host and nslookup 9.18 print about the names of test/apps/dns/golden/dig.yaml: files of command
 * lines, each behind a `$ ` and followed by its output, in which that varies from run to run is masked.
 */
import { readFileSync } from 'node:fs';

export const GOLDEN_TOPOLOGY = 'test/apps/dns/golden/dig.yaml';
export const GOLDEN_FILES = ['dig', 'host', 'nslookup'].map((name) => `test/apps/dns/golden/${name}.txt`);

export interface GoldenRun {
  /** Quotes as a shell takes them. */
  readonly line: string;
  readonly output: string;
}

/** In the order in which they were run: what is in the cache of the recursive server depends on it. */
export function goldenRuns(file: string): GoldenRun[] {
  return readFileSync(file, 'utf8')
    .split(/^\$ /m)
    .slice(1)
    .map((block) => {
      const [line] = block.split('\n', 1);
      return { line, output: block.slice(line.length + 1) };
    });
}

export function formatRun({ line, output }: GoldenRun): string {
  return `$ ${line}\n${output}`;
}

/** What a terminal shows of a run: standard output, then the lines of standard error, then a status that is not 0. */
export function shown(run: { readonly stdout: string; readonly stderr: string; readonly status: number }): string {
  const errors = run.stderr === '' ? '' : run.stderr.replace(/^/gm, '2> ').replace(/2> $/, '');
  return masked(`${run.stdout}${errors}${run.status === 0 ? '' : `[status ${run.status}]\n`}`);
}

/** `+short 'a b'`: the words of a command line. */
export function wordsOf(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain);
}

/** Without ids, times, TTLs that run down, cookies, and the program's version. */
export function masked(output: string): string {
  return output
    .replace(/<<>> DiG \S+ <<>>/g, '<<>> DiG VERSION <<>>')
    .replace(/\bid: \d+/g, 'id: ID')
    .replace(/Query time: \d+ msec/g, 'Query time: N msec')
    .replace(/^;; WHEN: \w{3} \w{3} \d\d \d\d:\d\d:\d\d UTC \d{4}$/gm, ';; WHEN: DATE')
    .replace(/ in \d+ ms/g, ' in N ms')
    .replace(/^; COOKIE: [0-9a-f]{16}$/gm, '; COOKIE: CLIENT')
    .replace(/^; COOKIE: [0-9a-f]{48}/gm, '; COOKIE: BOTH')
    .replace(/^(\S+\t+|\S+ )\d+(\t+| )(IN|CH|A|AAAA|NS|SOA|MX|TXT|PTR|CNAME)\b/gm, '$1TTL$2$3')
    .replace(/^(\S+\t+|\S+ )\d+[smhdw0-9]*(\t+| )(IN|A)\b/gm, '$1TTL$2$3');
}
