/** What can be done to the text of a YAML file: words replaced, things put in, lines and pieces lost, doubled, moved. */
import fc from 'fast-check';

/** Words that are something somewhere, and things that YAML or JavaScript treat specially. */
const WORDS: readonly string[] = [
  ...['host', 'switch', 'hub', 'router', 'dns-server', 'eth0', 'eth7', '1', '99', 'dhcp', 'default', '.', '@', "'@'"],
  ...['10.0.0.1', '10.0.0.1/24', '10.0.0.0/31', '0.0.0.0/0', '255.255.255.255/32', '192.168.1.100-192.168.1.199'],
  ...['20ms', '1%', '10Mbit', '64KiB', '20', '-1', '1e999', '.nan', '0x10', 'true', 'null', '~', ''],
  ...[
    'a -- b',
    '{}',
    '[]',
    '[[]]',
    '{a: {}}',
    '*x',
    '&x',
    '<<: *x',
    '!!binary ab',
    '!tag',
    '---',
    '...',
    '#',
    '|',
    '>',
  ],
  ...['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'kind', 'devices', 'links', 'zones', 'sites', 'from'],
  ...[': ', '- ', '\n', '\n  ', '\t', '\u0000', '\u001b[2J', '\ud800', '"', "'", '{', '}', '[', ']', ',', '?'],
];

export type Edit = (text: string) => string;

const position = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
export const word = fc.oneof(fc.constantFrom(...WORDS), fc.string({ maxLength: 12 }));

export const edit: fc.Arbitrary<Edit> = fc.oneof(
  // One word for another.
  fc.tuple(position, word).map(
    ([at, by]): Edit =>
      (text) => {
        const words = [...text.matchAll(/[^\s{}[\],:]+/g)];
        const found = words[Math.floor(at * words.length)];
        return found === undefined ? by : text.slice(0, found.index) + by + text.slice(found.index + found[0].length);
      },
  ),
  // Something in between.
  fc.tuple(position, word).map(
    ([at, what]): Edit =>
      (text) => {
        const place = Math.floor(at * text.length);
        return text.slice(0, place) + what + text.slice(place);
      },
  ),
  // A line lost, doubled, moved, or indented otherwise.
  fc.tuple(position, position, fc.constantFrom('lose', 'double', 'move', 'indent')).map(
    ([at, to, how]): Edit =>
      (text) => {
        const lines = text.split('\n');
        const from = Math.floor(at * lines.length);
        const [line] = lines.splice(from, 1);
        if (how === 'double') lines.splice(from, 0, line, line);
        if (how === 'move') lines.splice(Math.floor(to * lines.length), 0, line);
        if (how === 'indent') lines.splice(from, 0, `${' '.repeat(Math.floor(to * 8))}${line.trim()}`);
        return lines.join('\n');
      },
  ),
  // A piece lost.
  fc.tuple(position, fc.nat(40)).map(
    ([at, length]): Edit =>
      (text) => {
        const place = Math.floor(at * text.length);
        return text.slice(0, place) + text.slice(place + length);
      },
  ),
);
